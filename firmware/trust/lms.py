"""HSS/LMS signatures, verified in slices (RFC 8554; NIST SP 800-208; the SHA-256/192 sets of RFC 9858).

A signature is hashes, and SHA-256 is the interpreter's own in C: no other kind is as cheap for a Pico, and a
quantum computer does not help against it. All that is verified is public, so nothing here is done in constant
time. Lengths come first, then types, then work: what does not have exactly the length that the key demands
costs no hash at all.

The verdict is a pattern and no truth value. Its upper byte is what is left of a count of all steps, its lower
byte the differences between the roots: skip any one branch, and it is another number.
"""

from hashlib import sha256

from hal.compat import const

VERIFIED = const(0x2A5C)
MORE = const(0)  # there is work left
REFUSED_KEY = const(1)  # the public key, or one in the signature: no such set, or of another length
REFUSED_LENGTH = const(2)
REFUSED_LEVELS = const(3)  # not as many as the key has
REFUSED_TYPE = const(4)  # not the key's
REFUSED_LEAF = const(5)  # the tree has no such leaf
REFUSED_SIGNATURE = const(6)
REFUSED_ORDER = const(7)  # message bytes came after the work had begun

LEVELS = const(8)  # of trees on one another, RFC 8554, section 6
# What a slice may hash: blocks of SHA-256. 200 take an RP2040 23 ms, and the interpreter about as long again.
SLICE = const(200)
PIECE = const(8192)  # bytes of message in a slice: 9 ms of hashing there

# LM-OTS sets by code from 1: bytes of a hash, hashes in a signature, bits of a digit, the checksum's shift.
_OTS = (
    (32, 265, 1, 7), (32, 133, 2, 6), (32, 67, 4, 4), (32, 34, 8, 0),
    (24, 200, 1, 8), (24, 101, 2, 6), (24, 51, 4, 4), (24, 26, 8, 0),
)  # fmt: skip
_FIRST_LMS = const(5)  # LMS sets: heights 5, 10, 15, 20, 25 with 32 bytes, then with 24
_LAST_LMS = const(14)
_HEIGHTS = const(5)

_WORD = const(4)
_KEY_HEAD = const(24)  # two types and the tree's identifier come before the root
_IDENTIFIER = const(16)
_PREFIX = const(22)  # identifier, a number of 32 bits and one of 16 come before what is hashed
_D_PBLC = b"\x80\x80"
_D_MESG = b"\x81\x81"
_D_LEAF = b"\x82\x82"
_D_INTR = b"\x83\x83"

_CHAINS = const(0)  # what comes next
_PATH = const(1)
_ALL_DONE = const(0x2A)
_NO_DIFFERENCE = const(0x5C)


def _word(data, place):
    return data[place] << 24 | data[place + 1] << 16 | data[place + 2] << 8 | data[place + 3]


def _packed(number):
    return bytes((number >> 24 & 255, number >> 16 & 255, number >> 8 & 255, number & 255))


class _Level:
    """One tree's signature, from `start` to `end` of the whole one, and the `key` that it should be by."""

    __slots__ = ("chains", "digit_bits", "end", "height", "key", "leaf", "n", "shift", "start")

    def place(self, key, signature, start):
        """Set all from the key; MORE, or why the signature cannot be one of its."""
        if len(key) < _KEY_HEAD:
            return REFUSED_KEY
        lms, ots = _word(key, 0), _word(key, _WORD)
        if not _FIRST_LMS <= lms <= _LAST_LMS or not 1 <= ots <= len(_OTS):
            return REFUSED_KEY
        self.n, self.chains, self.digit_bits, self.shift = _OTS[ots - 1]
        wide = lms < _FIRST_LMS + _HEIGHTS
        # One hash throughout a key: SP 800-208, section 4.
        if self.n != (32 if wide else 24) or len(key) != _KEY_HEAD + self.n:
            return REFUSED_KEY
        self.height = 5 + (lms - _FIRST_LMS) % _HEIGHTS * 5
        self.key = key
        self.start = start
        path = start + 2 * _WORD + self.n * (1 + self.chains) + _WORD
        self.end = path + self.n * self.height
        if self.end > len(signature):
            return REFUSED_LENGTH
        if _word(signature, start + _WORD) != ots or _word(signature, path - _WORD) != lms:
            return REFUSED_TYPE
        self.leaf = _word(signature, start)
        return REFUSED_LEAF if self.leaf >> self.height else MORE

    def steps(self):
        """How many chains, nodes and bytes of a root are to be gone through."""
        return self.chains + 1 + self.height + self.n


class Verifier:
    """Verifies one signature: `update` with the message in pieces, `step` until it says no, then `result`.

    Holds the signature and the key (copied where they can be changed under it) and some hundred bytes; each
    hash leaves about as much for the collector.
    """

    __slots__ = (
        "_at", "_block", "_chain", "_differ", "_digit", "_digits", "_left", "_levels", "_message", "_node", "_phase",
        "_public", "_rung", "_signature", "_value", "result",
    )  # fmt: skip

    def __init__(self, public_key, signature):
        """`public_key` and `signature` (bytes) as in RFC 8554, section 6; nothing of the two is trusted."""
        self._signature = signature if isinstance(signature, bytes) else bytes(signature)
        self._levels = []
        self._at = -1
        self._left = self._differ = self._chain = self._digit = self._node = self._rung = 0
        self._phase = _CHAINS
        self._block = self._digits = self._public = self._value = self._message = None
        self.result = self._place(public_key if isinstance(public_key, bytes) else bytes(public_key))
        if self.result == MORE:
            self._message = self._hash_of(self._levels[-1])
            for level in self._levels:
                self._left += level.steps()

    def _place(self, key):
        """Find each tree's signature; MORE where all lengths and types are as they must be."""
        signature = self._signature
        if len(key) < _WORD or not 1 <= _word(key, 0) <= LEVELS:
            return REFUSED_KEY
        if len(signature) < _WORD:
            return REFUSED_LENGTH
        levels = _word(key, 0)
        place = _WORD
        key = key[_WORD:]
        for number in range(levels):
            level = _Level()
            rc = level.place(key, signature, place)
            if rc != MORE:
                return rc
            self._levels.append(level)
            place = level.end
            if number < levels - 1:
                key = signature[place : place + _KEY_HEAD + level.n]
                place += _KEY_HEAD + level.n
        if place != len(signature):
            return REFUSED_LENGTH
        return MORE if _word(signature, 0) + 1 == levels else REFUSED_LEVELS

    def _hash_of(self, level):
        """The hash of the message that `level` signs, begun."""
        place = level.start + 2 * _WORD
        begun = sha256(level.key[2 * _WORD : _KEY_HEAD])
        begun.update(self._signature[level.start : level.start + _WORD])
        begun.update(_D_MESG)
        begun.update(self._signature[place : place + level.n])
        return begun

    def update(self, piece):
        """Take the next bytes of the message, PIECE at most where the loop must not be held up."""
        if self.result == MORE and self._at >= 0:
            self.result = REFUSED_ORDER
        elif self.result == MORE:
            self._message.update(piece)

    def step(self, hashes=SLICE):
        """Hash about `hashes` blocks, 8 more at most; return whether work is left. The message ends here."""
        while hashes > 0 and self.result == MORE:
            hashes -= 1 + self._work(hashes)  # no part of it is free, so that it ends
        return self.result == MORE

    def _work(self, hashes):
        """Do the next part; return how many blocks that was."""
        if self._block is None:
            return self._begin()
        if self._phase == _CHAINS:
            return self._climb(hashes)
        if self._node > 1:
            return self._rise()
        self._end()
        return 0

    def _begin(self):
        """Take the message's digest for the next tree, digits and checksum, and start the first chain."""
        self._at += 1
        level = self._levels[self._at]
        if self._at < len(self._levels) - 1:  # what it signs is the next tree's key
            message = self._hash_of(level)
            message.update(self._levels[self._at + 1].key)
        else:
            message = self._message
        digest = message.digest()[: level.n]
        most = (1 << level.digit_bits) - 1
        total = 0
        for byte in digest:
            for shift in range(0, 8, level.digit_bits):
                total += most - (byte >> shift & most)
        total <<= level.shift
        self._digits = digest + bytes((total >> 8 & 255, total & 255))
        head = level.key[2 * _WORD : _KEY_HEAD] + self._signature[level.start : level.start + _WORD]
        self._public = sha256(head)
        self._public.update(_D_PBLC)
        self._block = bytearray(_PREFIX + 1 + level.n)
        self._block[: len(head)] = head
        self._chain = -1
        self._phase = _CHAINS
        self._next_chain(level)
        return 4 + (level.chains >> 2)  # few blocks, but there are as many digits as chains

    def _next_chain(self, level):
        self._chain += 1
        bits = level.digit_bits
        place = self._chain * bits
        self._digit = self._digits[place >> 3] >> (8 - bits - (place & 7)) & ((1 << bits) - 1)
        self._block[_PREFIX - 2] = self._chain >> 8
        self._block[_PREFIX - 1] = self._chain & 255
        place = level.start + 2 * _WORD + level.n * (1 + self._chain)
        self._block[_PREFIX + 1 :] = self._signature[place : place + level.n]

    def _climb(self, hashes):
        """Hash on along the chains, `hashes` times at most; return how often."""
        level = self._levels[self._at]
        block = self._block
        n = level.n
        most = (1 << level.digit_bits) - 1
        done = 0
        while done < hashes:
            done += 1
            if self._digit < most:
                block[_PREFIX] = self._digit
                block[_PREFIX + 1 :] = sha256(block).digest()[:n]
                self._digit += 1
                continue
            self._public.update(block[_PREFIX + 1 :])
            self._left -= 1
            if self._chain + 1 == level.chains:
                self._start_path(level)
                break
            self._next_chain(level)
        return done

    def _start_path(self, level):
        """The chains' ends make the leaf."""
        self._node = level.leaf + (1 << level.height)
        self._rung = level.end - level.height * level.n
        leaf = sha256(level.key[2 * _WORD : _KEY_HEAD])
        leaf.update(_packed(self._node))
        leaf.update(_D_LEAF)
        leaf.update(self._public.digest()[: level.n])
        self._value = leaf.digest()[: level.n]
        self._left -= 1
        self._phase = _PATH

    def _rise(self):
        """Go from a node to the one above."""
        level = self._levels[self._at]
        n = level.n
        other = self._signature[self._rung : self._rung + n]
        above = sha256(level.key[2 * _WORD : _KEY_HEAD])
        above.update(_packed(self._node >> 1))
        above.update(_D_INTR)
        above.update(other + self._value if self._node & 1 else self._value + other)
        self._value = above.digest()[:n]
        self._rung += n
        self._node >>= 1
        self._left -= 1
        return 2

    def _end(self):
        """Hold the root that came out against the key's; after the last tree, say what all came to."""
        level = self._levels[self._at]
        for place in range(level.n):
            self._differ |= level.key[_KEY_HEAD + place] ^ self._value[place]
            self._left -= 1
        self._block = None
        if self._at + 1 == len(self._levels):
            verdict = (_ALL_DONE + self._left) << 8 | _NO_DIFFERENCE ^ self._differ
            self.result = verdict if verdict == VERIFIED else REFUSED_SIGNATURE


def verify(public_key, message, signature):
    """VERIFIED, or why not; all bytes. At once: up to seconds on a Pico, so for a loop use Verifier."""
    verifier = Verifier(public_key, signature)
    verifier.update(message)
    while verifier.step():
        pass
    return verifier.result

"""HMAC-SHA-256 (RFC 2104), HKDF (RFC 5869), PBKDF2 (RFC 8018) and a compare that tells nothing.

Over the interpreter's own SHA-256, in C on every port. A MicroPython digest can be taken once
and its hash cannot be copied, so what is kept of a key is its two padded blocks.
"""

from hashlib import sha256

from hal.compat import const

LENGTH = const(32)  # bytes of a MAC, and of a digest
_BLOCK = const(64)
_INNER = const(0x36)
_OUTER = const(0x5C)
_MOST_BLOCKS = const(255)  # of HKDF's output


class MacKey:
    """A key made ready. `mac` gives the 32-byte MAC of `data`, or of `data` and `more` as one."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key):
        """`key`: bytes of any length; longer than a block it is hashed first."""
        if len(key) > _BLOCK:
            key = sha256(key).digest()
        self._inner = bytearray(_BLOCK)
        self._outer = bytearray(_BLOCK)
        for place in range(_BLOCK):
            byte = key[place] if place < len(key) else 0
            self._inner[place] = byte ^ _INNER
            self._outer[place] = byte ^ _OUTER

    def mac(self, data, more=b""):
        """Return 32 bytes."""
        inner = sha256(self._inner)
        inner.update(data)
        if more:
            inner.update(more)
        outer = sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()

    def wipe(self):
        """Overwrite the key. What the interpreter copied elsewhere it does not reach."""
        for place in range(_BLOCK):
            self._inner[place] = 0
            self._outer[place] = 0


def hmac_sha256(key, data):
    """Return the 32-byte MAC of `data` (RFC 2104, vectors RFC 4231)."""
    return MacKey(key).mac(data)


def hkdf(secret, salt, info, length=LENGTH):
    """Return `length` bytes derived from `secret` (RFC 5869, SHA-256); ValueError past 255 blocks."""
    blocks = (length + LENGTH - 1) // LENGTH
    if length < 0 or blocks > _MOST_BLOCKS:
        raise ValueError("length")
    prk = MacKey(MacKey(salt if salt else bytes(LENGTH)).mac(secret))
    made = b""
    block = b""
    for number in range(1, blocks + 1):
        block = prk.mac(block + info, bytes((number,)))
        made += block
    return made[:length]


class Extracted:
    """HKDF's first half, kept: what is derived from one secret again and again costs one MAC each (RFC 5869)."""

    __slots__ = ("_key",)

    def __init__(self, secret, salt):
        """`secret`, `salt`: as in `hkdf`."""
        self._key = MacKey(MacKey(salt if salt else bytes(LENGTH)).mac(secret))

    def expand(self, info):
        """Return the 32 bytes that `hkdf` returns for `info`."""
        return self._key.mac(info, b"\x01")

    def wipe(self):
        """Overwrite it."""
        self._key.wipe()


class Pbkdf2:
    """One block of PBKDF2-HMAC-SHA-256 (RFC 8018, section 5.2) in slices: `step`, then `result`.

    A Pico does some 2,300 iterations a second; a slice a turn leaves the turn its time.
    """

    __slots__ = ("_key", "_last", "left", "result")

    def __init__(self, password, salt, iterations, block=1):
        """`iterations` from 1; ValueError below. `block` numbers the blocks of a longer key from 1."""
        if iterations < 1:
            raise ValueError("iterations")
        self._key = MacKey(password)
        self._last = self._key.mac(salt, bytes((block >> 24 & 255, block >> 16 & 255, block >> 8 & 255, block & 255)))
        self.result = bytearray(self._last)
        self.left = iterations - 1

    def step(self, count):
        """Do `count` iterations at most; return whether some are left. Then, not before, `result` is the key."""
        result = self.result
        count = max(min(count, self.left), 0)
        for _ in range(count):
            self._last = self._key.mac(self._last)
            for place in range(LENGTH):
                result[place] ^= self._last[place]
        self.left -= count
        if not self.left:
            self._key.wipe()
            self._last = b""
        return self.left > 0


def pbkdf2(password, salt, iterations, length=LENGTH):
    """Return `length` bytes stretched from `password` (PBKDF2-HMAC-SHA-256), all at once."""
    made = b""
    block = 1
    while len(made) < length:
        work = Pbkdf2(password, salt, iterations, block)
        work.step(iterations)
        made += bytes(work.result)
        block += 1
    return made[:length]


def equal(ours, theirs):
    """Return whether two byte strings are the same.

    Looks at as many bytes as `ours` has, whatever `theirs` is: the work tells nothing of where they differ.
    """
    count = len(ours)
    differ = count ^ len(theirs)
    # Of another length the answer is known, and the work is done all the same, without a branch.
    padded = (ours, theirs)[len(theirs) == count]
    for place in range(count):
        differ |= ours[place] ^ padded[place]
    return differ == 0

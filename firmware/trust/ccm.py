"""AES-CCM (RFC 3610, NIST SP 800-38C): a text that nobody reads and nobody changes, in place.

Built on a block cipher that is handed in: the C AES of a port that has one (hal.compat.block_cipher).
Where there is none, there is no encryption: ERR_ABSENT, and nothing in its stead.
A nonce serves once for a key; whoever seals counts them.
"""

from firmware.trust.mac import equal
from hal.compat import const
from hal.ports import ERR_ABSENT, ERR_FAILED, ERR_RANGE, OK

BLOCK = const(16)
_SHORTEST_NONCE = const(7)
_LONGEST_NONCE = const(13)
_SHORTEST_TAG = const(4)
_CONTEXT_END = const(0xFF00)  # from here its length would take six bytes


class Ccm:
    """One key. `seal` and `open` work in the caller's bytearray and need some blocks of memory, whatever its size."""

    __slots__ = ("_block", "_cipher", "_mac", "_tag")

    def __init__(self, cipher, tag=BLOCK):
        """`cipher`: has `encrypt(block)`, 16 bytes in and out, or is None; `tag`: 4, 6 … 16 bytes.

        ValueError for another tag.
        """
        if tag < _SHORTEST_TAG or tag > BLOCK or tag & 1:
            raise ValueError("tag")
        self._cipher = cipher
        self._tag = tag
        self._block = bytearray(BLOCK)  # what goes into the cipher
        self._mac = bytearray(BLOCK)

    def seal(self, nonce, text, context=b""):
        """Encrypt all but the last `tag` bytes of `text` (bytearray) and put the tag there.

        `nonce`: 7 to 13 bytes; `context` is authenticated, not encrypted, and below 65,280 bytes.
        OK, ERR_ABSENT without a cipher, ERR_RANGE for lengths, with `text` as it was.
        """
        count = len(text) - self._tag
        rc = self._refuses(nonce, count, context)
        if rc:
            return rc
        self._authenticate(nonce, text, count, context)
        self._crypt(nonce, text, count)
        stream = self._stream(nonce, 0)
        for place in range(self._tag):
            text[count + place] = self._mac[place] ^ stream[place]
        return OK

    def open(self, nonce, text, context=b""):
        """Decrypt all but the last `tag` bytes of `text` (bytearray) in place.

        OK; ERR_FAILED where it is not authentic, with `text` set to zeros; ERR_ABSENT, ERR_RANGE as for `seal`.
        """
        count = len(text) - self._tag
        rc = self._refuses(nonce, count, context)
        if rc:
            return rc
        self._crypt(nonce, text, count)
        self._authenticate(nonce, text, count, context)
        stream = self._stream(nonce, 0)
        for place in range(self._tag):
            self._mac[place] ^= stream[place]
        if equal(memoryview(self._mac)[: self._tag], memoryview(text)[count:]):
            return OK
        for place in range(len(text)):
            text[place] = 0
        return ERR_FAILED

    def _refuses(self, nonce, count, context):
        if self._cipher is None:
            return ERR_ABSENT
        if not _SHORTEST_NONCE <= len(nonce) <= _LONGEST_NONCE or len(context) >= _CONTEXT_END:
            return ERR_RANGE
        return OK if count >= 0 and not count >> 8 * (BLOCK - 1 - len(nonce)) else ERR_RANGE

    def _set(self, first, nonce, count):
        """Fill the block: a byte of flags, the nonce, a number in the rest."""
        block = self._block
        block[0] = first
        block[1 : 1 + len(nonce)] = nonce
        for place in range(BLOCK - 1, len(nonce), -1):
            block[place] = count & 255
            count >>= 8

    def _stream(self, nonce, number):
        """Return the key stream's block `number`."""
        self._set(BLOCK - 2 - len(nonce), nonce, number)
        return self._cipher.encrypt(self._block)

    def _crypt(self, nonce, text, count):
        for start in range(0, count, BLOCK):
            stream = self._stream(nonce, start // BLOCK + 1)
            for place in range(min(BLOCK, count - start)):
                text[start + place] ^= stream[place]

    def _authenticate(self, nonce, text, count, context):
        """CBC-MAC of nonce, lengths, context and text (RFC 3610, section 2.2) into `_mac`."""
        flags = (64 if context else 0) | (self._tag - 2) // 2 << 3 | BLOCK - 2 - len(nonce)
        self._set(flags, nonce, count)
        self._mac[:] = self._cipher.encrypt(self._block)
        if context:
            self._mac[0] ^= len(context) >> 8
            self._mac[1] ^= len(context) & 255
            self._fold(context, len(context), 2)
        self._fold(text, count, 0)

    def _fold(self, data, count, at):
        """Take `count` bytes into the MAC, from its byte `at` on, and zeros to the end of a block."""
        mac = self._mac
        for place in range(count):
            mac[at] ^= data[place]
            at += 1
            if at == BLOCK:
                mac[:] = self._cipher.encrypt(mac)
                at = 0
        if at:
            mac[:] = self._cipher.encrypt(mac)

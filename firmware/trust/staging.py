"""What is carried to the pump in chunks and waits: a drug library, until somebody who may has verified and taken it.

Nothing that lies here is in force, and nothing here judges it but for the digest that it was announced with. The area
holds a heading (magic, length u32, SHA-256, CRC-32; little-endian), a mark for each chunk, what people said to it
(taking.py) and the chunks. A mark is cleared once its chunk has been read back, so that after a loss of power the
transport goes on where it was.
"""

import struct
from hashlib import sha256

from hal.compat import const, crc32
from hal.ports import AREA_STAGE, ERR_ABSENT, ERR_BUSY, ERR_FAILED, ERR_RANGE, OK

CHUNK = const(512)  # bytes of every chunk but the last
DIGEST = const(32)
# How what is staged stands.
NOTHING = const(0)
COMES = const(1)
CHECKED = const(2)  # it is whole, and has its digest
SPOILT = const(3)  # it is whole, and another one than was announced

_MAGIC = const(0x474F564B)
_HEADING = const(44)
_CRC_AT = const(40)
_MARKS = const(44)
TAKING_AT = const(176)  # from here on, to the chunks: taking.py
_BODY = const(512)
_TAKEN = const(0)
_PIECES = const(4)  # hashed in a turn, of _PIECE bytes
_PIECE = const(256)


def capacity(size):
    """Bytes that an area of `size` bytes can stage."""
    return max(0, min(size - _BODY, (TAKING_AT - _MARKS) * CHUNK))


class Staging:
    """`state`: NOTHING … SPOILT; `length`, `have`: bytes announced, and there without a gap; `digest`: announced."""

    __slots__ = ("_buffer", "_hash", "_hashed", "_store", "digest", "have", "length", "state")

    def __init__(self, store):
        """Find what the store holds."""
        self._store = store
        self._buffer = bytearray(CHUNK)
        self._forget()
        self._find()

    def _forget(self):
        self._hash = None
        self._hashed = 0
        self.digest = b""
        self.length = self.have = 0
        self.state = NOTHING

    def _find(self):
        heading = bytearray(_HEADING)
        if self._store.size(AREA_STAGE) < _BODY or self._store.read(AREA_STAGE, 0, heading) != OK:
            return
        magic, length = struct.unpack_from("<II", heading, 0)
        crc = struct.unpack_from("<I", heading, _CRC_AT)[0]
        if magic != _MAGIC or crc != crc32(memoryview(heading)[:_CRC_AT]):
            return
        if not 0 < length <= capacity(self._store.size(AREA_STAGE)):
            return
        self.length = length
        self.digest = bytes(heading[8:_CRC_AT])
        self.state = COMES
        mark = bytearray(1)
        while self.have < length:
            if self._store.read(AREA_STAGE, _MARKS + self.have // CHUNK, mark) != OK or mark[0] != _TAKEN:
                return
            self.have = min(self.have + CHUNK, length)

    def begin(self, length, digest, may_erase):
        """Announce `length` bytes whose SHA-256 is `digest`. The same as before goes on where it was; else anew.

        ERR_ABSENT: this board stages nothing; ERR_RANGE: it is too long; ERR_BUSY: now is no time to erase.
        """
        store = self._store
        if self.state != NOTHING and self.state != SPOILT and length == self.length and digest == self.digest:
            return OK
        size = store.size(AREA_STAGE)
        if not capacity(size):
            return ERR_ABSENT
        if not 0 < length <= capacity(size) or len(digest) != DIGEST:
            return ERR_RANGE
        if not may_erase:
            return ERR_BUSY
        self._forget()
        if store.erase(AREA_STAGE) != OK:
            return ERR_FAILED
        heading = bytearray(_HEADING)
        struct.pack_into("<II", heading, 0, _MAGIC, length)
        heading[8:_CRC_AT] = digest
        struct.pack_into("<I", heading, _CRC_AT, crc32(memoryview(heading)[:_CRC_AT]))
        if self._write(0, heading) != OK:
            return ERR_FAILED
        self._find()
        return OK if self.state == COMES else ERR_FAILED

    def take(self, offset, data):
        """Store the chunk at `offset`. One that is there already is OK; ERR_RANGE: not a chunk of what is announced."""
        if self.state == NOTHING or offset % CHUNK or not 0 <= offset < self.length:
            return ERR_RANGE
        if len(data) != min(CHUNK, self.length - offset):
            return ERR_RANGE
        if offset < self.have:
            return OK
        if offset > self.have:
            return ERR_RANGE
        if self._write(_BODY + offset, data) != OK or self._write(_MARKS + offset // CHUNK, bytes((_TAKEN,))) != OK:
            return ERR_FAILED
        self.have = offset + len(data)
        return OK

    def step(self):
        """Hash a little of what is whole; return True in the turn in which its state changed."""
        if self.state != COMES or self.have < self.length:
            return False
        if self._hash is None:
            self._hash = sha256()
            self._hashed = 0
        piece = memoryview(self._buffer)
        for _ in range(_PIECES):
            count = min(_PIECE, self.length - self._hashed)
            if count:
                if self._store.read(AREA_STAGE, _BODY + self._hashed, piece[:count]) != OK:
                    return False  # it did not answer: once more, from here
                self._hash.update(piece[:count])
                self._hashed += count
        if self._hashed < self.length:
            return False
        self.state = CHECKED if self._hash.digest() == self.digest else SPOILT
        self._hash = None
        return True

    def read(self, offset, into):
        """Fill `into` from `offset` of what is staged and CHECKED; OK or ERR_*."""
        if self.state != CHECKED or offset < 0 or offset + len(into) > self.length:
            return ERR_RANGE
        return self._store.read(AREA_STAGE, _BODY + offset, into)

    def _write(self, offset, data):
        """Write and read back."""
        check = memoryview(self._buffer)[: len(data)]
        if self._store.write(AREA_STAGE, offset, data) != OK or self._store.read(AREA_STAGE, offset, check) != OK:
            return ERR_FAILED
        return OK if check == data else ERR_FAILED

"""A slot: an area that holds one firmware image, the envelope that vouches for it, and how far it has come.

    block 0         heading: magic, length of the envelope, of the image (u32), SHA-256 of the image, CRC-32
                    who had it installed (u32), CRC-32 of that and of the heading's
                    from 64: a mark for each chunk, cleared once the chunk has been read back
    blocks 1 … 4    the envelope
    from block 5    the image: one payload of bundle.py, and blank after it

Little-endian. The heading is written last but for the image, so a slot whose heading is whole has its envelope and was
erased before; chunks can come while a dose runs, since none of them erases. Nothing in a heading is believed: the
envelope vouches for the image (boot.py), the heading only says where it is.
"""

import struct
from hashlib import sha256

from hal.compat import const, crc32
from hal.ports import BLOCK, ERR_BUSY, ERR_FAILED, ERR_RANGE, OK

ENVELOPE_MOST = const(16384)  # as suit.ENVELOPE_MOST, which a running pump does not load
CHUNK = const(512)  # bytes of every chunk but the last
# How a slot stands, with the numbers of firmware/trust/staging.py.
NOTHING = const(0)
COMES = const(1)
CHECKED = const(2)  # every chunk is there and the whole has its digest
SPOILT = const(3)

_MAGIC = const(0x534F564B)
_HEADING = const(48)
_CRC_AT = const(44)
_WHO = const(48)
_MARKS = const(64)
_ENVELOPE = const(4096)
_IMAGE = const(20480)
_TAKEN = const(0)
_PIECE = const(512)
_PIECES = const(4)  # looked at in a step


def capacity(size):
    """Bytes of image that a slot of `size` bytes can hold."""
    return max(0, min(size - _IMAGE, (BLOCK - _MARKS) * CHUNK))


class Slot:
    """One slot. `length`, `digest`: of the image; `have`: bytes of it without a gap; `state`: NOTHING … SPOILT.

    Has what a carrier of requests needs (firmware/trust/effects.py): begin, take, step and those four.
    """

    __slots__ = ("_at", "_blank", "_buffer", "_envelope", "_erased", "_hash", "area", "digest", "have", "length",
                 "state", "store")  # fmt: skip

    def __init__(self, store, area):
        """Find what the slot holds."""
        self.store = store
        self.area = area
        self._buffer = bytearray(_PIECE)
        self._blank = b"\xff" * _PIECE
        self.find()

    def find(self):
        """Read the heading and the marks anew."""
        self._hash = None
        self._at = self._erased = 0
        self._envelope = 0
        self.digest = b""
        self.length = self.have = 0
        self.state = NOTHING
        heading = bytearray(_HEADING)
        if self.size() < _IMAGE or self.store.read(self.area, 0, heading) != OK:
            return
        magic, envelope, length = struct.unpack_from("<III", heading, 0)
        if magic != _MAGIC or struct.unpack_from("<I", heading, _CRC_AT)[0] != crc32(bytes(heading[:_CRC_AT])):
            return
        if not 0 < envelope <= ENVELOPE_MOST or not 0 < length <= capacity(self.size()):
            return
        self._envelope = envelope
        self.length = length
        self.digest = bytes(heading[12:_CRC_AT])
        self.state = COMES
        mark = bytearray(1)
        while self.have < length:
            if self.store.read(self.area, _MARKS + self.have // CHUNK, mark) != OK or mark[0] != _TAKEN:
                return
            self.have = min(self.have + CHUNK, length)

    def size(self):
        """Bytes of the area."""
        return self.store.size(self.area)

    def envelope(self):
        """The envelope's bytes, or nothing."""
        data = bytearray(self._envelope)
        if not self._envelope or self.store.read(self.area, _ENVELOPE, data) != OK:
            return b""
        return bytes(data)

    # Writing.

    def clear(self):
        """Erase a block, the heading's first; ERR_BUSY while there are more, OK once all is blank, or ERR_*.

        The heading's block first: from the first erase on the slot holds nothing.
        """
        if not self._erased:
            self.state = NOTHING
            self.have = self.length = self._envelope = 0
        if self._erased >= self.size():
            return OK
        if self.store.erase_block(self.area, self._erased) != OK:
            return ERR_FAILED
        self._erased += BLOCK
        return ERR_BUSY if self._erased < self.size() else OK

    def open(self, envelope, length, digest):
        """After `clear`: write the envelope (bytes), then the heading of an image of `length` bytes; OK or ERR_*."""
        if not 0 < length <= capacity(self.size()) or not 0 < len(envelope) <= ENVELOPE_MOST:
            return ERR_RANGE
        for place in range(0, len(envelope), _PIECE):
            if self._write(_ENVELOPE + place, envelope[place : place + _PIECE]) != OK:
                return ERR_FAILED
        heading = bytearray(_HEADING)
        struct.pack_into("<III", heading, 0, _MAGIC, len(envelope), length)
        heading[12:_CRC_AT] = digest
        struct.pack_into("<I", heading, _CRC_AT, crc32(bytes(heading[:_CRC_AT])))
        if self._write(0, heading) != OK:
            return ERR_FAILED
        self.find()
        return OK if self.state == COMES else ERR_FAILED

    def begin(self, length, digest, may_erase):
        """The image is announced (again): OK, or ERR_RANGE where another one is awaited here. Erases nothing."""
        return OK if self.state != NOTHING and length == self.length and digest == self.digest else ERR_RANGE

    def take(self, offset, data):
        """Store the chunk at `offset`. One that is there already is OK; ERR_RANGE: not a chunk of what is awaited."""
        if self.state == NOTHING or offset % CHUNK or not 0 <= offset < self.length:
            return ERR_RANGE
        if len(data) != min(CHUNK, self.length - offset) or offset > self.have:
            return ERR_RANGE
        if offset < self.have:
            return OK
        if self._write(_IMAGE + offset, data) != OK:
            return ERR_FAILED
        if self._write(_MARKS + offset // CHUNK, bytes((_TAKEN,))) != OK:
            return ERR_FAILED
        self.have = offset + len(data)
        return OK

    def _write(self, offset, data):
        """Write and read back."""
        check = memoryview(self._buffer)[: len(data)]
        if self.store.write(self.area, offset, data) != OK or self.store.read(self.area, offset, check) != OK:
            return ERR_FAILED
        return OK if check == data else ERR_FAILED

    # Who wants it installed.

    def schedule(self, operator):
        """Keep that `operator` (a number from 1) has it installed; OK or ERR_*."""
        word = struct.pack("<I", operator)
        return self._write(_WHO, word + struct.pack("<I", self._who_crc(word)))

    def scheduled_by(self):
        """The number of whoever has it installed, or 0."""
        data = bytearray(8)
        if self.state == NOTHING or self.store.read(self.area, _WHO, data) != OK:
            return 0
        word, crc = struct.unpack("<II", data)
        return word if crc == self._who_crc(bytes(data[:4])) else 0

    def _who_crc(self, word):
        return crc32(word, crc32(self.digest))

    # Reading.

    def read(self, offset, into):
        """Fill `into` from `offset` of the image; OK or ERR_*."""
        if offset < 0 or offset + len(into) > self.length:
            return ERR_RANGE
        return self.store.read(self.area, _IMAGE + offset, into)

    def look(self, digest):
        """Read a few pieces of the image; ERR_BUSY while there are more, then OK with its SHA-256 in `digest`.

        ERR_RANGE: something stands after it, where a slot is blank. ERR_FAILED: the medium.
        """
        piece = memoryview(self._buffer)
        if self._hash is None:
            self._hash = sha256()
            self._at = 0
        end = self.size() - _IMAGE
        for _ in range(_PIECES):
            count = min(_PIECE, (self.length if self._at < self.length else end) - self._at)
            if count <= 0:
                break
            if self.store.read(self.area, _IMAGE + self._at, piece[:count]) != OK:
                return self._end(ERR_FAILED)
            if self._at < self.length:
                self._hash.update(piece[:count])
            elif self._buffer[:count] != self._blank[:count]:
                return self._end(ERR_RANGE)
            self._at += count
        if self._at < end:
            return ERR_BUSY
        digest[:] = self._hash.digest()
        return self._end(OK)

    def _end(self, rc):
        self._hash = None
        return rc

    def step(self):
        """Nothing to do by itself: whoever uses the slot looks at the image."""
        return False

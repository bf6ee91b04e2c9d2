"""Append-only records in two areas of the store. Whatever is cut, torn or dropped, what was whole stays.

A frame is a magic byte, kind, length, payload and CRC-32, and begins at a multiple of four. Each
area opens with a frame that numbers it; then come the images, the newest of each kind that a
resume needs, so that one area is always enough. When an area is full the other, older one is
erased and taken. A write counts once it has been read back.
"""

import struct

from firmware.therapy.records import REC_AREA, REC_BOOT, REC_MARK, REC_PRESCRIPTION, REC_PROGRESS, REC_WINDOW
from hal.compat import const, crc32
from hal.ports import AREA_JOURNAL_A, AREA_JOURNAL_B, ERR_BUSY, ERR_FAILED, ERR_FULL, OK

MAGIC = const(0x4A)
MAX_PAYLOAD = const(520)
_HEAD = const(4)
_TAIL = const(4)
_CHUNK = const(128)
_NONE = const(-1)
_BOOT_MARK = const(4)  # in records.BOOT_FORMAT
_PATIENCE = const(100)


def frame_size(length):
    """Bytes that a payload of `length` takes in an area."""
    return (_HEAD + length + _TAIL + 3) // 4 * 4


def _drop(kind, payload):
    """Fold nothing."""


class Journal:
    """Where the next frame goes. Reads and writes outside the tick.

    `may_erase` is set by the caller: an erase stalls the pump for up to 400 ms.
    """

    def __init__(self, store):
        self._store = store
        self._frame = bytearray(_HEAD + MAX_PAYLOAD + _TAIL)
        self._check = bytearray(_CHUNK)
        self._images = {}
        self._read = False  # replayed: until then nobody knows where the end is
        self._number = 0  # of the area in use; 0: none yet
        self._area = AREA_JOURNAL_B
        self._offset = 0
        self._patience = 0  # attempts to sit out after a turn that failed: each wears the flash
        self.may_erase = True

    # At boot.

    def replay(self, fold):
        """Call fold(kind, payload) for every whole frame, oldest first; then go on behind the last.

        A store that does not answer has nothing: what then follows is the caller's.
        """
        self._read = True
        a = self._number_of(AREA_JOURNAL_A)
        b = self._number_of(AREA_JOURNAL_B)
        newest = AREA_JOURNAL_B if b > a else AREA_JOURNAL_A
        oldest = AREA_JOURNAL_A if b > a else AREA_JOURNAL_B
        if min(a, b) > 0:
            self._scan(oldest, fold)
        if max(a, b) > 0:
            self._number = max(a, b)
            self._area = newest
            self._offset = self._scan(newest, fold)

    def _number_of(self, area):
        """Number of an area, 0 where its first frame is not one that numbers it."""
        length = self._load(area, 0)
        if length != 4 or self._frame[1] != REC_AREA:
            return 0
        return struct.unpack_from("<I", self._frame, _HEAD)[0]

    def _load(self, area, offset):
        """Read the frame at `offset`; return its payload's length, or _NONE."""
        store = self._store
        size = store.size(area)
        frame = self._frame
        if offset + _HEAD > size:
            return _NONE
        view = memoryview(frame)
        if store.read(area, offset, view[:_HEAD]) or frame[0] != MAGIC:
            return _NONE
        length = frame[2] | frame[3] << 8
        end = _HEAD + length
        if length > MAX_PAYLOAD or offset + end + _TAIL > size:
            return _NONE
        if store.read(area, offset + _HEAD, view[_HEAD : end + _TAIL]):
            return _NONE
        return length if struct.unpack_from("<I", frame, end)[0] == crc32(view[:end]) else _NONE

    def _scan(self, area, fold):
        """Visit an area's frames; return the offset behind its last written byte."""
        size = self._store.size(area)
        offset = 0
        end = 0
        while offset < size:
            length = self._load(area, offset)
            if length >= 0:
                kind = self._frame[1]
                payload = bytes(self._frame[_HEAD : _HEAD + length])
                self._remember(kind, payload)
                fold(kind, payload)
                offset += frame_size(length)
                end = offset
                continue
            blank = self._blank_from(area, offset, min(_CHUNK, size - offset))
            if blank:
                offset += blank
            else:
                offset += 4
                end = offset
        return end

    def _blank_from(self, area, offset, count):
        """How many of the next `count` bytes are erased, in whole words from `offset` on."""
        into = self._check
        if self._store.read(area, offset, memoryview(into)[:count]):
            return 0
        for place in range(count):
            if into[place] != 0xFF:
                return place // 4 * 4
        return count

    def _is_blank(self, area):
        size = self._store.size(area)
        offset = 0
        while offset < size:
            count = min(_CHUNK, size - offset)
            if self._blank_from(area, offset, count) < count:
                return False
            offset += count
        return True

    # Running.

    def append(self, kind, payload):
        """Write one frame and read it back; OK, or an ERR_* with nothing to rely on.

        ERR_BUSY: the area is full and this is no time to erase.
        """
        if not self._read:
            self.replay(_drop)
        if self._number == 0 or self._offset + frame_size(len(payload)) > self._store.size(self._area):
            rc = self._turn()
            if rc:
                return rc
        rc = self._put(kind, payload)
        if rc == OK:
            self._remember(kind, payload)
        return rc

    def written(self, size):
        """Bytes written since the first area was numbered, for areas of `size`."""
        return max(self._number - 1, 0) * size + self._offset

    def prepare(self):
        """Turn to a fresh area where three quarters of this one are full and an erase does no harm."""
        if self._number and self._offset * 4 > self._store.size(self._area) * 3 and self.may_erase:
            self._turn()

    def _remember(self, kind, payload):
        if kind in (REC_PRESCRIPTION, REC_WINDOW, REC_PROGRESS, REC_MARK):
            self._images[kind] = bytes(payload)
        elif kind == REC_BOOT:  # of a boot, its mark outlives the area: without it the secure counter seems ahead
            self._images[REC_MARK] = bytes(payload[_BOOT_MARK : _BOOT_MARK + 4])

    def _turn(self):
        """Erase the older area, number it and begin it with the images."""
        if not self.may_erase:
            return ERR_BUSY
        if self._patience:
            self._patience -= 1
            return ERR_BUSY
        self._patience = _PATIENCE
        store = self._store
        area = AREA_JOURNAL_A if self._area == AREA_JOURNAL_B else AREA_JOURNAL_B
        # A store from the factory is blank; no need to wear it.
        if self._number or not self._is_blank(area):
            rc = store.erase(area)
            if rc:
                return rc
        kept = self._area, self._offset, self._number
        self._area = area
        self._offset = 0
        self._number += 1
        rc = self._put(REC_AREA, struct.pack("<I", self._number))
        prescription = self._images.get(REC_PRESCRIPTION)
        if rc == OK and prescription is not None:
            rc = self._put(REC_PRESCRIPTION, prescription) or self._put(REC_PRESCRIPTION, prescription)
        for kind in (REC_MARK, REC_WINDOW, REC_PROGRESS):
            if rc == OK and kind in self._images:
                rc = self._put(kind, self._images[kind])
        if rc:
            # The full area still holds everything; this one is erased again at the next attempt.
            self._area, self._offset, self._number = kept
        else:
            self._patience = 0
        return rc

    def _put(self, kind, payload):
        store = self._store
        length = len(payload)
        if length > MAX_PAYLOAD:
            return ERR_FULL
        size = _HEAD + length + _TAIL
        frame = self._frame
        view = memoryview(frame)
        struct.pack_into("<BBH", frame, 0, MAGIC, kind, length)
        frame[_HEAD : _HEAD + length] = payload
        struct.pack_into("<I", frame, _HEAD + length, crc32(view[: _HEAD + length]))
        rc = store.write(self._area, self._offset, view[:size])
        whole = self._holds(size)
        if whole == size:
            self._offset += frame_size(length)
            return OK
        if whole != _NONE:
            # Something else stands there now, and bits cannot be set again: go on behind it.
            self._offset += frame_size(length)
        return rc or ERR_FAILED

    def _holds(self, size):
        """Read back: `size` where the frame is there whole, _NONE where nothing was written, else 0."""
        done = 0
        blank = True
        same = True
        while done < size:
            count = min(_CHUNK, size - done)
            view = memoryview(self._check)[:count]
            if self._store.read(self._area, self._offset + done, view):
                return _NONE
            for place in range(count):
                byte = self._check[place]
                blank = blank and byte == 0xFF
                same = same and byte == self._frame[done + place]
            done += count
        if same:
            return size
        return _NONE if blank else 0

"""Append-only records in two areas of the store; the last complete one counts.

A frame is a magic byte, kind, length, payload and CRC-32. When an area is full the other is
erased and taken. Resuming from the journal stands on this room.
"""

import struct

from firmware.therapy.layout import crc32
from hal.compat import const
from hal.ports import AREA_JOURNAL_A, AREA_JOURNAL_B, ERR_FULL, OK

MAGIC = const(0x4A)
_HEAD = const(4)
_TAIL = const(4)


class Journal:
    """Where the next frame goes. Construct outside the tick: it reads the areas through."""

    def __init__(self, store):
        self._store = store
        self._area = AREA_JOURNAL_A
        self._offset = 0
        self.frames = 0
        if store is not None:
            self._find_end()

    def append(self, kind, payload):
        """Write one frame; OK, or the store's ERR_* with nothing to rely on."""
        store = self._store
        size = _HEAD + len(payload) + _TAIL
        if size > store.size(self._area):
            return ERR_FULL
        if self._offset + size > store.size(self._area):
            rc = self._turn()
            if rc:
                return rc
        frame = bytearray(size)
        struct.pack_into("<BBH", frame, 0, MAGIC, kind, len(payload))
        frame[_HEAD : _HEAD + len(payload)] = payload
        struct.pack_into("<I", frame, size - _TAIL, crc32(memoryview(frame)[: size - _TAIL]))
        rc = store.write(self._area, self._offset, frame)
        if rc == OK:
            self._offset += size
            self.frames += 1
        return rc

    def _turn(self):
        area = AREA_JOURNAL_B if self._area == AREA_JOURNAL_A else AREA_JOURNAL_A
        rc = self._store.erase(area)
        if rc == OK:
            self._area = area
            self._offset = 0
        return rc

    def _find_end(self):
        """Go on in the area that is being filled: the other one is full, or empty."""
        a = self._end(AREA_JOURNAL_A)
        b = self._end(AREA_JOURNAL_B)
        if b and (b < a or not a):
            self._area = AREA_JOURNAL_B
            self._offset = b
        else:
            self._offset = a

    def _end(self, area):
        """Offset behind the last frame: the first byte that is still erased."""
        head = bytearray(_HEAD)
        offset = 0
        size = self._store.size(area)
        while offset + _HEAD <= size:
            if self._store.read(area, offset, head) or head[0] != MAGIC:
                break
            offset += _HEAD + (head[2] | head[3] << 8) + _TAIL
        return offset

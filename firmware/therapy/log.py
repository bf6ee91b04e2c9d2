"""Reads the log back out of the journal's store, a few frames at a time. Outside the tick; writes nothing.

It keeps a place of its own, so that whoever asks for the log disturbs no writing. A frame that the journal erases or
overwrites meanwhile fails its checksum and is passed over.
"""

import struct

from firmware.therapy.journal import MAGIC, MAX_PAYLOAD, frame_size
from firmware.therapy.keeper import FRAME_RECORD
from firmware.therapy.records import REC_AREA, RECORD_SIZE
from hal.compat import const, crc32, ticks_diff
from hal.ports import AREA_JOURNAL_A, AREA_JOURNAL_B

RECORDS = const(12)  # in one answer
FRAMES = const(8)  # looked at in one step
_HEAD = const(4)
_TAIL = const(4)
_WORD = const(4)


class LogReader:
    """`find`, then `step` until it returns True: `found` holds records of RECORD_SIZE bytes, `next` where to go on."""

    __slots__ = ("_areas", "_frame", "_from", "_offset", "_store", "found", "next")

    def __init__(self, store):
        self._store = store
        self._frame = bytearray(_HEAD + RECORD_SIZE + _TAIL)
        self._areas = []
        self._offset = 0
        self._from = 0
        self.found = bytearray()
        self.next = 0  # 0: there is no more

    def is_busy(self):
        """Return whether a search goes on."""
        return len(self._areas) > 0

    def find(self, sequence):
        """Begin to look for the records from `sequence` on; 0 for the oldest there is."""
        a = self._number_of(AREA_JOURNAL_A)
        b = self._number_of(AREA_JOURNAL_B)
        self._areas = [AREA_JOURNAL_A, AREA_JOURNAL_B] if a < b else [AREA_JOURNAL_B, AREA_JOURNAL_A]
        self._offset = 0
        self._from = sequence
        self.found = bytearray()
        self.next = 0

    def stop(self):
        """Leave off: nobody waits for it."""
        self._areas = []

    def step(self):
        """Look at FRAMES frames; return whether the search is over."""
        for _ in range(FRAMES):
            if not self._areas:
                return True
            self._look()
        return not self._areas

    def _number_of(self, area):
        if self._load(area, 0) != _WORD or self._frame[1] != REC_AREA:
            return 0
        return struct.unpack_from("<I", self._frame, _HEAD)[0]

    def _load(self, area, offset):
        """Read the frame at `offset`; return its payload's length, -1 for no frame. Checks those that fit a record."""
        store = self._store
        frame = self._frame
        view = memoryview(frame)
        if store.read(area, offset, view[:_HEAD]) or frame[0] != MAGIC:
            return -1
        length = frame[2] | frame[3] << 8
        end = _HEAD + length
        if length > MAX_PAYLOAD or offset + end + _TAIL > store.size(area):
            return -1
        if length > RECORD_SIZE:
            return length  # no record, and no room to look at it
        if store.read(area, offset + _HEAD, view[_HEAD : end + _TAIL]):
            return -1
        return length if struct.unpack_from("<I", frame, end)[0] == crc32(view[:end]) else -1

    def _look(self):
        area = self._areas[0]
        if self._offset + _HEAD + _TAIL > self._store.size(area):
            self._leave()
            return
        length = self._load(area, self._offset)
        if length < 0:
            if self._frame[0] == 0xFF:  # nothing was written from here on
                self._leave()
            else:
                self._offset += _WORD
            return
        self._offset += frame_size(length)
        if length == RECORD_SIZE and self._frame[1] == FRAME_RECORD:
            self._take(self._frame[_HEAD : _HEAD + RECORD_SIZE])

    def _take(self, record):
        sequence = struct.unpack_from("<I", record)[0]
        if self._from and ticks_diff(sequence, self._from) < 0:
            return
        if len(self.found) < RECORDS * RECORD_SIZE:
            self.found.extend(record)
        else:
            self.next = sequence
            self._areas = []

    def _leave(self):
        del self._areas[0]
        self._offset = 0

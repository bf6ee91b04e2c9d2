"""Hands out stored audit records as they stand, some at a time: whoever holds the first key verifies them elsewhere.

Writes nothing and judges nothing. A record that is damaged is passed over; the verifier sees that it is missing.
"""

from firmware.trust.audit_area import other, records_at
from firmware.trust.audit_frame import HEAD, frame_size, sequence_of
from hal.compat import const

BYTES = const(640)  # of records in one answer
RECORDS = const(4)  # looked at in one step
_WORD = const(4)


class AuditReader:
    """`find`, then `step` until it returns True: `found` holds whole records, `next` where to go on, 0 at the end."""

    __slots__ = ("_area", "_chain", "_from", "_last", "_number", "_offset", "found", "next")

    def __init__(self, chain):
        """`chain` is a firmware.trust.audit_store.Chain that was opened."""
        self._chain = chain
        self._area = 0
        self._offset = 0
        self._from = 0
        self._number = 0  # of the area in use when the search began
        self._last = False  # the area in use is what is being looked at
        self.found = bytearray()
        self.next = 0

    def find(self, sequence):
        """Begin to look for the records from `sequence` on; False where there is no chain."""
        chain = self._chain
        if not chain.number:
            return False
        self._from = sequence
        self.found = bytearray()
        self.next = 0
        self._number = chain.number
        beside = other(chain.area)
        self._last = chain.areas.heading(beside) is None or chain.areas.other_goes(chain.area)
        self._enter(chain.area if self._last else beside)
        return True

    def _enter(self, area):
        self._area = area
        self._offset = records_at(self._chain.areas.size(area))

    def step(self):
        """Look at RECORDS records; return whether the search is over."""
        if self._chain.number != self._number:  # the oldest went meanwhile
            self.find(self._from)
        for _ in range(RECORDS):
            if self._look():
                return True
        return False

    def _look(self):
        areas = self._chain.areas
        if self._last:
            if self._offset >= self._chain.end():
                return True
        elif self._offset + HEAD > areas.size(self._area):
            self._last = True
            self._enter(self._chain.area)
            return False
        length = areas.peek(self._area, self._offset)
        if length < 0:
            self._offset += areas.blank_from(self._area, self._offset) or _WORD
            return False
        size = frame_size(length)
        if sequence_of(areas.frame) < self._from:
            self._offset += size
            return False
        if areas.load(self._area, self._offset) < 0:
            self._offset += _WORD
            return False
        if len(self.found) + size > BYTES:
            self.next = sequence_of(areas.frame)
            return True
        self._offset += size
        self.found.extend(memoryview(areas.frame)[:size])
        return False

"""Whether the stored audit chain is as it was left, a record at a time: the detector of 'audit chain broken'.

Finds what was lost, cut, put in another order or changed. Whoever can write the store can also make
a chain that fits in itself: that one is found by who holds the first key, or a published head.
"""

from firmware.trust.audit_area import other, records_at
from firmware.trust.audit_frame import digest_of, frame_size, link_of, sequence_of
from firmware.trust.audit_store import BROKEN, SOUND, UNREAD
from hal.compat import const

GOES_ON = const(0x53)  # there is more to look at
_SKIPS = const(16)  # chunks of blank or spoilt bytes in a step
_WORD = const(4)


class Check:
    """One look over all that is stored. `step` until it says no more GOES_ON; then `begin` for another."""

    def __init__(self, chain):
        """`chain` is a firmware.trust.audit_store.Chain that was opened."""
        self._chain = chain
        self.begin()

    def begin(self):
        """Begin with the oldest record."""
        chain = self._chain
        self._number = chain.number
        self._area = chain.area
        self._verdict = GOES_ON if chain.state == SOUND else chain.state
        if self._verdict != GOES_ON:
            return
        beside = chain.areas.heading(other(chain.area))
        if beside is not None and beside[0] == chain.number - 1 and not chain.areas.other_goes(chain.area):
            self._area = other(chain.area)
        self._enter(self._area, True)

    def _enter(self, area, first):
        """Begin an area's records; whether it goes on where the one before ended."""
        heading = self._chain.areas.heading(area)
        if heading is None:
            return False
        follows = first or (heading[1] == self._sequence and heading[2] == self._link)
        self._area = area
        self._sequence, self._link = heading[1:]
        self._mark(records_at(self._chain.areas.size(area)))
        return follows

    def _mark(self, offset):
        """The chain has been followed to `offset`; what is appended from now on stands behind it."""
        self._offset = self._after = offset
        self._records = self._chain.sequence

    def step(self):
        """Look at one record; return GOES_ON, or audit_store's SOUND, BROKEN, NONE or UNREAD."""
        if self._verdict == GOES_ON and self._number != self._chain.number:
            self.begin()  # the oldest records went while we looked
        if self._verdict == GOES_ON:
            self._chain.areas.unread = False
            self._verdict = self._look()
            if self._chain.areas.unread:
                self._verdict = UNREAD
        return self._verdict

    def _look(self):
        areas = self._chain.areas
        for _ in range(_SKIPS):
            if self._offset >= areas.size(self._area):
                return self._end_area()
            length = areas.load(self._area, self._offset)
            if length >= 0:
                frame = areas.frame
                if sequence_of(frame) != self._sequence or link_of(frame) != self._link:
                    return BROKEN
                self._sequence += 1
                self._link = digest_of(frame, length)
                self._mark(self._offset + frame_size(length))
                return GOES_ON
            self._offset += areas.blank_from(self._area, self._offset) or _WORD
        return GOES_ON

    def _end_area(self):
        chain = self._chain
        if self._area != chain.area:
            return GOES_ON if self._enter(chain.area, False) else BROKEN
        if self._records != chain.sequence:  # grown while we looked at what was blank then
            self._mark(self._after)
            return GOES_ON
        state = chain.resolve()
        return state if state != SOUND or self._link == bytes(chain.link) else BROKEN

"""Runs a prescription's segments: the base rate at each moment, and what is left of it.

A segment ends by its volume or by its whole seconds, whichever comes first. Ramps and
spreads change their rate at each second of the segment, by whole steps and a remainder
(Bresenham), so that nothing is divided in the tick and the last stair lands exactly.
"""

from firmware.therapy.layout import KIND_HOLD, KIND_RAMP, KIND_SPREAD
from firmware.therapy.volume import Quota


class Profile:
    """Where a prescription stands. `rate_ul_h` is the base rate now; `done` ends it."""

    __slots__ = (
        "_floor", "_rest", "cycle", "done", "index", "left", "ms", "override_ul_h", "rate_ul_h", "rx", "second",
    )  # fmt: skip

    def __init__(self):
        self.rx = None
        self.rate_ul_h = 0
        self.index = 0
        self.cycle = 0
        self.second = 0  # of the segment
        self.ms = 0  # of the second
        self.left = Quota()  # of the segment
        self.done = True
        self.override_ul_h = -1  # what a person set, or the end of a sustained volume; -1: none
        self._floor = 0
        self._rest = 0

    def begin(self, rx):
        """Start `rx` at its first segment."""
        self.rx = rx
        self.cycle = 0
        self.done = False
        self._enter(0)

    def restore(self, rx, past):
        """Stand where a journal says; outside the tick, so the stairs may be counted in large integers."""
        self.rx = rx
        self.cycle = past.cycle
        self._enter(past.index)
        self.second = past.second
        self.ms = past.ms
        index = past.index
        duration = rx.seg_duration_s[index]
        kind = rx.seg_kind[index]
        if kind != KIND_HOLD and duration:
            stairs = past.second + (1 if kind == KIND_SPREAD else 0)
            rest = stairs * rx.seg_step_rest[index]
            self._rest = rest % duration
            if kind == KIND_RAMP:
                self._floor = rx.seg_rate_ul_h[index] + stairs * rx.seg_step_ul_h[index] + rest // duration
                self.rate_ul_h = self._floor
            elif stairs:
                up = rest // duration - (rest - rx.seg_step_rest[index]) // duration
                self.rate_ul_h = self._floor + up
        if rx.seg_volume_ul[index]:
            self.left.put(past.left_ul, past.left_rest)
        if past.override_ul_h >= 0:
            self.titrate(past.override_ul_h)
            self.left.allow(0)
        self.done = past.done

    def titrate(self, rate_ul_h):
        """Hold `rate_ul_h` from now on; the segment no longer ends by time. The prescription stays as it is."""
        self.override_ul_h = rate_ul_h
        self.rate_ul_h = rate_ul_h

    def holds(self):
        """Return whether the rate is not that of a ramp."""
        return self.override_ul_h >= 0 or self.rx.seg_kind[self.index] != KIND_RAMP

    def hold(self):
        """Hold the present rate with no end."""
        self.titrate(self.rate_ul_h)
        self.left.allow(0)
        self.done = False

    def advance(self, dt_ms):
        """Let `dt_ms` pass, at most to the end of the segment's second; return the units due."""
        units = self.rate_ul_h * dt_ms
        left = self.left
        if left.limited:
            units = left.cap(units)
            left.take(units)
            if left.spent():
                self._leave()
                return units
        ms = self.ms + dt_ms
        if ms >= 1000:
            ms = 0
            self._pass_second()
        self.ms = ms
        return units

    def intact(self):
        """Return whether the rate is the one that the prescription gives to where it stands."""
        rx = self.rx
        if rx is None:
            return True
        index = self.index
        if not 0 <= index < rx.segments or not 0 <= self.cycle < rx.cycles or not 0 <= self.ms < 1000:
            return False
        kind = rx.seg_kind[index]
        if self.override_ul_h >= 0:
            right = self.rate_ul_h == self.override_ul_h
        elif kind == KIND_HOLD:
            right = self.rate_ul_h == rx.seg_rate_ul_h[index]
        elif kind == KIND_RAMP:
            right = self.rate_ul_h == self._floor
        else:
            right = self._floor == rx.seg_rate_ul_h[index] and 0 <= self.rate_ul_h - self._floor <= 1
        return right and self.left.intact()

    def _enter(self, index):
        rx = self.rx
        self.index = index
        self.second = 0
        self.ms = 0
        self.override_ul_h = -1
        self._rest = 0
        self._floor = self.rate_ul_h = rx.seg_rate_ul_h[index]
        self.left.allow(rx.seg_volume_ul[index])
        if rx.seg_kind[index] == KIND_SPREAD:
            self._stair()

    def _leave(self):
        rx = self.rx
        index = self.index + 1
        last_cycle = self.cycle + 1 >= rx.cycles
        # An intermittent infusion ends with its last dose, not with the wait after it.
        if last_cycle and (index >= rx.segments or rx.cycles > 1):
            self.done = True
            return
        if index >= rx.segments:
            self.cycle += 1
            index = 0
        self._enter(index)

    def _pass_second(self):
        if self.override_ul_h >= 0:
            return
        rx = self.rx
        index = self.index
        self.second += 1
        duration = rx.seg_duration_s[index]
        if duration and self.second >= duration:
            self._leave()
        elif rx.seg_kind[index] != KIND_HOLD:
            self._stair()

    def _stair(self):
        rx = self.rx
        index = self.index
        rest = self._rest + rx.seg_step_rest[index]
        up = 0
        if rest >= rx.seg_duration_s[index]:
            rest -= rx.seg_duration_s[index]
            up = 1
        self._rest = rest
        if rx.seg_kind[index] == KIND_RAMP:
            self._floor += rx.seg_step_ul_h[index] + up
            self.rate_ul_h = self._floor
        else:
            self.rate_ul_h = self._floor + up

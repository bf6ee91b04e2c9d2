"""The guardian's own arithmetic: what a prescription permits, apart from what dosing makes of it.

Nothing here is shared with dosing, profile, bolus or volume, on purpose: two ways to the same
number. Volumes are whole microlitres and a rest in 1/3600 nL.
"""

from firmware.therapy.layout import KIND_HOLD, KIND_RAMP, KIND_SPREAD, POLICY_SUSTAIN
from hal.compat import const

LEASE_MS = const(3000)
_UL = const(3_600_000)
_FEW_UL = const(200)  # so few fit one word of units; no slice is as large
BUCKETS = const(61)  # one fewer than therapy counts: the guardian never ends a dose that therapy permits


class Allowance:
    """A volume that may yet be given."""

    __slots__ = ("_rest", "_ul", "limited")

    def __init__(self):
        self.limited = True
        self._ul = 0
        self._rest = 0

    def allow(self, ul):
        """Permit `ul`; 0 permits any volume."""
        self.limited = ul > 0
        self._ul = ul
        self._rest = 0

    def put(self, ul, rest):
        """Permit exactly this."""
        self.limited = True
        self._ul = ul
        self._rest = rest

    def none(self):
        """Permit nothing more."""
        self.put(0, 0)

    def spent(self):
        """Return whether nothing is left."""
        return self.limited and self._ul <= 0 and self._rest <= 0

    def grant(self, units):
        """Use up and return `units`, or what is left of them."""
        if not self.limited:
            return units
        if self._ul <= _FEW_UL:
            left = self._ul * _UL + self._rest
            if units > left:
                units = left
        self._move(-units)
        return units

    def give_steps(self, steps, step):
        """Give back `steps` of volume `step` that were never made; negative takes them."""
        if not self.limited:
            return
        while steps:
            piece = steps
            if piece > 2000:
                piece = 2000
            elif piece < -2000:
                piece = -2000
            self._move(piece * step)
            steps -= piece
        if self._ul < 0:
            self._ul = 0
            self._rest = 0

    def _move(self, units):
        rest = self._rest + units
        self._ul += rest // _UL
        self._rest = rest % _UL


class Course:
    """The prescription's segments in time. `rate_ul_h` is the base rate that is permitted now."""

    __slots__ = (
        "_carry", "_climbed_ul_h", "_cycle", "_index", "_over", "_rx", "_second", "_was_ul_h", "highest_ul_h", "left",
        "ms", "override_ul_h", "rate_ul_h",
    )  # fmt: skip

    def __init__(self):
        self._rx = None
        self.left = Allowance()
        self.rate_ul_h = 0
        self.override_ul_h = -1
        self.highest_ul_h = 0
        self.ms = 0
        self._index = 0
        self._cycle = 0
        self._second = 0
        self._carry = 0
        self._climbed_ul_h = 0
        self._was_ul_h = 0
        self._over = True

    def begin(self, rx):
        """Start at the first segment."""
        self._rx = rx
        self._cycle = 0
        self._over = False
        self.highest_ul_h = 0
        self._enter(0)
        self._was_ul_h = self.rate_ul_h

    def override(self, rate_ul_h):
        """Permit `rate_ul_h` from now on, with no end of its own."""
        self.override_ul_h = rate_ul_h
        self._set(rate_ul_h)
        self.left.allow(0)
        self._over = False
        self.highest_ul_h = rate_ul_h

    def restore(self, rx, past):
        """Stand where `past` says (outside the tick: it may use large integers)."""
        self.begin(rx)
        self._cycle = past.cycle
        self._enter(past.index)
        self._second = past.second
        self.ms = past.ms
        index = past.index
        duration = rx.seg_duration_s[index]
        kind = rx.seg_kind[index]
        if kind != KIND_HOLD and duration:
            stairs = past.second + (1 if kind == KIND_SPREAD else 0)
            travelled = stairs * rx.seg_step_rest[index]
            self._carry = duration - travelled % duration
            if kind == KIND_RAMP:
                self._climbed_ul_h = rx.seg_rate_ul_h[index] + stairs * rx.seg_step_ul_h[index] + travelled // duration
            up = travelled // duration > (stairs - 1) * rx.seg_step_rest[index] // duration
            self._set(self._climbed_ul_h + (1 if up and kind == KIND_SPREAD else 0))
        if rx.seg_volume_ul[index]:
            self.left.put(past.left_ul, past.left_rest)
        if past.override_ul_h >= 0:
            self.override(past.override_ul_h)
        self.highest_ul_h = max(self.highest_ul_h, past.programmed_ul_h)
        self._was_ul_h = self.rate_ul_h
        self._over = past.done

    def lease_ul_h(self):
        """Rate that a lease given now may reckon with: segments change between two ticks."""
        return self.rate_ul_h if self.rate_ul_h > self._was_ul_h else self._was_ul_h

    def pass_ms(self, rate_ul_h, dt):
        """Let `dt` ms pass, at most to the end of the second; return the units that `rate_ul_h` permits."""
        self._was_ul_h = self.rate_ul_h
        if self._over and self._rx.policy != POLICY_SUSTAIN:
            return 0
        left = self.left
        units = rate_ul_h * dt
        if left.limited:
            units = left.grant(units)
            if left.spent():
                self._next()
                return units
        self.ms += dt
        if self.ms >= 1000:
            self.ms = 0
            self._tick_second()
        return units

    def _set(self, rate_ul_h):
        self.rate_ul_h = rate_ul_h
        if rate_ul_h > 0 and self._rx.seg_kind[self._index] != KIND_RAMP:
            self.highest_ul_h = rate_ul_h

    def _enter(self, index):
        rx = self._rx
        self._index = index
        self._second = 0
        self.ms = 0
        self.override_ul_h = -1
        self._carry = rx.seg_duration_s[index]
        self._climbed_ul_h = rx.seg_rate_ul_h[index]
        self.left.allow(rx.seg_volume_ul[index])
        self._set(self._climbed_ul_h)
        if rx.seg_kind[index] == KIND_SPREAD:
            self._climb()

    def _next(self):
        rx = self._rx
        index = self._index + 1
        if index >= rx.segments or (rx.cycles > 1 and self._cycle + 1 >= rx.cycles):
            if self._cycle + 1 >= rx.cycles:
                self._over = True  # what goes on is the policy's: at this rate, or KVO, or nothing
                return
            self._cycle += 1
            index = 0
        self._enter(index)

    def _tick_second(self):
        if self.override_ul_h >= 0 or self._over:
            return
        rx = self._rx
        index = self._index
        self._second += 1
        duration = rx.seg_duration_s[index]
        if duration and self._second >= duration:
            self._next()
        elif rx.seg_kind[index] != KIND_HOLD:
            self._climb()

    def _climb(self):
        """One stair: the carry runs down by the remainder and is filled up by the duration."""
        rx = self._rx
        index = self._index
        carry = self._carry - rx.seg_step_rest[index]
        more = 0
        if carry <= 0:
            carry += rx.seg_duration_s[index]
            more = 1
        self._carry = carry
        if rx.seg_kind[index] == KIND_RAMP:
            self._climbed_ul_h += rx.seg_step_ul_h[index] + more
            self._set(self._climbed_ul_h)
        else:
            self._set(self._climbed_ul_h + more)


class Rolling:
    """Volume permitted in the last window, counted in buckets; never more than therapy counts."""

    __slots__ = ("_age_s", "_buckets", "_limit_ul", "_place", "_rest", "_span_s", "_ul")

    def __init__(self):
        self._buckets = [0] * BUCKETS
        self._span_s = 1
        self._limit_ul = 0
        self._place = 0
        self._age_s = 0
        self._ul = 0
        self._rest = 0

    def begin(self, window_s, limit_ul):
        """Take a limit; what was counted under the same span stays counted."""
        span_s = max((window_s + 59) // 60, 1)
        if span_s != self._span_s:
            for place in range(BUCKETS):
                self._buckets[place] = 0
            self._ul = 0
            self._rest = 0
            self._age_s = 0
        self._span_s = span_s
        self._limit_ul = limit_ul

    def restore(self, window_s, limit_ul, past):
        """Take what the journal kept; one bucket of it is left out, as everywhere here."""
        self.begin(window_s, limit_ul)
        kept = past.buckets
        self._age_s = min(past.bucket_age_s, self._span_s - 1)
        self._ul = 0
        for place in range(BUCKETS):
            # Newest at place 0, then backwards.
            self._buckets[-place % BUCKETS] = kept[place]
            self._ul += kept[place]
        self._place = 0

    def grant(self, units):
        """Count and return `units`, or what the limit leaves of them."""
        if not self._limit_ul:
            return units
        room = self._limit_ul - self._ul
        if room <= _FEW_UL:
            left = room * _UL - self._rest if room > 0 else 0
            if units > left:
                units = left
        self.count(units)
        return units

    def count(self, units):
        """Count `units` as given now."""
        rest = self._rest + units
        if rest >= _UL:
            whole = rest // _UL
            self._buckets[self._place] += whole
            self._ul += whole
            rest %= _UL
        self._rest = rest

    def second(self, seconds):
        """Let `seconds` pass; buckets past the window are forgotten."""
        self._age_s += seconds
        for _ in range(BUCKETS):
            if self._age_s < self._span_s:
                return
            self._age_s -= self._span_s
            place = (self._place + 1) % BUCKETS
            self._ul -= self._buckets[place]
            self._buckets[place] = 0
            self._place = place
        self._age_s = 0

"""Boluses on top of a base rate, and the limits that outlive them: lock-out and window.

Two boluses may wait at once: the patient's runs first, the clinician's is suspended
meanwhile and resumed (Open PCA Pump Requirements 1.0.0).
"""

import struct

from firmware.therapy.volume import ONE_WORD_UL, UNITS_PER_UL, Quota
from hal.compat import const

BUCKETS = const(62)


class Boluses:
    """What is left of each bolus. `kind` tells the running one: 0, or the key that asked."""

    __slots__ = ("_clinician", "_patient", "clinician_key", "clinician_ul_h", "kind", "patient_key", "patient_ul_h")

    def __init__(self, patient_key, clinician_key):
        self.patient_key = patient_key
        self.clinician_key = clinician_key
        self._patient = Quota()
        self._clinician = Quota()
        self.patient_ul_h = 0
        self.clinician_ul_h = 0
        self.clear()

    def clear(self):
        """Forfeit both."""
        self._patient.stop()
        self._clinician.stop()
        self.kind = 0

    def give(self, key, volume_ul, rate_ul_h):
        """Add a granted bolus."""
        if key == self.patient_key:
            self._patient.allow(volume_ul)
            self.patient_ul_h = rate_ul_h
        else:
            self._clinician.allow(volume_ul)
            self.clinician_ul_h = rate_ul_h
        self._choose()

    def waits(self, key):
        """Return whether a bolus of this kind is not yet given whole."""
        return not (self._patient if key == self.patient_key else self._clinician).spent()

    def rate_ul_h(self):
        """Rate of the running bolus, 0 for none."""
        if self.kind == 0:
            return 0
        return self.patient_ul_h if self.kind == self.patient_key else self.clinician_ul_h

    def left(self):
        """Quota of the running bolus."""
        return self._patient if self.kind == self.patient_key else self._clinician

    def advance(self, rate_ul_h, dt_ms):
        """Give `dt_ms` of the running bolus at `rate_ul_h`; return its units."""
        left = self.left()
        units = left.cap(rate_ul_h * dt_ms)
        left.take(units)
        if left.spent():
            self._choose()
        return units

    def intact(self, rx):
        """Return whether what is left, which runs and how fast are what `rx` and the quotas say."""
        patient = self._patient
        clinician = self._clinician
        return (
            patient.intact()
            and clinician.intact()
            and self.kind == self._chosen()
            and (patient.spent() or self.patient_ul_h == rx.patient_ul_h)
            and (clinician.spent() or self.clinician_ul_h == rx.clinician_ul_h)
        )

    def _choose(self):
        self.kind = self._chosen()

    def _chosen(self):
        if not self._patient.spent():
            return self.patient_key
        return self.clinician_key if not self._clinician.spent() else 0


class Window:
    """Volume of the last `window_s` seconds, in buckets of a sixtieth, two more than it spans: it errs upward."""

    __slots__ = ("_age_s", "_buckets", "_index", "_rest", "_span_s", "limit_ul", "total_ul", "turned")

    def __init__(self):
        self._buckets = [0] * BUCKETS
        self.limit_ul = 0
        self._span_s = 1
        self._index = 0
        self._age_s = 0
        self._rest = 0
        self.total_ul = 0
        self.turned = False  # a bucket was closed; the controller journals it and resets this

    def begin(self, window_s, limit_ul):
        """Set the limit; what was counted before goes on counting where the span is the same."""
        span_s = (window_s + BUCKETS - 3) // (BUCKETS - 2)
        if span_s != self._span_s:
            for index in range(BUCKETS):
                self._buckets[index] = 0
            self.total_ul = 0
            self._rest = 0
            self._age_s = 0
        self._span_s = span_s if span_s > 0 else 1
        self.limit_ul = limit_ul

    def restore(self, window_s, limit_ul, past):
        """Take the buckets that a journal kept, newest first."""
        self.begin(window_s, limit_ul)
        self._age_s = min(past.bucket_age_s, self._span_s - 1)
        self._rest = 0
        self._index = 0
        self.total_ul = 0
        for place in range(BUCKETS):
            kept = past.buckets[place]
            self._buckets[-place % BUCKETS] = kept
            self.total_ul += kept

    def write(self, into, offset):
        """Pack age and buckets, newest first, as records.WINDOW_FORMAT has them."""
        struct.pack_into("<I", into, offset, self._age_s)
        index = self._index
        for _ in range(BUCKETS):
            offset += 4
            struct.pack_into("<I", into, offset, self._buckets[index])
            index = index - 1 if index else BUCKETS - 1

    @property
    def rest(self):
        """Counted beyond whole microlitres."""
        return self._rest

    def room_ul(self):
        """Whole microlitres that may still be given, counting a begun one as given."""
        return self.limit_ul - self.total_ul - (1 if self._rest else 0)

    def cap(self, units):
        """Return `units`, or what the limit leaves of them."""
        room = self.limit_ul - self.total_ul
        if room >= ONE_WORD_UL:
            return units
        left = room * UNITS_PER_UL - self._rest if room > 0 else 0
        return units if units < left else left

    def count(self, units):
        """Count `units` as given now."""
        rest = self._rest + units
        if rest >= UNITS_PER_UL:
            whole = rest // UNITS_PER_UL
            self._buckets[self._index] += whole
            self.total_ul += whole
            rest %= UNITS_PER_UL
        self._rest = rest

    def second(self, seconds):
        """Let `seconds` pass: buckets older than the window are forgotten."""
        self._age_s += seconds
        turns = 0
        while self._age_s >= self._span_s and turns < BUCKETS:
            self._age_s -= self._span_s
            turns += 1
            index = self._index + 1
            if index == BUCKETS:
                index = 0
            self.total_ul -= self._buckets[index]
            self._buckets[index] = 0
            self._index = index
            self.turned = True
        if turns == BUCKETS:
            self._age_s = 0

    def intact(self):
        """Return whether the total is the sum of its buckets."""
        return (
            sum(self._buckets) == self.total_ul
            and 0 <= self._rest < UNITS_PER_UL
            and 0 <= self._index < BUCKETS
            and 0 <= self._age_s < self._span_s
        )

"""Arithmetic with known answers: what a dose rests on, computed again and again.

Operands are kept in objects, not written into the code: a compiler that works them out beforehand
would leave nothing to check.
"""

from firmware.therapy.dosing import Dosing, lease_units, step_rate_mhz
from firmware.therapy.selfcheck import DOUBT, INTACT, NONE
from firmware.therapy.volume import Quota, Volume
from hal.compat import MASK, ticks_add, ticks_diff


class KnownAnswers:
    """Each method answers INTACT, or 0 where a result is not the one worked out by hand."""

    __slots__ = ("_dosing", "_large", "_mask", "_minus_seven", "_quota", "_rate", "_two", "_volume", "_volumetric")

    def __init__(self, frame):
        self._minus_seven = -7
        self._two = 2
        self._large = 1_073_000_000
        self._mask = MASK
        self._volumetric = 225_000  # step volume, 1/3600 nL
        self._rate = 1_200_000
        self._volume = Volume()
        self._quota = Quota()
        self._dosing = Dosing()
        frame.register(self.divides, DOUBT)
        frame.register(self.multiplies, DOUBT)
        frame.register(self.counts, DOUBT)
        frame.register(self.rates, DOUBT)
        frame.register(self.leases, DOUBT)
        frame.register(self.adds, DOUBT)
        frame.register(self.bounds, DOUBT)
        frame.register(self.steps, DOUBT)

    def divides(self):
        """Division rounds down, below 0 too; the rest is never negative."""
        seven = self._minus_seven
        two = self._two
        large = self._large
        step = self._volumetric
        right = seven // two == -4 and seven % two == 1 and large // step == 4768 and large % step == 200_000
        return INTACT if right else NONE

    def multiplies(self):
        """Products, bits and shifts up to the ends of the small integers."""
        step = self._volumetric
        two = self._two
        right = (
            step * 4768 + 200_000 == self._large
            and self._minus_seven * step == -1_575_000
            and self._mask >> two == 0x0FFFFFFF
            and (self._mask ^ step) & 0x3FFFF == 37_143
            and two << 28 == 0x20000000
        )
        return INTACT if right else NONE

    def counts(self):
        """Differences and sums of counters across their wrap."""
        mask = self._mask
        two = self._two
        right = (
            ticks_diff(two, mask) == 3
            and ticks_diff(mask, two) == -3
            and ticks_add(mask, two) == 1
            and ticks_add(two, self._minus_seven) == mask - 4
        )
        return INTACT if right else NONE

    def rates(self):
        """Steps per 1000 s at the fastest and the slowest rate, and where division leaves a rest."""
        step = self._volumetric
        right = (
            step_rate_mhz(self._rate, step) == 5_333_333
            and step_rate_mhz(100, step) == 444
            and step_rate_mhz(step, 25_702) == 8_754_182
        )
        return INTACT if right else NONE

    def leases(self):
        """Three seconds of a slow rate, a tenth of a millilitre of a fast one."""
        right = (
            lease_units(self._two) == 6000
            and lease_units(self._rate // 10 - 1) == 359_997_000
            and lease_units(self._rate // 10) == 360_000_000
            and lease_units(self._rate) == 360_000_000
        )
        return INTACT if right else NONE

    def adds(self):
        """A volume of two words grows and shrinks across the border between them."""
        volume = self._volume
        volume.clear()
        volume.add(self._volumetric * 16)
        right = volume.ul == 1 and volume.rest == 0
        volume.add(self._minus_seven)
        right = right and volume.ul == 0 and volume.rest == 3_599_993
        volume.add_steps(5000, self._volumetric)
        right = right and volume.ul == 313 and volume.rest == 1_799_993
        return INTACT if right else NONE

    def bounds(self):
        """A quota grants what is left of it and no more."""
        quota = self._quota
        quota.allow(self._two)
        granted = quota.cap(self._rate * 5)
        quota.take(granted)
        right = granted == 6_000_000 and not quota.spent() and quota.cap(self._rate) == 1_200_000
        quota.take(self._rate)
        return INTACT if right and quota.spent() and quota.cap(self._rate) == 0 else NONE

    def steps(self):
        """Commanded volume becomes whole steps, across the counter's wrap, and a rest."""
        dosing = self._dosing
        dosing.begin(self._volumetric, self._mask - 1)
        dosing.add(self._volumetric * 3 + 1)
        right = dosing.steps == 1 and dosing.commanded.ul == 0 and dosing.commanded.rest == 675_001
        dosing.add(self._volumetric - 1)
        right = right and dosing.steps == 2 and dosing.commanded.rest == 900_000
        return INTACT if right and dosing.intact() else NONE

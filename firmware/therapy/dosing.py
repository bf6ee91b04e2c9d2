"""Turns commanded volume into steps and a lease for the board's step generator.

Invariant: commanded volume = steps taken × step volume + a remainder below one step. The
generator runs at a rate rounded down to 1 mHz and stops by itself at `step_end`; where the
count strays by more than a step, the rate is bent until it is back.
"""

from firmware.therapy.volume import UNITS_PER_UL, Volume
from hal.compat import const, ticks_add, ticks_diff

SLICE_MS = const(500)
LEASE_MS = const(3000)
LEASE_UNITS = const(360_000_000)  # 0.1 mL
# Fastest rate whose 3 s lease stays within 0.1 mL.
_FULL_LEASE_UL_H = const(120_000)
# A strayed count is brought back over a second, by at most this many steps.
_BEND_STEPS = const(50)
# Volume and steps are compared modulo this prime: no bit that flips leaves them equal.
_PRIME = const(32_749)


def lease_units(rate_ul_h):
    """Volume a lease at `rate_ul_h` may cover: 3 s of it, at most 0.1 mL."""
    return rate_ul_h * LEASE_MS if rate_ul_h < _FULL_LEASE_UL_H else LEASE_UNITS


def step_rate_mhz(rate_ul_h, step_volume):
    """Steps per 1000 s at `rate_ul_h`, rounded down, by way of one 500 ms slice."""
    units = rate_ul_h * SLICE_MS
    return units // step_volume * 2000 + units % step_volume * 2000 // step_volume


class Dosing:
    """The commanded volume of one therapy and the steps that carry it."""

    __slots__ = (
        "_bend",
        "_lease_end",
        "_rate_mhz",
        "_rate_ul_h",
        "_seen_rest",
        "_seen_steps",
        "_seen_ul",
        "_step_rest",
        "commanded",
        "lost",
        "step_volume",
        "steps",
    )

    def __init__(self):
        self.commanded = Volume()
        self.lost = Volume()  # missed past a lease's end, never caught up
        self.begin(UNITS_PER_UL, 0)

    def begin(self, step_volume, position):
        """Start a therapy at counter value `position`."""
        self.commanded.clear()
        self.lost.clear()
        self.step_volume = step_volume
        self.steps = position  # commanded, modulo 2**30
        self._step_rest = 0
        self._lease_end = position
        self._rate_ul_h = 0
        self._rate_mhz = 0
        self._bend = 0
        self.mark()

    def mark(self):
        """Take volume and position, as they are, for what `intact` compares with."""
        self._seen_steps = self.steps
        self._seen_ul = self.commanded.ul
        self._seen_rest = self.commanded.rest - self._step_rest

    def intact(self):
        """Return whether the invariant has held since last asked, and the motor's rate is that of the volume."""
        commanded = self.commanded
        steps = ticks_diff(self.steps, self._seen_steps) % _PRIME * (self.step_volume % _PRIME) % _PRIME
        whole = (commanded.ul - self._seen_ul) % _PRIME * (UNITS_PER_UL % _PRIME) % _PRIME
        rest = commanded.rest - self._step_rest - self._seen_rest
        holds = (
            (whole + rest - steps) % _PRIME == 0
            and 0 <= self._step_rest < self.step_volume
            and self._rate_mhz == step_rate_mhz(self._rate_ul_h, self.step_volume)
        )
        if holds:
            self.mark()
        return holds

    def add(self, units):
        """Command `units` more (1/3600 nL, below 2**30 less one step)."""
        self.commanded.add(units)
        rest = self._step_rest + units
        step_volume = self.step_volume
        if rest >= step_volume:
            self.steps = ticks_add(self.steps, rest // step_volume)
            rest %= step_volume
        self._step_rest = rest

    def past_lease(self):
        """Steps commanded beyond the lease in force: the generator cannot have made them."""
        return ticks_diff(self.steps, self._lease_end)

    def forfeit(self):
        """Set the commanded volume back to the lease's end and count what was missed as lost.

        Returns the volume set back to the caller's quotas, in whole steps.
        """
        missed = ticks_diff(self.steps, self._lease_end)
        self.lost.add_steps(missed, self.step_volume)
        self.rebase(self._lease_end)
        return missed

    def rebase(self, position):
        """Set the commanded volume to what the counter says was stepped."""
        moved = ticks_diff(position, self.steps)
        if moved:
            self.commanded.add_steps(moved, self.step_volume)
            self.steps = position
        self._lease_end = position

    def stand(self, position):
        """Take `position` as where the commanded volume stands."""
        self.steps = position
        self._lease_end = position
        self.mark()

    def drive(self, drive, rate_ul_h, lease, count):
        """Ask for `rate_ul_h` with a lease of `lease` units; `count` is where the motor is."""
        if rate_ul_h != self._rate_ul_h:
            self._rate_ul_h = rate_ul_h
            self._rate_mhz = step_rate_mhz(rate_ul_h, self.step_volume)
            self._bend = 0
        behind = ticks_diff(self.steps, count)
        if behind > 1 or behind < -1:
            if not self._bend or (behind > 0) != (self._bend > 0):
                self._bend = min(max(behind, -_BEND_STEPS), _BEND_STEPS) * 1000
        elif self._bend and (behind <= 0) == (self._bend > 0):
            self._bend = 0
        rate = self._rate_mhz + self._bend
        end = ticks_add(self.steps, (self._step_rest + lease) // self.step_volume)
        self._lease_end = end
        drive.step_end = end
        drive.step_rate_mhz = rate if rate > 0 else 0
        drive.enable = 1
        drive.relay = 1

    def halt(self, drive):
        """Ask for no motion; motor power stays as it is."""
        drive.step_rate_mhz = 0
        drive.step_end = self.steps
        drive.enable = 0
        self._lease_end = self.steps
        self._rate_ul_h = 0
        self._rate_mhz = 0
        self._bend = 0

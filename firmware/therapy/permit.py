"""What a prescription permits by now, as the guardian reckons it: a position in steps, and a lease.

The second way to the number that dosing arrives at; allowance.py holds its arithmetic.
"""

from firmware.therapy.allowance import LEASE_MS, Allowance, Course, Rolling
from firmware.therapy.layout import POLICY_SUSTAIN
from firmware.therapy.tables import ST_BOLUS, ST_INFUSING, ST_KVO, ST_PRIMING
from hal.compat import const, ticks_add, ticks_diff
from hal.ports import HEAD_SYRINGE

SLACK_STEPS = const(4)
LATE_MS = const(300)  # a lease of 0.1 mL lasts as long at the fastest rate
# Dosing may fall short by a twentieth of what is due in five minutes, and by one lease.
SHORT_S = const(300)
SHORT_SHARE = const(20)
_LEASE_UNITS = const(360_000_000)  # 0.1 mL
_PRIME_SYRINGE_UL_H = const(100_000)
_PRIME_VOLUMETRIC_UL_H = const(600_000)
_PRIME_SYRINGE_UL = const(2_000)
_PRIME_VOLUMETRIC_UL = const(20_000)
_MAX_SYRINGE_UL_H = const(150_000)
_MAX_VOLUMETRIC_UL_H = const(1_200_000)


class Permit:
    """The permitted position and what bounds it. `step` is a step's volume in 1/3600 nL."""

    __slots__ = (
        "_due", "_kvo_ul_h", "_lost", "_max_ul_h", "_prime", "_prime_ul", "_prime_ul_h", "_rx", "_short_s", "_units",
        "clinician", "course", "end", "patient", "rolling", "short", "step", "steps", "volume",
    )  # fmt: skip

    def __init__(self, head):
        syringe = head == HEAD_SYRINGE
        self._max_ul_h = _MAX_SYRINGE_UL_H if syringe else _MAX_VOLUMETRIC_UL_H
        self._prime_ul_h = _PRIME_SYRINGE_UL_H if syringe else _PRIME_VOLUMETRIC_UL_H
        self._prime_ul = _PRIME_SYRINGE_UL if syringe else _PRIME_VOLUMETRIC_UL
        self._rx = None
        self.course = Course()
        self.rolling = Rolling()
        self.volume = Allowance()
        self.patient = Allowance()
        self.clinician = Allowance()
        self._prime = Allowance()
        self._kvo_ul_h = 0
        self.step = 1
        self._short_s = 0
        self.stand(0)

    # What begins.

    def begin(self, rx, step, count):
        """Permit `rx` from counter value `count`."""
        self._rx = rx
        self.step = step
        self.course.begin(rx)
        self.volume.allow(rx.vtbi_ul)
        self.rolling.begin(rx.window_s, rx.window_hard_ul)
        self.no_boluses()
        self.stand(count)

    def restore(self, rx, step, past):
        """Permit what the journal says was left."""
        self._rx = rx
        self.step = step
        self.course.restore(rx, past)
        self.volume.allow(rx.vtbi_ul)
        if self.volume.limited:
            self.volume.put(past.vtbi_ul, past.vtbi_rest)
        self.rolling.restore(rx.window_s, rx.window_hard_ul, past)
        self.no_boluses()

    def prime(self, step, count):
        """Permit one prime."""
        self.step = step
        self._prime.allow(self._prime_ul)
        self.stand(count)

    def primed(self):
        """Return whether the prime is over."""
        return self._prime.spent()

    def keep_open(self):
        """Permit the KVO rate, which is never above what was programmed."""
        rx = self._rx
        highest = self.course.highest_ul_h
        self._kvo_ul_h = 0
        if rx is not None:
            self._kvo_ul_h = rx.kvo_ul_h if rx.kvo_ul_h < highest else highest
        self.no_boluses()

    def no_boluses(self):
        """Permit no bolus any more."""
        self.patient.none()
        self.clinician.none()

    def stand(self, count):
        """Take `count` as where the permitted volume stands."""
        self.steps = count  # permitted position, modulo 2**30
        self.end = count  # the lease's end that was let through
        self._units = 0  # permitted beyond the position, below one step
        self._due = self._lost = 0  # steps due, and those that dosing never asked for, in this stretch
        self.short = False  # dosing asks for less than is prescribed

    def resume(self, count):
        """Go on from where the motor is: what was not pumped is still to be given."""
        behind = ticks_diff(self.steps, count)
        if behind > 2 or behind < -2:
            self._give_back(behind)
            self.steps = count
        self.end = self.steps

    # What time permits.

    def pass_ms(self, state, elapsed):
        """Let `elapsed` ms pass in `state`, at most a lease."""
        late = elapsed > LATE_MS
        if elapsed > LEASE_MS:
            elapsed = LEASE_MS
        step = self.step
        before = self.steps
        while elapsed > 0:
            dt = elapsed if elapsed < 500 else 500
            if state == ST_KVO:
                units = self._kvo_ul_h * dt
                self.rolling.count(units)
            elif state == ST_PRIMING:
                units = self._prime.grant(self._prime_ul_h * dt)
            else:
                room = 1000 - self.course.ms
                if dt > room:
                    dt = room
                units = self._therapy(dt)
            units += self._units
            if units >= step:
                self.steps = ticks_add(self.steps, units // step)
                units %= step
            self._units = units
            elapsed -= dt
        self._due += ticks_diff(self.steps, before)
        missed = ticks_diff(self.steps, self.end)
        if missed > 0:  # what was not pumped by the lease's end never will be
            self.steps = self.end
            if not late:  # what a stall costs is the stall's, and told by therapy
                self._fall_short(state, missed)
            if state == ST_INFUSING or state == ST_BOLUS:
                self._give_back(missed)

    def second(self, seconds):
        """Let whole seconds pass for what counts by them."""
        self.rolling.second(seconds)
        self._short_s += seconds
        if self._short_s >= SHORT_S:
            self._short_s = self._due = self._lost = 0

    def _therapy(self, dt):
        course = self.course
        rate = course.rate_ul_h
        units = course.pass_ms(rate, dt)
        extra = self._bolus_ul_h(rate)
        if extra:
            allowance = self.patient if not self.patient.spent() else self.clinician
            units += allowance.grant(extra * dt)
        if self._rx.policy == POLICY_SUSTAIN:
            return units
        return self.rolling.grant(self.volume.grant(units))

    def _bolus_ul_h(self, base_ul_h):
        rx = self._rx
        if not self.patient.spent():
            rate = rx.patient_ul_h
        elif not self.clinician.spent():
            rate = rx.clinician_ul_h
        else:
            return 0
        room = self._max_ul_h - base_ul_h
        return rate if rate < room else room

    def _give_back(self, steps):
        self.volume.give_steps(steps, self.step)
        self.course.left.give_steps(steps, self.step)

    def _fall_short(self, state, missed):
        self._lost += missed
        if self._lost > self._due // SHORT_SHARE + self.lease_units(state) // self.step + SLACK_STEPS:
            self.short = True

    # How far ahead.

    def lease_units(self, state):
        """Volume that a lease may cover in `state`: 3 s at the permitted rate, at most 0.1 mL."""
        if state == ST_KVO:
            rate = self._kvo_ul_h
        elif state == ST_PRIMING:
            rate = self._prime_ul_h
        else:
            rate = self.course.lease_ul_h()
            rate += self._bolus_ul_h(rate)
        return rate * LEASE_MS if rate < _LEASE_UNITS // LEASE_MS else _LEASE_UNITS

    def cap(self, lease):
        """Position past which no step may lie, with a lease of `lease` units."""
        return ticks_add(self.steps, (self._units + lease) // self.step + SLACK_STEPS)

    def tolerance(self, lease):
        """Half a lease, in steps."""
        return lease // 2 // self.step + SLACK_STEPS

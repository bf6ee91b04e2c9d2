"""The guardian: a second channel that bounds what the first may deliver.

It has its own copy of the prescription, its own arithmetic, its own eyes (keys, drive encoder)
and its own actuator (the motor-power relay), and shares no code with dosing. It integrates what
the prescription permits, lets no step lie further ahead than that and a lease, and cuts motor
power for good when dosing asks for more, the encoder shows more, therapy's heartbeat stops, the
copies of the prescription part, or flow begins that no person asked for.

Its common cause with therapy is the interpreter that runs both.
"""

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.allowance import LEASE_MS, Allowance, Course, Rolling
from firmware.therapy.prescription import Prescription
from hal.compat import HALF, const, ticks_add, ticks_diff
from hal.ports import (
    HEAD_SYRINGE,
    KEY_CLINICIAN_BOLUS,
    KEY_PATIENT_BOLUS,
    KEY_PRIME_ON,
    KEY_START,
)

# Why it tripped.
TRIP_NONE = const(0)
TRIP_AHEAD = const(1)  # dosing asked for steps beyond the cap
TRIP_ENCODER = const(2)  # the drive has turned further than was permitted
TRIP_BACK = const(3)  # backwards where no occlusion is relieved, or past the bound
TRIP_HEART = const(4)  # therapy's tick did not run to its end
TRIP_COPIES = const(5)
TRIP_UNASKED = const(6)  # flow, a bolus or a rate that no person asked for
TRIP_STILL = const(7)  # motion while the pump stands
TRIP_ITSELF = const(8)  # the guardian failed
TRIP_BEHIND = const(9)  # dosing asks for less than is prescribed

# A key authorises what follows within a grant's second, and a stall of two.
ASKED_MS = const(3500)
# An encoder reads at most this far off (backlash is on the far side of it).
ENCODER_UL = const(6)
SLACK_STEPS = const(4)
BEYOND_TICKS = const(20)
LATE_MS = const(300)  # a lease of 0.1 mL lasts as long at the fastest rate
# Dosing may fall short by a twentieth of what is due in five minutes, and by one lease.
SHORT_S = const(300)
SHORT_SHARE = const(20)
_LEASE_UNITS = const(360_000_000)  # 0.1 mL
_BACK_SYRINGE_UL = const(400)
_BACK_VOLUMETRIC_UL = const(300)
_PRIME_SYRINGE_UL_H = const(100_000)
_PRIME_VOLUMETRIC_UL_H = const(600_000)
_PRIME_SYRINGE_UL = const(2_000)
_PRIME_VOLUMETRIC_UL = const(20_000)
_MAX_SYRINGE_UL_H = const(150_000)
_MAX_VOLUMETRIC_UL_H = const(1_200_000)
_MOVING = const(0xB8)  # priming, infusing, bolus, KVO: bits by ST_*
_THERAPY = const(0xB0)  # infusing, bolus, KVO


class Guardian:
    """Watches each tick after therapy has had it. `tripped` is TRIP_*, and never goes back."""

    __slots__ = (
        "_asked_ms", "_beat", "_beyond", "_candidate", "_clinician", "_clinician_asked_ms", "_compare", "_due",
        "_encoder_off", "_end", "_head", "_kvo_ul_h", "_locked_s", "_lost", "_max_ul_h", "_ms", "_now_ms",
        "_offer_ms", "_offered_ul_h", "_patient", "_patient_asked_ms", "_prime", "_prime_asked_ms", "_restored",
        "_short_s", "_started", "_state", "_step", "_steps", "_still", "_units", "_volume", "_waited", "course",
        "rolling", "rx", "tripped",
    )  # fmt: skip

    def __init__(self, head):
        self._head = head
        self._max_ul_h = _MAX_SYRINGE_UL_H if head == HEAD_SYRINGE else _MAX_VOLUMETRIC_UL_H
        self.tripped = TRIP_NONE
        self.rx = None
        self.course = Course()
        self.rolling = Rolling()
        self._candidate = None
        self._volume = Allowance()
        self._patient = Allowance()
        self._clinician = Allowance()
        self._prime = Allowance()
        self._state = t.ST_SELF_TEST
        self._started = False
        self._restored = False
        self._now_ms = 0
        self._beat = -1
        self._beyond = 0
        self._compare = 0
        self._step = 1  # volume of a step, 1/3600 nL
        self._steps = 0  # permitted position, modulo 2**30
        self._units = 0  # permitted beyond it, below one step
        self._end = 0  # the lease's end that was let through
        self._still = 0  # encoder where the motor was told to stand
        self._encoder_off = 0  # counter less encoder when the therapy began
        self._due = 0  # steps due, and those of them that dosing never asked for, in this stretch
        self._lost = 0
        self._short_s = 0
        self._kvo_ul_h = 0
        self._locked_s = 0
        self._ms = 0  # of the second
        self._asked_ms = self._prime_asked_ms = self._patient_asked_ms = self._clinician_asked_ms = 0
        self._offered_ul_h = -1
        self._offer_ms = 0
        self._waited = 0  # boluses that therapy gives, as bits: 1 patient, 2 clinician

    # Outside the tick.

    def offer(self, data, step_volume):
        """Take its own copy of a confirmed prescription, from the bytes; False where they are none."""
        rx = Prescription()
        if not rx.decode(data):
            return False
        self._step = step_volume
        self._candidate = rx
        return True

    def offer_titration(self, rate_ul_h):
        """A person has confirmed this base rate; therapy takes it up, or does not, within ASKED_MS."""
        self._offered_ul_h = rate_ul_h
        self._offer_ms = ASKED_MS

    def restore(self, data, step_volume, past):
        """Take up what the journal says a person once started; False where the copy is damaged."""
        if not self.offer(data, step_volume):
            return False
        rx = self._candidate
        self._candidate = None
        self.rx = rx
        self.course.restore(rx, past)
        self._volume.allow(rx.vtbi_ul)
        if self._volume.limited:
            self._volume.put(past.vtbi_ul, past.vtbi_rest)
        self.rolling.restore(rx.window_s, rx.window_hard_ul, past)
        self._locked_s = past.lockout_s
        self._restored = True
        return True

    # The tick.

    def watch(self, now_ms, r, drive, controller):
        """Judge and bound `drive`, which therapy has just written. Leaves no exception."""
        try:
            self._watch(now_ms, r, drive, controller)
        except Exception:
            self._trip(TRIP_ITSELF)
        if self.tripped:
            drive.step_rate_mhz = 0
            drive.enable = 0
            drive.relay = 0

    def _watch(self, now_ms, r, drive, controller):
        if not self._started:
            self._started = True
            self._now_ms = now_ms
            self._still = r.encoder_count
        elapsed = ticks_diff(now_ms, self._now_ms)
        self._now_ms = now_ms
        if controller.beat == self._beat:
            self._trip(TRIP_HEART)
        self._beat = controller.beat
        if elapsed < 0:
            elapsed = 0  # therapy fails by itself at a clock that runs backwards
        old = self._state
        if _MOVING >> old & 1:
            self._integrate(old, elapsed if elapsed < LEASE_MS else LEASE_MS)
        self._listen(r.key, elapsed)
        state = controller.delivery.state
        dose = controller.dose
        if state != old:
            self._state = state
            self._change(old, state, r)
        if state == t.ST_INFUSING or state == t.ST_BOLUS:
            self._see_boluses(dose.boluses)
            self._see_rate(dose.profile.override_ul_h)
        if self.rx is not None and state != t.ST_FAILED:
            self._compare_next(dose.rx)
        if _MOVING >> state & 1:
            self._bound(state, r, drive)
        else:
            self._stand(state, r, drive)

    def _trip(self, why):
        if not self.tripped:
            self.tripped = why

    # What people asked for.

    def _listen(self, key, elapsed):
        self._asked_ms = self._asked_ms - elapsed if self._asked_ms > elapsed else 0
        self._prime_asked_ms = self._prime_asked_ms - elapsed if self._prime_asked_ms > elapsed else 0
        self._patient_asked_ms = self._patient_asked_ms - elapsed if self._patient_asked_ms > elapsed else 0
        self._clinician_asked_ms = self._clinician_asked_ms - elapsed if self._clinician_asked_ms > elapsed else 0
        if self._offer_ms:
            self._offer_ms = self._offer_ms - elapsed if self._offer_ms > elapsed else 0
            if not self._offer_ms:
                self._offered_ul_h = -1
        if key == KEY_START:
            self._asked_ms = ASKED_MS
        elif key == KEY_PRIME_ON:
            self._prime_asked_ms = ASKED_MS
        elif key == KEY_PATIENT_BOLUS:
            self._patient_asked_ms = ASKED_MS
        elif key == KEY_CLINICIAN_BOLUS:
            self._clinician_asked_ms = ASKED_MS
        self._ms += elapsed if elapsed < HALF >> 1 else 0
        if self._ms >= 1000:
            seconds = self._ms // 1000
            self._ms %= 1000
            self.rolling.second(seconds)
            self._locked_s = self._locked_s - seconds if self._locked_s > seconds else 0
            self._short_s += seconds
            if self._short_s >= SHORT_S:
                self._short_s = self._due = self._lost = 0

    def _change(self, old, state, r):
        moving = _MOVING >> state & 1
        if not moving:
            self._patient.none()
            self._clinician.none()
            self._waited = 0
            self._still = r.encoder_count
            if state == t.ST_STANDBY:
                self.rx = None
            return
        if state == t.ST_KVO:
            # Never above what was programmed; entered from flow alone.
            self._kvo_ul_h = self._permitted_kvo()
            self._patient.none()
            self._clinician.none()
            self._waited = 0
            if not _THERAPY >> old & 1 and not self._take_restored(old, r):
                self._trip(TRIP_UNASKED)
        elif state == t.ST_PRIMING:
            if not self._prime_asked_ms:
                self._trip(TRIP_UNASKED)
            self._prime.allow(_PRIME_SYRINGE_UL if self._head == HEAD_SYRINGE else _PRIME_VOLUMETRIC_UL)
            self._base(r)
        elif old == t.ST_INFUSING or old == t.ST_BOLUS or self._take_restored(old, r):
            return
        elif not self._asked_ms:
            self._trip(TRIP_UNASKED)
        elif old == t.ST_PROGRAMMING:
            self._take_into_use(r)
        else:
            self._resync(r)

    def _take_restored(self, old, r):
        if old != t.ST_SELF_TEST or not self._restored:
            return False
        self._restored = False
        self._base(r)
        return True

    def _take_into_use(self, r):
        rx = self._candidate
        if rx is None:
            self._trip(TRIP_UNASKED)
            return
        self._candidate = None
        self.rx = rx
        self.course.begin(rx)
        self._volume.allow(rx.vtbi_ul)
        self.rolling.begin(rx.window_s, rx.window_hard_ul)
        self._patient.none()
        self._clinician.none()
        self._waited = 0
        self._base(r)

    def _base(self, r):
        self._steps = r.step_count
        self._end = r.step_count
        self._units = 0
        self._beyond = 0
        self._due = self._lost = 0
        self._encoder_off = ticks_diff(r.step_count, r.encoder_count)

    def _resync(self, r):
        behind = ticks_diff(self._steps, r.step_count)
        if behind > 2 or behind < -2:
            self._give_back(behind)
            self._steps = r.step_count
        self._end = self._steps
        self._encoder_off = ticks_diff(r.step_count, r.encoder_count)

    def _permitted_kvo(self):
        rx = self.rx
        if rx is None:
            return 0
        highest = self.course.highest_ul_h
        return rx.kvo_ul_h if rx.kvo_ul_h < highest else highest

    def _see_boluses(self, boluses):
        self._see_bolus(boluses.waits(KEY_PATIENT_BOLUS), 1)
        self._see_bolus(boluses.waits(KEY_CLINICIAN_BOLUS), 2)

    def _see_bolus(self, waits, bit):
        allowance = self._patient if bit == 1 else self._clinician
        if not waits:
            if self._waited & bit:
                self._waited &= ~bit
                allowance.none()
            return
        if self._waited & bit:
            return
        self._waited |= bit
        rx = self.rx
        if bit == 1:
            if not self._patient_asked_ms or self._locked_s:
                self._trip(TRIP_UNASKED)
            self._patient_asked_ms = 0
            self._locked_s = rx.lockout_s
            allowance.allow(rx.patient_ul)
        else:
            if not self._clinician_asked_ms:
                self._trip(TRIP_UNASKED)
            self._clinician_asked_ms = 0
            allowance.allow(rx.clinician_ul)

    def _see_rate(self, override_ul_h):
        course = self.course
        if override_ul_h == course.override_ul_h:
            return
        rx = self.rx
        if override_ul_h >= 0 and override_ul_h == self._offered_ul_h and override_ul_h <= rx.rate_hard_ul_h:
            self._offered_ul_h = -1
            self._offer_ms = 0
            course.override(override_ul_h)
        elif rx.policy == layout.POLICY_SUSTAIN and 0 <= override_ul_h <= course.highest_ul_h:
            course.override(override_ul_h)  # the end of the volume: it goes on at the rate it had
        else:
            self._trip(TRIP_UNASKED)

    # What is permitted.

    def _integrate(self, state, elapsed):
        step = self._step
        before = self._steps
        late = elapsed > LATE_MS
        while elapsed > 0:
            dt = elapsed if elapsed < 500 else 500
            if state == t.ST_KVO:
                units = self._kvo_ul_h * dt
                self.rolling.count(units)
            elif state == t.ST_PRIMING:
                units = self._prime.grant(self._prime_ul_h() * dt)
            else:
                room = 1000 - self.course.ms
                if dt > room:
                    dt = room
                units = self._therapy(dt)
            units += self._units
            if units >= step:
                self._steps = ticks_add(self._steps, units // step)
                units %= step
            self._units = units
            elapsed -= dt
        # What was not pumped by the lease's end never will be.
        missed = ticks_diff(self._steps, self._end)
        self._due += ticks_diff(self._steps, before)
        if missed > 0:
            self._steps = self._end
            if not late:  # what a stall costs is the stall's, and told by therapy
                self._fall_short(state, missed)
            if state == t.ST_INFUSING or state == t.ST_BOLUS:
                self._give_back(missed)

    def _fall_short(self, state, missed):
        self._lost += missed
        if self._lost > self._due // SHORT_SHARE + self._lease_units(state) // self._step + SLACK_STEPS:
            self._trip(TRIP_BEHIND)

    def _therapy(self, dt):
        course = self.course
        rate = course.rate_ul_h
        units = course.pass_ms(rate, dt)
        extra = self._bolus_ul_h(rate)
        if extra:
            allowance = self._patient if not self._patient.spent() else self._clinician
            units += allowance.grant(extra * dt)
        if self.rx.policy == layout.POLICY_SUSTAIN:
            return units
        return self.rolling.grant(self._volume.grant(units))

    def _bolus_ul_h(self, base_ul_h):
        rx = self.rx
        if not self._patient.spent():
            rate = rx.patient_ul_h
        elif not self._clinician.spent():
            rate = rx.clinician_ul_h
        else:
            return 0
        room = self._max_ul_h - base_ul_h
        return rate if rate < room else room

    def _prime_ul_h(self):
        return _PRIME_SYRINGE_UL_H if self._head == HEAD_SYRINGE else _PRIME_VOLUMETRIC_UL_H

    def _give_back(self, steps):
        self._volume.give_steps(steps, self._step)
        self.course.left.give_steps(steps, self._step)

    def _lease_units(self, state):
        """Volume that a lease may cover in `state`: 3 s at the permitted rate, at most 0.1 mL."""
        if state == t.ST_KVO:
            rate = self._kvo_ul_h
        elif state == t.ST_PRIMING:
            rate = self._prime_ul_h()
        else:
            rate = self.course.lease_ul_h()
            rate += self._bolus_ul_h(rate)
        return rate * LEASE_MS if rate < _LEASE_UNITS // LEASE_MS else _LEASE_UNITS

    # What is bounded.

    def _bound(self, state, r, drive):
        step = self._step
        lease = self._lease_units(state)
        room = (self._units + lease) // step + SLACK_STEPS
        cap = ticks_add(self._steps, room)
        tolerance = lease // 2 // step + SLACK_STEPS
        beyond = ticks_diff(drive.step_end, cap)
        if beyond > 0:
            drive.step_end = cap
            self._beyond += 1
            if beyond > tolerance or self._beyond > BEYOND_TICKS:
                self._trip(TRIP_AHEAD)
        else:
            self._beyond = 0
        self._end = drive.step_end
        if drive.step_rate_mhz < 0:
            self._trip(TRIP_BACK)
        lead = ticks_diff(ticks_add(r.encoder_count, self._encoder_off), self._steps)
        if lead > tolerance + ENCODER_UL * 3600 // (step // 1000 + 1):
            self._trip(TRIP_ENCODER)

    def _stand(self, state, r, drive):
        if drive.step_rate_mhz > 0:
            self._trip(TRIP_STILL)
        bound = _BACK_SYRINGE_UL if self._head == HEAD_SYRINGE else _BACK_VOLUMETRIC_UL
        bound = bound * 3600 // (self._step // 1000 + 1) + SLACK_STEPS
        moved = ticks_diff(r.encoder_count, self._still)
        if drive.step_rate_mhz < 0 and (
            state != t.ST_STOPPED or ticks_diff(drive.step_end, r.step_count) < -bound - moved
        ):
            self._trip(TRIP_BACK)
        slop = ENCODER_UL * 3600 // (self._step // 1000 + 1)
        if self.rx is not None and (moved > slop or moved < -bound - slop):
            self._trip(TRIP_STILL)

    def _compare_next(self, other):
        """Hold one field, or one segment, of the two copies against each other."""
        place = self._compare
        fields = len(layout.PRESCRIPTION)
        mine = self.rx
        if other is None:
            self._trip(TRIP_COPIES)
        elif place < fields:
            name = layout.PRESCRIPTION[place][0]
            if getattr(mine, name) != getattr(other, name):
                self._trip(TRIP_COPIES)
        else:
            index = place - fields
            if (
                mine.seg_kind[index] != other.seg_kind[index]
                or mine.seg_rate_ul_h[index] != other.seg_rate_ul_h[index]
                or mine.seg_volume_ul[index] != other.seg_volume_ul[index]
                or mine.seg_duration_s[index] != other.seg_duration_s[index]
                or mine.seg_step_ul_h[index] != other.seg_step_ul_h[index]
                or mine.seg_step_rest[index] != other.seg_step_rest[index]
            ):
                self._trip(TRIP_COPIES)
        place += 1
        self._compare = place if place < fields + mine.segments else 0

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
from firmware.therapy.permit import SLACK_STEPS, Permit
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
BEYOND_TICKS = const(20)
_BACK_SYRINGE_UL = const(400)
_BACK_VOLUMETRIC_UL = const(300)
_MOVING = const(0xB8)  # priming, infusing, bolus, KVO: bits by ST_*
_THERAPY = const(0xB0)  # infusing, bolus, KVO
_TITRATED = const(0x70)  # infusing, bolus, paused: where a person may change the rate
_PATIENT = const(1)  # bits of _waited
_CLINICIAN = const(2)


class Guardian:
    """Watches each tick after therapy has had it. `tripped` is TRIP_*, and never goes back."""

    __slots__ = (
        "_asked_ms", "_back_ul", "_beat", "_beyond", "_candidate", "_candidate_step", "_clinician_asked_ms", "_compare",
        "_encoder_off", "_lead", "_locked_s", "_ms", "_now_ms", "_offer_ms", "_offered_ul_h",
        "_patient_asked_ms", "_prime_asked_ms", "_restored", "_started", "_state", "_still", "_waited", "permit", "rx",
        "tripped",
    )  # fmt: skip

    def __init__(self, head):
        self._back_ul = _BACK_SYRINGE_UL if head == HEAD_SYRINGE else _BACK_VOLUMETRIC_UL
        self.tripped = TRIP_NONE
        self.rx = None  # its own copy
        self.permit = Permit(head)
        self._candidate = None
        self._candidate_step = 1
        self._state = t.ST_SELF_TEST
        self._started = False
        self._restored = False
        self._now_ms = 0
        self._beat = -1
        self._beyond = 0
        self._compare = 0
        self._still = 0  # encoder where the motor was told to stand
        self._encoder_off = 0  # counter less encoder when the therapy began
        self._lead = 0  # steps that the drive had turned ahead at the last look
        self._locked_s = 0
        self._ms = 0  # of the second
        self._asked_ms = self._prime_asked_ms = self._patient_asked_ms = self._clinician_asked_ms = 0
        self._offered_ul_h = -1
        self._offer_ms = 0
        self._waited = 0  # boluses that therapy gives

    # Outside the tick.

    def offer(self, data, step_volume):
        """Take its own copy of a confirmed prescription, from the bytes; False where they are none."""
        rx = Prescription()
        if not rx.decode(data):
            return False
        self._candidate_step = step_volume
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
        self.rx = self._candidate
        self._candidate = None
        self.permit.restore(self.rx, step_volume, past)
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
            self.permit.pass_ms(old, elapsed)
            if self.permit.short:
                self._trip(TRIP_BEHIND)
        self._listen(r.key, elapsed)
        state = controller.delivery.state
        dose = controller.dose
        if state != old:
            self._state = state
            self._change(old, state, r)
        if state == t.ST_INFUSING or state == t.ST_BOLUS:
            self._see_bolus(dose.boluses.waits(KEY_PATIENT_BOLUS), _PATIENT)
            self._see_bolus(dose.boluses.waits(KEY_CLINICIAN_BOLUS), _CLINICIAN)
        if _TITRATED >> state & 1:
            self._see_rate(dose.profile.override_ul_h)
        if state == t.ST_PRIMING and r.key == KEY_PRIME_ON and self.permit.primed():
            self._prime(r)  # one prime ended in this tick, and another began
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
            self.permit.second(seconds)
            self._locked_s = self._locked_s - seconds if self._locked_s > seconds else 0

    def _change(self, old, state, r):
        if not _MOVING >> state & 1:
            self._come_to_rest(old, state, r)
        elif state == t.ST_KVO:
            self._waited = 0
            if not _THERAPY >> old & 1 and not self._take_restored(old, r):
                self._trip(TRIP_UNASKED)
            self.permit.keep_open()
        elif state == t.ST_PRIMING:
            if not self._prime_asked_ms:
                self._trip(TRIP_UNASKED)
            self._prime(r)
        elif old == t.ST_INFUSING or old == t.ST_BOLUS or self._take_restored(old, r):
            return
        elif not self._asked_ms:
            self._trip(TRIP_UNASKED)
        elif old == t.ST_PROGRAMMING:
            self._take_into_use(r)
        else:
            self.permit.resume(r.step_count)
            self._align(r)

    def _prime(self, r):
        self.permit.prime(self._candidate_step, r.step_count)
        self._align(r)

    def _come_to_rest(self, old, state, r):
        self.permit.no_boluses()
        self._waited = 0
        self._still = r.encoder_count
        if state == t.ST_STANDBY:
            self.rx = None
        else:
            self._take_restored(old, r)  # it waits for a person: the motor stands where it stands

    def _take_restored(self, old, r):
        if old != t.ST_SELF_TEST or not self._restored:
            return False
        self._restored = False
        self.permit.stand(r.step_count)
        self._align(r)
        return True

    def _take_into_use(self, r):
        rx = self._candidate
        if rx is None:
            self._trip(TRIP_UNASKED)
            return
        self._candidate = None
        self.rx = rx
        self._waited = 0
        self.permit.begin(rx, self._candidate_step, r.step_count)
        self._align(r)

    def _align(self, r):
        self._beyond = 0
        self._encoder_off = ticks_diff(r.step_count, r.encoder_count)

    def _see_bolus(self, waits, bit):
        permit = self.permit
        allowance = permit.patient if bit == _PATIENT else permit.clinician
        if not waits:
            if self._waited & bit:
                self._waited &= ~bit
                allowance.none()
            return
        if self._waited & bit:
            return
        self._waited |= bit
        rx = self.rx
        if bit == _PATIENT:
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
        course = self.permit.course
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

    # What is bounded.

    def _bound(self, state, r, drive):
        permit = self.permit
        lease = permit.lease_units(state)
        tolerance = permit.tolerance(lease)
        cap = permit.cap(lease)
        beyond = ticks_diff(drive.step_end, cap)
        if beyond > 0:
            drive.step_end = cap
            self._beyond += 1
            if beyond > tolerance or self._beyond > BEYOND_TICKS:
                self._trip(TRIP_AHEAD)
        else:
            self._beyond = 0
        # What has been stepped stays permitted: a rate that falls asks for less than the last lease gave.
        permit.end = drive.step_end if ticks_diff(drive.step_end, r.step_count) > 0 else r.step_count
        if drive.step_rate_mhz < 0:
            self._trip(TRIP_BACK)
        self._see_lead(ticks_diff(ticks_add(r.encoder_count, self._encoder_off), permit.steps), tolerance)

    def _see_lead(self, lead, tolerance):
        """Hold what the drive has turned ahead against half a lease; where the rate has fallen, it may only shrink."""
        if lead > max(tolerance + self._in_steps(ENCODER_UL), self._lead):
            self._trip(TRIP_ENCODER)
        self._lead = lead

    def _stand(self, state, r, drive):
        if drive.step_rate_mhz > 0:
            self._trip(TRIP_STILL)
        bound = self._in_steps(self._back_ul) + SLACK_STEPS
        moved = ticks_diff(r.encoder_count, self._still)
        if drive.step_rate_mhz < 0 and (
            state != t.ST_STOPPED or ticks_diff(drive.step_end, r.step_count) < -bound - moved
        ):
            self._trip(TRIP_BACK)
        slop = self._in_steps(ENCODER_UL)
        if self.rx is not None and (moved > slop or moved < -bound - slop):
            self._trip(TRIP_STILL)

    def _in_steps(self, ul):
        return ul * 3600 // (self.permit.step // 1000 + 1)

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

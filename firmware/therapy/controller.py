"""The tick: readings in, drive out, ten times a second.

A pure function of its arguments and the controller's state. It allocates nothing once
running, leaves no exception to the caller, and raises the motor's rate only for a grant
whose record the store holds (write-ahead).
"""

from firmware.therapy import alarms as al
from firmware.therapy import messages as msg
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.alarm_log import AlarmLog
from firmware.therapy.annunciator import Annunciator
from firmware.therapy.bolus import BUCKETS
from firmware.therapy.delivery import Delivery
from firmware.therapy.detectors import Detectors
from firmware.therapy.engine import IGNORED, Machine
from firmware.therapy.estimate import Estimates
from firmware.therapy.glass import ENDS, HELD, Glass
from firmware.therapy.grants import (
    GRANT_BOLUS,
    GRANT_NONE,
    GRANT_RESUME,
    GRANT_START,
    GRANT_TITRATE,
    STORED,
    WAITS,
    Grant,
)
from firmware.therapy.images import Images
from firmware.therapy.interlocks import Interlocks
from firmware.therapy.layout import MODE_PCA
from firmware.therapy.mailbox import ASKED_PAUSE, ASKED_STOP, Mailbox
from firmware.therapy.selfcheck import DOUBT
from hal import ports
from hal.compat import const, ticks_diff
from hal.ports import RF_KEY_SWITCH, RF_LINK_UP, RF_SENSOR_FAULT

SELF_TEST_TICKS = const(10)
QUIET_S = const(600)
PAUSE_REMINDER_S = const(120)
INACTIVITY_S = const(180)
SENSOR_FAULT_TICKS = const(10)

# States in which flow is meant to be: hazards sound there. Bits by ST_*.
_ARMED = const(0x2B8)  # priming, infusing, bolus, KVO, stopped
_MOVING = const(0xB8)  # priming, infusing, bolus, KVO
_TITRATED = const(0x70)  # infusing, bolus, paused
_FAILED_ALARMS = const(0x600)  # therapy in doubt, self-test failed: bits by AL_*
_POWERED = const(0x3FC)  # programming … stopped: motor power on, holding torque


class Controller:
    """Owns the two machines and everything that the tick reaches."""

    def __init__(self, head, dosing):
        self.status = ports.Status()
        self.outbox = rec.Outbox(BUCKETS)
        self.mailbox = Mailbox()
        self.alarms = al.Alarms()
        self.alarm_log = AlarmLog()
        self.annunciator = Annunciator()
        self.estimates = Estimates()
        self.interlocks = Interlocks(head, self.alarms)
        self.delivery = Machine(t.DELIVERY, t.ST_SELF_TEST)
        self.trust = Machine(t.TRUST, t.TR_NORMAL)
        self.dose = Delivery(head, dosing, self.alarms)
        self.library_ok = False
        self.failed = False  # the journal says that therapy was in doubt: service leads out, no reset
        self.operator = 0  # who is authenticated at the bedside; 0: nobody
        self.locked = False  # credentials are provisioned: what raises a dose takes somebody who is
        self.glass = Glass()
        self.beat = 0  # changes with each tick that ran to its end
        self.guarded = True  # the guardian has seen the last tick, and found nothing
        self._now_ms = 0
        self._started = False
        self._test_ticks = 0
        self._sensor_ticks = 0
        self._ms = 0  # of the second
        self._idle_s = 0  # since a key, while programming; since the pause began, while paused
        self._quiet_s = 0
        self._pending = -1  # one event, set by an action of the trust table, drained by the tick
        self._grant = Grant()
        self.images = Images()
        self._taken_up = 0  # guard bits for the end of the self-test
        self._offered_rate = -1  # a titration that a person confirmed, taken up by the next tick
        self.detectors = Detectors(head, self)

    # What code outside the tick may ask; each is a plain assignment, taken up by the next tick.

    def offer_titration(self, rate_ul_h):
        """Hand over a confirmed new base rate; refused with a message where it does not fit."""
        self._offered_rate = rate_ul_h

    def offer_prescription(self, rx):
        """Hand over a confirmed prescription; KEY_START takes it into use."""
        self.dose.offer(rx)

    def take_up(self, past, go_on):
        """Stand where the journal says (at boot): go on by itself, or wait for a person."""
        self.dose.take_up(past.rx, past)
        self.interlocks.expect(past.rx, self.dose.dosing.step_volume)
        self._taken_up = t.G_WAIT | t.G_GO_ON if go_on else t.G_WAIT
        if past.delivery == t.ST_KVO:
            # As it came there: help gone, the end of the volume, or the rolling limit.
            if past.trust >= t.TR_ISOLATED and self.dose.guards() & t.G_HELP_KVO:
                self._pending = t.EV_HELP_GONE
            else:
                self._pending = t.EV_VOLUME_DONE if self.dose.over() else t.EV_LIMIT

    def carry_over(self, past):
        """What outlives any therapy and any reset."""
        self.images.op_s = past.op_s
        self.outbox.seq = past.seq
        self.dose.keep_lock_out(past.lockout_s)
        self.dose.limits_intact = past.intact
        if past.trust != t.TR_NORMAL:
            self.trust.force(past.trust)
            self._show_trust(past.trust)

    def granting(self):
        """Return whether a grant waits for its record to be stored."""
        return self._grant.kind != GRANT_NONE

    # The tick.

    def tick(self, now_ms, readings, drive):
        """Advance by one tick. Writes `drive` and `self.status` in place."""
        try:
            self._tick(now_ms, readings, drive)
        except Exception:  # whatever it is, the motor loses its power and a person is told
            self._give_up(drive)
        self.annunciator.show(self.status, now_ms, self.alarms)

    def _give_up(self, drive):
        """Cut motor power by the shortest way: what raised may raise again."""
        drive.step_rate_mhz = 0
        drive.enable = 0
        drive.relay = 0
        self.delivery.force(t.ST_FAILED)
        status = self.status
        status.delivery = self.delivery.state
        status.rate_ul_h = 0
        self.dose.boluses.clear()
        self.alarms.raise_(al.AL_DOUBT)
        self.alarms.silence_s = 0  # nothing may count it down any more
        self._log_alarms()

    def _tick(self, now_ms, r, drive):
        dose = self.dose
        if not self._started:  # the clock and the counter may stand anywhere at boot
            self._started = True
            self._now_ms = now_ms
            dose.count_from(r.step_count)
        elapsed = ticks_diff(now_ms, self._now_ms)
        self._now_ms = now_ms
        moved = dose.observe(r.step_count)
        if not self.guarded or elapsed < 0 or dose.impossible(moved, elapsed):
            elapsed = 0
            self._event(t.EV_DOUBT, r)  # the guardian, or a clock or a counter that cannot be
        self.guarded = False
        state = self.delivery.state
        if _MOVING >> state & 1:
            event = dose.advance(state, elapsed)
            if event >= 0:
                self._event(event, r)
            if dose.missed_steps:
                self._lost(elapsed)
        if self.interlocks.check(r, moved, elapsed) and _ARMED >> state & 1:
            self._event(t.EV_HAZARD, r)
        verdict = self.detectors.tick(r, moved, elapsed)
        if verdict:
            self._detected(verdict, r)
        if r.flags & RF_SENSOR_FAULT:
            self._sensor_fault(r)
        if r.key:
            self._key(r)
        if self._grant.kind:
            self._settle(now_ms, r)
        if self._offered_rate >= 0:
            self._titrate(r)
        if self.mailbox.asked:
            self._ring()
        while self.mailbox.waiting:  # six at most: nothing is posted meanwhile
            self._trust_event(self.mailbox.take(), r)
        self._watch_glass(elapsed, r)
        self._ms += elapsed
        if self._ms >= 1000 or state == t.ST_SELF_TEST:
            self._seconds(r)
        if self._pending >= 0 and self.delivery.state != t.ST_SELF_TEST:
            event = self._pending
            self._pending = -1
            self._event(event, r)
        state = self.delivery.state
        if self.alarms.changed:
            self._log_alarms()
        if state == t.ST_FAILED and not self.status.therapy_alarms & _FAILED_ALARMS:
            self.alarms.insist(al.AL_DOUBT)  # nobody acknowledges that away, and no flipped bit hides it
            self._log_alarms()
        dose.actuate(state, r, drive, _POWERED >> state & 1)
        dose.show(self.status, state)
        if state != t.ST_SELF_TEST:  # until then what the journal holds is all there is
            moving = _MOVING >> state & 1
            self.images.note(dose, moving, self.granting(), self.status, self.outbox, r.rtc_s)
        self.beat = self.beat + 1 & 0xFF

    # Events.

    def _event(self, event, r):
        old = self.delivery.state
        action = self.delivery.step(event, self._guards(r))
        if action == IGNORED:
            return False
        state = self.delivery.state
        self.status.delivery = state
        self._act(action, event, old, r)
        self.interlocks.armed = _ARMED >> state & 1 != 0
        if state != old or action:
            self._idle_s = 0
            self.outbox.emit(rec.REC_STATE, self.status, self._now_ms, event, action, old)
        return True

    def _detected(self, verdict, r):
        if verdict == DOUBT:
            self._event(t.EV_DOUBT, r)
            if self.delivery.state != t.ST_FAILED or not self.delivery.intact():
                # The table, or the state, is what is in doubt: neither is asked.
                self.delivery.force(t.ST_FAILED)
                self.status.delivery = t.ST_FAILED
                self._act(t.A_FAIL, t.EV_DOUBT, t.ST_STOPPED, r)
                self.outbox.emit(rec.REC_STATE, self.status, self._now_ms, t.EV_DOUBT, t.A_FAIL, t.ST_STOPPED)
            return
        if not self.trust.intact():
            self.trust.force(t.TR_NORMAL)
        self._trust_event(t.EV_COMPROMISED, r)

    def _guards(self, r):
        guards = self.dose.guards() | self._taken_up
        if not self.interlocks.hazards:
            guards |= t.G_SAFE
        if r.flags & RF_KEY_SWITCH:
            guards |= t.G_KEY
        return guards

    def _act(self, action, event, old, r):
        dose = self.dose
        alarms = self.alarms
        state = self.delivery.state
        if event == t.EV_LIMIT:
            alarms.raise_(al.AL_LIMIT)
        elif event == t.EV_HAZARD:
            self.interlocks.sound()
        self.images.due = True
        if action == t.A_START:
            alarms.clear(al.AL_WAITS)
            self.interlocks.prescribe(dose.candidate, dose.candidate_step, r)
            dose.start(r.step_count)
        elif action == t.A_PRIME:
            self.interlocks.prescribe(dose.candidate, dose.candidate_step, r)
            dose.prime(r.step_count)
        elif action == t.A_RESUME:
            if old == t.ST_STOPPED:
                self.detectors.sequence.started()
            dose.resume(r.step_count)
            alarms.clear(al.AL_WAITS)
            alarms.clear(al.AL_STOPPED_BY_POLICY)
            alarms.clear(al.AL_LIMIT)
        elif action == t.A_BOLUS:
            dose.boluses.give(self._grant.a, self._grant.b, dose.bolus_rate(self._grant.a))
        elif action == t.A_HOLD or action == t.A_HAZARD:
            dose.hold(action == t.A_HAZARD and self.interlocks.hazards & 1 != 0, r.step_count)
            self.detectors.sequence.stopped(self.interlocks.hazards if action == t.A_HAZARD else 0)
            if state == t.ST_STOPPED and action == t.A_HOLD:
                alarms.raise_(al.AL_STOPPED_BY_POLICY)
        elif action == t.A_KVO:
            dose.keep_open()
            alarms.raise_(al.AL_KVO)
        elif action == t.A_COMPLETE:
            dose.hold(False, r.step_count)
            alarms.raise_(al.AL_COMPLETE)
        elif action == t.A_SUSTAIN:
            dose.sustain()
            alarms.raise_(al.AL_END_SUSTAINED)
        elif action == t.A_FAIL:
            dose.hold(False, r.step_count)
            alarms.raise_(al.AL_SELF_TEST if old == t.ST_SELF_TEST else al.AL_DOUBT)
        elif action == t.A_GO_ON or action == t.A_WAIT:
            self._taken_up = 0
            self.interlocks.prescribe(dose.rx, dose.dosing.step_volume, r)
            dose.go_on(r.step_count)
            if action == t.A_WAIT:
                self._pending = -1
                alarms.raise_(al.AL_WAITS)
            else:
                self._tell(al.AL_RESUMED)
        elif action == t.A_END or action == t.A_PRIME_END:
            dose.end(action == t.A_END)
            if action == t.A_END:
                self._end_alarms()
        if state != t.ST_PAUSED:
            alarms.clear(al.AL_PAUSED)
        if state != t.ST_KVO:
            alarms.clear(al.AL_KVO)
        alarms.clear(al.AL_INACTIVITY)

    def _end_alarms(self):
        alarms = self.alarms
        alarms.clear(al.AL_WAITS)
        alarms.clear(al.AL_COMPLETE)
        alarms.clear(al.AL_END_SUSTAINED)
        alarms.clear(al.AL_STOPPED_BY_POLICY)
        alarms.clear(al.AL_LIMIT)
        alarms.clear(al.AL_NEAR_END)
        alarms.clear(al.AL_RESERVOIR_LOW)

    def _lost(self, elapsed):
        self.outbox.emit(rec.REC_LOST, self.status, self._now_ms, self.dose.missed_steps, elapsed, 0)
        if self.dose.missed_ul():
            self._tell(al.AL_VOLUME_LOST)
        self.dose.missed_steps = 0

    def _sensor_fault(self, r):
        self._sensor_ticks += 1
        if self._sensor_ticks >= SENSOR_FAULT_TICKS:
            self._sensor_ticks = 0
            self._event(t.EV_DOUBT, r)

    def _log_alarms(self):
        self.alarm_log.write(self.alarms, self.status, self.outbox, self._now_ms)

    # People.

    def _key(self, r):
        key = r.key
        self.glass.touched()
        if key >= ports.KEY_FIELD or key == ports.KEY_CONFIRM:
            self._idle_s = 0
            return  # programming.py reads these, outside the tick
        self.status.message = msg.NONE
        if key == ports.KEY_STOP:
            self._taken_up &= t.G_WAIT  # in the self-test: nothing goes on by itself any more
            self._event(t.EV_STOP, r)
            self._grant.withdraw()
        elif key == ports.KEY_START:
            self._start(r)
        elif key == ports.KEY_PAUSE:
            self._taken_up &= t.G_WAIT
            self._event(t.EV_PAUSE, r)
            self._grant.withdraw()
        elif key == ports.KEY_AUDIO_PAUSE:
            self.alarms.pause_audio()
        elif key == ports.KEY_ACKNOWLEDGE:
            still = not _MOVING >> self.delivery.state & 1
            if still:
                self.interlocks.service(r)
            if self.delivery.state == t.ST_STANDBY:
                self.alarms.clear(al.AL_WAITS)
            self.detectors.acknowledge(still)
            self.alarms.acknowledge()
        elif key == ports.KEY_PATIENT_BOLUS or key == ports.KEY_CLINICIAN_BOLUS:
            self._bolus(key, r)
        elif key == ports.KEY_PRIME_ON:
            if self.dose.candidate is None:
                self.status.message = msg.MISSING
            elif not self._event(t.EV_PRIME_ON, r):
                self.status.message = msg.HAZARD
        elif key == ports.KEY_PROGRAMME and not self.library_ok:
            self.status.message = msg.LIBRARY
        elif key == ports.KEY_PROGRAMME and not self.may_enter():
            self.status.message = msg.LOGIN
        else:
            self._plain_key(key, r)

    def _plain_key(self, key, r):
        if key == ports.KEY_PRIME_OFF:
            self._event(t.EV_PRIME_OFF, r)
        elif key == ports.KEY_PROGRAMME:
            self._event(t.EV_PROGRAMME, r)
        elif key == ports.KEY_CANCEL:
            if self._event(t.EV_CANCEL, r):
                self._grant.withdraw()
                self.dose.candidate = None
        elif key == ports.KEY_STANDBY:
            self._event(t.EV_STANDBY, r)
        elif key == ports.KEY_MAINTENANCE_ON:
            self._event(t.EV_MAINTENANCE_ON, r)
        elif key == ports.KEY_MAINTENANCE_OFF:
            self._event(t.EV_MAINTENANCE_OFF, r)
        elif key == ports.KEY_GLASS_ON:
            self.status.message = self.glass.press(self.trust.state, r.flags)
        elif key == ports.KEY_GLASS_OFF:
            self.glass.release()

    def _start(self, r):
        state = self.delivery.state
        dose = self.dose
        if self.interlocks.hazards or (state == t.ST_STOPPED and self.detectors.repeats()):
            self.status.message = msg.HAZARD
        elif state == t.ST_PROGRAMMING:
            if dose.candidate is None:
                self.status.message = msg.MISSING
            elif self._may_change(r):
                self._ask(GRANT_START, dose.candidate.drug, dose.candidate.dose_milli)
        elif state == t.ST_PAUSED or state == t.ST_KVO or state == t.ST_STOPPED:
            if dose.over():
                self.status.message = msg.OVER
            elif dose.window_full():
                self.status.message = msg.LIMIT
            else:
                self._ask(GRANT_RESUME, dose.profile.rate_ul_h, 0)

    def _bolus(self, key, r):
        dose = self.dose
        message = dose.refuse_bolus(key)
        if self.delivery.state != t.ST_INFUSING and self.delivery.state != t.ST_BOLUS:
            message = msg.STATE
        if message:
            self.status.message = message
        elif key == ports.KEY_PATIENT_BOLUS:
            # It limits itself, as long as what limits it is whole.
            if dose.limits_intact or self.trust.state < t.TR_ISOLATED:
                self._ask(GRANT_BOLUS, key, dose.bolus_ul(key))
            else:
                self.status.message = msg.LOCKED_OUT
        elif self._may_change(r):
            self._ask(GRANT_BOLUS, key, dose.bolus_ul(key))

    def _titrate(self, r):
        rate = self._offered_rate
        self._offered_rate = -1
        dose = self.dose
        if not self.may_titrate():
            self.status.message = msg.STATE
        elif rate > dose.rx.rate_hard_ul_h:
            self.status.message = msg.HARD_LIMIT
        elif rate <= dose.profile.rate_ul_h:
            self.outbox.emit(rec.REC_LOWERED, self.status, self._now_ms, dose.profile.rate_ul_h, rate, 0)
            dose.profile.titrate(rate)
        elif dose.rx.mode == MODE_PCA and self.trust.state >= t.TR_ISOLATED:
            self.status.message = msg.MODE  # cut off from help, a PCA's basal rate is never raised
        elif self._may_change(r):
            self._ask(GRANT_TITRATE, rate, dose.profile.rate_ul_h)

    def may_titrate(self):
        """Return whether what runs, or is paused, holds a rate that a person may change."""
        return _TITRATED >> self.delivery.state & 1 and self.dose.may_titrate()

    def _may_change(self, r):
        """Whether who stands at the bedside may raise a dose. A stop or a decrease never asks.

        Cut off from help it needs the key switch and credentials, or break-glass.
        """
        if self.trust.state < t.TR_ISOLATED:
            if not self.may_enter():
                self.status.message = msg.LOGIN
                return False
            return True
        if not r.flags & RF_KEY_SWITCH:
            self.status.message = msg.KEY_NEEDED
        elif not self.operator and not self.glass.broken:
            self.status.message = msg.GLASS
        else:
            return True
        return False

    def may_enter(self):
        """Return whether somebody may programme: where credentials are provisioned, one who has logged in."""
        return not self.locked or self.operator != 0 or self.glass.broken

    def _watch_glass(self, elapsed, r):
        found = self.glass.tick(elapsed, self.trust.state, r.flags)
        if found == HELD:
            if self.trust.state < t.TR_ISOLATED:
                self._break_glass()  # credentials failed: what is trusted does not change by that
            else:
                self._trust_event(t.EV_BREAK_GLASS, r)
        elif found == ENDS:
            self.trust.step(t.EV_GLASS_DONE, 0)
            self.alarms.clear(al.AL_BREAK_GLASS)  # latched: it is reviewed before it goes
            self.outbox.emit(rec.REC_GLASS, self.status, self._now_ms, 0, 0, 0)

    def _break_glass(self):
        self.glass.breaks()
        self.alarms.raise_(al.AL_BREAK_GLASS)
        self.outbox.emit(rec.REC_GLASS, self.status, self._now_ms, 1, self.glass.person, 0)

    def _ring(self):
        """Somebody asks from afar for a pause or a stop: a person here decides. What rings already rings on."""
        asked = self.mailbox.asked
        self.mailbox.asked = 0
        alarms = self.alarms
        if asked & ASKED_PAUSE and not alarms.is_shown(al.AL_PAUSE_ASKED):
            self._tell(al.AL_PAUSE_ASKED)
        if asked & ASKED_STOP and not alarms.is_shown(al.AL_STOP_ASKED):
            self._tell(al.AL_STOP_ASKED)

    def _tell(self, code):
        """Raise a latching alarm for what has happened and is over: it stays until somebody has seen it."""
        self.alarms.raise_(code)
        self.alarms.clear(code)

    # Write-ahead.

    def _ask(self, kind, a, b):
        if self._grant.kind:
            self.status.message = msg.BUSY
        elif not self._grant.ask(kind, a, b, self.outbox, self.status, self._now_ms):
            self._drop(kind)

    def _settle(self, now_ms, r):
        grant = self._grant
        became = grant.settle(now_ms, r.stored_seq)
        if became == WAITS:
            return
        kind = grant.kind
        grant.withdraw()
        if became == STORED:
            self.alarms.clear(al.AL_STORE)
            self._apply(kind, r)
        else:
            self._drop(kind)

    def _apply(self, grant, r):
        # The state may have changed while the record was written: the table has the last word.
        if grant == GRANT_START:
            self._event(t.EV_START, r)
        elif grant == GRANT_RESUME:
            self._event(t.EV_RESUME, r)
        elif grant == GRANT_TITRATE:
            if self.dose.may_titrate():
                self.dose.profile.titrate(self._grant.a)
        elif not self.dose.refuse_bolus(self._grant.a) and self._event(t.EV_BOLUS, r):
            self.dose.lock_out(self._grant.a)

    def _drop(self, grant):
        self.status.message = msg.STORE
        self.alarms.raise_(al.AL_STORE)
        self.outbox.emit(rec.REC_DROPPED, self.status, self._now_ms, grant, 0, 0)

    # Trust.

    def _trust_event(self, event, r):
        guards = t.GT_LINK_DOWN if self.mailbox.link_down or not r.flags & RF_LINK_UP else 0
        if r.flags & RF_KEY_SWITCH:
            guards |= t.GT_KEY
        if event == t.EV_HOSTILE:
            self._quiet_s = 0
        before = self.trust.state
        action = self.trust.step(event, guards)
        state = self.trust.state
        if action == IGNORED or (state == before and not action):
            return  # nothing to tell: no flood wears the store
        if action == t.AT_ISOLATE:
            self._pending = t.EV_HELP_GONE
        elif action == t.AT_EPISODE:
            self._tell(al.AL_EPISODE)  # once an episode; AL_HOSTILE stays while it lasts
        elif action == t.AT_GLASS:
            self._break_glass()
        self._show_trust(state)
        self.images.due = True
        self.outbox.emit(rec.REC_TRUST, self.status, self._now_ms, event, action, 0)

    def _show_trust(self, state):
        alarms = self.alarms
        self.status.trust = state
        alarms.set(al.AL_OFFLINE, state == t.TR_OFFLINE)
        alarms.set(al.AL_HOSTILE, state == t.TR_SUSPECT)
        alarms.set(al.AL_ISOLATED, state >= t.TR_ISOLATED)

    # Once a second.

    def _seconds(self, r):
        seconds = self._ms // 1000
        self._ms %= 1000
        self.images.second(seconds)
        self.glass.second(seconds)
        self.interlocks.second(r)
        self.dose.show_slow(self.status)
        state = self.delivery.state
        if state == t.ST_SELF_TEST:
            self._self_test(r)
            return
        if not r.flags & RF_SENSOR_FAULT:
            self._sensor_ticks = 0
        self.alarms.set(al.AL_COMMS_HELD, self.mailbox.comms_held)
        self.alarms.set(al.AL_MEMORY, self.mailbox.memory_low)
        self.alarms.second(seconds)
        self.dose.second(seconds)
        verdict = self.detectors.second(r, seconds)
        if verdict:
            self._detected(verdict, r)
        if state == t.ST_PAUSED or state == t.ST_PROGRAMMING:
            self._idle_s += seconds
            if state == t.ST_PAUSED and self._idle_s >= PAUSE_REMINDER_S:
                self.alarms.raise_(al.AL_PAUSED)
            elif state == t.ST_PROGRAMMING and self._idle_s >= INACTIVITY_S:
                self.alarms.raise_(al.AL_INACTIVITY)
        self.estimates.second(seconds, r, self.status, self.dose, self.alarms)
        self.alarm_log.second(self.alarms, self.status, self.outbox, self._now_ms)
        if self.trust.state == t.TR_SUSPECT:
            self._quiet_s += seconds
            if self._quiet_s >= QUIET_S:
                self._trust_event(t.EV_QUIET, r)

    def _self_test(self, r):
        self._test_ticks += 1
        if not self.dose.self_test() or (self.failed and not r.flags & RF_KEY_SWITCH):
            self._event(t.EV_TEST_FAILED, r)
        elif self._test_ticks >= SELF_TEST_TICKS:
            self.alarms.set(al.AL_LIBRARY, not self.library_ok)
            self._event(t.EV_TEST_PASSED, r)

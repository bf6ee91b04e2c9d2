"""The tick: readings in, drive out, ten times a second.

A pure function of its arguments and the controller's state. It allocates nothing once
running, leaves no exception to the caller, and raises the motor's rate only for a grant
whose record the store holds (write-ahead).
"""

from firmware.therapy import alarms as al
from firmware.therapy import messages as msg
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.delivery import Delivery
from firmware.therapy.detectors import Detectors
from firmware.therapy.engine import IGNORED, Machine
from firmware.therapy.interlocks import Interlocks
from firmware.therapy.mailbox import Mailbox
from firmware.therapy.selfcheck import DOUBT
from hal import ports
from hal.compat import const, ticks_diff
from hal.ports import RF_KEY_SWITCH, RF_LINK_UP, RF_SENSOR_FAULT

GRANT_NONE = const(0)
GRANT_START = const(1)
GRANT_RESUME = const(2)
GRANT_BOLUS = const(3)  # key, volume in µL
GRANT_TITRATE = const(4)  # new rate, old rate (µL/h)

GRANT_MS = const(1000)
SELF_TEST_TICKS = const(10)
QUIET_S = const(600)
PAUSE_REMINDER_S = const(120)
INACTIVITY_S = const(180)
SENSOR_FAULT_TICKS = const(10)

# States in which flow is meant to be: hazards sound there. Bits by ST_*.
_ARMED = const(0x2B8)  # priming, infusing, bolus, KVO, stopped
_MOVING = const(0xB8)  # priming, infusing, bolus, KVO
_POWERED = const(0x3FC)  # programming … stopped: motor power on, holding torque


class Controller:
    """Owns the two machines and everything that the tick reaches."""

    def __init__(self, head, dosing):
        self.status = ports.Status()
        self.outbox = rec.Outbox()
        self.mailbox = Mailbox()
        self.alarms = al.Alarms()
        self.interlocks = Interlocks(head, self.alarms)
        self.delivery = Machine(t.DELIVERY, t.ST_SELF_TEST)
        self.trust = Machine(t.TRUST, t.TR_NORMAL)
        self.dose = Delivery(head, dosing, self.alarms)
        self.library_ok = False
        self._now_ms = 0
        self._started = False
        self._test_ticks = 0
        self._sensor_ticks = 0
        self._ms = 0  # of the second
        self._idle_s = 0  # since a key, while programming; since the pause began, while paused
        self._quiet_s = 0
        self._pending = -1  # one event, set by an action of the trust table, drained by the tick
        self._grant = GRANT_NONE
        self._grant_seq = 0
        self._grant_ms = 0
        self._grant_a = 0
        self._grant_b = 0
        self._offered_rate = -1  # a titration that a person confirmed, taken up by the next tick
        self.memory_low = False  # set outside the tick
        self.detectors = Detectors(head, self)

    # What code outside the tick may ask; each is a plain assignment, taken up by the next tick.

    def offer_titration(self, rate_ul_h):
        """Hand over a confirmed new base rate; refused with a message where it does not fit."""
        self._offered_rate = rate_ul_h

    def offer_prescription(self, rx):
        """Hand over a confirmed prescription; KEY_START takes it into use."""
        self.dose.offer(rx)

    def granting(self):
        """Return whether a grant waits for its record to be stored."""
        return self._grant != GRANT_NONE

    # The tick.

    def tick(self, now_ms, readings, drive):
        """Advance by one tick. Writes `drive` and `self.status` in place."""
        try:
            self._tick(now_ms, readings, drive)
        except Exception:  # whatever it is, the motor loses its power and a person is told
            self._give_up(drive)

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
        if elapsed < 0 or moved > dose.max_moved or moved < -dose.max_moved:
            elapsed = 0
            self._event(t.EV_DOUBT, r)  # a clock or a counter that cannot be
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
        if self._grant:
            self._settle(now_ms, r)
        if self._offered_rate >= 0:
            self._titrate(r)
        if self.mailbox.count:
            self._trust_event(self.mailbox.take(), r)
        self._ms += elapsed
        if self._ms >= 1000 or state == t.ST_SELF_TEST:
            self._seconds(r)
        if self._pending >= 0:
            event = self._pending
            self._pending = -1
            self._event(event, r)
        if self.alarms.changed:
            self._log_alarms()
        state = self.delivery.state
        dose.actuate(state, r, drive, _POWERED >> state & 1)
        dose.show(self.status, state)

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
        guards = self.dose.guards()
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
        if action == t.A_START:
            self.interlocks.prescribe(dose.candidate, dose.candidate_step, r)
            dose.start(r.step_count)
        elif action == t.A_PRIME:
            self.interlocks.prescribe(dose.candidate, dose.candidate_step, r)
            dose.prime(r.step_count)
        elif action == t.A_RESUME:
            if old == t.ST_STOPPED:
                self.detectors.sequence.started()
            dose.resume(r.step_count)
            alarms.clear(al.AL_STOPPED_BY_POLICY)
            alarms.clear(al.AL_KVO)
            alarms.clear(al.AL_LIMIT)
        elif action == t.A_BOLUS:
            dose.boluses.give(self._grant_a, self._grant_b, dose.bolus_rate(self._grant_a))
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
        elif action == t.A_END or action == t.A_PRIME_END:
            dose.end(action == t.A_END)
            if action == t.A_END:
                self._end_alarms()
        if state != t.ST_PAUSED:
            alarms.clear(al.AL_PAUSED)
        alarms.clear(al.AL_INACTIVITY)

    def _end_alarms(self):
        alarms = self.alarms
        alarms.clear(al.AL_COMPLETE)
        alarms.clear(al.AL_END_SUSTAINED)
        alarms.clear(al.AL_STOPPED_BY_POLICY)
        alarms.clear(al.AL_KVO)
        alarms.clear(al.AL_LIMIT)
        alarms.clear(al.AL_NEAR_END)
        alarms.clear(al.AL_RESERVOIR_LOW)

    def _lost(self, elapsed):
        self.outbox.emit(rec.REC_LOST, self.status, self._now_ms, self.dose.missed_steps, elapsed, 0)
        if self.dose.missed_ul():
            self.alarms.raise_(al.AL_VOLUME_LOST)
            self.alarms.clear(al.AL_VOLUME_LOST)  # the condition is over; the alarm stays, latched
        self.dose.missed_steps = 0

    def _sensor_fault(self, r):
        self._sensor_ticks += 1
        if self._sensor_ticks >= SENSOR_FAULT_TICKS:
            self._sensor_ticks = 0
            self._event(t.EV_DOUBT, r)

    def _log_alarms(self):
        alarms = self.alarms
        alarms.changed = False
        status = self.status
        status.therapy_alarms = alarms.therapy
        status.trust_alarms = alarms.trust
        status.alarm = alarms.top
        status.priority = alarms.priority
        self.outbox.emit(rec.REC_ALARMS, status, self._now_ms, alarms.therapy, alarms.trust, alarms.top)

    # People.

    def _key(self, r):
        key = r.key
        if key >= ports.KEY_FIELD or key == ports.KEY_CONFIRM:
            self._idle_s = 0
            return  # programming.py reads these, outside the tick
        self.status.message = msg.NONE
        if key == ports.KEY_STOP:
            self._event(t.EV_STOP, r)
            self._grant = GRANT_NONE
        elif key == ports.KEY_START:
            self._start(r)
        elif key == ports.KEY_PAUSE:
            self._event(t.EV_PAUSE, r)
            self._grant = GRANT_NONE
        elif key == ports.KEY_AUDIO_PAUSE:
            self.alarms.pause_audio()
        elif key == ports.KEY_ACKNOWLEDGE:
            still = not _MOVING >> self.delivery.state & 1
            if still:
                self.interlocks.service()
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
        else:
            self._plain_key(key, r)

    def _plain_key(self, key, r):
        if key == ports.KEY_PRIME_OFF:
            self._event(t.EV_PRIME_OFF, r)
        elif key == ports.KEY_PROGRAMME:
            self._event(t.EV_PROGRAMME, r)
        elif key == ports.KEY_CANCEL:
            if self._event(t.EV_CANCEL, r):
                self._grant = GRANT_NONE
                self.dose.candidate = None
        elif key == ports.KEY_STANDBY:
            self._event(t.EV_STANDBY, r)
        elif key == ports.KEY_MAINTENANCE_ON:
            self._event(t.EV_MAINTENANCE_ON, r)
        elif key == ports.KEY_MAINTENANCE_OFF:
            self._event(t.EV_MAINTENANCE_OFF, r)

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
        message = self.dose.refuse_bolus(key)
        if self.delivery.state != t.ST_INFUSING and self.delivery.state != t.ST_BOLUS:
            message = msg.STATE
        if message:
            self.status.message = message
        elif key == ports.KEY_PATIENT_BOLUS or self._may_change(r):
            self._ask(GRANT_BOLUS, key, self.dose.bolus_ul(key))

    def _titrate(self, r):
        rate = self._offered_rate
        self._offered_rate = -1
        dose = self.dose
        if not dose.may_titrate() or not 0x70 >> self.delivery.state & 1:  # infusing, bolus, paused
            self.status.message = msg.STATE
        elif rate > dose.rx.rate_hard_ul_h:
            self.status.message = msg.HARD_LIMIT
        elif rate <= dose.profile.rate_ul_h:
            self.outbox.emit(rec.REC_LOWERED, self.status, self._now_ms, dose.profile.rate_ul_h, rate, 0)
            dose.profile.titrate(rate)
        elif self._may_change(r):
            self._ask(GRANT_TITRATE, rate, dose.profile.rate_ul_h)

    def _may_change(self, r):
        """Cut off from help, a raise needs the key switch; a stop or a decrease never does."""
        if self.trust.state < t.TR_ISOLATED or r.flags & RF_KEY_SWITCH:
            return True
        self.status.message = msg.KEY_NEEDED
        return False

    # Write-ahead.

    def _ask(self, grant, a, b):
        if self._grant:
            self.status.message = msg.BUSY
            return
        seq = self.outbox.emit(rec.REC_GRANT, self.status, self._now_ms, grant, a, b)
        if not seq:
            self._drop(grant)
            return
        self._grant = grant
        self._grant_seq = seq
        self._grant_ms = self._now_ms
        self._grant_a = a
        self._grant_b = b

    def _settle(self, now_ms, r):
        if ticks_diff(r.stored_seq, self._grant_seq) >= 0:
            grant = self._grant
            self._grant = GRANT_NONE
            self.alarms.clear(al.AL_STORE)
            self._apply(grant, r)
        elif ticks_diff(now_ms, self._grant_ms) >= GRANT_MS:
            grant = self._grant
            self._grant = GRANT_NONE
            self._drop(grant)

    def _apply(self, grant, r):
        # The state may have changed while the record was written: the table has the last word.
        if grant == GRANT_START:
            self._event(t.EV_START, r)
        elif grant == GRANT_RESUME:
            self._event(t.EV_RESUME, r)
        elif grant == GRANT_TITRATE:
            if self.dose.may_titrate():
                self.dose.profile.titrate(self._grant_a)
        elif not self.dose.refuse_bolus(self._grant_a) and self._event(t.EV_BOLUS, r):
            self.dose.lock_out(self._grant_a)

    def _drop(self, grant):
        self.status.message = msg.STORE
        self.alarms.raise_(al.AL_STORE)
        self.outbox.emit(rec.REC_DROPPED, self.status, self._now_ms, grant, 0, 0)

    # Trust.

    def _trust_event(self, event, r):
        guards = 0 if r.flags & RF_LINK_UP else t.GT_LINK_DOWN
        if r.flags & RF_KEY_SWITCH:
            guards |= t.GT_KEY
        if event == t.EV_HOSTILE:
            self._quiet_s = 0
        action = self.trust.step(event, guards)
        if action == IGNORED:
            return
        alarms = self.alarms
        state = self.trust.state
        self.status.trust = state
        if action == t.AT_ISOLATE:
            self._pending = t.EV_HELP_GONE
        elif action == t.AT_EPISODE:
            alarms.raise_(al.AL_EPISODE)
            alarms.clear(al.AL_EPISODE)  # told once an episode; AL_HOSTILE stays while it lasts
        alarms.set(al.AL_OFFLINE, state == t.TR_OFFLINE)
        alarms.set(al.AL_HOSTILE, state == t.TR_SUSPECT)
        alarms.set(al.AL_ISOLATED, state >= t.TR_ISOLATED)
        self.outbox.emit(rec.REC_TRUST, self.status, self._now_ms, event, action, 0)

    # Once a second.

    def _seconds(self, r):
        seconds = self._ms // 1000
        self._ms %= 1000
        self.interlocks.second(r)
        self.dose.show_slow(self.status)
        state = self.delivery.state
        if state == t.ST_SELF_TEST:
            self._self_test(r)
            return
        if not r.flags & RF_SENSOR_FAULT:
            self._sensor_ticks = 0
        self.alarms.second(seconds)
        self.dose.second(seconds)
        self.alarms.set(al.AL_MEMORY, self.memory_low)
        verdict = self.detectors.second(r, seconds)
        if verdict:
            self._detected(verdict, r)
        if state == t.ST_PAUSED or state == t.ST_PROGRAMMING:
            self._idle_s += seconds
            if state == t.ST_PAUSED and self._idle_s >= PAUSE_REMINDER_S:
                self.alarms.raise_(al.AL_PAUSED)
            elif state == t.ST_PROGRAMMING and self._idle_s >= INACTIVITY_S:
                self.alarms.raise_(al.AL_INACTIVITY)
        self.alarms.set(al.AL_NEAR_END, state == t.ST_INFUSING and self.dose.near_end())
        if self.trust.state == t.TR_SUSPECT:
            self._quiet_s += seconds
            if self._quiet_s >= QUIET_S:
                self._trust_event(t.EV_QUIET, r)

    def _self_test(self, r):
        self._test_ticks += 1
        if not self.dose.self_test():
            self._event(t.EV_TEST_FAILED, r)
        elif self._test_ticks >= SELF_TEST_TICKS:
            self.alarms.set(al.AL_LIBRARY, not self.library_ok)
            self._event(t.EV_TEST_PASSED, r)

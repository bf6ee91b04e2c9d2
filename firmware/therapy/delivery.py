"""What flows: the running prescription, its boluses and limits, and the drive they ask for.

The controller decides the state; this room gives the volume that the state means. Nothing
here allocates once a prescription has been offered.
"""

import struct

from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.bolus import Boluses, Window
from firmware.therapy.dosing import LEASE_MS, LEASE_UNITS, SLICE_MS, lease_units, step_rate_mhz
from firmware.therapy.heads import backoff_ul, max_rate_ul_h, step_volume
from firmware.therapy.pace import TURN_MS
from firmware.therapy.profile import Profile
from firmware.therapy.records import (
    PF_DONE,
    PF_GRANT,
    PF_SEGMENT_LIMITED,
    PF_VTBI_LIMITED,
    PF_WINDOW,
    PROGRESS_TAIL,
)
from firmware.therapy.volume import Counted, Quota
from hal.compat import MASK, const, ticks_add, ticks_diff
from hal.ports import HEAD_SYRINGE, KEY_CLINICIAN_BOLUS, KEY_PATIENT_BOLUS

PRIME_SYRINGE_UL_H = const(100_000)
PRIME_VOLUMETRIC_UL_H = const(600_000)
PRIME_SYRINGE_UL = const(2_000)
PRIME_VOLUMETRIC_UL = const(20_000)
BACKOFF_UL_H = const(60_000)
# A head backs off until the line is at a quarter of its limit.
_BACKOFF_SHARE = const(4)
_NO_EVENT = const(-1)
# No head makes more than six steps in a ms; a tick may look so much later than the last one said.
MOST_STEPS_MS = const(8)
LATE_MS = const(200)
AFTER_BOLUS_MS = const(300)  # of the base rate, in a bolus's last lease: a late turn
_STOPPED_OFF = const(2)
_PIECE = const(2000)  # steps × the largest step volume stays below 2**30


class Delivery:
    """Volumes, rates and limits of one therapy. `rx` is the prescription in use."""

    __slots__ = (
        "_alarms", "_backing", "_backoff_end", "_count", "_head", "_kvo_ul_h", "_lockout_not", "_lockout_s", "_lost_ul",
        "_prime", "_prime_ul_h", "_programmed_ul_h", "boluses", "candidate", "candidate_step", "delivered", "dosing",
        "limits_intact", "max_moved", "max_rate", "missed_steps", "profile", "rx", "uncertain_ul", "vtbi", "window",
    )  # fmt: skip

    def __init__(self, head, dosing, alarms):
        self._head = head
        self._alarms = alarms
        self.dosing = dosing
        self.profile = Profile()
        self.boluses = Boluses(KEY_PATIENT_BOLUS, KEY_CLINICIAN_BOLUS)
        self.window = Window()
        self.vtbi = Quota()
        self.delivered = Counted()  # by the step counter
        self.candidate = None  # confirmed, not started
        self.candidate_step = 0
        self.rx = None
        self.limits_intact = True  # lock-out and rolling limit are as they were
        self.uncertain_ul = 0  # may have been given before a reset; counted as given
        self.max_rate = max_rate_ul_h(head)
        self.max_moved = 1
        self.missed_steps = 0  # past a lease's end, this tick
        self._count = 0
        self._lost_ul = 0
        self._prime = Quota()
        self._prime_ul_h = PRIME_SYRINGE_UL_H if head == HEAD_SYRINGE else PRIME_VOLUMETRIC_UL_H
        self._kvo_ul_h = 0
        self._programmed_ul_h = 0
        self._lockout_s = 0
        self._lockout_not = -1  # its complement, counted by itself
        self._backing = False
        self._backoff_end = 0

    # Outside the tick.

    def offer(self, rx):
        """Make `rx` the prescription that a start takes into use."""
        self.candidate_step = step_volume(self._head, rx.syringe)
        self.candidate = rx

    # What the table's actions do.

    def start(self, count):
        """Take the candidate into use from counter value `count`."""
        rx = self.candidate
        self.candidate = None
        self.rx = rx
        self._begin(self.candidate_step, count)
        self.delivered.clear()
        self.delivered.mark(count)
        self.uncertain_ul = 0
        self.profile.begin(rx)
        self.vtbi.allow(rx.vtbi_ul)
        self.window.begin(rx.window_s, rx.window_hard_ul)
        self.boluses.clear()
        self._programmed_ul_h = self.profile.rate_ul_h

    def take_up(self, rx, past):
        """Stand where the journal says, the motor still (outside the tick). `go_on` says where it is."""
        self.rx = rx
        self._begin(step_volume(self._head, rx.syringe), 0)
        self.profile.restore(rx, past)
        self.window.restore(rx.window_s, rx.window_hard_ul, past)
        if not past.flags & PF_WINDOW:
            self.window.limit_ul = 0
        self.vtbi.allow(0)
        if past.flags & PF_VTBI_LIMITED:
            self.vtbi.put(past.vtbi_ul, past.vtbi_rest)
        self.boluses.clear()
        self._programmed_ul_h = past.programmed_ul_h
        self.dosing.commanded.ul = past.commanded_ul
        self.dosing.commanded.rest = past.commanded_rest
        self.dosing.mark()
        self.delivered.clear()
        self.delivered.ul = past.commanded_ul
        self.uncertain_ul = past.uncertain_ul

    def keep_lock_out(self, seconds):
        """A lock-out outlives its therapy and a reset; time without power counts as none."""
        self._lockout_s = seconds
        self._lockout_not = ~seconds

    def go_on(self, count):
        """The motor stands at counter value `count`: nothing was stepped since."""
        self.dosing.stand(count)

    def prime(self, count):
        """Move fluid with no patient, to a bound."""
        self._begin(self.candidate_step, count)
        self._prime.allow(PRIME_SYRINGE_UL if self._head == HEAD_SYRINGE else PRIME_VOLUMETRIC_UL)

    def resume(self, count):
        """Go on with the programme from where the motor really is."""
        self._resync(count)
        self._kvo_ul_h = 0

    def hold(self, back_off, count):
        """Stop the motor. A running bolus is forfeited; with `back_off` the line is relieved."""
        self.boluses.clear()
        self._backing = back_off
        if back_off:
            units = backoff_ul(self._head) * 3600 // (self.dosing.step_volume // 1000 + 1)
            self._backoff_end = ticks_add(count, -units)

    def keep_open(self):
        """Run at the KVO rate; the motor does not stop in between."""
        self.boluses.clear()
        self._kvo_ul_h = self.kvo_ul_h()

    def sustain(self):
        """Go on at the present rate without a volume or a window to end it."""
        self.boluses.clear()
        self.vtbi.allow(0)
        self.profile.hold()
        self.window.limit_ul = 0

    def end(self, therapy):
        """Forget the prescription, or only what a prime pumped."""
        self.boluses.clear()
        self._backing = False
        if therapy:
            self.rx = None
            self.candidate = None
            self.profile.done = True

    # What people ask.

    def bolus_ul(self, key):
        """Volume that this key's bolus gives."""
        return self.rx.patient_ul if key == KEY_PATIENT_BOLUS else self.rx.clinician_ul

    def bolus_rate(self, key):
        """Rate of this key's bolus, µL/h."""
        return self.rx.patient_ul_h if key == KEY_PATIENT_BOLUS else self.rx.clinician_ul_h

    def refuse_bolus(self, key):
        """Return why this bolus may not be given now, or 0."""
        rx = self.rx
        if rx is None or not self.bolus_ul(key) or self.boluses.waits(key):
            return msg.NO_BOLUS
        if key == KEY_PATIENT_BOLUS and self._lockout_s:
            return msg.LOCKED_OUT
        if rx.window_s and self.bolus_ul(key) > self.window.room_ul():
            return msg.LIMIT
        return msg.NONE

    def lock_out(self, key):
        """A bolus was given: the lock-out runs. One second more than prescribed, never less."""
        if key == KEY_PATIENT_BOLUS:
            self._lockout_s = self.rx.lockout_s + 1
            self._lockout_not = ~self._lockout_s

    def may_titrate(self):
        """Return whether the programme now holds a rate that a person may change."""
        rx = self.rx
        if rx is None or self.profile.done:
            return False
        mode = rx.mode
        # One by one: a tuple of another module's names is built anew at each call.
        if mode != layout.MODE_CONTINUOUS and mode != layout.MODE_LOADING and mode != layout.MODE_PCA:
            return False
        return self.profile.index == rx.segments - 1

    def over(self):
        """Return whether nothing is left to infuse."""
        return self.rx is None or self.profile.done or self.vtbi.spent()

    def locked_out(self):
        """Return whether a lock-out runs."""
        return self._lockout_s > 0

    def window_full(self):
        """Return whether the rolling limit leaves no room."""
        return self.rx.window_s > 0 and self.window.limit_ul > 0 and self.window.room_ul() <= 0

    def kvo_ul_h(self):
        """KVO rate now: the prescription's, never above the programmed rate."""
        kvo = min(self.rx.kvo_ul_h, self._programmed_ul_h)
        # On the way up or down a ramp the rate of the moment is the programmed one.
        return kvo if self.profile.done else min(kvo, self.profile.rate_ul_h)

    def guards(self):
        """Guard bits of the delivery table that the prescription sets."""
        rx = self.rx
        if rx is None:
            return 0
        kvo = self.kvo_ul_h() > 0
        if rx.policy == layout.POLICY_SUSTAIN:
            return t.G_SUSTAIN if self.profile.rate_ul_h > 0 else 0
        if rx.policy == layout.POLICY_STOP:
            return t.G_HELP_STOP
        if rx.policy == layout.POLICY_BASAL:
            return t.G_KVO if kvo else 0
        return t.G_KVO | t.G_HELP_KVO if kvo else t.G_HELP_STOP

    def self_test(self):
        """Check arithmetic that a dose rests on against known answers."""
        return (
            step_rate_mhz(1_200_000, 225_000) == 5_333_333
            and ticks_diff(5, MASK) == 6
            and (-7) // 2 == -4
            and self.dosing.step_volume > 0
        )

    def agrees(self, state):
        """Return whether what outlives a bolus, the KVO rate and the delivered volume are what they were."""
        if self._lockout_s ^ self._lockout_not != -1 or not self._prime.intact() or not self.vtbi.intact():
            return False
        if not self.delivered.agrees(self._count, self.dosing.step_volume):
            return False
        return state != t.ST_KVO or self._kvo_ul_h == self.kvo_ul_h()

    # The tick.

    def count_from(self, count):
        """Take `count` as where the step counter stands."""
        self._count = count
        self.delivered.mark(count)

    def observe(self, count):
        """Take the step counter; return how far it moved since the last tick."""
        moved = ticks_diff(count, self._count)
        self._count = count
        if moved and -self.max_moved <= moved <= self.max_moved:
            self.delivered.add(moved * self.dosing.step_volume)
        return moved

    def impossible(self, moved, elapsed):
        """Return whether no head makes `moved` steps in `elapsed` ms."""
        most = self.max_moved
        if elapsed < LEASE_MS:
            most = min(most, (elapsed + LATE_MS) * MOST_STEPS_MS)
        return moved > most or moved < -most

    def advance(self, state, elapsed):
        """Command the volume of `elapsed` ms in `state`; return an event, or -1."""
        if elapsed > LEASE_MS:
            elapsed = LEASE_MS  # no lease outlasts this: the rest was not pumped
        event = _NO_EVENT
        while elapsed > 0 and event < 0:
            dt = elapsed if elapsed < SLICE_MS else SLICE_MS
            if state == t.ST_INFUSING or state == t.ST_BOLUS:
                room = 1000 - self.profile.ms
                if dt > room:
                    dt = room
                event = self._infuse(dt)
            elif state == t.ST_KVO:
                # KVO counts toward the rolling limit and goes on past it: it only keeps the vein open.
                if self.window.limit_ul:
                    self.window.count(self._kvo_ul_h * dt)
                self.dosing.add(self._kvo_ul_h * dt)
            else:
                units = self._prime.cap(self._prime_ul_h * dt)
                self._prime.take(units)
                self.dosing.add(units)
                if self._prime.spent():
                    event = t.EV_PRIME_OFF
            elapsed -= dt
        missed = self.dosing.past_lease()
        if missed > 0:
            self.missed_steps = self.dosing.forfeit()
            self._give_back(self.missed_steps)
        if event < 0 and state == t.ST_BOLUS and not self.boluses.kind:
            return t.EV_BOLUS_DONE
        return event

    def actuate(self, state, r, drive, powered):
        """Write the drive that `state` asks for."""
        dosing = self.dosing
        profile = self.profile
        if state == t.ST_INFUSING or state == t.ST_BOLUS:
            rate = profile.rate_ul_h
            lease = lease_units(rate)
            if self.boluses.kind:
                extra = min(self.boluses.rate_ul_h(), self.max_rate - rate)
                lease = self._lease_in_bolus(rate, extra)
                # In its last tick a bolus goes as fast as what is left of it needs.
                rate += min(extra, self.boluses.left().cap(extra * TURN_MS) // TURN_MS)
            else:
                lease = profile.left.cap(lease)
            lease = self.vtbi.cap(lease)
            if self.window.limit_ul:
                lease = self.window.cap(lease)
            dosing.drive(drive, rate, lease, r.step_count)
        elif state == t.ST_KVO:
            dosing.drive(drive, self._kvo_ul_h, lease_units(self._kvo_ul_h), r.step_count)
        elif state == t.ST_PRIMING:
            dosing.drive(drive, self._prime_ul_h, self._prime.cap(lease_units(self._prime_ul_h)), r.step_count)
        else:
            dosing.halt(drive)
            drive.relay = powered
            if self._backing:
                self._back_off(state, r, drive)

    def _lease_in_bolus(self, base, extra):
        """What the generator may do by itself: to the bolus's end, at both rates, and a late tick of the base.

        More of the base would come at the bolus's rate, and early.
        """
        whole = lease_units(extra)
        left = self.boluses.left().cap(whole)
        lease = lease_units(base)
        if left < whole and base:
            ms = left // extra + AFTER_BOLUS_MS
            lease = min(lease, base * min(ms, LEASE_UNITS // base))
        lease = self.profile.left.cap(lease) + left
        return lease if lease < LEASE_UNITS else LEASE_UNITS

    def show(self, status, state):
        """Write what people see and the trace records."""
        dosing = self.dosing
        status.commanded_ul = dosing.commanded.ul
        status.commanded_rest = dosing.commanded.rest
        status.delivered_ul = self.delivered.ul
        if state == t.ST_INFUSING or state == t.ST_BOLUS:
            status.rate_ul_h = self.profile.rate_ul_h
            status.segment = self.profile.index
        else:
            status.rate_ul_h = self._kvo_ul_h if state == t.ST_KVO else 0
        kind = self.boluses.kind
        if kind or status.bolus:
            status.bolus = kind
            status.bolus_left_ul = self.boluses.left().ul if kind else 0
            status.rate_ul_h += min(self.boluses.rate_ul_h(), self.max_rate - self.profile.rate_ul_h)

    def show_slow(self, status):
        """Write what changes slowly; once a second."""
        status.drug = self.rx.drug if self.rx is not None else 0
        status.vtbi_ul = self.vtbi.ul if self.vtbi.limited else -1
        status.lost_ul = self.dosing.lost.ul
        status.uncertain_ul = self.uncertain_ul
        status.lockout_s = self._lockout_s
        status.window_ul = self.window.total_ul

    def write_progress(self, into, offset, grant):
        """Pack all that a resume needs, as records.PROGRESS_FORMAT has it from the tag on."""
        profile = self.profile
        rx = self.rx
        window = self.window
        flags = PF_GRANT if grant else 0
        if profile.done:
            flags |= PF_DONE
        if profile.left.limited:
            flags |= PF_SEGMENT_LIMITED
        if self.vtbi.limited:
            flags |= PF_VTBI_LIMITED
        if window.limit_ul:
            flags |= PF_WINDOW
        kind = self.boluses.kind
        struct.pack_into(
            PROGRESS_TAIL, into, offset, rx.tag if rx is not None else 0, profile.index, kind, profile.cycle,
            profile.ms, flags, profile.second, profile.left.ul, profile.left.rest, self.vtbi.ul, self.vtbi.rest,
            profile.override_ul_h, self._programmed_ul_h, self._asked_ul_h(), self.dosing.commanded.ul,
            self.dosing.commanded.rest, self._lockout_s, window.total_ul, window.rest,
            self.boluses.left().ul if kind else 0,
        )  # fmt: skip

    def _asked_ul_h(self):
        if self._kvo_ul_h:
            return self._kvo_ul_h
        rate = self.profile.rate_ul_h
        return rate + min(self.boluses.rate_ul_h(), self.max_rate - rate) if self.boluses.kind else rate

    def second(self, seconds):
        """Let whole seconds pass for what outlives an infusion."""
        if self._lockout_s:
            passed = min(seconds, self._lockout_s)
            self._lockout_s -= passed
            self._lockout_not += passed
        if self.window.limit_ul:
            self.window.second(seconds)

    def missed_ul(self):
        """Whole microlitres lost since last asked."""
        lost = self.dosing.lost.ul - self._lost_ul
        self._lost_ul = self.dosing.lost.ul
        return lost

    def _begin(self, step, count):
        self.dosing.begin(step, count)
        self.max_moved = (MASK - 3_600_000) // step
        self.missed_steps = 0
        self._lost_ul = 0
        self._kvo_ul_h = 0
        self.count_from(count)
        self._backing = False

    def _infuse(self, dt):
        profile = self.profile
        boluses = self.boluses
        base = profile.rate_ul_h
        units = profile.advance(dt)
        if boluses.kind:
            units += boluses.advance(min(boluses.rate_ul_h(), self.max_rate - base), dt)
        if profile.rate_ul_h and profile.holds():
            self._programmed_ul_h = profile.rate_ul_h
        vtbi = self.vtbi
        if vtbi.limited:
            units = vtbi.cap(units)
            vtbi.take(units)
        full = not self._command(units)
        if vtbi.spent() or profile.done:
            return t.EV_VOLUME_DONE
        return t.EV_LIMIT if full else _NO_EVENT

    def _command(self, units):
        """Command `units`, or what the window leaves of them; returns False where it cut."""
        window = self.window
        if not window.limit_ul:
            self.dosing.add(units)
            return True
        granted = window.cap(units)
        window.count(granted)
        self.dosing.add(granted)
        return granted == units

    def _give_back(self, steps):
        # What was not pumped is still to be infused: the quotas grow by what was set back. The
        # rolling limit goes on counting it; where in doubt, the most is assumed.
        step = self.dosing.step_volume
        while steps > 0:
            piece = steps if steps < _PIECE else _PIECE
            self._take(-piece * step)
            steps -= piece

    def _take_ahead(self, steps):
        # A generator that ran ahead, as far as its lease let it, has given what it gave.
        step = self.dosing.step_volume
        while steps > 0:
            piece = steps if steps < _PIECE else _PIECE
            self._take(piece * step)
            if self.window.limit_ul:
                self.window.count(piece * step)
            steps -= piece

    def _take(self, units):
        self.vtbi.take(units)
        if not self.profile.done:
            self.profile.left.take(units)

    def _resync(self, count):
        behind = ticks_diff(self.dosing.steps, count)
        # A generator stopped in mid-step may be a step or two off: it makes them up.
        if behind > _STOPPED_OFF or behind < -_STOPPED_OFF:
            self.dosing.rebase(count)
            self._give_back(behind)
            self._take_ahead(-behind)
        self._backing = False

    def _back_off(self, state, r, drive):
        left = ticks_diff(r.step_count, self._backoff_end)
        relieved = r.down_mmhg * _BACKOFF_SHARE <= self.rx.pressure_mmhg
        if state != t.ST_STOPPED or left <= 0 or relieved:
            self._backing = False
            return
        drive.step_rate_mhz = -step_rate_mhz(BACKOFF_UL_H, self.dosing.step_volume)
        drive.step_end = self._backoff_end
        drive.enable = 1

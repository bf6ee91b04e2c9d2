"""Therapy's own detectors, wired to the tick: what it doubts of itself, of its sensors and of the flow.

Each is a room of its own; docs/detectors.md lists them with their times. Nothing here changes a
dose: a verdict goes back to the controller, whose tables say what follows.
"""

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.dosing import LEASE_MS
from firmware.therapy.flow import FlowWatch
from firmware.therapy.integrity import Integrity
from firmware.therapy.known import KnownAnswers
from firmware.therapy.pace import CLOCK_WRONG, RTC_WRONG, Pace
from firmware.therapy.plausible import Plausible
from firmware.therapy.selfcheck import COMPROMISED, DOUBT, NONE, Frame
from firmware.therapy.sequence import Sequence
from hal.compat import const

# Of the self-test, which lasts ten ticks: the whole cycle goes through.
SELF_TEST_CHECKS = const(5)
_FLOWING = const(0xB8)  # priming, infusing, bolus, KVO: bits by ST_*


class Detectors:
    """Looks once a tick and once a second. `frame` takes further checks by `register`."""

    __slots__ = ("_alarms", "_controller", "_delivery", "_trust", "flow", "frame", "pace", "plausible", "sequence")

    def __init__(self, head, controller):
        self._controller = controller
        self._alarms = controller.alarms
        self._delivery = controller.delivery
        self._trust = controller.trust
        self.frame = Frame(controller.delivery, controller.trust)
        KnownAnswers(self.frame)
        Integrity(head, controller, self.frame)
        self.pace = Pace()
        self.plausible = Plausible(head)
        self.flow = FlowWatch(head, controller.alarms, controller.interlocks)
        self.sequence = Sequence()

    def tick(self, r, moved, elapsed):
        """Look once; return NONE, DOUBT or COMPROMISED."""
        delivery = self._delivery
        state = delivery.state
        if state ^ delivery.complement != -1:
            return DOUBT
        trust = self._trust
        if trust.state ^ trust.complement != -1:
            return COMPROMISED
        if state == t.ST_FAILED:
            return NONE
        if elapsed > LEASE_MS:
            self._alarms.raise_(al.AL_LATE)
            self._alarms.clear(al.AL_LATE)  # it is over; the alarm stays, latched
        pace = self.pace.tick(r.rtc_s, elapsed)
        if pace == CLOCK_WRONG:
            return DOUBT
        if pace == RTC_WRONG:
            self._alarms.raise_(al.AL_CLOCK)  # until the next boot: no time off can be told by it
        if self.plausible.tick(r, moved, elapsed):
            return DOUBT
        if state == t.ST_SELF_TEST:
            return self._all()
        return self.frame.tick()

    def second(self, r, seconds):
        """Look at what changes slowly; return NONE or DOUBT."""
        controller = self._controller
        state = self._delivery.state
        self.sequence.second(seconds)
        self.flow.second(r, state, seconds, controller.dose, controller.status)
        return DOUBT if self.plausible.second(r, _FLOWING >> state & 1 != 0) else NONE

    def repeats(self):
        """Return whether a start must wait: the same alarm came thrice, and nobody has acknowledged that."""
        alarms = self._alarms
        if self.sequence.is_due():
            alarms.raise_(al.AL_SEQUENCE)
            alarms.clear(al.AL_SEQUENCE)
        return alarms.is_shown(al.AL_SEQUENCE)

    def acknowledge(self, still):
        """A person has looked, while the motor was `still` or not; before alarms let go of what is latched."""
        if self._alarms.is_shown(al.AL_SEQUENCE):
            self.sequence.forget()
        if still:
            self.flow.forget()

    def _all(self):
        """During the self-test: several checks a tick, so that each is made once before anything moves."""
        for _ in range(SELF_TEST_CHECKS):
            verdict = self.frame.tick()
            if verdict:
                return verdict
        return NONE

"""The one way from a judged request to therapy. No method here starts, raises, lowers, pauses or stops a dose.

What is asked for waits until a person at the bedside confirms it, or rings there. Whoever judges requests is given
this object and no other; it says how therapy stands, and hears who has logged in. Runs outside the tick.
"""

from firmware.therapy import mailbox as box
from firmware.therapy import messages as msg
from firmware.therapy.keeper import ERASE_UL_H, is_moving
from firmware.therapy.log import LogReader
from firmware.therapy.programming import CONFIRMED_TAKING
from firmware.therapy.tables import ST_STANDBY


class Remote:
    """What a request may bring about. Methods answer with a message: NONE, or why not."""

    __slots__ = ("_clock", "_controller", "_programming", "log", "status")

    def __init__(self, controller, programming, board):
        self._controller = controller
        self._programming = programming
        self._clock = board.clock
        self.log = LogReader(board.store)
        self.status = controller.status  # to be read, not written

    def trust(self):
        """Return the trust state, TR_*."""
        return self._controller.trust.state

    def prepare(self, fields, steps):
        """Have entries wait: `fields` by code, `steps` as [dose_milli, seconds]; CONFIRM_SOFT: past a soft limit.

        What is past a soft limit waits for `release` besides.
        """
        return self._programming.prepare(fields, steps, self._clock.ticks_ms())

    def titrate(self, dose_milli):
        """Have a new dose rate wait for a confirm; CONFIRM_SOFT as for `prepare`."""
        return self._programming.prepare_titration(dose_milli, self._clock.ticks_ms())

    def look(self):
        """Show what waits, and end what has waited long enough. Each turn."""
        self._programming.look(self._clock.ticks_ms())

    def release(self):
        """A second person has agreed to what waits."""
        prepared = self._programming.prepared
        if not prepared.held:
            return msg.STATE
        prepared.held = False
        return msg.NONE

    def forget(self):
        """Let go of whatever waits."""
        self._programming.drop_prepared()

    def ring(self, stop):
        """Ring at the bedside: somebody asks for a stop (HIGH), or for a pause (MEDIUM)."""
        controller = self._controller
        if not is_moving(controller.delivery.state):  # nothing that a pause or a stop could end
            return msg.STATE
        controller.mailbox.asked |= box.ASKED_STOP if stop else box.ASKED_PAUSE
        return msg.NONE

    def may_erase(self):
        """Return whether the motor's lease outlasts an erase of the store."""
        return self.status.rate_ul_h <= ERASE_UL_H

    def is_at_rest(self):
        """Return whether nothing flows, so that even the erase of many sectors stalls no dose."""
        return not is_moving(self._controller.delivery.state)

    # For whoever keeps the audit.

    def confirmed(self):
        """Return what a person has confirmed since this was asked last: CONFIRMED_* of programming.py, or 0."""
        programming = self._programming
        what = programming.confirmed
        programming.confirmed = 0
        return what

    def wanted(self):
        """Return the number of what a person wants in force, -1: nothing; once."""
        number = self._programming.wanted
        self._programming.wanted = -1
        return number

    def took(self, number):
        """It will be: a person has confirmed it."""
        self._programming.confirmed = CONFIRMED_TAKING
        self._programming.confirmed_milli = number

    def confirmed_milli(self):
        """Return the dose rate of what was confirmed last, in thousandths."""
        return self._programming.confirmed_milli

    def override_ul_h(self):
        """Return the rate that a person has set while it runs, -1 for none."""
        return self._controller.dose.profile.override_ul_h

    def drug(self):
        """Return the library's code of what is in use, 0 for nothing."""
        rx = self._controller.dose.rx
        return 0 if rx is None else rx.drug

    def glass(self):
        """Return the number of whoever has broken the glass, -1 while it is whole."""
        glass = self._controller.glass
        return glass.person if glass.broken else -1

    # The bedside.

    def lock(self):
        """Credentials are provisioned: from now on what raises a dose takes a person who has logged in."""
        self._controller.locked = True

    def admit(self, person):
        """`person` (a number, 0 for nobody) stands at the bedside."""
        controller = self._controller
        controller.operator = person
        controller.status.operator = person
        if person:
            controller.glass.failed = False

    def credentials_fail(self):
        """Whoever stands at the bedside cannot prove who they are: the glass may be broken."""
        self._controller.glass.failed = True

    def say(self, message):
        """Answer a person at the panel."""
        self._controller.status.message = message

    def say_at_rest(self, message):
        """Show `message` in standby, where nothing else is said."""
        status = self._controller.status
        if status.message == msg.NONE and status.delivery == ST_STANDBY:
            status.message = message

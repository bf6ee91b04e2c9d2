"""The panel's door: field codes, integers and a confirm. There is no other.

What is prepared from afar stands at this door too, as if it had been entered: a person confirms it, or nobody does.

Runs after each tick, outside it. What is confirmed is stored first, then offered to the
controller, which takes it into use at the next start or titration.
"""

from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.heads import SIZE_TOLERANCE_UM, SYRINGES, max_rate_ul_h
from firmware.therapy.prepared import Prepared
from firmware.therapy.prescribe import Prescriber, Request
from hal import ports
from hal.compat import const

# What a person confirmed: entries and a dose rate of their own, or what was asked for from afar.
CONFIRMED_ENTRIES = const(1)
CONFIRMED_PREPARED = const(2)
CONFIRMED_TITRATION = const(3)
CONFIRMED_ASKED = const(4)
CONFIRMED_TAKING = const(5)  # what was carried here, by its number; with it comes no dose

# Fields that only a person at the panel enters, and those that steps stand for.
_NOT_PREPARED = (
    ports.FIELD_TITRATE_MILLI, ports.FIELD_PERSON, ports.FIELD_PIN, ports.FIELD_STEP_DOSE_MILLI, ports.FIELD_STEP_S,
    ports.FIELD_TAKE,
)  # fmt: skip


class Programming:
    """Collects entries while a person programmes, and titrations while it runs."""

    def __init__(self, therapy, library, head, keep):
        """`keep(bytes)` stores a prescription and returns OK or ERR_*."""
        self._therapy = therapy
        self._controller = therapy.controller
        self._library = library
        self._head = head
        self._keep = keep
        self.prescriber = Prescriber  # what holds entries against the limits
        self.prepared = Prepared()
        self._request = Request()
        self._titrate_milli = -1
        self._asked_soft = False
        self._take = -1  # number of what was carried here, entered and not confirmed
        self.wanted = -1  # confirmed, until whoever looks at it has taken it
        self._now_ms = 0  # of the last look
        self._prefilled = False  # the entries are those that were prepared, untouched
        self.confirmed = 0  # CONFIRMED_*, until whoever keeps the audit has taken it
        self.confirmed_milli = 0  # its dose rate

    def key(self, readings):
        """Take this tick's key, if it is one of programming's."""
        key = readings.key
        controller = self._controller
        if key == ports.KEY_PROGRAMME or key == ports.KEY_CANCEL:
            self._clear()
            if key == ports.KEY_CANCEL:
                self._titrate_milli = -1
                self.drop_prepared()
            elif self.prepared.waits and controller.delivery.state == t.ST_PROGRAMMING:
                self._request.copy(self.prepared.request)
                self._prefilled = True
                controller.status.message = msg.PREPARED
        elif key >= ports.KEY_FIELD:
            self._asked_soft = False
            self._field(key - ports.KEY_FIELD, readings.key_value)
        elif key == ports.KEY_CONFIRM:
            if controller.granting():
                controller.status.message = msg.BUSY
            elif controller.delivery.state == t.ST_PROGRAMMING:
                controller.status.message = self._confirm(readings)
            elif controller.delivery.state == t.ST_MAINTENANCE:
                controller.status.message = self._confirm_taking(readings)
            elif self._titrate_milli >= 0:
                controller.status.message = self._titrate()
            elif self.prepared.titrate_milli >= 0:
                controller.status.message = self._take_titration()

    def _clear(self):
        self._request.clear()
        self._asked_soft = False
        self._prefilled = False

    def _field(self, field, value):
        controller = self._controller
        status = controller.status
        if field == ports.FIELD_PIN:
            return  # whoever checks it answers
        status.message = msg.NONE
        if field == ports.FIELD_PERSON:
            controller.glass.person = max(value, 0)
        elif field == ports.FIELD_TITRATE_MILLI:
            self._titrate_milli = value
            self._drop_titration()
        elif field == ports.FIELD_TAKE:
            self._take = value
        elif controller.delivery.state != t.ST_PROGRAMMING:
            status.message = msg.STATE
        elif not controller.may_enter():
            status.message = msg.LOGIN
        elif not self._request.enter(field, value):
            status.message = msg.RANGE
        else:
            controller.dose.candidate = None  # what was confirmed is no longer what is shown
            if self._prefilled:  # from here on it is this person's own
                self._prefilled = False
                self.prepared.forget()

    def _entry(self, request):
        return self._library.find(request.get(ports.FIELD_DRUG), request.get(ports.FIELD_CARE_AREA))

    def _confirm(self, readings):
        if not self._controller.may_enter():
            return msg.LOGIN
        entry = self._entry(self._request)
        if entry is None:
            return msg.UNKNOWN_DRUG
        made = self.prescriber(entry, self._head, max_rate_ul_h(self._head))
        message = made.build(self._request, self._library)
        if message:
            return message
        if not _syringe_fits(made.rx.syringe, readings.size_um):
            return msg.SYRINGE
        if self._prefilled and self.prepared.held:
            return msg.SECOND
        if made.soft and not self._asked_soft:
            self._asked_soft = True
            return msg.CONFIRM_SOFT
        if self._keep(made.rx.encode()):
            return msg.STORE
        self._therapy.offer_prescription(made.rx)
        self._tell(CONFIRMED_PREPARED if self._prefilled else CONFIRMED_ENTRIES, made.rx.dose_milli)
        self._prefilled = False
        self.prepared.forget()
        return msg.READY

    def _confirm_taking(self, readings):
        """What was carried here is confirmed in maintenance alone, which has no patient, with the key switch turned."""
        number = self._take
        self._take = -1
        if number < 0:
            return msg.MISSING
        if not readings.flags & ports.RF_KEY_SWITCH:
            return msg.KEY_NEEDED
        self.wanted = number
        return msg.BUSY

    def _titrate(self):
        message = self._offer(self._titrate_milli)
        if not message:
            self._tell(CONFIRMED_TITRATION, self._titrate_milli)
            self._titrate_milli = -1
        return message

    def _tell(self, what, dose_milli):
        self.confirmed = what
        self.confirmed_milli = dose_milli

    def _take_titration(self):
        prepared = self.prepared
        if not prepared.is_seen(self._now_ms):
            return msg.ASKED
        if prepared.held:
            return msg.SECOND
        message = msg.STATE
        if prepared.rx is self._controller.dose.rx:
            message = self._offer(prepared.titrate_milli)
        if not message:
            self._tell(CONFIRMED_ASKED, prepared.titrate_milli)
        if message != msg.CONFIRM_SOFT:
            self._drop_titration()
        return message

    def _offer(self, dose_milli):
        """Hold a new dose rate against the library and hand it over; NONE, or why it is refused."""
        rx = self._controller.dose.rx
        if rx is None:
            return msg.STATE
        made = self._hold_against_limits(dose_milli, rx)
        if made is None:
            return msg.UNKNOWN_DRUG
        if made.refused:
            return made.refused
        if made.soft and not self._asked_soft:
            self._asked_soft = True
            return msg.CONFIRM_SOFT
        self._asked_soft = False
        self._therapy.offer_titration(made.rate_of(dose_milli))
        return msg.NONE

    def _hold_against_limits(self, dose_milli, rx):
        """A Prescriber that has looked at a dose rate for `rx`, or None where the library has no such drug."""
        entry = self._library.find(rx.drug, rx.care_area)
        if entry is None:
            return None
        made = self.prescriber(entry, self._head, max_rate_ul_h(self._head))
        made.rx = rx
        made.refused = made.check_dose(dose_milli)
        return made

    # From afar: nothing of this is taken but by a person's confirm.

    def prepare(self, fields, steps, now_ms):
        """Have entries wait for somebody to open programming; NONE, CONFIRM_SOFT (they are held), or why not."""
        if self._controller.delivery.state != t.ST_STANDBY:
            return msg.STATE
        request = Request()
        message = self._fill(request, fields, steps)
        if message:
            return message
        entry = self._entry(request)
        if entry is None:
            return msg.UNKNOWN_DRUG
        made = self.prescriber(entry, self._head, max_rate_ul_h(self._head))
        message = made.build(request, self._library)
        if message:
            return message
        self.prepared.forget()
        self.prepared.request.copy(request)
        self.prepared.entries(made.soft, now_ms)
        return msg.CONFIRM_SOFT if made.soft else msg.NONE

    def _fill(self, request, fields, steps):
        for field in fields:
            if field in _NOT_PREPARED or not request.enter(field, fields[field]):
                return msg.RANGE
        for dose_milli, seconds in steps:
            request.enter(ports.FIELD_STEP_DOSE_MILLI, dose_milli)
            request.enter(ports.FIELD_STEP_S, seconds)
        return msg.NONE

    def prepare_titration(self, dose_milli, now_ms):
        """Have a new dose rate wait for a confirm; NONE, CONFIRM_SOFT (it is held), or why not.

        Never over another that waits, nor over what a person has begun to enter: whoever looks at one rate and
        presses confirm does not mean another.
        """
        controller = self._controller
        if not controller.may_titrate():
            return msg.STATE
        if self.prepared.titrate_milli >= 0 or self._titrate_milli >= 0 or controller.granting():
            return msg.BUSY
        rx = controller.dose.rx
        made = self._hold_against_limits(dose_milli, rx)
        if made is None:
            return msg.UNKNOWN_DRUG
        if made.refused:
            return made.refused
        self._asked_soft = False
        self.prepared.titration(dose_milli, rx, made.soft, now_ms)
        return msg.CONFIRM_SOFT if made.soft else msg.NONE

    def look(self, now_ms):
        """Show what waits, and end what has waited long enough or has lost its therapy. Each turn."""
        self._now_ms = now_ms
        prepared = self.prepared
        controller = self._controller
        status = controller.status
        if prepared.titrate_milli >= 0:
            if prepared.is_over(now_ms) or prepared.rx is not controller.dose.rx:
                self._drop_titration()
            elif status.message == msg.NONE or status.message == msg.SECOND:  # until a second person has agreed
                status.message = msg.SECOND if prepared.held else msg.ASKED
        elif prepared.waits and not self._prefilled:
            if prepared.is_over(now_ms):
                self.drop_prepared()
            elif status.message == msg.NONE:
                status.message = msg.PREPARED
        status.offered_milli = prepared.titrate_milli

    def drop_prepared(self):
        """Let go of all that waits; what a person has opened already is the person's to confirm or cancel."""
        self._unsay(msg.PREPARED)
        self._drop_titration()
        if not self._prefilled:
            self.prepared.forget()

    def _drop_titration(self):
        if self.prepared.titrate_milli >= 0:
            self.prepared.forget()
            self._unsay(msg.ASKED)
            self._unsay(msg.SECOND)

    def _unsay(self, message):
        status = self._controller.status
        if status.message == message:
            status.message = msg.NONE


def _syringe_fits(syringe, size_um):
    """Whether the sensed barrel is the one that was entered; True where nothing senses it."""
    if size_um < 0:
        return True
    for row in SYRINGES:
        if row[0] == syringe:
            return abs(row[2] - size_um) <= SIZE_TOLERANCE_UM
    return False

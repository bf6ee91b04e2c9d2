"""The panel's door: field codes, integers and a confirm. There is no other.

Runs after each tick, outside it. What is confirmed is stored first, then offered to the
controller, which takes it into use at the next start or titration.
"""

from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.heads import SIZE_TOLERANCE_UM, SYRINGES, max_rate_ul_h
from firmware.therapy.prescribe import Prescriber, Request
from hal import ports


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
        self._request = Request()
        self._titrate_milli = -1
        self._asked_soft = False

    def key(self, readings):
        """Take this tick's key, if it is one of programming's."""
        key = readings.key
        controller = self._controller
        if key == ports.KEY_PROGRAMME or key == ports.KEY_CANCEL:
            self._request.clear()
            self._asked_soft = False
        elif key >= ports.KEY_FIELD:
            self._asked_soft = False
            self._field(key - ports.KEY_FIELD, readings.key_value)
        elif key == ports.KEY_CONFIRM:
            if controller.granting():
                controller.status.message = msg.BUSY
            elif controller.delivery.state == t.ST_PROGRAMMING:
                controller.status.message = self._confirm(readings)
            elif self._titrate_milli >= 0:
                controller.status.message = self._titrate()

    def _field(self, field, value):
        status = self._controller.status
        status.message = msg.NONE
        if field == ports.FIELD_PERSON:
            self._controller.glass.person = max(value, 0)
        elif field == ports.FIELD_TITRATE_MILLI:
            self._titrate_milli = value
        elif self._controller.delivery.state != t.ST_PROGRAMMING:
            status.message = msg.STATE
        elif not self._request.enter(field, value):
            status.message = msg.RANGE
        else:
            self._controller.dose.candidate = None  # what was confirmed is no longer what is shown

    def _entry(self):
        request = self._request
        return self._library.find(request.get(ports.FIELD_DRUG), request.get(ports.FIELD_CARE_AREA))

    def _confirm(self, readings):
        entry = self._entry()
        if entry is None:
            return msg.UNKNOWN_DRUG
        made = self.prescriber(entry, self._head, max_rate_ul_h(self._head))
        message = made.build(self._request, self._library)
        if message:
            return message
        if not _syringe_fits(made.rx.syringe, readings.size_um):
            return msg.SYRINGE
        if made.soft and not self._asked_soft:
            self._asked_soft = True
            return msg.CONFIRM_SOFT
        if self._keep(made.rx.encode()):
            return msg.STORE
        self._therapy.offer_prescription(made.rx)
        return msg.READY

    def _titrate(self):
        rx = self._controller.dose.rx
        if rx is None:
            return msg.STATE
        entry = self._library.find(rx.drug, rx.care_area)
        if entry is None:
            return msg.UNKNOWN_DRUG
        made = self.prescriber(entry, self._head, max_rate_ul_h(self._head))
        made.rx = rx
        message = made.check_dose(self._titrate_milli)
        if message:
            return message
        if made.soft and not self._asked_soft:
            self._asked_soft = True
            return msg.CONFIRM_SOFT
        self._asked_soft = False
        rate = made.rate_of(self._titrate_milli)
        self._titrate_milli = -1
        self._therapy.offer_titration(rate)
        return msg.NONE


def _syringe_fits(syringe, size_um):
    """Whether the sensed barrel is the one that was entered; True where nothing senses it."""
    if size_um < 0:
        return True
    for row in SYRINGES:
        if row[0] == syringe:
            return abs(row[2] - size_um) <= SIZE_TOLERANCE_UM
    return False

"""Words that a dose rests on, held against others that say the same.

A bit that flips in one of them shows, because the other was counted by itself: complements, the
steps beside the volume, the buckets beside their sum, the limits beside the prescription.
"""

from firmware.therapy.heads import step_volume
from firmware.therapy.layout import POLICY_SUSTAIN
from firmware.therapy.selfcheck import DOUBT, INTACT, NONE
from hal.compat import const

_ARMED = const(0x2B8)  # priming, infusing, bolus, KVO, stopped: bits by ST_*


class Integrity:
    """Each method answers INTACT, or 0 where two words do not agree."""

    __slots__ = ("_controller", "_head")

    def __init__(self, head, controller, frame):
        self._head = head
        self._controller = controller
        frame.register(self.dosing, DOUBT)
        frame.register(self.programme, DOUBT)
        frame.register(self.quotas, DOUBT)
        frame.register(self.boluses, DOUBT)
        frame.register(self.window, DOUBT)
        frame.register(self.limits, DOUBT)
        frame.register(self.shown, DOUBT)
        frame.register(self.rings, DOUBT)

    def dosing(self):
        """Commanded volume is steps × step volume and a rest; the step is that of the syringe in use."""
        dose = self._controller.dose
        rx = dose.rx
        if rx is not None and dose.dosing.step_volume != step_volume(self._head, rx.syringe):
            return NONE
        return INTACT if dose.dosing.intact() else NONE

    def programme(self):
        """The base rate is the segment's."""
        return INTACT if self._controller.dose.profile.intact() else NONE

    def quotas(self):
        """Volumes left and delivered, lock-out and KVO rate."""
        controller = self._controller
        return INTACT if controller.dose.agrees(controller.delivery.state) else NONE

    def boluses(self):
        """What is left of the boluses, and their rates."""
        dose = self._controller.dose
        return INTACT if dose.rx is None or dose.boluses.intact(dose.rx) else NONE

    def window(self):
        """The rolling limit and what it has counted."""
        dose = self._controller.dose
        rx = dose.rx
        limit = dose.window.limit_ul
        if rx is not None and limit != rx.window_hard_ul and (limit or rx.policy != POLICY_SUSTAIN):
            return NONE
        return INTACT if dose.window.intact() else NONE

    def limits(self):
        """The hazards' limits are the prescription's."""
        controller = self._controller
        rx = controller.dose.rx
        right = rx is None or controller.interlocks.intact(rx, controller.dose.dosing.step_volume)
        return INTACT if right else NONE

    def shown(self):
        """People are shown the states and the alarms that there are."""
        controller = self._controller
        status = controller.status
        state = controller.delivery.state
        right = (
            status.delivery == state
            and controller.interlocks.armed == (_ARMED >> state & 1 != 0)
            and status.trust == controller.trust.state
            and controller.alarms.intact(status)
        )
        return INTACT if right else NONE

    def rings(self):
        """Records on their way to the store, and events on theirs from the gatekeeper."""
        controller = self._controller
        return INTACT if controller.outbox.intact() and controller.mailbox.intact() else NONE

"""Therapy's two channels, each told on its own what a person has confirmed.

The controller doses; the guardian bounds what it may. Each tick goes through both.
"""

from firmware.therapy import records as rec
from firmware.therapy.controller import Controller
from firmware.therapy.dosing import Dosing
from firmware.therapy.guardian import Guardian
from firmware.therapy.heads import step_volume


class Therapy:
    """What the tick reaches. `dosing` and `guardian` may be others, for tests and stand-ins."""

    def __init__(self, head, dosing=None, guardian=None):
        self._head = head
        self.controller = Controller(head, Dosing() if dosing is None else dosing)
        self.guardian = Guardian(head) if guardian is None else guardian
        self._told = 0

    # Outside the tick.

    def offer_prescription(self, rx):
        """Hand over a confirmed prescription; KEY_START takes it into use."""
        self.guardian.offer(rx.encode(), step_volume(self._head, rx.syringe))
        self.controller.offer_prescription(rx)

    def offer_titration(self, rate_ul_h):
        """Hand over a confirmed new base rate; nothing while an earlier raise waits for its record."""
        if self.controller.granting():
            return
        self.guardian.offer_titration(rate_ul_h)
        self.controller.offer_titration(rate_ul_h)

    # The tick.

    def tick(self, now_ms, readings, drive):
        """Advance by one tick. Writes `drive` and the controller's status in place; never raises."""
        controller = self.controller
        guardian = self.guardian
        controller.tick(now_ms, readings, drive)
        guardian.watch(now_ms, readings, drive, controller)
        tripped = guardian.tripped
        controller.guarded = not tripped
        if tripped and not self._told:
            self._told = tripped
            controller.outbox.emit(rec.REC_TRIPPED, controller.status, now_ms, tripped, 0, 0)

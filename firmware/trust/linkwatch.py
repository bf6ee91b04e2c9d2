"""Finds that the link is lost: no carrier, or nothing from comms, for ten seconds.

The only detector of EV_LINK_LOST. It runs in the turn, on therapy's side: comms has no say.
"""

from firmware.therapy.tables import EV_LINK_LOST
from hal.compat import const, ticks_diff

LOST_MS = const(10_000)


class LinkWatch:
    """Tells the tick's mailbox, once for each loss."""

    __slots__ = ("_gone", "_last_ms", "_mailbox")

    def __init__(self, mailbox, now_ms):
        self._mailbox = mailbox
        self._gone = False
        self._last_ms = now_ms  # the carrier was there, or this run began

    def step(self, now_ms, carrier, silent):
        """`carrier` from the readings, `silent` from the supervisor."""
        if carrier:
            self._last_ms = now_ms
            self._gone = False
        elif not self._gone and ticks_diff(now_ms, self._last_ms) >= LOST_MS:
            self._gone = True  # latched: the difference means nothing after six days
        mailbox = self._mailbox
        down = self._gone or silent
        if down and not mailbox.link_down:
            mailbox.post(EV_LINK_LOST)
        mailbox.link_down = down

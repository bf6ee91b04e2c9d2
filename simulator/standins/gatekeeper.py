"""A gatekeeper that believes scripted bytes, until the one that verifies is built.

Runs in every home (MicroPython-clean). Each byte 0x80 + n posts trust event n; any other
byte is hostile traffic. A link without a carrier for ten seconds is a lost link.
"""

from firmware.therapy.tables import EV_HOSTILE, EV_LINK_LOST, EV_RECOVERED
from hal.compat import const
from hal.ports import RF_LINK_UP

SCRIPTED = const(0x80)
_LOST_TURNS = const(100)


class ScriptedGatekeeper:
    """Posts what the script says."""

    def __init__(self):
        self._bytes = bytearray(32)
        self._down = 0

    def step(self, inbox, facts, readings, post):
        """Read what came and post its events."""
        if not readings.flags & RF_LINK_UP:
            if self._down < _LOST_TURNS:
                self._down += 1
                if self._down == _LOST_TURNS:
                    post(EV_LINK_LOST)
            return
        self._down = 0
        count = inbox.take(self._bytes)
        for index in range(count):
            event = self._bytes[index] - SCRIPTED
            post(event if 0 <= event <= EV_RECOVERED else EV_HOSTILE)

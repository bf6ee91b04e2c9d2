"""A gatekeeper that believes scripted bytes, until the one that verifies is built.

Runs in every home (MicroPython-clean). Each byte 0x80 + n posts trust event n; any other
byte is hostile traffic. The events of local evidence (compromised, recovery) come this way
too, for want of their detectors: such bytes stand for the evidence, not for a message.
"""

from firmware.therapy.tables import EV_HOSTILE
from hal.compat import const

SCRIPTED = const(0x80)
# As many as one turn looks at; the rest waits in the mailbox.
_BYTES = const(32)


class ScriptedGatekeeper:
    """Posts what the script says."""

    def __init__(self):
        self._bytes = bytearray(_BYTES)

    def meet(self, remote):
        """Ask for nothing: scripted events are all there is."""

    def step(self, inbox, facts, readings, post):
        """Read what came and post its events."""
        count = inbox.take(self._bytes)
        for index in range(count):
            if not post(self._bytes[index] - SCRIPTED):
                post(EV_HOSTILE)

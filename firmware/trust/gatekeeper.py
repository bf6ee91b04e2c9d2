"""Judges what comms brought in. Deny by default: where no key is, nothing is authentic.

Bytes that nobody can vouch for are hostile traffic: the dose goes on, remote requests are refused.
The secure counter only rises; one that reads lower than it has was put back, which is local
evidence that the part which guards against old stores is no longer to be trusted.
"""

from firmware.therapy.tables import EV_COMPROMISED, EV_HOSTILE
from hal.compat import const, ticks_add, ticks_diff

_CHUNK = const(32)  # bytes looked at in a turn; the rest waits in the mailbox
LOOK_MS = const(10_000)  # between two looks at the counter


class Gatekeeper:
    """Takes bytes, posts trust events, and says nothing."""

    def __init__(self, counter, clock):
        """`counter` is the board's hal.ports.SecureCounter, or None; `clock` its Clock."""
        self._bytes = bytearray(_CHUNK)
        self._counter = counter
        self._clock = clock
        self._highest = -1
        self._due_ms = clock.ticks_ms()

    def step(self, inbox, facts, readings, post):
        """Look at what came and, each ten seconds, at the counter; `post(event)` tells therapy's mailbox."""
        if inbox.take(self._bytes):
            post(EV_HOSTILE)
        now_ms = self._clock.ticks_ms()
        if self._counter is not None and ticks_diff(now_ms, self._due_ms) >= 0:
            self._due_ms = ticks_add(now_ms, LOOK_MS)
            self._look(post)

    def _look(self, post):
        count = self._counter.read()
        if 0 <= count < self._highest:
            post(EV_COMPROMISED)
        elif count > self._highest:
            self._highest = count

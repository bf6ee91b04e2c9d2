"""The gatekeeper of a pump that nobody has provisioned: no key, so nothing is authentic, and whatever comes is hostile.

It is all that such a pump loads of the room that could accept anything. The secure counter only
rises; one that reads lower than it has was put back, which is local evidence of compromise.
"""

from firmware.therapy import messages as msg
from firmware.therapy.tables import EV_COMPROMISED, EV_HOSTILE
from firmware.trust.countwatch import CountWatch
from hal.compat import const, ticks_add, ticks_diff
from hal.ports import AREA_KEYS_A, AREA_KEYS_B, OK

_CHUNK = const(32)  # bytes looked at in a turn; the rest waits in the mailbox
LOOK_MS = const(10_000)  # between two looks at the counter, and at what else may have been put back
_PIECE = const(64)
_BLANK = b"\xff" * _PIECE


def is_provisioned(store):
    """Return whether a byte stands where credentials do, or the store does not say.

    Only a record that is not there lets the pump do without one: what is damaged is for the gatekeeper
    to judge.
    """
    return not (is_blank(store, AREA_KEYS_A) and is_blank(store, AREA_KEYS_B))


def is_blank(store, area):
    """Return whether every bit of an area is set; False where the store does not say."""
    piece = bytearray(_PIECE)
    for offset in range(0, store.size(area), _PIECE):
        if store.read(area, offset, piece) != OK:
            return False
        if piece != _BLANK:
            return False
    return True


class ClosedGatekeeper:
    """Takes bytes, posts trust events, and lets nothing through."""

    def __init__(self, board):
        """`board`: its secure counter, where it has one, and its clock."""
        self._bytes = bytearray(_CHUNK)
        self._count = CountWatch(board.counter)
        self._clock = board.clock
        self._due_ms = board.clock.ticks_ms()
        self._remote = None

    def pump_id(self):
        """Return b"": nobody has said who this pump is."""
        return b""

    def meet(self, remote):
        """Take the way to therapy: here, only to say that the pump has no keys."""
        self._remote = remote

    def step(self, inbox, facts, readings, post):
        """Look at what came and, each ten seconds, at the counter; `post(event)` tells therapy's mailbox."""
        if inbox.take(self._bytes):
            post(EV_HOSTILE)
        self._remote.say_at_rest(msg.UNPROVISIONED)
        now_ms = self._clock.ticks_ms()
        if ticks_diff(now_ms, self._due_ms) >= 0:
            self._due_ms = ticks_add(now_ms, LOOK_MS)
            if self._count.fell():
                post(EV_COMPROMISED)

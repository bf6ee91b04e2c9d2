"""Write-ahead: what raises a dose waits until the store holds its record, for a second at most."""

from firmware.therapy.records import REC_GRANT
from hal.compat import const, ticks_diff

GRANT_NONE = const(0)
GRANT_START = const(1)
GRANT_RESUME = const(2)
GRANT_BOLUS = const(3)  # key, volume in µL
GRANT_TITRATE = const(4)  # new rate, old rate (µL/h)

GRANT_MS = const(1000)

# What became of the grant that waited.
WAITS = const(0)  # or there is none
STORED = const(1)
TOO_LATE = const(2)


class Grant:
    """One at a time. `kind` is GRANT_*, `a` and `b` its arguments."""

    __slots__ = ("_ms", "_seq", "a", "b", "kind")

    def __init__(self):
        self.kind = GRANT_NONE
        self.a = 0
        self.b = 0
        self._seq = 0
        self._ms = 0

    def ask(self, kind, a, b, outbox, status, now_ms):
        """Leave the record and wait for it; False where the outbox has no room."""
        seq = outbox.emit(REC_GRANT, status, now_ms, kind, a, b)
        if not seq:
            return False
        self.kind = kind
        self.a = a
        self.b = b
        self._seq = seq
        self._ms = now_ms
        return True

    def withdraw(self):
        """A person has stopped, or cancelled."""
        self.kind = GRANT_NONE

    def settle(self, now_ms, stored_seq):
        """Return WAITS, or STORED or TOO_LATE once; `kind` is the caller's to take."""
        if ticks_diff(stored_seq, self._seq) >= 0:
            return STORED
        return TOO_LATE if ticks_diff(now_ms, self._ms) >= GRANT_MS else WAITS

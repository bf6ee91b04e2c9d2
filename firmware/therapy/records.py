"""What the tick leaves for the store: a ring of small records, allocated once.

A record is 28 bytes, little-endian: sequence, kind, delivery state, trust state, alarm
priority, ticks_ms, and three integers that the kind explains. A grant waits until the store
holds its record (write-ahead).
"""

import struct

from hal.compat import const, ticks_add

REC_STATE = const(1)  # event, action, 0
REC_ALARMS = const(2)  # therapy mask, trust mask, code shown first
REC_GRANT = const(3)  # GRANT_*, two arguments
REC_DROPPED = const(4)  # GRANT_*: the store did not answer in time
REC_LOST = const(5)  # steps missed past a lease's end, elapsed ms, 0
REC_LOWERED = const(6)  # rate lowered: from, to (µL/h)
REC_TRUST = const(7)  # trust event, action, 0
REC_PRESCRIPTION = const(8)  # kind of the journal alone: a prescription's bytes follow

RECORD_SIZE = const(28)
_FORMAT = "<IBBBBIiii"
_SLOTS = const(16)


class Outbox:
    """Records on their way from the tick to the store, oldest first."""

    __slots__ = ("_count", "_first", "_slots", "lost", "seq")

    def __init__(self):
        self._slots = [bytearray(RECORD_SIZE) for _ in range(_SLOTS)]
        self._first = 0
        self._count = 0
        self.seq = 0  # of the newest record
        self.lost = 0  # records that found the ring full

    def emit(self, kind, status, now_ms, a, b, c):
        """Queue a record and return its sequence number, or 0 where the ring is full."""
        if self._count == _SLOTS:
            self.lost += 1
            return 0
        seq = ticks_add(self.seq, 1)
        if seq == 0:
            seq = 1
        slot = self._slots[(self._first + self._count) % _SLOTS]
        struct.pack_into(
            _FORMAT, slot, 0, seq, kind, status.delivery, status.trust, status.priority, now_ms, a, b, c
        )
        self._count += 1
        self.seq = seq
        return seq

    def intact(self):
        """Return whether the ring's indices are such as it can have."""
        return 0 <= self._first < _SLOTS and 0 <= self._count <= _SLOTS

    def oldest(self):
        """Return the oldest record, or None. It stays until `done`."""
        return self._slots[self._first] if self._count else None

    def done(self):
        """Let go of the oldest record; returns its sequence number."""
        slot = self._slots[self._first]
        self._first = (self._first + 1) % _SLOTS
        self._count -= 1
        return slot[0] | slot[1] << 8 | slot[2] << 16 | slot[3] << 24

"""What the tick leaves for the store: a ring of small records and two images, allocated once.

A record is 24 bytes, little-endian: sequence, kind, delivery state, trust state, alarm
priority, ticks_ms, and three integers that the kind explains. A grant waits until the store
holds its record (write-ahead). An image is the newest of its kind: a later one overwrites one
that has not been stored yet.
"""

import struct

from hal.compat import const, ticks_add

REC_STATE = const(1)  # event, action, 0
REC_ALARMS = const(2)  # shown: therapy mask, trust mask, code shown first
REC_GRANT = const(3)  # GRANT_*, two arguments
REC_DROPPED = const(4)  # GRANT_*: the store did not answer in time
REC_LOST = const(5)  # steps missed past a lease's end, elapsed ms, 0
REC_LOWERED = const(6)  # rate lowered: from, to (µL/h)
REC_TRUST = const(7)  # trust event, action, 0
REC_TRIPPED = const(9)  # the guardian cut motor power: TRIP_*
REC_GLASS = const(10)  # break-glass began (1) or ended (0), who: a person's number
REC_ACKNOWLEDGED = const(11)  # by a person; still shown: therapy mask, trust mask, code shown first
REC_CAUSE_GONE = const(12)  # shown by latching alone: therapy mask, trust mask, code shown first
REC_ESCALATED = const(13)  # risen to HIGH: therapy mask, those just now, code shown first
REC_AUDIO = const(14)  # pause of so many seconds begins, 0: it is over; 0; code shown first
REC_GAP = const(15)  # records lost before this one, since boot, 0

# Kinds of the journal alone.
REC_PRESCRIPTION = const(8)  # a prescription's bytes; written twice
REC_PROGRESS = const(16)  # image: PROGRESS_FORMAT
REC_WINDOW = const(17)  # image: WINDOW_FORMAT and the buckets, newest first
REC_AREA = const(18)  # an area's number, its first frame
REC_BOOT = const(19)  # BOOT_FORMAT
REC_MARK = const(20)  # the secure counter as it now is, u32

RECORD_SIZE = const(24)
RECORD_FORMAT = "<IBBBBIiii"
_SLOTS = const(16)

# seq, kind, delivery, trust, priority; operating seconds, RTC, tag; segment, bolus, cycle, ms,
# flags; second; left of segment (µL, rest), left of VTBI, override, programmed rate, rate asked;
# commanded (µL, rest); lock-out s; counted by the window (µL, rest); left of the bolus.
PROGRESS_FORMAT = "<IBBBBIiIBBHHHIIIIIiIIiIIIII"
PROGRESS_TAIL = "<IBBHHHIIIIIiIIiIIIII"  # from the tag on
PROGRESS_SIZE = const(84)
PF_DONE = const(1)  # the programme has run to its end
PF_SEGMENT_LIMITED = const(2)
PF_VTBI_LIMITED = const(4)
PF_GRANT = const(8)  # a grant waits: what it would give is not in here
PF_WINDOW = const(16)  # the rolling limit is in force

# seq, kind, delivery, trust, priority; age of the newest bucket in s.
WINDOW_FORMAT = "<IBBBBI"
WINDOW_HEAD = const(12)

BOOT_FORMAT = "<IIB3x"  # operating seconds, secure counter, 1 where the pump went on by itself


class Outbox:
    """Records on their way from the tick to the store, oldest first; then the images."""

    __slots__ = ("_count", "_first", "_slots", "lost", "progress", "progress_due", "seq", "window", "window_due")

    def __init__(self, buckets):
        self._slots = [bytearray(RECORD_SIZE) for _ in range(_SLOTS)]
        self._first = 0
        self._count = 0
        self.seq = 0  # of the newest record
        self.lost = 0  # records that found the ring full
        self.progress = bytearray(PROGRESS_SIZE)
        self.progress_due = False
        self.window = bytearray(WINDOW_HEAD + 4 * buckets)
        self.window_due = False

    def next_seq(self):
        """Take the next sequence number, 1 … 2**30 - 1."""
        seq = ticks_add(self.seq, 1)
        if seq == 0:
            seq = 1
        self.seq = seq
        return seq

    def emit(self, kind, status, now_ms, a, b, c):
        """Queue a record and return its sequence number, or 0 where the ring is full."""
        if self._count == _SLOTS:
            self.lost += 1
            return 0
        seq = self.next_seq()
        slot = self._slots[(self._first + self._count) % _SLOTS]
        struct.pack_into(
            RECORD_FORMAT, slot, 0, seq, kind, status.delivery, status.trust, status.priority, now_ms, a, b, c
        )
        self._count += 1
        return seq

    def has_room(self):
        """Return whether another record would be kept."""
        return self._count < _SLOTS

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

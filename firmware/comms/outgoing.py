"""Takes facts out of the gatekeeper's mailbox, one at a time, and keeps each until the broker has it.

On the mailbox: length u16, big-endian, then the fact. A comms that begins anew may come upon the middle of one: what
is no fact is let pass until the mailbox has been quiet for a second, where a new one begins.
"""

from firmware.comms.packets import put_publish_before
from hal.compat import const, ticks_diff

FACT = const(2048)  # bytes of the longest
HEAD = const(48)  # of a PUBLISH that carries one
QUIET_MS = const(1000)
TRIES = const(8)  # connections on which one fact is sent, at most
# Kinds that the next one makes stale: sent once, at QoS 0.
_STATUS = const(2)
_WAVE = const(6)


class Outgoing:
    """`ready`: a fact lies in `buffer`, from `start` to `end` once it was addressed. `packet_id` is 0 for QoS 0."""

    __slots__ = (
        "_count", "_expected", "_facts", "_heads", "_last_id", "_lost", "_quiet_ms", "_tail", "_topics", "_tries",
        "buffer", "dropped", "end", "kind", "packet_id", "ready", "start",
    )  # fmt: skip

    def __init__(self, facts, topics, now_ms):
        self.buffer = bytearray(HEAD + FACT)
        self._tail = memoryview(self.buffer)
        self._facts = facts
        self._topics = topics
        self._lost = False  # the mailbox's frames are out of step
        self._quiet_ms = now_ms
        self._last_id = 0
        self._tries = 0
        self.dropped = 0  # facts given up, modulo 2**30
        self._begin()

    def _begin(self):
        self.ready = False
        self.kind = -1
        self.packet_id = 0
        self.start = self.end = HEAD
        self._heads = 0
        self._expected = 0
        self._count = 0

    def look(self, now_ms):
        """Take what waits in the mailbox, as far as the fact goes; return whether one is ready."""
        if self._lost:
            self._find_step(now_ms)
        while not self.ready and not self._lost and self._facts.waiting():
            if self._heads < 2:
                self._take_head(now_ms)
            else:
                into = self._tail[HEAD + self._count : HEAD + self._expected]
                self._count += self._facts.take(into)
                if self._count == self._expected:
                    self._finish(now_ms)
        return self.ready

    def _take_head(self, now_ms):
        byte = self._tail[:1]
        self._facts.take(byte)
        self._expected = self._expected << 8 | byte[0]
        self._heads += 1
        if self._heads == 2 and not 0 < self._expected <= FACT:
            self._lose(now_ms)

    def _finish(self, now_ms):
        self.kind = self._topics.kind_of(self.buffer, HEAD, self._count)
        if self.kind < 0:
            self._lose(now_ms)
            return
        self.ready = True
        self._tries = 0
        self.end = HEAD + self._count
        if self.kind not in (_STATUS, _WAVE):
            self._last_id = self._last_id % 0xFFFF + 1
            self.packet_id = self._last_id

    def _lose(self, now_ms):
        self._begin()
        self._lost = True
        self._quiet_ms = now_ms
        self.dropped = self.dropped + 1 & 0x3FFFFFFF

    def _find_step(self, now_ms):
        if self._facts.take(self._tail):
            self._quiet_ms = now_ms
        elif ticks_diff(now_ms, self._quiet_ms) >= QUIET_MS:
            self._lost = False

    def address(self):
        """Write the head of the PUBLISH before the fact; False where it was sent often enough and is given up."""
        if self._tries >= TRIES:
            self.dropped = self.dropped + 1 & 0x3FFFFFFF
            self._begin()
            return False
        topic = self._topics.fact(self.kind)
        self.start = put_publish_before(
            self.buffer, HEAD, topic, self.packet_id, self.end - HEAD, self._tries > 0
        )
        self._tries += 1
        return True

    def done(self):
        """The broker has it, or it is one that is sent once."""
        self._begin()

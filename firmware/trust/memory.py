"""Tells a person when little memory is left, and first lets go of what therapy can do without: comms.

Looks from the main loop, between two polls of comms. `ran_out` is called by the turn where heap or
stack did not suffice for its work outside the tick: the work is lost, or tried again, and the turn
goes on.
"""

from hal.compat import collect, const, free_heap, ticks_add, ticks_diff

LOW_BYTES = const(16_384)
LOOK_MS = const(1000)
# The alarm outlasts the shortage by so many looks.
TOLD_LOOKS = const(60)


class MemoryWatch:
    """`times` counts how often heap or stack ran out, modulo 2**30."""

    __slots__ = ("_free", "_left", "_looked_ms", "_low", "_mailbox", "_supervisor", "times")

    def __init__(self, supervisor, mailbox, now_ms, free=free_heap):
        """`free()` gives the bytes of heap that are free."""
        self._supervisor = supervisor
        self._mailbox = mailbox
        self._free = free
        self._looked_ms = now_ms
        self._low = False  # at the last look
        self._left = 0  # looks until the alarm ends
        self.times = 0

    def look(self, now_ms):
        """Look, once a second. Comms is dropped at the first shortage, a person told at the second running."""
        if ticks_diff(now_ms, self._looked_ms) < LOOK_MS:
            return
        self._looked_ms = now_ms
        low = self._free() < LOW_BYTES
        if low:
            collect()
            low = self._free() < LOW_BYTES
        if low:
            self._supervisor.drop()
            if self._low:
                self._left = TOLD_LOOKS
        elif self._left:
            self._left -= 1
        self._low = low
        self._mailbox.memory_low = self._left > 0

    def ran_out(self):
        """Heap or stack did not suffice in the turn."""
        self.times = ticks_add(self.times, 1)
        self._left = TOLD_LOOKS
        self._mailbox.memory_low = True
        self._supervisor.drop()

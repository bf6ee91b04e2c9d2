"""Hands a packet to the link piece by piece, as much as it takes each time."""

from hal.compat import const, ticks_diff

STUCK_MS = const(5000)  # no byte of a packet was taken for so long


class Sender:
    """One packet at a time; the buffer is the caller's and must stay as it is until the packet is out."""

    __slots__ = ("_end", "_moved_ms", "_place", "_view")

    def __init__(self, now_ms):
        self._view = None
        self._place = self._end = 0
        self._moved_ms = now_ms

    def clear(self):
        """Forget what is not out yet."""
        self._view = None
        self._place = self._end = 0

    def send(self, buffer, start, end, now_ms):
        """Begin with `buffer[start:end]`; only when idle."""
        self._view = memoryview(buffer)
        self._place = start
        self._end = end
        self._moved_ms = now_ms

    def is_idle(self):
        """Return whether there is nothing to send."""
        return self._place == self._end

    def is_quiet(self, now_ms, ms):
        """Return whether nothing went out for `ms`."""
        return ticks_diff(now_ms, self._moved_ms) >= ms

    def is_stuck(self, now_ms):
        """Return whether the link has taken nothing for too long."""
        return self._place != self._end and ticks_diff(now_ms, self._moved_ms) >= STUCK_MS

    def flush(self, link, now_ms):
        """Hand over what the link takes; False where it is gone."""
        left = self._end - self._place
        if left:
            taken = link.send(self._view[self._place : self._end], left)
            if not 0 <= taken <= left:
                return False
            if taken:
                self._moved_ms = now_ms
                self._place += taken
        return True

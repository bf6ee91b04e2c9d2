"""When to dial again: 1 s, 2 s … 60 s, each shortened by chance by up to a half: a ward does not come at once."""

from hal.compat import const, ticks_add, ticks_diff

FIRST_MS = const(1000)
LAST_MS = const(60_000)
STEADY_MS = const(60_000)  # a connection that held so long: the next wait is the first again
_DOUBLINGS = const(6)


class Backoff:
    """Counts failures; `due_ms` is when the next try may be made."""

    __slots__ = ("_chance", "_failures", "due_ms")

    def __init__(self, now_ms, entropy):
        """`entropy`: hal.ports.Entropy; where it fails the waits are still right, only not by chance."""
        seed = bytearray(2)
        entropy.fill(seed)
        self._chance = seed[0] << 8 | seed[1]
        self._failures = 0
        self.due_ms = now_ms

    def fail(self, now_ms, since_ms):
        """A try, or a connection that had stood since `since_ms`, is over."""
        if ticks_diff(now_ms, since_ms) >= STEADY_MS:
            self._failures = 0
        whole = min(FIRST_MS << min(self._failures, _DOUBLINGS), LAST_MS)
        self._failures += 1
        self._chance = (self._chance * 25_173 + 13_849) & 0xFFFF
        self.due_ms = ticks_add(now_ms, whole - (whole // 2) * self._chance // 0xFFFF)

    def is_due(self, now_ms):
        """Return whether it is time."""
        return ticks_diff(now_ms, self.due_ms) >= 0

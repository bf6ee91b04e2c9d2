"""The step generator: counts steps by itself up to the lease's end, exactly, in integers.

Position is kept in millionths of a step, so that rate (mHz) × time (ms) adds up without
rounding. Like its PIO original it stops at `end` and keeps its phase across rate changes.
"""

from __future__ import annotations

from hal.compat import MASK, ticks_diff

MICRO = 1_000_000


class StepGenerator:
    """Position by closed form from the last change. Unbounded; the counter is its low bits."""

    __slots__ = ("_base", "_end", "_since", "fence", "rate_mhz")

    def __init__(self) -> None:
        self._base = 0  # millionths of a step at `_since`
        self._since = 0
        self._end = 0
        self.rate_mhz = 0
        self.fence: int | None = None  # a position that hardware lets nothing past

    def micro(self, ms: int) -> int:
        """Position at `ms`, in millionths of a step."""
        rate = self.rate_mhz
        if rate == 0:
            return self._base
        position = self._base + rate * (ms - self._since)
        stop = self._stop()
        if rate > 0:
            return position if position < stop else max(stop, self._base)
        return position if position > stop else min(stop, self._base)

    def count(self, ms: int) -> int:
        """Whole steps at `ms`."""
        return self.micro(ms) // MICRO

    def running(self, ms: int) -> bool:
        """Whether it still moves at `ms`."""
        rate = self.rate_mhz
        if rate == 0:
            return False
        return self.micro(ms) < self._stop() if rate > 0 else self.micro(ms) > self._stop()

    def stop_after_ms(self) -> float:
        """Time from the last change to the stop; infinite while it stands."""
        if self.rate_mhz == 0:
            return float("inf")
        return max((self._stop() - self._base) / self.rate_mhz, 0.0)

    def fenced(self, ms: int) -> bool:
        """Whether the fence has stopped it."""
        return self.fence is not None and self.micro(ms) >= self.fence * MICRO

    def lease(self, ms: int, end: int) -> None:
        """Move the lease's end to counter value `end`; no change of motion while unreached."""
        count = self.count(ms)
        self._end = (count + ticks_diff(end, count & MASK)) * MICRO

    def change(self, ms: int, rate_mhz: int) -> None:
        """Run at another rate from `ms` on; a generator that stood still starts at once."""
        self._base = self.micro(ms)
        self._since = ms
        self.rate_mhz = rate_mhz

    def _stop(self) -> int:
        if self.fence is not None and self.rate_mhz > 0:
            return min(self._end, self.fence * MICRO)
        return self._end

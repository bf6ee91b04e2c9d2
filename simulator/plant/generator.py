"""The step generator: counts steps by itself up to the lease's end, exactly, in integers.

Position is kept in millionths of a step, so that rate (mHz) × time (ms) adds up without
rounding. Like its PIO original it stops at `end`, keeps its phase across rate changes and
never jumps: an end that is already behind stops it where it is.
"""

from __future__ import annotations

from hal.compat import HALF, MASK

MICRO = 1_000_000


class StepGenerator:
    """Position by closed form from the last change. Unbounded; the counter is its low bits."""

    __slots__ = ("_end", "_stop", "base", "fence", "rate_mhz", "since")

    def __init__(self) -> None:
        self.base = 0  # millionths of a step at `since`
        self.since = 0
        self.rate_mhz = 0
        self.fence: int | None = None  # in millionths; hardware lets nothing past it
        self._end = 0  # the lease's end, in millionths
        self._stop = 0  # the nearer of end and fence, never behind base

    def micro(self, ms: int) -> int:
        """Position at `ms`, in millionths of a step."""
        rate = self.rate_mhz
        if rate == 0:
            return self.base
        position = self.base + rate * (ms - self.since)
        stop = self._stop
        if rate > 0:
            return position if position < stop else stop
        return position if position > stop else stop

    def count(self, ms: int) -> int:
        """Whole steps at `ms`."""
        return self.micro(ms) // MICRO

    def running(self, ms: int) -> bool:
        """Whether it still moves at `ms`."""
        return self.rate_mhz != 0 and self.micro(ms) != self._stop

    def stop_after_ms(self) -> float:
        """Time from the last change to the stop; infinite while no rate is set."""
        return (self._stop - self.base) / self.rate_mhz if self.rate_mhz else float("inf")

    def fenced(self, ms: int) -> bool:
        """Whether it stands at its fence."""
        return self.fence is not None and self.rate_mhz > 0 and self.micro(ms) >= self.fence

    def renew(self, ms: int, end: int) -> bool:
        """Take a new lease to counter value `end`; False where that changes the motion at `ms`.

        A generator that moves goes on, one that has stopped stays where it is: no event. An
        end that would stop it here, or set it going again, is one, and is left to `change`.
        """
        rate = self.rate_mhz
        if rate == 0:
            return True
        position = self.micro(ms)
        new_end = self._unwrap(position, end)
        new_stop = new_end if self.fence is None or rate < 0 else min(new_end, self.fence)
        ahead = new_stop > position if rate > 0 else new_stop < position
        if position == self._stop:
            return not ahead
        if ahead:
            self._end = new_end
            self._stop = new_stop
        return ahead

    def change(self, ms: int, rate_mhz: int, end: int | None = None) -> None:
        """Run at another rate from `ms` on, to counter value `end` (kept where it is None)."""
        position = self.micro(ms)
        if end is not None:
            self._end = self._unwrap(position, end)
        self.base = position
        self.since = ms
        self.rate_mhz = rate_mhz
        self._settle()

    def set_fence(self, fence: int | None) -> None:
        """Set or lift the fence. Call `change` first, so that `base` is the position now."""
        self.fence = fence
        self._settle()

    def _settle(self) -> None:
        stop = self._end
        if self.rate_mhz > 0:
            if self.fence is not None:
                stop = min(stop, self.fence)
            self._stop = max(stop, self.base)
        else:
            self._stop = min(stop, self.base)

    def _unwrap(self, position: int, end: int) -> int:
        count = position // MICRO
        return (count + ((((end - count) & MASK) ^ HALF) - HALF)) * MICRO

"""Virtual time: milliseconds since power-on, and the counter that wraps at 2**30."""

from __future__ import annotations

from collections.abc import Callable

from hal.compat import MASK

# A counter that starts here wraps 65 seconds after power-on.
NEAR_WRAP_MS = 2**30 - 65_000


class VirtualClock:
    """Matches hal.ports.Clock. `ms` is the world's: unbounded, and moves only by `advance`.

    The pump's own counter stands at `start_ms` when it boots. `fault(ms)`, where it is set, is
    what the firmware takes for `ms`.
    """

    __slots__ = ("_start", "fault", "ms", "start_ms")

    def __init__(self, start_ms: int = 0) -> None:
        self.start_ms = start_ms
        self._start = start_ms
        self.ms = 0
        self.fault: Callable[[int], int] | None = None

    def ticks_ms(self) -> int:
        """Now on the pump's counter, 0 … 2**30 - 1."""
        ms = self.ms if self.fault is None else self.fault(self.ms)
        return (self._start + ms) & MASK

    def restart(self) -> None:
        """The pump boots: its counter begins anew, the world's time goes on."""
        self._start = self.start_ms - self.ms

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass."""
        self.ms += ms

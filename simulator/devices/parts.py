"""The small parts of a simulated board: link, RTC, watchdog, entropy, secure counter, scratch."""

from __future__ import annotations

from random import Random

from hal import ports
from simulator.clock import VirtualClock
from simulator.plant import Plant

# A day in 2026; simulated pumps begin there.
_EPOCH_S = 200_000_000
_QUEUE_BYTES = 4096


class SimLink:
    """Bytes from and to the network; nothing passes while there is no carrier."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._in = bytearray()
        self.sent = bytearray()

    def deliver(self, data: bytes) -> None:
        """The network hands over bytes: lost without a carrier or past a full queue."""
        if self._plant.link_up:
            self._in += data[: _QUEUE_BYTES - len(self._in)]

    def receive(self, into: bytearray) -> int:
        """Copy what waits."""
        if not self._in:
            return 0
        count = min(len(into), len(self._in))
        into[:count] = self._in[:count]
        del self._in[:count]
        return count

    def send(self, data: bytes, count: int) -> int:
        """Take `count` bytes, or none without a carrier."""
        if not self._plant.link_up or count < 0:
            return 0
        count = min(count, len(data))
        self.sent += data[:count]
        return count


class SimRtc:
    """A clock that goes on without power."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def read_s(self) -> int:
        """Seconds since 2020-01-01."""
        return _EPOCH_S + self._clock.ms // 1000


class SimWatchdog:
    """Remembers when it was fed."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.fed_ms = 0

    def feed(self) -> None:
        """Start the period anew."""
        self.fed_ms = self._clock.ms


class SimEntropy:
    """Bytes that follow the seed: good for repeating a run, worth nothing as a secret."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"{seed}/entropy")

    def fill(self, into: bytearray) -> int:
        """Fill `into`."""
        into[:] = self._random.randbytes(len(into))
        return ports.OK


class SimCounter:
    """A counter that only rises."""

    def __init__(self) -> None:
        self.value = 0

    def read(self) -> int:
        """The count."""
        return self.value

    def advance(self) -> int:
        """Add one."""
        self.value += 1
        return ports.OK


class SimScratch:
    """A register that keeps its word until power is lost."""

    def __init__(self) -> None:
        self.word = 0

    def read(self) -> int:
        """The word."""
        return self.word

    def write(self, word: int) -> None:
        """Set it."""
        self.word = word


class NoIdentity:
    """No card, no reader."""

    def present(self) -> int:
        """Nobody."""
        return -1

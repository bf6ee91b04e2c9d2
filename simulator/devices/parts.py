"""The small parts of a simulated board: link, RTC, watchdog, entropy, secure counter, scratch.

Each awkward state of a part is one attribute; simulator/faults sets them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hal import ports
from simulator.clock import VirtualClock
from simulator.plant import Plant

# A day in 2026; simulated pumps begin there.
_EPOCH_S = 200_000_000
_QUEUE_BYTES = 4096


class PartitionHangs(BaseException):
    """Raised out of a call that never comes back. No `except Exception` of the firmware's may end it."""


class SimLink:
    """Bytes from and to the network; nothing passes while there is no carrier.

    `source(into)`, where it is set, gives what is received. `mute`: nothing is taken to be sent.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._in = bytearray()
        self.sent = bytearray()
        self.source: Callable[[bytearray], int] | None = None
        self.mute = False

    def deliver(self, data: bytes) -> None:
        """The network hands over bytes: lost without a carrier or past a full queue."""
        if self._plant.link_up:
            self._in += data[: _QUEUE_BYTES - len(self._in)]

    def receive(self, into: bytearray) -> int:
        """Copy what waits."""
        if self.source is not None:
            return self.source(into)
        if not self._in:
            return 0
        count = min(len(into), len(self._in))
        into[:count] = self._in[:count]
        del self._in[:count]
        return count

    def send(self, data: bytes, count: int) -> int:
        """Take `count` bytes, or none without a carrier."""
        if self.mute or not self._plant.link_up:
            return 0
        self.sent += data[:count]
        return count


class SimRtc:
    """A clock that goes on without power. `fault(s)`, where it is set, is what it reads."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.fault: Callable[[int], int] | None = None

    def read_s(self) -> int:
        """Seconds since 2020-01-01."""
        now_s = _EPOCH_S + self._clock.ms // 1000
        return now_s if self.fault is None else self.fault(now_s)


class SimWatchdog:
    """Remembers when it was fed. `dead`: it never bites."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.fed_ms = 0
        self.dead = False

    def feed(self) -> None:
        """Start the period anew."""
        self.fed_ms = self._clock.ms


class SimEntropy:
    """Bytes that follow the seed: good for repeating a run, worth nothing as a secret.

    `rc`: what `fill` answers. `constant`: all of them zero.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(f"{seed}/entropy")
        self.rc = ports.OK
        self.constant = False

    def fill(self, into: bytearray) -> int:
        """Fill `into`."""
        if not self.rc:
            into[:] = bytes(len(into)) if self.constant else self._random.randbytes(len(into))
        return self.rc


class SimCounter:
    """A counter that only rises. `absent`: it does not answer. `rc`: what `advance` answers."""

    def __init__(self) -> None:
        self.value = 0
        self.absent = False
        self.rc = ports.OK

    def read(self) -> int:
        """The count."""
        return -1 if self.absent else self.value

    def advance(self) -> int:
        """Add one."""
        if self.absent:
            return ports.ERR_ABSENT
        if not self.rc:
            self.value += 1
        return self.rc


class SimScratch:
    """A register that keeps its word until power is lost. `dead`: it reads 0."""

    def __init__(self) -> None:
        self.word = 0
        self.dead = False

    def read(self) -> int:
        """The word."""
        return 0 if self.dead else self.word

    def write(self, word: int) -> None:
        """Set it."""
        self.word = word


class NoIdentity:
    """No card, no reader."""

    def present(self) -> int:
        """Nobody."""
        return -1

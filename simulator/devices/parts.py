"""The small parts of a simulated board: link, RTC, watchdog, entropy, secure counter, scratch.

Each awkward state of a part is one attribute; simulator/faults sets them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hal import ports
from simulator.clock import VirtualClock
from simulator.plant import Plant
from simulator.power import ADVANCE, AFTER, PowerLost, Supply

# A day in 2026; simulated pumps begin there.
_EPOCH_S = 200_000_000
_QUEUE_BYTES = 4096
# The longest time that an RP2040's watchdog takes.
WATCHDOG_MS = 8_388


class PartitionHangs(KeyboardInterrupt):
    """Raised out of a call that never comes back: of what is raised, the only one that nobody may catch."""


class SimLink:
    """Bytes from and to the network; nothing passes while there is no carrier.

    `source(into)`, where it is set, gives what is received. `mute`: nothing is taken to be sent.
    """

    blocks_ms = 0  # nobody dials

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
        if self.mute or not self._plant.link_up or count < 0:
            return 0
        count = min(count, len(data))
        self.sent += data[:count]
        return count

    def reset(self) -> None:
        """What waited in the board's own buffers is gone."""
        self._in.clear()


class SimRtc:
    """A clock that goes on without power, as long as its own battery does.

    Set `battery_flat` for one that loses the time with the power, `dead` for one that does not
    answer, `offset_s` for one that somebody has set; `fault(s)`, where it is set, is what it reads.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.offset_s = 0
        self.battery_flat = False
        self.dead = False
        self.fault: Callable[[int], int] | None = None

    def read_s(self) -> int:
        """Seconds since 2020-01-01, or -1 where the part says that it does not know."""
        if self.dead:
            return -1
        now_s = _EPOCH_S + self.offset_s + self._clock.ms // 1000
        return now_s if self.fault is None else self.fault(now_s)

    def lose_power(self) -> None:
        """Live on the battery, or forget the time until somebody sets it."""
        self.dead = self.dead or self.battery_flat


class SimWatchdog:
    """Bites where it was not fed for WATCHDOG_MS. It begins with the first feed and cannot be stopped.

    `dead`: it never bites.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.fed_ms = -1
        self.dead = False

    def feed(self) -> None:
        """Start the period anew."""
        self.fed_ms = self._clock.ms

    def bites(self) -> bool:
        """Whether the period is over."""
        return not self.dead and self.fed_ms >= 0 and self._clock.ms - self.fed_ms >= WATCHDOG_MS

    def reset(self) -> None:
        """Off, until the firmware begins it."""
        self.fed_ms = -1


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
    """A counter that only rises, whole or not at all.

    `rc`: the part answers that and does nothing. `advance_rc`: only `advance` does.
    """

    def __init__(self, supply: Supply | None = None) -> None:
        self._supply = Supply() if supply is None else supply
        self.value = 0
        self.rc = self.advance_rc = ports.OK

    def read(self) -> int:
        """The count, or -1 where it does not answer."""
        return -1 if self.rc else self.value

    def advance(self) -> int:
        """Add one."""
        if self.rc or self.advance_rc:
            return self.rc or self.advance_rc
        cut = self._supply.begin(ADVANCE, 0, 0, 0)
        if cut is None or cut.where == AFTER:
            self.value += 1
        if cut is not None:
            raise PowerLost(cut)
        return ports.OK


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

"""A pump on an ideal board: exact generator, no plant, no noise. For claims and unit tests.

The step generator counts in millionths of a step and stops at the lease. A drop falls for each
50 µL that it moves, and a reservoir's level falls from where the caller sets it; other sensors
read what is set. What is claimed here is claimed of the firmware alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.app import App
from firmware.comms.raw import RawComms
from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.heads import VOLUMETRIC_STEP, step_volume
from firmware.therapy.prescription import Prescription
from hal import ports
from hal.compat import HALF, MASK, ticks_diff
from simulator.devices.parts import SimScratch, SimWatchdog

TICK_MS = 100
_UNITS = 3_600_000  # 1/3600 nL in a microlitre
_STEPS_A_DROP = 50 * _UNITS // VOLUMETRIC_STEP
SYRINGE = 5  # the one that every ideal syringe pump holds
_NO_REFUSAL = ports.OK
_AREA = 64 * 1024
_BLANK = b"\xff" * _AREA


class IdealClock:
    """Milliseconds since power-on, from `start` on the counter."""

    def __init__(self, start: int) -> None:
        self.ms = 0
        self.start = start

    def ticks_ms(self) -> int:
        """Now, modulo 2**30."""
        return (self.start + self.ms) & MASK


class IdealStore:
    """Keeps every record at once and takes no time, or answers `rc` while that is set."""

    def __init__(self, library: bytes = b"") -> None:
        self.rc = _NO_REFUSAL
        self.writes = 0
        # Later areas are made when something is written to them.
        self._areas = {area: bytearray(_BLANK) for area in range(ports.AREA_STAGE + 1)}
        self._areas[ports.AREA_LIBRARY][: len(library)] = library

    def size(self, area: int) -> int:
        """Bytes in an area, 0 for an area that is not there."""
        return _AREA if area < len(self._areas) else 0

    def read(self, area: int, offset: int, into: bytearray) -> int:
        """What stands there."""
        into[:] = self._areas.get(area, _BLANK)[offset : offset + len(into)]
        return ports.OK

    def write(self, area: int, offset: int, data: bytes) -> int:
        """Keep `data`, or refuse."""
        if self.rc == ports.OK:
            self._areas.setdefault(area, bytearray(_BLANK))[offset : offset + len(data)] = data
            self.writes += 1
        return self.rc

    def erase(self, area: int) -> int:
        """Begin anew, or refuse."""
        if self.rc == ports.OK:
            self._areas.setdefault(area, bytearray(_BLANK))[:] = _BLANK
        return self.rc

    def erase_block(self, area: int, offset: int) -> int:
        """Begin a block anew, or refuse."""
        if self.rc == ports.OK:
            self._areas[area][offset : offset + ports.BLOCK] = _BLANK[: ports.BLOCK]
        return self.rc


class SilentLink:
    """A link on which nothing ever comes."""

    def receive(self, into: bytearray) -> int:
        """No bytes."""
        return 0

    def send(self, data: bytes, count: int) -> int:
        """Taken and dropped."""
        return count


class IdealBoard:
    """Matches hal.ports.Board. `sensed` holds what `read` hands out."""

    def __init__(self, head: int, library: bytes = b"", start: int = 0) -> None:
        self.head = head
        self.clock = IdealClock(start)
        self.store = IdealStore(library)
        self.link = SilentLink()
        self.watchdog = SimWatchdog(self.clock)  # type: ignore[arg-type]  # of the clock it asks for `ms` alone
        self.scratch = SimScratch()
        self.rtc = None
        self.identity = None
        self.local = None
        self.counter = None
        self.entropy = None
        self.sensed = ports.Readings()
        self.sensed.flags = ports.RF_MAINS | ports.RF_LINK_UP
        self.keys: list[tuple[int, int]] = []
        self.position = 0  # steps, unbounded
        self._filled = (-1, 0)  # µL in the reservoir, and the position, when the caller set it
        self._micro = 0  # of a step
        self._rate = 0
        self._end = 0
        self.status: ports.Status | None = None

    def pass_ms(self, ms: int) -> None:
        """Let time pass: the generator runs to its lease's end at most."""
        self.clock.ms += ms
        if not self._rate:
            return
        micro = self._micro + self._rate * ms
        steps, self._micro = divmod(micro, 1_000_000)
        room = ticks_diff(self._end, self.position & MASK)
        if self._rate > 0 and steps > room:
            steps, self._micro = max(room, 0), 0
        elif self._rate < 0 and steps < room:
            steps, self._micro = min(room, 0), 0
        self.position += steps

    def read(self, readings: ports.Readings) -> None:
        """Copy what is sensed; the encoder follows the counter."""
        sensed = self.sensed
        for name in ("flags", "down_mmhg", "up_mmhg", "drips", "reservoir_ul", "size_um", "temperature_dc"):
            setattr(readings, name, getattr(sensed, name))
        if self.head == ports.HEAD_VOLUMETRIC:
            readings.drips = sensed.drips + max(self.position, 0) // _STEPS_A_DROP & MASK
        if sensed.reservoir_ul != self._filled[0]:
            self._filled = sensed.reservoir_ul, self.position
        if sensed.reservoir_ul > 0:
            pumped = (self.position - self._filled[1]) * step_volume(ports.HEAD_SYRINGE, SYRINGE) // _UNITS
            readings.reservoir_ul = max(sensed.reservoir_ul - pumped, 0)
        readings.battery_permille = sensed.battery_permille
        readings.step_count = readings.encoder_count = self.position & MASK
        readings.key, readings.key_value = self.keys.pop(0) if self.keys else (ports.KEY_NONE, 0)

    def write(self, drive: ports.Drive) -> None:
        """Give the generator its rate and its lease."""
        self._rate = drive.step_rate_mhz if drive.enable and drive.relay else 0
        self._end = drive.step_end

    def show(self, status: ports.Status) -> None:
        """Remember what is shown."""
        self.status = status


class NoGatekeeper:
    """Posts nothing."""

    def meet(self, remote: object) -> None:
        """Nobody is there to use it."""

    def step(self, inbox: object, facts: object, readings: object, post: object) -> None:
        """Nobody asks for anything."""


class IdealPump:
    """The firmware on an ideal board, past its self-test, with helpers that press and wait."""

    def __init__(
        self, head: int = ports.HEAD_VOLUMETRIC, library: bytes = b"", start: int = HALF - 1, dosing: object = None,
        guardian: object = None, make_gatekeeper: Callable[[Any], Any] | None = None, board: IdealBoard | None = None,
        make_comms: Callable[..., Any] = RawComms,
    ) -> None:
        """`make_gatekeeper(board)` gives one that judges; without it nobody is heard."""
        self.board = IdealBoard(head, library, start) if board is None else board
        gatekeeper = NoGatekeeper() if make_gatekeeper is None else make_gatekeeper(self.board)
        self.app = App(self.board, gatekeeper, make_comms=make_comms, dosing=dosing, guardian=guardian)
        self.controller = self.app.controller
        self.controller.library_ok = True
        self.run(2000)

    @property
    def state(self) -> int:
        """Delivery state."""
        return self.controller.delivery.state

    @property
    def status(self) -> ports.Status:
        """What the pump shows."""
        return self.controller.status

    def tick(self, ms: int = TICK_MS) -> None:
        """Let `ms` pass and take one turn."""
        self.board.pass_ms(ms)
        self.app.step()

    def run(self, ms: int) -> None:
        """Turn for `ms` at ten turns a second."""
        for _ in range(ms // TICK_MS):
            self.tick()

    def press(self, key: int, value: int = 0) -> None:
        """Press a key and turn once."""
        self.board.keys.append((key, value))
        self.tick()

    def programme(self, entries: list[tuple[int, int]]) -> int:
        """Enter fields and confirm; returns the message that answers."""
        self.press(ports.KEY_PROGRAMME)
        for field, value in entries:
            self.press(ports.KEY_FIELD + field, value)
        self.press(ports.KEY_CONFIRM)
        return self.status.message

    def break_glass(self, person: int) -> None:
        """Turn the key switch, give a number and hold the key for its three seconds."""
        self.board.sensed.flags |= ports.RF_KEY_SWITCH
        self.press(ports.KEY_FIELD + ports.FIELD_PERSON, person)
        self.press(ports.KEY_GLASS_ON)
        self.run(3_100)

    def start(self, rx: Prescription) -> None:
        """Programme `rx` as if confirmed, and start it."""
        if self.state == t.ST_STANDBY:
            self.press(ports.KEY_PROGRAMME)
        self.app.therapy.offer_prescription(rx)
        self.press(ports.KEY_START)
        self.tick()


def prescription(
    rate_ul_h: int, vtbi_ul: int = 0, policy: int = layout.POLICY_KVO, head: int = ports.HEAD_VOLUMETRIC
) -> Prescription:
    """A continuous infusion at `rate_ul_h`, limits wide open, for tests of what follows."""
    rx: Any = Prescription()  # its fields come from the table in layout
    rx.mode = layout.MODE_CONTINUOUS
    rx.policy = policy
    rx.head = head
    rx.syringe = SYRINGE if head == ports.HEAD_SYRINGE else 0
    rx.drug = 1
    rx.rate_hard_ul_h = 1_200_000
    rx.rate_soft_ul_h = 1_200_000
    rx.vtbi_ul = vtbi_ul
    rx.kvo_ul_h = min(1000, rate_ul_h)
    rx.pressure_mmhg = 525
    rx.air_single_ul = 100
    rx.add(layout.KIND_HOLD, rate_ul_h, 0, 0)
    return rx

"""A board whose sensors and motor are a plant. Matches hal.ports.Board.

Sensors are quantised to their converters' counts and carry noise that is a function of
(seed, channel, tick). What hardly changes is measured once a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from hal import ports
from hal.compat import MASK
from simulator.clock import VirtualClock
from simulator.devices.cards import Reader
from simulator.devices.flash import SimFlash
from simulator.devices.parts import SimCounter, SimEntropy, SimLink, SimRtc, SimScratch, SimWatchdog
from simulator.noise import Noise
from simulator.plant import Plant
from simulator.power import Supply

TICK_MS = 100
_SLOW_TICKS = 10
# A 12-bit converter over −100 … 1500 mmHg.
_COUNTS = 4096
_LOW_MMHG = -100
_SPAN_MMHG = 1600
_STOP_HOLD_MS = 300
# Two lithium cells, from the protection's cut-off to full.
_EMPTY_MV = 6_000
_SPAN_MV = 1_400


class SimBoard:
    """Wires a plant, a clock and small parts to the firmware's ports.

    Faults of sensors and drive are `filters` over what was measured and `drive_filters` over what
    is asked, each called with the time in ms; `panel_frozen` leaves what is shown as it was.
    """

    def __init__(self, clock: VirtualClock, plant: Plant, seed: int = 0, journal_bytes: int | None = None) -> None:
        self.clock = clock
        self.plant = plant
        self.head = plant.config.head
        self.supply = Supply()
        self.store = SimFlash(clock, self.supply, journal_bytes)
        self.link = SimLink(plant)
        self.rtc: SimRtc | None = SimRtc(clock)  # None: the board has none
        self.watchdog = SimWatchdog(clock)
        self.entropy = SimEntropy(seed)
        self.counter = SimCounter(self.supply)
        self.scratch = SimScratch()
        self.identity: Any = Reader(clock)  # None: the board has none
        self.local: Any = None
        self.filters: list[Callable[[ports.Readings, int], None]] = []
        self.drive_filters: list[Callable[[ports.Drive, int], None]] = []
        self._driven = ports.Drive()
        self.panel_frozen = False
        self.status: ports.Status | None = None
        self._keys: deque[tuple[int, int]] = deque()
        self._down = Noise(seed, 1, 2.0)
        self._up = Noise(seed, 2, 2.0)
        self._level = Noise(seed, 3, 15.0)
        self._warmth = Noise(seed, 4, 1.0)
        self._slow_tick = -1
        self._down_mmhg = self._up_mmhg = self._drips = 0
        self._stop_until = -1
        self._reservoir_ul = self._temperature_dc = self._battery = 0
        self._revision = -1  # of the plant, when `_bits` were gathered
        self._bits = 0
        self._syringe = plant.config.is_syringe
        self._size_um = plant.config.barrel_um
        # Where the counters, which begin at 0, have begun: in the plant's steps and drops.
        self._step_origin = self._encoder_origin = self._drip_origin = 0

    def reset(self) -> None:
        """The chip restarts: no step more, the relay falls open, counters begin anew, buffers are empty."""
        ms = self.clock.ms
        plant = self.plant
        self.write(ports.Drive())
        self._step_origin = plant.generator.count(ms)
        self._encoder_origin = plant.encoder(ms)
        self._drip_origin = plant.drips(ms)
        self.link.reset()
        self.watchdog.reset()
        if self.identity is not None:
            self.identity.reset()
        self._keys.clear()
        self.status = None

    def lose_power(self) -> None:
        """Beyond a reset: what only power kept."""
        self.reset()
        self.scratch.write(0)
        if self.rtc is not None:
            self.rtc.lose_power()

    def press(self, key: int, value: int = 0) -> None:
        """A person presses a key. Stop also closes the hardware gate at once, and is held a moment."""
        self._keys.append((key, value))
        if key == ports.KEY_STOP:
            self.plant.disturb("stop_held", self.clock.ms)
            self._stop_until = self.clock.ms + _STOP_HOLD_MS

    def read(self, r: ports.Readings) -> None:
        """Sense everything for this tick."""
        ms = self.clock.ms
        plant = self.plant
        if self._stop_until >= 0 and ms >= self._stop_until:
            self._stop_until = -1
            plant.disturb("stop_released", ms)
        r.step_count = plant.generator.count(ms) - self._step_origin & MASK
        r.encoder_count = plant.encoder(ms) - self._encoder_origin & MASK
        if plant.revision != self._revision:
            self._gather_bits()
        flags = self._bits
        if plant.gate_is_shut(ms):
            flags |= ports.RF_GATE_SHUT
        if not self._syringe and plant.air_at_detector(ms):
            flags |= ports.RF_AIR
        r.flags = flags
        if not plant.sensor_fault:
            self._measure(ms)
        self._hand_out(r)
        r.rtc_s = -1 if self.rtc is None else self.rtc.read_s()
        if self._keys:
            r.key, r.key_value = self._keys.popleft()
        else:
            r.key = ports.KEY_NONE
        for fault in self.filters:
            fault(r, ms)

    def write(self, drive: ports.Drive) -> None:
        """Pass the drive on."""
        end = drive.step_end + self._step_origin
        if self.drive_filters:
            drive = self._faulty(drive, end & MASK)
            end = drive.step_end
        self.plant.drive(self.clock.ms, drive.step_rate_mhz, end, drive.enable, drive.relay)

    def show(self, status: ports.Status) -> None:
        """Keep what is shown."""
        if not self.panel_frozen:
            self.status = status

    def _faulty(self, asked: ports.Drive, end: int) -> ports.Drive:
        """What the filters leave of a drive; its end is in the plant's own steps."""
        drive = self._driven
        drive.step_rate_mhz = asked.step_rate_mhz
        drive.step_end = end
        drive.enable = asked.enable
        drive.relay = asked.relay
        for fault in tuple(self.drive_filters):
            fault(drive, self.clock.ms)
        return drive

    def _gather_bits(self) -> None:
        """The flags that only a disturbance changes."""
        plant = self.plant
        self._revision = plant.revision
        self._bits = (
            plant.mains * ports.RF_MAINS
            | plant.link_up * ports.RF_LINK_UP
            | plant.door_open * ports.RF_DOOR_OPEN
            | plant.clamp_open * ports.RF_CLAMP_OPEN
            | plant.plunger_off * ports.RF_PLUNGER_OFF
            | plant.key_switch * ports.RF_KEY_SWITCH
            | plant.sensor_fault * ports.RF_SENSOR_FAULT
            | plant.stop_held * ports.RF_STOP_HELD
        )

    def _measure(self, ms: int) -> None:
        """Every analogue sensor, each tick or each second; a sensor fault leaves the last good values."""
        plant = self.plant
        tick = ms // TICK_MS
        self._down_mmhg = _sense(plant.down_mmhg(ms), self._down.at(tick))
        self._up_mmhg = _sense(plant.up_mmhg(ms), self._up.at(tick))
        if not self._syringe:
            self._drips = plant.drips(ms) - self._drip_origin & MASK
        second = tick // _SLOW_TICKS
        if second != self._slow_tick:
            self._measure_slow(ms, second)

    def _hand_out(self, r: ports.Readings) -> None:
        """What was measured last, good or stale."""
        r.down_mmhg = self._down_mmhg
        r.up_mmhg = self._up_mmhg
        r.drips = self._drips
        r.reservoir_ul = self._reservoir_ul
        r.temperature_dc = self._temperature_dc
        r.battery_permille = self._battery
        r.battery_mv = _EMPTY_MV + _SPAN_MV * self._battery // 1000
        r.size_um = self._size_um

    def _measure_slow(self, ms: int, second: int) -> None:
        self._slow_tick = second
        plant = self.plant
        if self._syringe:
            self._reservoir_ul = max(int(plant.reservoir_ul(ms)) + self._level.at(second), 0)
        else:
            self._reservoir_ul = -1
        self._temperature_dc = plant.temperature_dc + self._warmth.at(second)
        self._battery = plant.battery_permille(ms)


def _sense(mmhg: float, noise: int) -> int:
    """A pressure through the converter: noisy counts, back to whole mmHg."""
    counts = int((mmhg - _LOW_MMHG) * _COUNTS / _SPAN_MMHG) + noise
    counts = min(max(counts, 0), _COUNTS - 1)
    return counts * _SPAN_MMHG // _COUNTS + _LOW_MMHG

"""A board whose sensors and motor are a plant. Matches hal.ports.Board.

Sensors are quantised to their converters' counts and carry noise that is a function of
(seed, channel, tick). What hardly changes is measured once a second.
"""

from __future__ import annotations

from collections import deque

from hal import ports
from hal.compat import MASK
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.devices.parts import NoIdentity, SimCounter, SimEntropy, SimLink, SimRtc, SimWatchdog
from simulator.noise import Noise
from simulator.plant import Plant

TICK_MS = 100
_SLOW_TICKS = 10
# A 12-bit converter over −100 … 1500 mmHg.
_COUNTS = 4096
_LOW_MMHG = -100
_SPAN_MMHG = 1600
_STOP_HOLD_MS = 300


class SimBoard:
    """Wires a plant, a clock and small parts to the firmware's ports."""

    def __init__(self, clock: VirtualClock, plant: Plant, seed: int = 0) -> None:
        self.clock = clock
        self.plant = plant
        self.head = plant.config.head
        self.store = SimFlash(clock)
        self.link = SimLink(plant)
        self.rtc = SimRtc(clock)
        self.watchdog = SimWatchdog(clock)
        self.entropy = SimEntropy(seed)
        self.counter = SimCounter()
        self.identity = NoIdentity()
        self.status: ports.Status | None = None
        self._keys: deque[tuple[int, int]] = deque()
        self._down = Noise(seed, 1, 2.0)
        self._up = Noise(seed, 2, 2.0)
        self._level = Noise(seed, 3, 15.0)
        self._warmth = Noise(seed, 4, 1.0)
        self._slow_tick = -1
        self._stop_until = -1
        self._reservoir_ul = self._temperature_dc = self._battery = 0

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
        tick = ms // TICK_MS
        if self._stop_until >= 0 and ms >= self._stop_until:
            self._stop_until = -1
            plant.disturb("stop_released", ms)
        count = plant.generator.count(ms)
        r.step_count = count & MASK
        r.encoder_count = plant.encoder(ms) & MASK
        r.flags = self._flags(ms)
        if not plant.sensor_fault:
            r.down_mmhg = _sense(plant.down_mmhg(ms), self._down.at(tick))
            r.up_mmhg = _sense(plant.up_mmhg(ms), self._up.at(tick))
            if not plant.config.is_syringe:
                r.drips = plant.drips(ms) & MASK
            if tick // _SLOW_TICKS != self._slow_tick:
                self._measure_slow(ms, tick // _SLOW_TICKS)
            r.reservoir_ul = self._reservoir_ul
            r.temperature_dc = self._temperature_dc
            r.battery_permille = self._battery
            r.size_um = plant.config.barrel_um
        r.rtc_s = self.rtc.read_s()
        if self._keys:
            r.key, r.key_value = self._keys.popleft()
        else:
            r.key = ports.KEY_NONE

    def write(self, drive: ports.Drive) -> None:
        """Pass the drive on."""
        self.plant.drive(self.clock.ms, drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay)

    def show(self, status: ports.Status) -> None:
        """Keep what is shown."""
        self.status = status

    def _flags(self, ms: int) -> int:
        plant = self.plant
        flags = 0
        if plant.mains:
            flags |= ports.RF_MAINS
        if plant.link_up:
            flags |= ports.RF_LINK_UP
        if plant.door_open:
            flags |= ports.RF_DOOR_OPEN
        if plant.clamp_open:
            flags |= ports.RF_CLAMP_OPEN
        if plant.plunger_off:
            flags |= ports.RF_PLUNGER_OFF
        if plant.key_switch:
            flags |= ports.RF_KEY_SWITCH
        if plant.sensor_fault:
            flags |= ports.RF_SENSOR_FAULT
        if plant.stop_held:
            flags |= ports.RF_STOP_HELD
        if plant.gate_is_shut(ms):
            flags |= ports.RF_GATE_SHUT
        if not plant.config.is_syringe and plant.air_at_detector(ms):
            flags |= ports.RF_AIR
        return flags

    def _measure_slow(self, ms: int, second: int) -> None:
        self._slow_tick = second
        plant = self.plant
        if plant.config.is_syringe:
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

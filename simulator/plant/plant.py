"""Drive, line and reservoir, evaluated by one closed form from the last event.

Between events the generator runs at one rate, so the fluid sees at most three stretches:
slack being taken up, flow, and rest (the lease, a fence, an empty barrel or a stall ended
it). Pressure in a line of resistance R and compliance C relaxes exponentially to q·R; a
closed line fills as q·t/C. What reaches the patient is what was pumped less what the line
still holds. Looking at the plant changes nothing in it, so one jump equals many ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, inf, tau

from simulator.plant.config import PlantConfig
from simulator.plant.generator import MICRO, StepGenerator

# Breaking away, the stopper lets go of this share of what it stored.
_RELEASE = 0.6
# The hardware fence behind an air bubble, µL of air that may pass the detector.
_AIR_FENCE_UL = 500.0
_UPSTREAM_FLOOR_MMHG = -300.0

DISTURBANCES = {
    "occlude_downstream": "the line to the patient is closed",
    "occlude_upstream": "the line from the reservoir is closed",
    "clear_occlusion": "both lines are open again",
    "air": "a bubble of `ul` reaches the detector",
    "door_open": "the door is opened",
    "door_close": "the door is closed",
    "clamp_open": "the barrel clamp is lifted, or the set is taken out",
    "clamp_close": "the barrel clamp is closed, or the set is in place",
    "plunger_off": "the plunger leaves the driver",
    "plunger_on": "the plunger is held again",
    "mains_off": "mains power fails",
    "mains_on": "mains power is back",
    "temperature": "the case is at `dc` tenths of a degree Celsius",
    "free_flow_on": "fluid runs through the open line",
    "free_flow_off": "free flow ends",
    "motor_stall_on": "the screw stands still while steps are counted",
    "motor_stall_off": "the screw follows again",
    "sensor_fault_on": "a sensor stops answering",
    "sensor_fault_off": "the sensor answers again",
    "link_down": "the network has no carrier",
    "link_up": "the network has a carrier",
    "key_switch_on": "the key switch is turned",
    "key_switch_off": "the key switch is turned back",
    "reservoir": "the reservoir now holds `ul`",
    "stop_held": "the Stop key is down",
    "stop_released": "the Stop key is up",
}


class Plant:
    """Truths of the pump at any ms. Disturb it, drive it, look at it."""

    def __init__(self, config: PlantConfig, seed: int = 0) -> None:
        self.config = config
        self.generator = StepGenerator()
        self.gate_shut = False
        self.door_open = self.clamp_open = self.plunger_off = False
        self.mains = self.link_up = True
        self.key_switch = self.sensor_fault = self.stop_held = False
        self.occluded = self.occluded_up = self.free_flow = self.stalled = False
        self.temperature_dc = config.ambient_dc
        self._step_ul = config.step_ul
        self._stick_ul = config.stick_ul()
        self._ripple_ul = config.ripple_share() * config.ripple_ul() / tau
        self._ripple_k = tau / config.ripple_ul()
        self._enable = 0
        self._wanted_mhz = 0
        # State at the last event.
        self._at = 0
        self._slack_ul = config.play_ul()  # forward
        self._stored_ul = 0.0  # in the stopper
        self._moving = False
        self._mmhg = config.vein_mmhg
        self._up_mmhg = config.head_mmhg if not config.is_syringe else 0.0
        self._screw_ul = 0.0  # by the drive's own motion
        self._pumped_ul = 0.0
        self._delivered_ul = 0.0
        self._left_ul = float(config.reservoir_ul)
        self._missed = 0  # steps that the screw did not follow
        self._missed_base = 0
        self._air_from_ul = self._air_to_ul = -1.0
        self._battery = (0, 1000.0)  # (ms, permille) at the last change of mains
        # The stretches from the last event on, in ms.
        self._flow_from = inf
        self._flow_to = inf
        self._q = 0.0  # µL/ms while flowing
        # The last look.
        self._seen = -1
        self._p = self._mmhg
        self._out = 0.0
        self._in = 0.0
        self._screw = 0.0

    # What the board asks.

    def drive(self, ms: int, rate_mhz: int, end: int, enable: int, relay: int) -> None:
        """Pass a drive to the generator. Renewing a lease that is not reached is no event."""
        generator = self.generator
        if enable and not self._enable and self._gate_clear():
            self.gate_shut = False
            generator.fence = None
        self._enable = enable
        wanted = rate_mhz if enable and relay and not self.gate_shut else 0
        if generator.fenced(ms):
            self.gate_shut = True
            wanted = 0
        if wanted == self._wanted_mhz and (wanted == 0 or generator.running(ms)):
            generator.lease(ms, end)
            self._bound()
            return
        self._event(ms)
        self._wanted_mhz = wanted
        generator.change(ms, wanted)
        generator.lease(ms, end)
        self._plan()

    def disturb(self, name: str, ms: int, **arguments: float) -> None:
        """Change the world at `ms`; ValueError for a name that DISTURBANCES does not have."""
        if name not in DISTURBANCES:
            raise ValueError(f"no disturbance is named {name!r}; known: {', '.join(DISTURBANCES)}")
        self._event(ms)
        self._change(name, ms, arguments)
        if self.door_open or self.stop_held:
            self.gate_shut = True
            self._wanted_mhz = 0
            self.generator.change(ms, 0)
        self._plan()

    # Truths.

    def delivered_ul(self, ms: int) -> float:
        """Volume that has reached the patient."""
        self._look(ms)
        return self._out

    def pumped_ul(self, ms: int) -> float:
        """Volume that has left the head."""
        self._look(ms)
        return self._in

    def down_mmhg(self, ms: int) -> float:
        """Pressure in the line to the patient, at the head."""
        self._look(ms)
        return self._p

    def up_mmhg(self, ms: int) -> float:
        """Pressure in the line from the reservoir."""
        self._look(ms)
        if not self.occluded_up:
            return self._up_mmhg
        drop = (self._in - self._pumped_ul) / self.config.upstream_compliance_ul_mmhg
        return max(self._up_mmhg - drop, _UPSTREAM_FLOOR_MMHG)

    def flow_ul_h(self, ms: int) -> float:
        """Flow into the patient now."""
        if self.occluded:
            return 0.0
        return (self.down_mmhg(ms) - self.config.vein_mmhg) / self.config.resistance_mmhg_s_ul * 3600

    def reservoir_ul(self, ms: int) -> float:
        """Volume left in the syringe or bag."""
        self._look(ms)
        return self._left_ul - (self._in - self._pumped_ul)

    def air_at_detector(self, ms: int) -> bool:
        """Whether a bubble stands at the detector."""
        if self._air_to_ul < 0:
            return False
        self._look(ms)
        return self._air_from_ul <= self._in < self._air_to_ul

    def drips(self, ms: int) -> int:
        """Drops that have fallen in the drip chamber."""
        self._look(ms)
        return int(self._in / self.config.drop_ul)

    def encoder(self, ms: int) -> int:
        """Steps that the screw made: the counter less what it missed."""
        return self.generator.count(ms) - self._missed_at(ms)

    def gate_is_shut(self, ms: int) -> bool:
        """Whether the hardware gate holds the generator; latched."""
        return self.gate_shut or self.generator.fenced(ms)

    def battery_permille(self, ms: int) -> int:
        """Charge of the battery."""
        since, charge = self._battery
        if not self.mains:
            charge -= (ms - since) / (self.config.battery_h * 3600)
        return max(int(charge), 0)

    # Events.

    def _event(self, ms: int) -> None:
        """Make `ms` the moment from which the closed form starts."""
        self._look(ms)
        up = self.up_mmhg(ms)
        missed = self._missed_at(ms)
        flowed = self._flow_from < ms - self._at
        travelled = self._screw - self._screw_ul
        if travelled > 0:
            slack = max(self._slack_ul - travelled, 0.0)
            stored = min(self._stored_ul + max(travelled - self._slack_ul, 0.0), self._stick_ul)
            self._slack_ul = slack
            self._stored_ul = (1 - _RELEASE) * self._stick_ul if flowed else stored
        elif travelled < 0:
            self._slack_ul = min(self._slack_ul - travelled, self.config.play_ul())
        self._moving = flowed and self._flow_to > ms - self._at
        self._left_ul -= self._in - self._pumped_ul
        self._mmhg, self._up_mmhg = self._p, up
        self._screw_ul, self._pumped_ul, self._delivered_ul = self._screw, self._in, self._out
        self._missed = missed
        self._at = ms
        self._seen = -1

    def _plan(self) -> None:
        """Lay the stretches from the event on."""
        rate = self.generator.rate_mhz
        self._missed_base = self.generator.count(self._at)
        self._q = rate / MICRO * self._step_ul  # µL/ms
        self._flow_from = inf
        if rate > 0:
            slack = self._slack_ul + (0.0 if self._moving else self._stick_ul - self._stored_ul)
            self._flow_from = slack / self._q
        elif rate < 0:
            self._flow_from = (self.config.play_ul() - self._slack_ul) / -self._q
        if self.stalled:
            self._flow_from = inf
        self._seen = -1
        self._bound()

    def _bound(self) -> None:
        """Where the flow ends: the generator's stop, an empty barrel, a line that stalls the motor."""
        end = self.generator.stop_after_ms()
        if self._flow_from < inf and self._q > 0:
            room = self._left_ul
            if self.occluded:
                room = min(room, (self.config.stall_mmhg - self._mmhg) * self.config.compliance_ul_mmhg)
            if self.occluded_up:
                floor = (self._up_mmhg - _UPSTREAM_FLOOR_MMHG) * self.config.upstream_compliance_ul_mmhg
                room = min(room, floor)
            end = min(end, self._flow_from + max(room, 0.0) / self._q)
        self._flow_to = max(end, 0.0)

    def _screw_end(self) -> float:
        """When the screw stops: with the flow, or while it only takes up slack, with the generator."""
        return self._flow_to if self._flow_from < inf else (0.0 if self.stalled else self.generator.stop_after_ms())

    def _missed_at(self, ms: int) -> int:
        dt = ms - self._at
        end = self._screw_end()
        if not self.stalled and (dt <= end or end >= self.generator.stop_after_ms()):
            return self._missed
        made = int(self.generator.rate_mhz * min(max(end, 0.0), dt) / MICRO)
        moved = self.generator.count(ms) - self._missed_base
        return self._missed + max(moved - made, 0) if moved > 0 else self._missed

    # The closed form.

    def _look(self, ms: int) -> None:
        if ms == self._seen:
            return
        self._seen = ms
        dt = float(ms - self._at)
        self._screw = self._screw_ul + self._q * min(dt, self._screw_end())
        extra = self._free_ul_ms()
        start, end = self._flow_from, self._flow_to
        if start >= dt or start >= end:
            self._p, self._in, self._out = self._rest(self._mmhg, self._pumped_ul, self._delivered_ul, dt, extra)
            return
        p, pumped, out = self._rest(self._mmhg, self._pumped_ul, self._delivered_ul, start, extra)
        if self._q > 0 and not self._moving and self._stick_ul:
            freed = _RELEASE * self._stick_ul
            p += freed / self.config.compliance_ul_mmhg
            pumped += freed
        flow = min(dt, end) - start
        wave = self._wave(self._screw_ul + self._q * start, self._screw_ul + self._q * (start + flow))
        p, pumped, out = self._flowing(p, pumped, out, flow, self._q + extra, wave)
        if dt > end:
            p, pumped, out = self._rest(p, pumped, out, dt - end, extra)
        self._p, self._in, self._out = p, pumped, out

    def _wave(self, x0: float, x1: float) -> float:
        """Volume by which the periodic error of the head moves the flow between two travels."""
        return self._ripple_ul * (cos(self._ripple_k * x0) - cos(self._ripple_k * x1))

    def _free_ul_ms(self) -> float:
        open_barrel = self.config.is_syringe and (self.clamp_open or self.plunger_off)
        return self.config.siphon_ul_s / 1000 if self.free_flow or open_barrel else 0.0

    def _rest(self, p: float, pumped: float, out: float, dt: float, extra: float) -> tuple[float, float, float]:
        return self._flowing(p, pumped, out, dt, extra, 0.0) if dt > 0 else (p, pumped, out)

    def _flowing(
        self, p: float, pumped: float, out: float, dt: float, q: float, wave: float
    ) -> tuple[float, float, float]:
        """Pressure, pumped and delivered volume after `dt` ms at `q` µL/ms."""
        config = self.config
        compliance = config.compliance_ul_mmhg
        volume = q * dt + wave
        if self.occluded:
            return p + volume / compliance, pumped + volume, out
        settled = config.vein_mmhg + q * 1000 * config.resistance_mmhg_s_ul
        after = settled + (p - settled) * exp(-dt / (1000 * config.resistance_mmhg_s_ul * compliance))
        return after, pumped + volume, out + volume - compliance * (after - p)

    # Disturbances.

    def _gate_clear(self) -> bool:
        return not (self.door_open or self.stop_held)

    def _change(self, name: str, ms: int, arguments: dict[str, float]) -> None:
        flags: dict[str, tuple[str, bool]] = {
            "door_open": ("door_open", True), "door_close": ("door_open", False),
            "clamp_open": ("clamp_open", True), "clamp_close": ("clamp_open", False),
            "plunger_off": ("plunger_off", True), "plunger_on": ("plunger_off", False),
            "free_flow_on": ("free_flow", True), "free_flow_off": ("free_flow", False),
            "motor_stall_on": ("stalled", True), "motor_stall_off": ("stalled", False),
            "sensor_fault_on": ("sensor_fault", True), "sensor_fault_off": ("sensor_fault", False),
            "link_down": ("link_up", False), "link_up": ("link_up", True),
            "key_switch_on": ("key_switch", True), "key_switch_off": ("key_switch", False),
            "stop_held": ("stop_held", True), "stop_released": ("stop_held", False),
            "occlude_downstream": ("occluded", True), "occlude_upstream": ("occluded_up", True),
        }  # fmt: skip
        if name in flags:
            attribute, value = flags[name]
            setattr(self, attribute, value)
            return
        others: dict[str, Callable[[], None]] = {
            "clear_occlusion": self._clear,
            "air": lambda: self._bubble(ms, arguments.get("ul", 200.0)),
            "mains_off": lambda: self._mains(ms, False),
            "mains_on": lambda: self._mains(ms, True),
            "temperature": lambda: setattr(self, "temperature_dc", int(arguments["dc"])),
            "reservoir": lambda: setattr(self, "_left_ul", float(arguments["ul"])),
        }
        others[name]()

    def _clear(self) -> None:
        self.occluded = self.occluded_up = False
        self._up_mmhg = 0.0 if self.config.is_syringe else self.config.head_mmhg

    def _bubble(self, ms: int, ul: float) -> None:
        self._air_from_ul = self._pumped_ul
        self._air_to_ul = self._pumped_ul + ul
        if ul > _AIR_FENCE_UL:
            self.generator.fence = self.generator.count(ms) + int(_AIR_FENCE_UL / self._step_ul)

    def _mains(self, ms: int, on: bool) -> None:
        charge = float(self.battery_permille(ms))
        self.mains = on
        self._battery = (ms, charge)

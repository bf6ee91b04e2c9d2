"""Drive, line and reservoir, evaluated by one closed form from the last event.

Between events the generator runs at one rate, so the fluid sees at most three stretches:
slack being taken up, flow, and rest (the lease, a fence, an empty barrel or a stall ended
it). Events are a change of rate, direction, gate, relay or fault; a lease that is renewed in
time is none. Looking at the plant changes nothing in it, so one jump equals many ticks.
"""

from __future__ import annotations

from math import inf
from random import Random

from simulator.plant.air import Air
from simulator.plant.config import PlantConfig
from simulator.plant.disturbances import BITS, DISTURBANCES
from simulator.plant.generator import MICRO, StepGenerator
from simulator.plant.line import Line

__all__ = ["DISTURBANCES", "Plant"]

# A pump cannot draw the line to the reservoir below this.
_UPSTREAM_FLOOR_MMHG = -300.0


class Plant:
    """Truths of the pump at any ms from the last event on. Disturb it, drive it, look at it.

    `seed` turns the screw or the rollers to where they stand at power-on. Names with a
    leading underscore hold the state at the last event, in ms, µL and mmHg.
    """

    def __init__(self, config: PlantConfig, seed: int = 0) -> None:
        self.config = config
        self.generator = StepGenerator()
        self.line = Line(config)
        self.revision = 0  # rises with each disturbance
        self.gate_shut = False
        self.door_open = self.clamp_open = self.plunger_off = False
        self.mains = self.link_up = True
        self.key_switch = self.sensor_fault = self.stop_held = False
        self.gate_dead = self.air_gate_dead = self.gate_jammed = False
        self.occluded = self.occluded_up = self.free_flow = self.stalled = False
        self.temperature_dc = config.ambient_dc
        self._step_ul = config.step_ul
        self._play_ul = config.play_ul()
        self._stick_ul = config.stick_ul()
        self._enable = 0
        self._wanted_mhz = 0
        self._at = 0
        self._slack_ul = self._play_ul  # to be taken up before the head pushes
        self._stored_ul = 0.0  # travel that sticks in the stopper
        self._mmhg = config.vein_mmhg
        self._up_mmhg = 0.0 if config.is_syringe else config.head_mmhg
        self._travel_ul = Random(f"{seed}/screw").random() * config.ripple_ul()
        self._pumped_ul = self._siphoned_ul = self._delivered_ul = 0.0
        self._left_ul = float(config.reservoir_ul)
        self._missed = 0  # millionths of a step that the screw did not follow
        self._air = Air(config)
        self._battery = (0, 1000.0)  # (ms, permille) at the last change of mains
        self._free = False  # fluid runs by its own weight
        self._seen = -1
        self._now = (self._mmhg, 0.0, 0.0, 0.0)  # pressure, pumped, siphoned, delivered at `_seen`
        self._plan()

    # What the board asks.

    def drive(self, ms: int, rate_mhz: int, end: int, enable: int, relay: int) -> None:
        """Pass a drive to the generator. Renewing a lease that is not reached is no event."""
        if self.gate_shut and enable and not self._enable and not self._gate_held():
            self.gate_shut = False
        self._enable = enable
        wanted = rate_mhz if enable and relay and not self.gate_shut else 0
        if wanted == self._wanted_mhz and self.generator.renew(ms, end):
            return
        self._event(ms)
        if self.gate_shut:
            wanted = 0
        self._wanted_mhz = wanted
        self.generator.change(ms, wanted, end)
        self._plan()

    def disturb(self, name: str, ms: int, **arguments: float) -> None:
        """Change the world at `ms`. ValueError for an unknown name, or a value that is missing."""
        if name not in DISTURBANCES:
            raise ValueError(f"no disturbance is named {name!r}; known: {', '.join(DISTURBANCES)}")
        self._event(ms)
        self.revision += 1
        if name in BITS:
            attribute, value = BITS[name]
            setattr(self, attribute, value)
        self._carry_out(name, ms, arguments)
        if self._gate_held():
            self.gate_shut = True
        if self.gate_shut:
            self._wanted_mhz = 0
        self.generator.change(ms, self._wanted_mhz)
        self._free = self.free_flow or (self.config.is_syringe and (self.clamp_open or self.plunger_off))
        self.line.set(self.occluded, self._free)
        self._plan()

    # Truths.

    def delivered_ul(self, ms: int) -> float:
        """Volume that has reached the patient, air included."""
        self._look(ms)
        return self._now[3]

    def pumped_ul(self, ms: int) -> float:
        """Volume that the head has moved into the line."""
        self._look(ms)
        return self._now[1]

    def siphoned_ul(self, ms: int) -> float:
        """Volume that has entered the line by its own weight; negative where it drained back."""
        self._look(ms)
        return self._now[2]

    def held_ul(self, ms: int) -> float:
        """Volume that the line holds beyond what it held at the vein's pressure."""
        return self.config.compliance_ul_mmhg * (self.down_mmhg(ms) - self.config.vein_mmhg)

    def down_mmhg(self, ms: int) -> float:
        """Pressure in the line to the patient, at the head."""
        self._look(ms)
        return self._now[0]

    def up_mmhg(self, ms: int) -> float:
        """Pressure in the line from the reservoir."""
        if not self.occluded_up:
            return self._up_mmhg
        self._look(ms)
        drawn = self._now[1] - self._pumped_ul
        return max(self._up_mmhg - drawn / self.config.upstream_compliance_ul_mmhg, _UPSTREAM_FLOOR_MMHG)

    def flow_ul_h(self, ms: int) -> float:
        """Flow into the patient now."""
        flow = self.line.flow_to_vein(self.down_mmhg(ms))
        if self._free and self.reservoir_ul(ms) <= 0:
            return 0.0
        return flow * 3_600_000

    def reservoir_ul(self, ms: int) -> float:
        """Volume left in the syringe or bag."""
        self._look(ms)
        return max(self._left_ul - self._taken(), 0.0)

    def air_at_detector(self, ms: int) -> bool:
        """Whether a bubble, or the air of an empty bag, stands at the detector."""
        self._look(ms)
        return self._air.at(self._now[1] + self._now[2])

    def drips(self, ms: int) -> int:
        """Drops that have fallen in the drip chamber."""
        self._look(ms)
        return int((self._now[1] + self._now[2]) / self.config.drop_ul)

    def encoder(self, ms: int) -> int:
        """Steps that the screw made: the counter less what it missed."""
        position = self.generator.micro(ms)
        return (position - self._missed - self._overrun(position)) // MICRO

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

    def _gate_held(self) -> bool:
        """Whether something holds the hardware gate shut."""
        return self.gate_jammed or ((self.door_open or self.stop_held) and not self.gate_dead)

    def _event(self, ms: int) -> None:
        """Make `ms` the moment from which the closed form starts."""
        self._look(ms)
        up = self.up_mmhg(ms)
        screw_ms, flow_ms = self._durations(ms)
        travelled = self._q * screw_ms
        flowed = flow_ms - self._flow_from
        if self._q > 0 and flowed > 0 and self._stick_ul:
            stored = self._stored_ul + self._q * flowed
            self._stored_ul = stored - int(stored / self._stick_ul) * self._stick_ul
        self._slack_ul = min(max(self._slack_ul - travelled, 0.0), self._play_ul)
        self._travel_ul += travelled
        self._left_ul = max(self._left_ul - self._taken(), 0.0)
        self._up_mmhg = up
        self._mmhg, self._pumped_ul, self._siphoned_ul, self._delivered_ul = self._now
        self._missed += self._overrun(self.generator.micro(ms))
        self.gate_shut = self.gate_shut or self.generator.fenced(ms)
        self._at = ms

    def _plan(self) -> None:
        """Lay the stretches from the event on; the generator was changed at the same ms."""
        rate = self.generator.rate_mhz
        q = self._q = rate / MICRO * self._step_ul  # µL/ms
        self._flow_from = self._stall_ms = self._starve_ms = inf
        self._share = self.config.stick_share if q > 0 and self._stick_ul else 0.0
        held = not (self.config.is_syringe and (self.clamp_open or self.plunger_off))
        if q > 0 and held:
            self._flow_from = self._slack_ul / q
        elif q < 0 and held:
            self._flow_from = (self._play_ul - self._slack_ul) / -q
        self._begin = (self._mmhg, 0.0, 0.0)
        if 0 < self._flow_from < inf:
            self._begin = self.line.rest(self._mmhg, self._flow_from)
        if self._flow_from < inf and q > 0:
            self._limit(q)
        if self.stalled:
            self._stall_ms = 0.0
        self._screw_stop = self.generator.base + int(rate * self._stall_ms) if rate and self._stall_ms < inf else None
        if not self.config.is_syringe:
            self._lay_fence()
        self._ended: tuple[float, tuple[float, float, float, float]] | None = None
        self._seen = -1

    def _limit(self, q: float) -> None:
        """What else ends the flow: a line that stalls the motor, the barrel's end, a closed inlet."""
        self._stall_ms = self._flow_from + self.line.time_to(self._begin[0], self.config.stall_mmhg, q)
        if self.config.is_syringe:
            self._stall_ms = min(self._stall_ms, self._flow_from + self._left_ul / q)
        if self.occluded_up:
            room = (self._up_mmhg - _UPSTREAM_FLOOR_MMHG) * self.config.upstream_compliance_ul_mmhg
            self._starve_ms = self._flow_from + max(room, 0.0) / q

    def _lay_fence(self) -> None:
        """Where the air detector's gate stops the generator: so much air past the detector."""
        target = self._air.gate_ul()
        if target == inf or self.gate_dead or self.air_gate_dead:
            self.generator.set_fence(None)
            return
        steps = max(self._slack_ul + target - self._passed(), 0.0) / self._step_ul
        self.generator.set_fence(self.generator.base + int(steps * MICRO))

    def _carry_out(self, name: str, ms: int, arguments: dict[str, float]) -> None:
        try:
            if name == "clear_occlusion":
                self.occluded = self.occluded_up = False
                self._up_mmhg = 0.0 if self.config.is_syringe else self.config.head_mmhg
            elif name == "air":
                self._air.bubble(self._passed(), arguments.get("ul", 200.0), arguments.get("away_ul", 0.0))
            elif name == "door_open":
                self._air.draw_off(self._passed())
            elif name in ("mains_off", "mains_on"):
                self._battery = (ms, float(self.battery_permille(ms)))
                self.mains = name == "mains_on"
            elif name == "temperature":
                self.temperature_dc = int(arguments["dc"])
            elif name == "reservoir":
                self._left_ul = float(arguments["ul"])
                self._air.fill(self._passed(), self._left_ul)
        except KeyError as missing:
            raise ValueError(f"disturbance {name!r} needs {missing.args[0]}") from None

    # The closed form.

    def _passed(self) -> float:
        return self._pumped_ul + self._siphoned_ul

    def _taken(self) -> float:
        return self._now[1] + self._now[2] - self._passed()

    def _overrun(self, position: int) -> int:
        """Millionths of a step between the generator and a screw that has stopped since the event."""
        stop = self._screw_stop
        if stop is None:
            return 0
        over = position - stop
        return over if (over > 0) == (self._q > 0) else 0

    def _durations(self, ms: int) -> tuple[float, float]:
        """For how long since the event the screw has turned, and the head was not starved."""
        generator = self.generator
        turned = float(ms - self._at) if generator.running(ms) else generator.stop_after_ms()
        if generator.rate_mhz == 0:
            turned = 0.0
        turned = min(turned, self._stall_ms)
        return turned, min(turned, self._starve_ms)

    def _look(self, ms: int) -> None:
        """Fill `_now` with the truths at `ms`."""
        if ms == self._seen:
            return
        dt = float(ms - self._at)
        start = self._flow_from
        flow_ms = self._durations(ms)[1] if self._q else 0.0
        if flow_ms <= start:
            p, siphoned, out = self.line.rest(self._mmhg, dt)
            pumped = 0.0
        elif flow_ms == dt:
            p, siphoned, out, pumped = self._flow(flow_ms)
        else:
            p, siphoned, out, pumped = self._after(flow_ms, dt)
        if self._free:
            # An empty reservoir gives no more, whatever its height.
            excess = max(siphoned - max(self._left_ul - pumped, 0.0), 0.0)
            siphoned -= excess
            out -= excess
        self._now = (p, self._pumped_ul + pumped, self._siphoned_ul + siphoned, self._delivered_ul + out)
        self._seen = ms

    def _flow(self, flow_ms: float) -> tuple[float, float, float, float]:
        p, siphoned, out = self._begin
        start, q = self._flow_from, self._q
        p, more, through, pumped = self.line.run(
            p, flow_ms - start, q, self._travel_ul + q * start, self._stored_ul, self._share
        )
        return p, siphoned + more, out + through, pumped

    def _after(self, flow_ms: float, dt: float) -> tuple[float, float, float, float]:
        if self._ended is None or self._ended[0] != flow_ms:
            self._ended = (flow_ms, self._flow(flow_ms))
        p, siphoned, out, pumped = self._ended[1]
        p, more, through = self.line.rest(p, dt - flow_ms)
        return p, siphoned + more, out + through, pumped

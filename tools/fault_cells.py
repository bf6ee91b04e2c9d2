"""One fault, one state, one drug: what is broken, what is seen, and whether it is what was expected.

A cell starts from a snapshot, is struck, and goes on for its horizon beside a control that was
not. Volumes are of the plant: what the head moved into the line. A person then presses Stop.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from simulator.faults import KINDS
from simulator.names import ALARMS
from simulator.world import World
from tools.claims.alarms import EXPECTED as PRIORITIES
from tools.fault_notation import Alarm, Expected
from tools.fault_pumps import Stands, drug_of

# Disclosed bounds on what is given too much (docs/design.md), µL.
SLOW_UL_H = 20_000
BOUND_SLOW_UL = 30.0
BOUND_UL = 140.0
# Apart: a generator that ignores its lease, for one tick at the head's top speed, or a stall of 2 s
# and one, and what the encoder may lead before the guardian trips: half a lease and 6 µL.
APART_UL = {"volumetric": 700.0 + 56.0, "syringe": 90.0 + 56.0}
# Stop, door and air shut the gate in hardware.
GATE_MS = 100
HORIZON_MS = 20_000
TICK_MS = 100
_TAIL_MS = 3_000  # in which it is judged whether the motor runs
_SAME = 0.15  # of the control's motion
_CODES = {name[3:].lower(): getattr(al, name) for name in dir(al) if name.startswith("AL_")}


@dataclass
class Seen:
    """What came of a cell. Times in ms from the strike, volumes in µL against the control."""

    state: str = ""
    power: bool = False
    motion: float = 0.0  # steps in the tail, of the control's; 0 where neither moves
    still: bool = True
    over_ul: float = 0.0
    short_ul: float = 0.0
    alarms: dict[str, int] = field(default_factory=dict)  # code name -> when first shown
    priority: int = 0
    ended_ms: int = -1  # when motion first ended
    stop_ms: int = -1  # from a person's Stop to no motion
    escaped: str = ""


@dataclass
class Control:
    """The same pump unbroken: position and volume each tick, alarms, and where it stands at the end."""

    pumped: list[float]
    steps: list[int]
    states: list[int]
    alarms: set[str]
    flow_ul_h: float


def _shown(status: ports.Status) -> set[str]:
    found = {name for name, code in _CODES.items() if code < al.TRUST_BASE and status.therapy_alarms >> code & 1}
    return found | {
        name for name, code in _CODES.items()
        if code >= al.TRUST_BASE and code in ALARMS and status.trust_alarms >> (code - al.TRUST_BASE) & 1
    }  # fmt: skip


def _moves(world: World) -> bool:
    return world.plant.generator.running(world.clock.ms)


def _ended(world: World) -> int:
    """When the motor came to stand: a gate ends it between two ticks."""
    generator = world.plant.generator
    return generator.since if generator.rate_mhz == 0 else world.clock.ms


class Cells:
    """Pumps to be broken, and their controls. `change(app)` makes the broken one's firmware a mutant."""

    def __init__(self, change: Callable[[Any], None] | None = None) -> None:
        self._stands = Stands()
        self._change = change
        self._controls: dict[tuple[str, str], Control] = {}

    def run(self, kind: str, values: dict[str, Any], state: str, policy: str, horizon_ms: int) -> Seen:
        """Break one pump and look at it."""
        control = self._control(state, policy, horizon_ms + _TAIL_MS)
        world = self._stands.world(state, policy)
        if self._change is not None:
            self._change(world.home.app)  # type: ignore[attr-defined]
        seen = Seen()
        try:
            self._watch(world, control, kind, values, horizon_ms, seen)
        except Exception as escaped:  # whatever leaves the firmware is a finding, not the end of the evidence
            seen.escaped = f"{type(escaped).__name__}: {escaped}"
        return seen

    def _watch(
        self, world: World, control: Control, kind: str, values: dict[str, Any], horizon_ms: int, seen: Seen
    ) -> None:
        begun = world.clock.ms
        pumped = world.plant.pumped_ul(begun)
        world.inject(kind, **values)
        tail_from = 0
        while (ms := world.clock.ms - begun) < horizon_ms:
            world.tick()
            ms = world.clock.ms - begun
            over = world.plant.pumped_ul(world.clock.ms) - pumped - _at(control.pumped, ms)
            seen.over_ul = max(seen.over_ul, over)
            for name in _shown(world.status) - control.alarms:
                seen.alarms.setdefault(name, ms)
            if seen.ended_ms < 0 and not _moves(world):
                seen.ended_ms = _ended(world) - begun
            if ms <= horizon_ms - _TAIL_MS:
                tail_from = world.plant.encoder(world.clock.ms)
        now = world.clock.ms
        seen.short_ul = _at(control.pumped, now - begun) - (world.plant.pumped_ul(now) - pumped)
        steps = world.plant.encoder(now) - tail_from
        same = _step_at(control, now - begun) - _step_at(control, now - begun - _TAIL_MS)
        seen.motion = steps / same if same else 0.0
        seen.still = steps <= 1
        seen.state = t.DELIVERY_NAMES[world.status.delivery]
        seen.power = world.drive.relay != 0
        seen.priority = world.status.priority
        self._stop(world, seen)

    def _stop(self, world: World, seen: Seen) -> None:
        """A person presses Stop: how long the motor runs on, in steps of the plant's own time."""
        world.press(ports.KEY_STOP)
        pressed = world.clock.ms // TICK_MS * TICK_MS + TICK_MS  # the key goes down with the next tick
        while world.clock.ms - pressed < 1_000:
            world.tick()
            if not _moves(world):
                seen.stop_ms = max(_ended(world) - pressed, 0)
                return

    def _control(self, state: str, policy: str, horizon_ms: int) -> Control:
        place = (state, policy)
        known = self._controls.get(place)
        ticks = horizon_ms // TICK_MS
        if known is not None and len(known.pumped) > ticks:
            return known
        world = self._stands.world(state, policy)
        begun = world.clock.ms
        zero = world.plant.pumped_ul(begun)
        made = Control([0.0], [world.plant.encoder(begun)], [world.status.delivery], set(), 0.0)
        for _ in range(ticks + 1):
            world.tick()
            now = world.clock.ms
            made.pumped.append(world.plant.pumped_ul(now) - zero)
            made.steps.append(world.plant.encoder(now))
            made.states.append(world.status.delivery)
            made.alarms |= _shown(world.status)
        made.flow_ul_h = made.pumped[30] * 3_600_000 / 3_000
        self._controls[place] = made
        gc.freeze()  # the firmware collects after a fall; what stays is not looked through each time
        return made

    def control(self, state: str, policy: str, horizon_ms: int) -> Control:
        """The unbroken pump of a cell."""
        return self._control(state, policy, horizon_ms + _TAIL_MS)


def _at(values: list[float], ms: int) -> float:
    """A control's volume at `ms`, between its ticks."""
    place, rest = divmod(max(ms, 0), TICK_MS)
    if place + 1 >= len(values):
        return values[-1]
    return values[place] + (values[place + 1] - values[place]) * rest / TICK_MS


def _step_at(control: Control, ms: int) -> int:
    return control.steps[min(max(ms, 0) // TICK_MS, len(control.steps) - 1)]


def horizon_ms(expected: Expected, state: str, policy: str) -> int:
    """How long a cell is looked at: past whatever is to come."""
    latest = max((due_ms(one, state, policy) for one in expected.alarms), default=0)
    return max(HORIZON_MS, expected.look_ms, (latest // TICK_MS + 1) * TICK_MS + _TAIL_MS + 1_000)


# Rates by hand, µL/h: what flows in a state, for alarms that a volume brings about.
_PRIMING = {"syringe": 100_000, "volumetric": 600_000}


def flow_ul_h(state: str, policy: str) -> int:
    """What flows in `state`, µL/h; 0 where nothing does."""
    drug = drug_of(policy)
    return {
        "priming": _PRIMING[drug.head],
        "infusing": drug.rate * 1000,
        "bolus": (drug.rate + drug.bolus_rate) * 1000,
        "kvo": drug.kvo * 1000,
    }.get(state, 0)


def due_ms(alarm: Any, state: str, policy: str) -> int:
    """When an alarm must be shown at the latest."""
    if not alarm.after_ul:
        return int(alarm.within_ms)
    flow = flow_ul_h(state, policy)
    if state == "bolus":  # which ends
        flow = flow_ul_h("infusing", policy)
    return int(alarm.within_ms + alarm.after_ul * 3_600_000 // max(flow, 1))


def judge(seen: Seen, expected: Expected, control: Control, kind: str, state: str, policy: str) -> list[str]:
    """What differs from what was expected; empty where nothing does."""
    wrong = [seen.escaped] if seen.escaped else []
    if seen.escaped:
        return wrong
    horizon = horizon_ms(expected, state, policy)
    usual = t.DELIVERY_NAMES[control.states[min(horizon // TICK_MS, len(control.states) - 1)]]
    wrong += _outcome(seen, expected, usual)
    wrong += _volumes(seen, expected, state, policy)
    wrong += _told(seen, expected, state, policy)
    if expected.gate and not 0 <= seen.ended_ms <= GATE_MS:
        wrong.append(f"motion ended after {seen.ended_ms} ms")
    if not expected.no_stop and not 0 <= seen.stop_ms <= GATE_MS:
        wrong.append(f"after Stop the motor ran on for {seen.stop_ms} ms")
    return wrong


def _outcome(seen: Seen, expected: Expected, usual: str) -> list[str]:
    outcome = expected.outcome
    after = "infusing" if usual == "bolus" else usual  # a bolus that a reset interrupts is forfeited
    to = {"unchanged": usual, "resumed": after, "waits": "paused"}.get(outcome, outcome)
    wrong = [] if seen.state == to else [f"{seen.state}, {to} expected"]
    flows = outcome in ("unchanged", "resumed") and usual in ("priming", "infusing", "bolus", "kvo")
    if flows and not expected.starved and abs(seen.motion - 1) > _SAME:
        wrong.append(f"moves at {seen.motion:.2f} of its rate")
    if outcome in ("stopped", "failed", "waits", "paused", "standby", "complete", "programming") and not seen.still:
        wrong.append("the motor moves")
    if outcome == "failed" and seen.power:
        wrong.append("the motor has power")
    return wrong


def _volumes(seen: Seen, expected: Expected, state: str, policy: str) -> list[str]:
    if expected.asked:
        return []
    drug = drug_of(policy)
    bound = BOUND_SLOW_UL if flow_ul_h(state, policy) <= SLOW_UL_H else BOUND_UL
    if expected.apart:
        bound = APART_UL[drug.head]
    wrong = [f"{seen.over_ul:.0f} µL too much"] if seen.over_ul > bound else []
    lost = expected.less_ms * flow_ul_h(state, policy) / 3_600_000
    if expected.outcome == "unchanged" and not expected.starved and seen.short_ul > bound + lost:
        wrong.append(f"{seen.short_ul:.0f} µL too little")
    return wrong


def _told(seen: Seen, expected: Expected, state: str, policy: str) -> list[str]:
    wrong = []
    told = set(expected.may)
    for alarm in expected.alarms:
        due = due_ms(alarm, state, policy)
        if alarm.name == "doubt" and state == "self-test" and "self_test" in seen.alarms:
            alarm = Alarm("self_test", alarm.within_ms)
        told.add(alarm.name)
        if alarm.name not in seen.alarms:
            wrong.append(f"no alarm {alarm.name}")
        elif seen.alarms[alarm.name] > due:
            wrong.append(f"alarm {alarm.name} after {seen.alarms[alarm.name]} ms, {due} expected")
        elif seen.priority < PRIORITIES[_CODES[alarm.name]][0]:
            wrong.append(f"alarm {alarm.name}: priority {seen.priority} is shown")
    wrong += [f"alarm {name} was not expected" for name in sorted(set(seen.alarms) - told)]
    return wrong


def where_of(kind: str) -> str:
    """The port or partition of a kind."""
    return KINDS[kind].where

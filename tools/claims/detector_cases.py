"""Faults for the claim on detectors: what strikes, what must follow, and within what time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.files.programme import Programme, find_programme, load_programme
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import World
from tools import detector_table as table

Weaken = Callable[[App], None]
_Row = tuple[str, tuple[int, ...], dict[str, Any]]  # fault, heads, parameters
_S, _V = HEAD_SYRINGE, HEAD_VOLUMETRIC
_BOTH = (_S, _V)
# Pumps that infuse, with nothing that happens: 49.2 mL/h by syringe, 100 mL/h by roller.
_PROGRAMMES = {_S: "potassium-plunger", _V: "failing-sensors"}
RATES = {_S: 49_180, _V: 100_000}
_FREE_UL_S = {_S: 8.0, _V: 40.0}  # more than flows by itself through the plant's open line while the motor turns
_BEGUN_MS = 60_000


@dataclass(frozen=True)
class Case:
    """A fault of the catalogue on a pump that infuses. within_s decides where the detector has no fixed time."""

    detector: str
    fault: str
    heads: tuple[int, ...] = _BOTH
    given: Mapping[str, Any] = field(default_factory=dict)
    alarm: int = al.AL_DOUBT
    within_s: Callable[[int], int] | None = None


def _behind(head: int) -> int:
    return table.behind_s(RATES[head])


def _short(head: int) -> int:
    return table.short_s(head, RATES[head], chance_ul=table.STUCK_UL)


def _over(head: int) -> int:
    return table.over_s(head, _FREE_UL_S[head], RATES[head])


def _words() -> tuple[Case, ...]:
    """Bits that flip in words of which nothing else would tell in time."""
    words: tuple[_Row, ...] = (
        ("profile_index_flipped", (_S,), {}), ("step_rest_flipped", _BOTH, {"bit": 10}),
        ("step_volume_flipped", _BOTH, {}), ("commanded_flipped", _BOTH, {}), ("delivered_flipped", _BOTH, {"bit": 14}),
        ("vtbi_flipped", _BOTH, {}), ("vtbi_flipped", _BOTH, {"bit": 3}), ("window_flipped", _BOTH, {}),
        ("window_limit_flipped", _BOTH, {}), ("lockout_flipped", _BOTH, {}), ("alarms_flipped", _BOTH, {}),
        ("alarms_present_flipped", _BOTH, {}), ("pressure_limit_flipped", _BOTH, {}),
        ("air_limit_flipped", (_V,), {}), ("stall_limit_flipped", _BOTH, {}),
    )  # fmt: skip
    return tuple(Case("words", name, heads, given) for name, heads, given in words)


def _sensors() -> tuple[Case, ...]:
    fast: tuple[_Row, ...] = (
        ("step_count_stuck", _BOTH, {}), ("step_count_half", _BOTH, {}), ("encoder_jump", _BOTH, {}),
        ("encoder_double", _BOTH, {}), ("down_pressure_high", _BOTH, {}), ("down_pressure_low", _BOTH, {}),
        ("up_pressure_high", (_V,), {}),
    )  # fmt: skip
    slow: tuple[_Row, ...] = (
        ("temperature_low", _BOTH, {}), ("temperature_high", _BOTH, {}), ("reservoir_full", (_S,), {}),
        ("reservoir_absent", (_S,), {}),
    )  # fmt: skip
    return (
        *(Case("fast sensors", name, heads, given) for name, heads, given in fast),
        *(Case("slow sensors", name, heads, given) for name, heads, given in slow),
    )


CASES = (
    Case("state", "delivery_state_lost"),
    Case("state", "delivery_state_lost", given={"to": "paused"}),
    Case("trust state", "trust_state_lost", given={"to": "suspect"}, alarm=al.AL_ISOLATED),
    Case("tables", "delivery_table_flipped"),
    Case("tables", "delivery_table_flipped", given={"byte": 282}),
    Case("tables", "trust_table_flipped"),
    *_words(),
    Case("clock", "clock_stands"),
    Case("clock that survives power", "rtc_stands", alarm=al.AL_CLOCK),
    *_sensors(),
    *(
        Case("motor behind", name, alarm=al.AL_MOTOR, within_s=_behind)
        for name in ("generator_stuck", "generator_half", "relay_open", "gate_stuck_shut")
    ),
    Case("flow short", "drips_stuck", (_V,), alarm=al.AL_FLOW_LOW, within_s=_short),
    Case("flow short", "reservoir_stuck", (_S,), alarm=al.AL_FLOW_LOW, within_s=_short),
    Case("flow over", "free_flow", alarm=al.AL_FREE_FLOW, within_s=_over),
    Case("flow over", "drips_extra", (_V,), alarm=al.AL_FREE_FLOW, within_s=_over),
)
# What is odd for a moment, and no longer than that: (fault, parameters, heads, how long in ms).
MOMENTS: tuple[tuple[str, dict[str, Any], tuple[int, ...], int], ...] = (
    ("down_pressure_low", {}, _BOTH, 200), ("up_pressure_high", {}, (_V,), 200),
    ("encoder_jump", {"by": 200}, _BOTH, 200), ("temperature_low", {}, _BOTH, 1900),
    ("reservoir_full", {}, (_S,), 1900), ("drips_stuck", {}, (_V,), 5_000), ("reservoir_stuck", {}, (_S,), 10_000),
)  # fmt: skip


def bare(programme: Programme) -> Programme:
    """A programme without the faults that it injects."""
    return replace(programme, faults=())


def firmware(weaken: Weaken | None) -> Callable[[Any], App]:
    """Builds the firmware, and weakens it where a mutant asks for that."""

    def make(board: Any) -> App:
        app = App(board, ScriptedGatekeeper())
        if weaken is not None:
            weaken(app)
        return app

    return make


def infusing(head: int, seed: int, weaken: Weaken | None) -> World:
    """A pump that has infused for a while, and to which nothing happens."""
    programme = replace(bare(load_programme(find_programme(_PROGRAMMES[head]))), events=())
    world = World(programme, seed=seed, near_wrap=seed % 2 == 1, make_app=firmware(weaken))
    world.run(_BEGUN_MS + seed * 700)
    return world


def caught(case: Case, head: int, seed: int, weaken: Weaken | None) -> str:
    """Strike, and wait; what was wrong, or ''."""
    world = infusing(head, seed, weaken)
    if world.status.delivery != t.ST_INFUSING:
        return f"{case.fault}: it does not infuse"
    detector = table.BY_NAME[case.detector]
    within_ms = detector.within_ms if case.within_s is None else case.within_s(head) * 1000
    world.faults.inject(case.fault, case.given)
    deadline = world.clock.ms + (within_ms or 0)
    while world.clock.ms < deadline and not _followed(world, detector.effect, case.alarm):
        world.tick()
    if _followed(world, detector.effect, case.alarm):
        return ""
    state = t.DELIVERY_NAMES[world.status.delivery]
    return f"{case.fault} on head {head}: {state} after {within_ms} ms"


def _followed(world: World, effect: str, alarm: int) -> bool:
    status = world.status
    if effect == table.FAILED:
        right = status.delivery == t.ST_FAILED and world.drive.relay == 0 and status.priority == al.PRIORITY_HIGH
    elif effect == table.STOPPED:
        right = status.delivery == t.ST_STOPPED and world.drive.step_rate_mhz <= 0
    elif effect == table.ISOLATED:
        right = status.trust == t.TR_ISOLATED and status.delivery != t.ST_FAILED
    else:
        right = status.delivery == t.ST_INFUSING
    return right and world.home.app.controller.alarms.is_shown(alarm)  # type: ignore[attr-defined]


def passed_over(fault: str, given: Mapping[str, Any], head: int, last_ms: int, seed: int, weaken: Weaken | None) -> str:
    """Strike for a moment; what was wrong, or '': it infuses on, and no detector says anything."""
    world = infusing(head, seed, weaken)
    world.faults.inject(fault, given)
    world.run(world.clock.ms + last_ms)
    world.faults.clear(fault)
    world.run(world.clock.ms + 30_000)
    if world.status.delivery == t.ST_INFUSING and not told(world.status):
        return ""
    return f"{fault} for {last_ms} ms on head {head}: {t.DELIVERY_NAMES[world.status.delivery]}"


_DETECTED = (
    1 << al.AL_MOTOR | 1 << al.AL_FREE_FLOW | 1 << al.AL_DOUBT | 1 << al.AL_SELF_TEST | 1 << al.AL_FLOW_LOW
    | 1 << al.AL_SEQUENCE | 1 << al.AL_LATE
)  # fmt: skip


def told(status: Any) -> list[int]:
    """Alarms of the detectors that are shown."""
    found = [code for code in range(al.THERAPY_CODES) if (status.therapy_alarms & _DETECTED) >> code & 1]
    return found + ([al.AL_MEMORY] if status.trust_alarms >> al.AL_MEMORY - al.TRUST_BASE & 1 else [])

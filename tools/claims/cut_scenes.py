"""Stretches of shipped programmes in which the power is cut, and how they go when it is not.

A scene is a shipped programme with people of its own and the spans in which cuts fall. Its
reference is the run that nothing interrupts; beside it stand runs in which one person's act is
left out: power that goes while an act is being stored may leave it done or undone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.therapy import tables as t
from hal import ports
from simulator.clock import NEAR_WRAP_MS
from simulator.files.programme import Programme, find_programme, load_programme
from simulator.files.timeline import KEYS, Event
from simulator.power import Operation
from simulator.world import TICK_MS, World

FLOWING = (t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)
# After the last key of an act: its grant, its record, its effect.
_ACT_MS = 300
# How long the reference goes on behind the last cut: twice off and boot, and what is judged.
TAIL_MS = 75_000
_QUIET_MS = 500
MakeApp = Callable[[Any], Any]


@dataclass(frozen=True)
class Act:
    """Something that a person does at `at_ms`: 'press KEY', or 'titrate' to `milli` (confirmed `twice`)."""

    at_ms: int
    what: str
    milli: int = 0
    twice: bool = False

    def event(self) -> Event:
        """The timeline's event."""
        if self.what == "titrate":
            confirm = ((ports.KEY_CONFIRM, 0),) * (2 if self.twice else 1)
            keys = ((ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, self.milli), *confirm)
            return Event(self.at_ms, "titrate", self.milli, keys)
        return Event(self.at_ms, "press", KEYS[self.what], ((KEYS[self.what], 0),))

    @property
    def done_ms(self) -> int:
        """When it has surely taken effect."""
        return self.at_ms + (len(self.event().keys) - 1) * TICK_MS + _ACT_MS

    @property
    def is_bolus(self) -> bool:
        """Whether it asks for a bolus."""
        return self.what in ("patient_bolus", "clinician_bolus")


@dataclass(frozen=True)
class Scene:
    """Cuts fall into `spans`, [from, to) in ms. `whole`: only where every scene is asked for."""

    programme: str
    acts: tuple[Act, ...]
    spans: tuple[tuple[int, int], ...]
    journal_bytes: int | None = None
    whole: bool = False

    @property
    def end_ms(self) -> int:
        """When the last cut may fall."""
        return self.spans[-1][1]

    def holds(self, ms: int) -> bool:
        """Whether a cut at `ms` is asked for."""
        return any(first <= ms < last for first, last in self.spans)

    @property
    def boluses(self) -> tuple[Act, ...]:
        """The acts that ask for one."""
        return tuple(act for act in self.acts if act.is_bolus)

    def load(self, without: tuple[Act, ...] = ()) -> Programme:
        """The programme with the scene's people in place of its own, and nothing else of its timeline."""
        events = tuple(act.event() for act in self.acts if act not in without)
        return dataclasses.replace(load_programme(find_programme(self.programme)), events=events)

    def world(self, make_app: MakeApp | None = None, without: tuple[Act, ...] = (), home: str = "cpython") -> World:
        """A world at power-on. Half of the scenes begin near the clock's wrap."""
        near_wrap = len(self.programme) % 2 == 1
        return World(
            self.load(without), seed=7, home=home, near_wrap=near_wrap, make_app=make_app,
            journal_bytes=self.journal_bytes,
        )  # fmt: skip


# Where a counter stands that wraps while a run after a cut is judged.
SOON_WRAPS_MS = NEAR_WRAP_MS + 40_000


@dataclass(frozen=True, slots=True)
class Seen:
    """The pump and its patient after a tick. pumped_ul: by the step generator, since power-on; held_ul: by the line."""

    delivered_ul: float
    pumped_ul: float
    held_ul: float
    delivery: int
    rate_ul_h: int
    bolus: int
    lockout_s: int
    window_ul: int
    vtbi_ul: int

    @property
    def flows(self) -> bool:
        """Whether therapy moves the motor."""
        return self.delivery in FLOWING


def pumped_ul(world: World) -> float:
    """What the generator has pumped since power-on."""
    return world.plant.generator.micro(world.clock.ms) / 1_000_000 * world.plant.config.step_ul


def see(world: World) -> Seen:
    """Look at a world."""
    status = world.status
    return Seen(
        world.delivered_ul(), pumped_ul(world), world.plant.held_ul(world.clock.ms), status.delivery,
        status.rate_ul_h, status.bolus, status.lockout_s, status.window_ul, status.vtbi_ul,
    )  # fmt: skip


class Reference:
    """How a scene goes uninterrupted: what was seen each tick, and the store operations of each tick."""

    def __init__(self, scene: Scene, make_app: MakeApp | None = None) -> None:
        self.scene = scene
        self.off_limit_ms = scene.load().drug.off_limit * 1000
        self.seen: list[Seen] = []
        self.ticks: list[tuple[int, list[Operation]]] = []  # those of the spans that have some: (ms, operations)
        with scene.world(make_app) as world:
            self._watch(world)
        self._make_app = make_app
        self._without: dict[tuple[Act, ...], list[float]] = {}

    def _watch(self, world: World) -> None:
        scene, supply = self.scene, world.board.supply
        before = see(world)
        while world.clock.ms < scene.end_ms + TAIL_MS:
            supply.log = []
            world.tick()
            now = see(world)
            self._fill(self.seen, world.clock.ms, before)
            self.seen.append(now)
            before = now
            begun_ms = world.clock.ms // TICK_MS * TICK_MS  # an erase takes time within the tick
            if supply.log and scene.holds(begun_ms):
                self.ticks.append((begun_ms, supply.log))

    def _volumes(self, without: tuple[Act, ...]) -> list[float]:
        """Delivered volume each tick, some acts left out."""
        volumes: list[float] = []
        with self.scene.world(self._make_app, without) as world:
            while world.clock.ms < self.scene.end_ms + TAIL_MS:
                world.tick()
                now = world.delivered_ul()
                self._fill(volumes, world.clock.ms, now)
                volumes.append(now)
        return volumes

    @staticmethod
    def _fill(series: list[Any], ms: int, value: Any) -> None:
        """An erase may have skipped ticks."""
        while len(series) < ms // TICK_MS - 1:
            series.append(value)

    def quiet(self) -> list[int]:
        """Ticks, two a second, in which the power may go in no store operation."""
        return [ms for first, last in self.scene.spans for ms in range(first, last, _QUIET_MS)]

    def at(self, ms: int) -> Seen:
        """What was seen after the tick at `ms`, which is past the first."""
        return self.seen[min(max(ms // TICK_MS - 1, 0), len(self.seen) - 1)]

    def delivered_ul(self, ms: int) -> float:
        """Volume at `ms`."""
        return self.at(ms).delivered_ul

    def delivered_without_ul(self, acts: tuple[Act, ...], ms: int) -> float:
        """Volume at `ms`, some acts left out."""
        if acts not in self._without:
            self._without[acts] = self._volumes(acts)
        series = self._without[acts]
        return series[min(max(ms // TICK_MS - 1, 0), len(series) - 1)]

    def started_ms(self) -> int:
        """When therapy first flowed; past the end where it never did."""
        for place, seen in enumerate(self.seen):
            if seen.flows:
                return (place + 1) * TICK_MS
        return len(self.seen) * TICK_MS

    def pending(self, ms: int) -> Act | None:
        """The act that may be half done at `ms`."""
        for act in self.scene.acts:
            if act.at_ms <= ms <= act.done_ms:
                return act
        return None


def _acts(*rows: tuple[float, str] | tuple[float, int]) -> tuple[Act, ...]:
    """(seconds, key) or (seconds, thousandths of the dose's unit to titrate to)."""
    return tuple(
        Act(round(row[0] * 1000), row[1]) if isinstance(row[1], str) else Act(round(row[0] * 1000), "titrate", row[1])
        for row in rows
    )


# Two areas of 2 KiB turn every two minutes.
_SMALL = 2 * 1024
SCENES = (
    Scene(
        "norepinephrine-8h",  # sustain, syringe; titrated both ways, stopped, restarted, paused
        _acts((30, 150), (75, 80), (100, "stop"), (115, "start"), (135, "pause"), (150, "start")),
        ((2_000, 160_000),),
    ),
    Scene(
        "morphine-pca",  # both boluses, one asked for within the lock-out
        _acts(
            (20, "clinician_bolus"), (40, "patient_bolus"), (85, "patient_bolus"), (100, "pause"), (115, "start"),
            (135, "stop"),
        ),
        ((2_000, 145_000),),
    ),
    Scene(
        "fluid-bolus",  # primed, then 100 mL/h and a bolus at 999
        _acts((30, "clinician_bolus"), (50, "stop"), (65, "start")),
        ((2_000, 80_000),),
    ),
    Scene("insulin-slow", _acts((60, "pause"), (80, "start")), ((2_000, 95_000),)),  # confirmed past a soft limit
    Scene(
        "remifentanil-surgery",  # small areas, so that they turn
        _acts((40, 250), (70, 100), (90, "stop"), (110, "start")),
        ((20_000, 280_000),),
        journal_bytes=_SMALL,
    ),
    Scene(
        "heparin-continuous",  # volumetric, stops when help is gone
        _acts((20, 16_000), (45, "stop"), (60, "start"), (80, "pause")),
        ((2_000, 100_000),),
        journal_bytes=_SMALL,
        whole=True,
    ),
    Scene(
        "fentanyl-pca-no-basal",
        _acts((20, "patient_bolus"), (45, "patient_bolus"), (80, "pause"), (95, "start")),
        ((2_000, 110_000),),
        whole=True,
    ),
    Scene("milrinone-loading", (), ((598_000, 612_000),), whole=True),  # the loading dose ends
    Scene("oxytocin-steps", _acts((1_810, "stop")), ((1_794_000, 1_815_000),), whole=True),
    Scene("nutrition-taper", _acts((40, "stop"), (55, "start")), ((6_000, 70_000),), whole=True),
    Scene("vancomycin-intermittent", (), ((7_190_000, 7_210_000),), whole=True),  # a dose ends
    Scene("potassium-plunger", (), ((3_655_000, 3_675_000),), whole=True),  # all is in; the vein is kept open
    Scene("propofol-anaesthesia", (), ((595_000, 615_000),), whole=True),
    Scene("paclitaxel-on-time", _acts((60, "stop"), (80, "start")), ((2_000, 90_000),), whole=True),
)  # fmt: skip

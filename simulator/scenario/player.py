"""Plays a scenario in virtual time and judges what it recorded: the margin of each property."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from simulator.files.scenario import Judged, Scenario
from simulator.files.timeline import Event
from simulator.runner import Progress, Recorder, RunResult
from simulator.scenario import monitors
from simulator.scenario.formula import units_of
from simulator.scenario.signals import SIGNALS, VOCABULARY, Moment, Sampler
from simulator.scenario.stage import Stage
from simulator.world import World


@dataclass(frozen=True)
class Outcome:
    """What became of a property. unit: of its margin, '' where it is none or more than one.

    worst_s: when an 'always' came closest to failing, or failed most; else None. values: the signals then.
    idle: conditions of its implications that never came about.
    """

    judged: Judged
    margin: float
    unit: str
    worst_s: float | None
    values: dict[str, float]
    idle: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """A margin of 0 decides nothing, and counts as failing."""
        return self.margin > 0

    def json(self) -> dict[str, Any]:
        """As documented in docs/scenarios.md; a stable set of keys."""
        return {
            "name": self.judged.name,
            "kind": self.judged.kind,
            "holds": self.holds,
            "margin": round(self.margin, 6),
            "unit": self.unit,
            "worst_s": self.worst_s,
            "values": {name: round(value, 6) for name, value in self.values.items()},
            "idle": list(self.idle),
            "formula": self.judged.text,
        }


Undisturbed = tuple[list[float], list[float]]  # seconds, and mL delivered by then without the adversary


@dataclass(frozen=True)
class Played:
    """One run of a scenario. verdicts: (time, code of firmware.trust.verdict, whether it was the adversary's).

    unheard: what people asked for and the pump never said yes to: (who, what, ms).
    undisturbed: the same run without the adversary, None where no property asked for it.
    """

    scenario: Scenario
    run: RunResult
    outcomes: tuple[Outcome, ...]
    verdicts: tuple[tuple[float, int, bool], ...]
    signals: dict[str, list[float]]
    unheard: tuple[tuple[str, str, int], ...] = ()
    undisturbed: Undisturbed | None = None

    @property
    def holds(self) -> bool:
        """Whether every property does."""
        return all(outcome.holds for outcome in self.outcomes)

    @property
    def failing(self) -> list[Outcome]:
        """Those that do not."""
        return [outcome for outcome in self.outcomes if not outcome.holds]

    def json(self) -> dict[str, Any]:
        """A run's figures, and the properties besides; a stable set of keys."""
        return self.run.json() | {"holds": self.holds, "properties": [outcome.json() for outcome in self.outcomes]}


def play(
    scenario: Scenario,
    *,
    seed: int = 0,
    home: str = "cpython",
    near_wrap: bool = False,
    make_app: Callable[[Any], Any] | None = None,
    progress: Progress | None = None,
    undisturbed: Undisturbed | None = None,
    also: Sequence[str] = (),
    lacking: Container[str] = (),
) -> Played:
    """Run a scenario to its end and judge it.

    make_app: another firmware, in home cpython, for mutants. undisturbed: of an earlier run that differs in what the
    adversary does alone; it is then not played again. also: signals to record besides those of the properties.
    lacking: controls that the site does without (simulator.attack.controls). MonitorUnavailable where there is nothing
    to judge with; HomeError where the home cannot be had.
    """
    monitors.check_available()
    begun = time.perf_counter()
    stage = _stage(scenario, seed)
    stage.lacking = lacking
    world = {"seed": seed, "home": home, "near_wrap": near_wrap, "make_app": make_app}
    names = list(dict.fromkeys([*scenario.signals, *also]))
    if any(SIGNALS[name].needs == "attack" for name in names):
        if undisturbed is None:
            quiet = _stage(scenario, seed)
            quiet.lacking = lacking
            _, sampler = _record(scenario.without_adversary(), quiet, world, ["delivered"], None)
            undisturbed = sampler.times, sampler.values["delivered"]
        stage.undisturbed = undisturbed
    result, sampler = _record(scenario, stage, world, names, progress)
    outcomes = tuple(_judge(one, sampler) for one in scenario.properties)
    result.wall_s = time.perf_counter() - begun
    signals = {"t_s": sampler.times, **sampler.values}
    verdicts, unheard = tuple(stage.heard.codes), tuple(stage.unheard())
    return Played(scenario, result, outcomes, verdicts, signals, unheard, undisturbed)


def _stage(scenario: Scenario, seed: int) -> Stage:
    return Stage(scenario.people, seed, scenario.network, scenario.attack.positions if scenario.attack else ())


def _record(
    scenario: Scenario, stage: Stage, options: dict[str, Any], names: list[str], progress: Progress | None
) -> tuple[RunResult, Sampler]:
    """One run, with samples of the signals `names`."""
    programme = replace(scenario.programme, events=_events(scenario, stage))
    result = RunResult(scenario.name, scenario.title, options["seed"], options["home"])
    result.pressure_limit_mmhg = programme.therapy.pressure or programme.drug.pressure
    operator = scenario.people[scenario.operator] if scenario.operator is not None else None
    person = (operator.number, operator.pin) if operator is not None else None
    with World(programme, credentials=stage.record, person=person, cards=stage.cards, **options) as world:
        stage.enter(world)
        recorder = Recorder(world, result)
        sampler = Sampler(names, Moment(stage, recorder))
        _run(stage, recorder, sampler, scenario.duration_ms, progress)
        recorder.finish()
    result.events += [(at, f"adversary at {position}: {state}") for at, position, state in stage.chain]
    result.events.sort(key=lambda event: event[0])
    return result, sampler


def _events(scenario: Scenario, stage: Stage) -> tuple[Event, ...]:
    """What the world does and what is done to it, in the file's order."""
    found = [
        Event(do.at, do.verb, note=do.words, line=step.line, act=partial(do.act, stage))
        for step in scenario.steps
        for do in (step.action,)
    ]
    return tuple(sorted([*scenario.programme.events, *found], key=lambda event: (event.at_ms, event.line)))


def _run(stage: Stage, recorder: Recorder, sampler: Sampler, until_ms: int, progress: Progress | None) -> None:
    world = stage.world
    clock = world.clock
    while clock.ms < until_ms:
        stage.before()
        world.tick()
        stage.after()
        is_second = clock.ms % 1000 == 0
        if is_second:
            recorder.second(world)
            if progress is not None and clock.ms % 60_000 == 0:
                progress(clock.ms / 1000, until_ms / 1000)
        sampler.tick(is_second)


def _judge(one: Judged, sampler: Sampler) -> Outcome:
    first = next((place for place, at in enumerate(sampler.times) if at >= one.from_s), len(sampler.times))
    margin = monitors.margins(one.formula, sampler.values, first)[0]
    place = monitors.worst(one.formula, sampler.values, first)
    units = units_of(one.formula, VOCABULARY) - {""}
    return Outcome(
        one, margin, units.pop() if len(units) == 1 else "",
        None if place is None else sampler.times[place],
        {} if place is None else {name: sampler.values[name][place] for name in one.formula.names},
        tuple(str(node) for node in monitors.idle(one.formula, sampler.values, first)),
    )  # fmt: skip

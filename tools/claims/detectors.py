"""Evidence that therapy's detectors find what they are for, in time, and nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from firmware.therapy import tables as t
from firmware.therapy.heads import max_rate_ul_h
from hal import ports
from simulator.clock import NEAR_WRAP_MS, VirtualClock
from simulator.devices.board import SimBoard
from simulator.files.programme import PROGRAMMES, load_programme
from simulator.ideal import prescription
from simulator.names import ALARMS
from simulator.plant import Plant, PlantConfig
from simulator.world import World
from tools.claims import detector_cases as cases
from tools.claims import detector_checks as checks
from tools.claims import detector_mutants as mutants
from tools.claims.detector_cases import Weaken, told
from tools.claims.registry import Outcome, Report, claim

_TICK_MS = 100
_QUICK_MS = 8 * 60_000
_WHOLE_SEEDS = 2  # whole programmes, the rest of the seeds their beginnings


def quiet(name: str, seed: int, until_ms: int | None, weaken: Weaken | None) -> str:
    """A shipped programme without its faults: which detector spoke, or ''."""
    programme = cases.bare(load_programme(PROGRAMMES / f"{name}.yaml"))
    make_app = cases.firmware(weaken)
    spoke: set[int] = set()
    with World(programme, seed=seed, near_wrap=seed % 2 == 1, make_app=make_app) as world:
        world.run(until_ms or programme.duration_ms, lambda world: spoke.update(told(world.status)))
    return f"{name}, seed {seed}: {_words(spoke)}" if spoke else ""


def _words(spoke: set[int]) -> str:
    return ", ".join(ALARMS[code] for code in sorted(spoke))


# Plants as far from the default as a pump in order may be.
_PLANTS: tuple[dict[str, Any], ...] = (
    {}, {"scale": 0.95}, {"scale": 1.05}, {"compliance_ul_mmhg": 3.0}, {"ripple": 0.15}, {"backlash_ul": 25.0},
    {"stick_share": 0.9},
)  # fmt: skip


def steady(head: int, syringe: int, plant: dict[str, Any], seed: int, minutes: int, weaken: Weaken | None) -> str:
    """Slow and fast rates by turns, with pauses; which detector spoke, or ''."""
    clock = VirtualClock(NEAR_WRAP_MS if seed % 2 else 0)
    config = PlantConfig(head=head, syringe=syringe, **plant)
    board = SimBoard(clock, Plant(config, seed), seed)
    app = cases.firmware(weaken)(board)
    app.controller.library_ok = True
    top = max_rate_ul_h(head)
    rx: Any = prescription(100, head=head)
    rx.syringe = syringe
    rx.rate_hard_ul_h = rx.rate_soft_ul_h = top
    moves: list[Callable[[], None]] = [partial(board.press, ports.KEY_PAUSE), partial(board.press, ports.KEY_START)]
    rates = (100, top, 100, 1_000, top // 3, 5_000, 100, 25_000)
    moves += [partial(app.therapy.offer_titration, rate) for rate in rates]
    spoke: set[int] = set()
    begun = 0
    while clock.ms < minutes * 60_000:
        clock.advance(_TICK_MS - clock.ms % _TICK_MS)
        if clock.ms == 2_000:
            board.press(ports.KEY_PROGRAMME)
        elif clock.ms == 3_000:
            app.therapy.offer_prescription(rx)
            board.press(ports.KEY_START)
        elif clock.ms > 60_000 and clock.ms % 50_000 == 0:
            moves[begun % len(moves)]()
            begun += 1
        app.step()
        spoke.update(told(app.controller.status))
    if app.controller.delivery.state not in (t.ST_INFUSING, t.ST_PAUSED, t.ST_STOPPED):
        return f"head {head}, {plant}: {t.DELIVERY_NAMES[app.controller.delivery.state]}"
    return f"head {head}, syringe {syringe}, {plant}, seed {seed}: {_words(spoke)}" if spoke else ""


# The evidence.

Check = Callable[[], Iterator[str]]


def _one(check: Callable[..., str], *arguments: Any) -> Check:
    def run() -> Iterator[str]:
        wrong = check(*arguments)
        if wrong:
            yield wrong

    return run


def _checks(deep: bool, weaken: Weaken | None) -> Iterator[tuple[str, Check]]:
    """(what it is: a fault or a silence, the check)."""
    yield "fault", partial(checks.later_checks_join, weaken)
    yield "fault", partial(checks.sequence_is_noticed, weaken)
    yield "fault", partial(checks.late_ticks_are_told, weaken)
    yield "fault", partial(checks.memory_is_told, weaken)
    if weaken is None:
        yield "fault", checks.arithmetic_is_checked
    for seed in range(10 if deep else 1):
        for case in cases.CASES:
            for head in case.heads:
                yield "fault", _one(cases.caught, case, head, seed, weaken)
        for fault, given, heads, last_ms in cases.MOMENTS:
            for head in heads:
                yield "silence", _one(cases.passed_over, fault, given, head, last_ms, seed, weaken)
    names = sorted(path.stem for path in PROGRAMMES.glob("*.yaml"))
    for seed in range(10 if deep else 1):
        until_ms = None if deep and seed < _WHOLE_SEEDS else _QUICK_MS
        for name in names:
            yield "silence", _one(quiet, name, seed, until_ms, weaken)
    pumps = [(ports.HEAD_SYRINGE, code) for code in (1, 5)] + [(ports.HEAD_VOLUMETRIC, 0)]
    for head, syringe in pumps:
        for plant in _PLANTS if deep else _PLANTS[:1]:
            for seed in range(2 if deep else 1):
                yield "silence", _one(steady, head, syringe, plant, seed, 120 if deep else 12, weaken)


@claim(
    "detectors",
    "A state, a table, arithmetic or a word that is not what it was, sensors that read what cannot be, a motor that "
    "falls behind, flow that is not sensed or that nobody asked for, the same alarm thrice, a late tick and little "
    "memory are each found within the time that docs/detectors.md gives; odd moments, every shipped programme and "
    "plants at the ends of their tolerance are passed over in silence.",
    mutants={
        "the frame looks at nothing": mutants.becomes("controller.detectors.frame", mutants.Blind),
        "states are believed": mutants.becomes("controller.detectors", mutants.Trusting),
        "one odd reading is enough": mutants.becomes("controller.detectors.plausible", mutants.Jumpy),
        "flow is not compared": mutants.becomes("controller.detectors.flow", mutants.Deaf),
        "noise is taken for flow": mutants.becomes("controller.detectors.flow", mutants.Nervous),
        "starts are forgotten": mutants.becomes("controller.detectors.sequence", mutants.Forgetful),
        "memory is not looked at": mutants.becomes("memory", mutants.Careless),
    },
)
def detectors(deep: bool, subject: Any, report: Report) -> Outcome:
    """Faults of every kind, then silence; a mutant is given up at its first fault that is missed."""
    listed = list(_checks(deep, subject))
    findings: list[str] = []
    for done, (_, check) in enumerate(listed):
        findings += check()
        report(done + 1, len(listed))
        if findings and subject is not None:
            break
    faults = sum(kind == "fault" for kind, _ in listed)
    figure = f"{faults} faults and {len(listed) - faults} quiet runs, {len(findings)} off"
    return Outcome(not findings, figure, {"findings": findings})

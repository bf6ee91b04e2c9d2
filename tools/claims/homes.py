"""Evidence that one programme and seed give the same trace in every home."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from firmware.app import App
from firmware.therapy.dosing import Dosing
from simulator.files.programme import find_programme, load_programme, shipped_programmes
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import World
from tools.claims.registry import Outcome, Report, claim

SEEDS = 5
SHORT_MS = 600_000
_PROCESSES = 2


class RoundsUp(Dosing):
    """A mutant's arithmetic: a step rate one millihertz too high."""

    __slots__ = ()

    def drive(self, drive: Any, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, rate_ul_h, lease, count)
        drive.step_rate_mhz += 1


def rounds_up(board: Any) -> App:
    """Firmware whose step rate is rounded the other way."""
    return App(board, ScriptedGatekeeper(), dosing=RoundsUp())


def trace_in(home: str, name: str, seed: int, whole: bool, make_app: Any = None) -> tuple[str, int]:
    """Run a shipped programme, half of the runs near the wrap; its trace's hash and simulated ms."""
    programme = load_programme(find_programme(name))
    until_ms = programme.duration_ms if whole else min(SHORT_MS, programme.duration_ms)
    near_wrap = (seed + len(name)) % 2 == 1
    with World(programme, seed=seed, home=home, near_wrap=near_wrap, make_app=make_app) as world:
        world.run(until_ms)
        return world.trace.sha256, world.clock.ms


def compare(name: str, seed: int, whole: bool, make_app: Any) -> tuple[str, int]:
    """Return what differs between the two homes, or '', and the simulated ms."""
    ours, ms = trace_in("cpython", name, seed, whole, make_app)
    theirs, _ = trace_in("micropython", name, seed, whole)
    return ("" if ours == theirs else f"{name}, seed {seed}: {ours[:12]} and {theirs[:12]}"), ms


def _cases(seeds: int) -> list[tuple[str, int]]:
    return [(name, seed) for name in shipped_programmes() for seed in range(seeds)]


def _compared(cases: list[tuple[str, int]], whole: bool, subject: Any) -> Iterator[tuple[str, int]]:
    # Spawned, not forked: the caller may have threads.
    with ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(compare, name, seed, whole, subject) for name, seed in cases]):
            yield done.result()


@claim(
    "traces-equal",
    "Every shipped programme gives the same trace, to the bit, on CPython and on MicroPython, for five seeds each, "
    "across the clock's wrap in half of them.",
    mutants={"a rate rounded up": lambda: rounds_up},
)
def traces_equal(deep: bool, subject: Any, report: Report) -> Outcome:
    """Ten simulated minutes of each programme and seed, whole where `deep`. HomeError without MicroPython."""
    cases = _cases(SEEDS)
    if subject is not None:
        cases = cases[:1]  # one difference is enough
    differ: list[str] = []
    simulated_ms = 0
    compared = (
        (compare(name, seed, deep, subject) for name, seed in cases)
        if len(cases) == 1
        else _compared(cases, deep, subject)
    )
    for done, (what, ms) in enumerate(compared, 1):
        simulated_ms += ms
        if what:
            differ.append(what)
        report(done, len(cases))
    figure = f"{len(cases)} runs of {len(shipped_programmes())} programmes, {len(differ)} differ"
    return Outcome(not differ, figure, {"runs": len(cases), "differ": differ, "simulated_s": simulated_ms // 1000})

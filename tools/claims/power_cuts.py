"""Evidence that a loss of power at any moment of a store operation gives no dose twice and loses no stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from simulator.power import AFTER, BEFORE, ERASE, PLACES, REORDERED, SECTOR, TORN, WATCHDOG, WRITE, Cut, Operation
from simulator.snapshot import Snapshot
from simulator.world import TICK_MS
from tools.claims.cut_judge import Case, Judge
from tools.claims.cut_mutants import MUTANTS
from tools.claims.cut_scenes import SCENES, SOON_WRAPS_MS, MakeApp, Reference, Scene
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

OFF_MS = 2_000
SHALLOW = 40  # cuts in each scene
AT_LEAST = 50_000
OTHER_HOME = 8  # cuts in each of the scenes that are quick
_ROUNDS = 3
_REORDERINGS = 6
_ERASINGS = 12
_PARTS = 6  # of a scene, for the pool
_SHOWN = 20  # findings in the outcome's data


@dataclass
class Tally:
    """What came of some cuts."""

    cut: int = 0
    lost: int = 0  # did not survive
    other_home: int = 0  # of them, on the other interpreter too
    resumed: int = 0
    waited: int = 0
    over_ul: float = 0.0
    under_ul: float = 0.0
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in another's."""
        self.cut += other.cut
        self.lost += other.lost
        self.other_home += other.other_home
        self.resumed += other.resumed
        self.waited += other.waited
        self.over_ul = max(self.over_ul, other.over_ul)
        self.under_ul = max(self.under_ul, other.under_ul)
        self.findings += other.findings


def _places(operation: Operation) -> Iterator[tuple[str, int]]:
    """Every way in which the power may go at an operation: where, byte. What is torn follows the seed: in rounds."""
    yield BEFORE, 0
    for turn in range(_ROUNDS):
        if operation.kind == WRITE:
            for byte in range(operation.size):
                yield TORN, byte
            for again in range(_REORDERINGS):
                yield REORDERED, (again + 1) * operation.size // _REORDERINGS - 1
        elif operation.kind == ERASE:
            for again in range(_ERASINGS):
                yield TORN, (turn + again) * SECTOR % operation.size
    yield AFTER, 0


def cases(reference: Reference) -> list[Case]:
    """Every cut of a scene, in order of time. Its seed decides how long it lasts, and what else befalls the pump."""
    found: list[Case] = []
    for ms, operations in reference.ticks:
        for place, operation in enumerate(operations, 1):
            for where, byte in _places(operation):
                seed = len(found)
                off_ms = _off_ms(seed, reference)
                found.append(_case(ms, seed, (Cut(place, where, byte, seed, off_ms),), None))
    for ms in reference.quiet():
        found.append(_case(ms, len(found), (), _off_ms(len(found), reference)))
    return sorted(found, key=lambda case: case.at_ms)


def _off_ms(seed: int, reference: Reference) -> int:
    if seed % 64 == 10:
        return reference.off_limit_ms + OFF_MS  # too long to go on by itself
    return WATCHDOG if seed % 2 else OFF_MS


def _case(ms: int, seed: int, cuts: tuple[Cut, ...], quiet_ms: int | None) -> Case:
    if seed % 8 == 3:  # and again, while it boots or soon after
        again = seed // 8
        off_ms = WATCHDOG if again % 3 else OFF_MS
        cuts += (Cut(1 + again % 6, PLACES[again % len(PLACES)], again % 48, again, off_ms),)
    return Case(ms, cuts, quiet_ms, seed % 16 == 6, SOON_WRAPS_MS if seed % 4 == 1 else None)


def sample(reference: Reference, count: int) -> list[Case]:
    """Some of a scene's cuts: half of them where a person acts or something turns."""
    every = cases(reference)
    random = Random(f"{reference.scene.programme}/cuts")
    busy = [case for case in every if _is_busy(reference, case.at_ms)]
    quiet = [case for case in every if case.quiet_ms is not None]
    chosen: set[Case] = set()
    for group, share in ((busy, count // 2), (quiet, count // 4), (every, count)):
        chosen |= set(random.sample(group, min(share, count - len(chosen), len(group))))
    return sorted(chosen, key=lambda case: case.at_ms)


def _is_busy(reference: Reference, ms: int) -> bool:
    near = reference.pending(ms) or reference.pending(ms - 1_000)
    return near is not None or abs(ms - reference.started_ms()) < 1_000


def judge(reference: Reference, chosen: Iterable[Case], make_app: MakeApp | None, first_only: bool) -> Tally:
    """Carry out cuts in order of time, each from a snapshot of one run that goes on beside them."""
    tally = Tally()
    snapshot, snapshot_ms = None, -1
    with reference.scene.world(make_app) as world:
        for case in chosen:
            while world.clock.ms // TICK_MS * TICK_MS + TICK_MS < case.at_ms:
                world.tick()
            if snapshot is None or snapshot_ms != case.at_ms:
                snapshot, snapshot_ms = Snapshot(world), case.at_ms
            verdict = Judge(reference, case).run(snapshot)
            tally.cut += 1
            tally.lost += bool(verdict.findings)
            tally.resumed += verdict.resumed
            tally.waited += verdict.waited
            tally.over_ul = max(tally.over_ul, verdict.over_ul)
            tally.under_ul = max(tally.under_ul, verdict.under_ul)
            name = f"{reference.scene.programme}, {case}"
            tally.findings += [f"{name}: {finding}" for finding in verdict.findings]
            if tally.findings and first_only:
                break
    return tally


_REFERENCES: dict[int, Reference] = {}


def part(scene: int, place: int, make_app: MakeApp | None = None) -> Tally:
    """One part of a scene's cuts, in a process of the pool; the reference is run once in each process."""
    if scene not in _REFERENCES:
        _REFERENCES[scene] = Reference(SCENES[scene], make_app)
    reference = _REFERENCES[scene]
    return judge(reference, cases(reference)[place::_PARTS], make_app, first_only=False)


def _all_cuts(report: Report) -> Tally:
    """Every cut of every scene, and some of them on the other interpreter. HomeError without it."""
    tally = Tally()
    with spawned(None) as pool:
        tasks = [pool.submit(other_home, scene) for scene in range(len(SCENES)) if not SCENES[scene].whole]
        tasks += [pool.submit(part, scene, place) for scene in range(len(SCENES)) for place in range(_PARTS)]
        for done, task in enumerate(as_completed(tasks), 1):
            tally.add(task.result())
            report(done, len(tasks))
    return tally


def _some_cuts(make_app: MakeApp | None, report: Report) -> Tally:
    tally = Tally()
    scenes = [scene for scene in SCENES if not scene.whole]
    for done, scene in enumerate(scenes, 1):
        reference = Reference(scene, make_app)
        tally.add(judge(reference, sample(reference, SHALLOW), make_app, first_only=make_app is not None))
        if make_app is not None and tally.findings:
            break
        report(done, len(scenes))
    return tally


def in_home(scene: Scene, case: Case, home: str) -> tuple[Any, ...]:
    """Run a scene from power-on with the case's cuts in `home`; its traces and what befell the pump."""
    with scene.world(home=home) as world:
        while world.clock.ms // TICK_MS * TICK_MS + TICK_MS < case.at_ms:
            world.tick()
        world.board.supply.arm(*case.cuts)
        world.run(case.at_ms + 70_000)
        return world.trace.digest(), world.happened, world.delivered_ul()


def other_home(scene: int) -> Tally:
    """Hold some cuts of a scene on MicroPython against the same on CPython: traces, events and volume alike."""
    tally = Tally()
    for case in sample(Reference(SCENES[scene]), OTHER_HOME):
        tally.cut += 1
        tally.other_home += 1
        if in_home(SCENES[scene], case, "cpython") != in_home(SCENES[scene], case, "micropython"):
            tally.lost += 1
            tally.findings.append(f"{SCENES[scene].programme}, {case}: not the same on MicroPython")
    return tally


@claim(
    "power-cuts",
    "Power that goes before, inside or after a store operation (torn at each byte, reordered within the page, in an "
    "erase) or between two, for a moment or by a watchdog's reset, once or twice: the pump goes on within 2 s or waits "
    "with an alarm, gives nothing twice and at most 0.03 mL too much (0.14 mL above 20 mL/h), shortens no lock-out and "
    "no limit, and undoes no stop.",
    mutants={name: partial(MUTANTS.get, name) for name in MUTANTS},
)
def power_cuts(deep: bool, subject: Any, report: Report) -> Outcome:
    """Cuts of stretches of shipped programmes, each from a snapshot, judged for 60 s by the uninterrupted run."""
    tally = _all_cuts(report) if deep and subject is None else _some_cuts(subject, report)
    enough = tally.cut >= AT_LEAST if deep else tally.cut > 0
    figure = f"{tally.cut:,} cut, {tally.cut - tally.lost:,} survived"
    data = {
        "cut": tally.cut, "survived": tally.cut - tally.lost, "resumed": tally.resumed, "waited": tally.waited,
        "programmes": len(SCENES), "over_ul": round(tally.over_ul, 2), "under_ul": round(tally.under_ul, 2),
        "other_home": tally.other_home, "findings": tally.findings[:_SHOWN],
    }  # fmt: skip
    return Outcome(enough and not tally.findings, figure, data)

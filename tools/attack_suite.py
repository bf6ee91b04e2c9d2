"""Runs attacks side by side in processes, and puts what they came to together: the work behind `kvo attack`.

A job is an attack, a seed, a home and what the pump does without; or the search for the smallest sets. Each is played
by a pump of its own. What a run needs of another of its attack (the honest run) a process keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.attack import results as rs
from simulator.attack.controls.table import CONTROLS, PROFILES, in_order
from simulator.attack.run import Honest, attack_run, honest_run, said
from simulator.attack.search import LARGEST, Search
from simulator.files.scenario import Scenario, load_scenario, shipped_attacks, shipped_scenarios
from simulator.files.yaml_source import FileProblem, did_you_mean
from simulator.homes import HomeError, LinkLost
from simulator.scenario.plugins import add_verbs
from tools.pool import spawned

MINIMAL = "minimal"
Done = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """One piece of work. ablated: controls to do without, or (MINIMAL,) for the search. verbs: files that add some."""

    path: str
    seed: int
    home: str
    ablated: tuple[str, ...]
    verbs: tuple[str, ...] = ()


def shipped() -> dict[str, Path]:
    """Paths of the attacks that come with KVO, by name."""
    return {name: path for name, path in (shipped_scenarios() | shipped_attacks()).items() if _is_attack(path)}


def find(names: Iterable[str], verbs: Sequence[str] = ()) -> list[Path]:
    """Paths of attacks by shipped name, file, or folder of files. FileProblem for what is none of them."""
    _add(tuple(verbs))
    known = shipped()
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if name in known:
            found[known[name]] = None
        elif path.is_dir():
            inside = [one for one in sorted(path.rglob("*.yaml")) if _is_attack(one)]
            if not inside:
                raise FileProblem(path, 1, "there is no attack in this folder", "write one: kvo scenario new my-attack")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            said_or_problem(path)
            found[path] = None
        else:
            remedy = f"{did_you_mean(name, known)}; 'kvo attack --list' lists them"
            raise FileProblem(path, 1, "there is no such attack, file or folder", remedy)
    return list(found)


def _is_attack(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.startswith(("kvo: scenario/", "# ")) and "kvo: scenario/" in text and "\nattack:" in text


def said_or_problem(path: Path) -> rs.AttackSaid:
    """What is told of the attack in a file; FileProblem where it is none, or names a control that there is not."""
    scenario = load_scenario(path)
    try:
        return said(scenario)
    except ValueError as wrong:
        raise FileProblem(path, 1, str(wrong), "'kvo attack --controls' lists the controls") from None


def _add(verbs: tuple[str, ...]) -> None:
    for path in verbs:
        add_verbs(Path(path))


@lru_cache(maxsize=64)
def _scenario(path: str, verbs: tuple[str, ...]) -> Scenario:
    _add(verbs)
    return load_scenario(path)


@lru_cache(maxsize=256)
def _honest(path: str, verbs: tuple[str, ...], seed: int, ablated: tuple[str, ...]) -> Honest:
    return honest_run(_scenario(path, verbs), seed, ablated)


def work(job: Job) -> rs.AttackRun | tuple[rs.MinimalSets, list[rs.Cell]] | str:
    """Carry a job out; a text where it came to no verdict."""
    scenario = _scenario(job.path, job.verbs)
    try:
        if job.ablated == (MINIMAL,):
            search = Search(scenario, job.seed)
            return search.minimal(LARGEST), list(search.cells.values())
        honest = _honest(job.path, job.verbs, job.seed, job.ablated)
        return attack_run(scenario, seed=job.seed, home=job.home, ablated=job.ablated, honest=honest)
    except (HomeError, LinkLost) as error:
        return f"seed {job.seed}, home {job.home}: {error}"


def jobs_for(
    paths: Iterable[Path], seeds: Sequence[int], home: str, profiles: Iterable[tuple[str, ...]], minimal: bool,
    verbs: Sequence[str] = (),
) -> list[Job]:
    """Each attack, seed and set of controls; and the searches, with the first seed."""
    found = []
    for path in paths:
        given = (str(path), tuple(verbs))
        found += [Job(given[0], seed, home, ablated, given[1]) for ablated in profiles for seed in seeds]
        if minimal:
            found.append(Job(given[0], seeds[0], "cpython", (MINIMAL,), given[1]))
    return found


def run_jobs(jobs: Sequence[Job], processes: int | None = None, done: Done = lambda done, total: None) -> rs.Suite:
    """Carry jobs out, as many at a time as there are `processes` (None: cores), 1: in this process."""
    begun = time.perf_counter()
    results: dict[Job, Any] = {}
    if processes == 1 or len(jobs) == 1:
        for place, job in enumerate(jobs, 1):
            results[job] = work(job)
            done(place, len(jobs))
    else:
        with spawned(processes) as pool:
            waiting: dict[Future[Any], Job] = {pool.submit(work, job): job for job in jobs}
            for place, future in enumerate(as_completed(waiting), 1):
                try:
                    results[waiting[future]] = future.result()
                except BrokenProcessPool:
                    results[waiting[future]] = f"seed {waiting[future].seed}: its process ended"
                done(place, len(jobs))
    return _suite(jobs, results, time.perf_counter() - begun)


def _suite(jobs: Sequence[Job], results: dict[Job, Any], wall_s: float) -> rs.Suite:
    """In the order of the jobs, whichever was done first."""
    attacks: dict[str, rs.AttackSaid] = {}
    runs, minimal, cells, problems = [], [], [], []
    for job in jobs:
        scenario = _scenario(job.path, job.verbs)
        attacks.setdefault(scenario.name, said(scenario))
        found = results[job]
        if isinstance(found, str):
            problems.append((scenario.name, found))
        elif isinstance(found, rs.AttackRun):
            runs.append(found)
        else:
            minimal.append(found[0])
            cells += found[1]
    controls = tuple(rs.ControlSaid(one.name, one.says, one.where, one.layer) for one in CONTROLS.values())
    profiles = {name: in_order(found) for name, found in PROFILES.items()}
    return rs.Suite(
        controls, tuple(attacks.values()), tuple(runs), tuple(minimal), tuple(cells), tuple(problems), profiles,
        round(wall_s, 1),
    )  # fmt: skip

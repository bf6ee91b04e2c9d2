"""Evidence that one programme and seed give the same trace in every home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Any

from firmware.app import App
from firmware.therapy.dosing import Dosing
from simulator.files.programme import find_programme, load_programme, shipped_programmes
from simulator.homes.mpy import ROOT
from simulator.homes.webassembly import WebAssemblyHome, compiled
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import World
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

SEEDS = 5
# How far the first seed runs, and the others: short, and where deep, where the first runs whole.
# All claims have an hour between them.
SHORT_MS = (600_000, 120_000)
DEEP_MS = (10**9, 1_200_000)
DEVICES = ("micropython", "webassembly")
# A turn over a pipe waits more than it works: more runs than cores.
_PROCESSES = 4
DOSING = "firmware/therapy/dosing.py"


class RoundsUp(Dosing):
    """A mutant's arithmetic: a step rate one millihertz too high."""

    __slots__ = ()

    def drive(self, drive: Any, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, rate_ul_h, lease, count)
        drive.step_rate_mhz += 1


def rounds_up(board: Any) -> App:
    """Firmware whose step rate is rounded the other way."""
    return App(board, ScriptedGatekeeper(), dosing=RoundsUp())


def leaves_31_bits() -> bytes:
    """The device's files, but dosing passes through 2^30 on its way to the same sum."""
    source = (ROOT / DOSING).read_bytes()
    seeded = source.replace(b"rest = self._step_rest + units\n", b"rest = self._step_rest + units + 2**30 - 2**30\n")
    if seeded == source:
        raise ValueError(f"{DOSING} has no such line any more")
    return compiled({DOSING: seeded})


@dataclass(frozen=True)
class Subject:
    """A mutant: another firmware on CPython, or other files in the home webassembly."""

    make_app: Callable[[Any], Any] | None = None
    files: bytes | None = None


def trace_in(home: Any, name: str, seed: int, until_ms: int, make_app: Any = None) -> tuple[str, int]:
    """Run a shipped programme, half of the runs near the wrap; its trace's hash and simulated ms."""
    programme = load_programme(find_programme(name))
    near_wrap = (seed + len(name)) % 2 == 1
    with World(programme, seed=seed, home=home, near_wrap=near_wrap, make_app=make_app) as world:
        world.run(min(until_ms, programme.duration_ms))
        return world.trace.sha256, world.clock.ms


def compare(name: str, seed: int, until_ms: int, subject: Subject) -> tuple[list[str], int]:
    """Return where the trace differs from CPython's, and the simulated ms."""
    ours, ms = trace_in("cpython", name, seed, until_ms, subject.make_app)
    differ = []
    for device in DEVICES:
        home: Any = device
        if device == "webassembly" and subject.files is not None:
            home = WebAssemblyHome(subject.files)
        theirs, _ = trace_in(home, name, seed, until_ms)
        if theirs != ours:
            differ.append(f"{name}, seed {seed}: {ours[:12]} on cpython and {theirs[:12]} on {device}")
    return differ, ms


def cases(deep: bool) -> list[tuple[str, int, int]]:
    """Programme, seed and how far it runs (ms). The longest first: no process is left with one at the end."""
    first, others = DEEP_MS if deep else SHORT_MS
    return [(name, seed, others if seed else first) for seed in range(SEEDS) for name in shipped_programmes()]


def _compared(chosen: list[tuple[str, int, int]]) -> Iterator[tuple[list[str], int]]:
    with spawned(_PROCESSES) as pool:
        for done in as_completed([pool.submit(compare, *case, Subject()) for case in chosen]):
            yield done.result()


@claim(
    "traces-equal",
    "Every shipped programme gives the same trace, to the bit, on CPython, on MicroPython with 64-bit words and a heap "
    "of 384 KiB, and on MicroPython with 32-bit words and the heap locked in each tick, for five seeds each, across "
    "the clock's wrap in half of them.",
    mutants={
        "a rate rounded up": lambda: Subject(make_app=rounds_up),
        "a sum past 31 bits": lambda: Subject(files=leaves_31_bits()),
    },
)
def traces_equal(deep: bool, subject: Any, report: Report) -> Outcome:
    """Ten simulated minutes of each programme with one seed, two with four others; where `deep` whole, and twenty.

    HomeError where a home is not to be had.
    """
    chosen = cases(deep)
    if subject is not None:
        chosen = chosen[-1:]  # one difference is enough
    results = _compared(chosen) if subject is None else iter([compare(*chosen[0], subject)])
    differ: list[str] = []
    simulated_ms = 0
    for done, (found, ms) in enumerate(results, 1):
        simulated_ms += ms
        differ += found
        report(done, len(chosen))
    figure = (
        f"{len(chosen)} runs of {len(shipped_programmes())} programmes in {1 + len(DEVICES)} homes, "
        f"{simulated_ms // 1000:,} s in each, {len(differ)} differ"
    )
    return Outcome(not differ, figure, {"runs": len(chosen), "differ": differ, "simulated_s": simulated_ms // 1000})

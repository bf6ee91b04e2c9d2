"""Evidence that a pump which is nothing but a device keeps its dose through the demo's attacks, in every home."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firmware.therapy import tables as t
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.homes import micropython as home
from simulator.homes import mpy, webassembly
from tools.claims.registry import Outcome, Report, claim

SCRIPT = Path(__file__).resolve().parents[1] / "device" / "bare_demo.py"
# What of it and of the firmware the WebAssembly port is given, as bytecode.
FILES = (
    "firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "hal/bare",
    "tools/__init__.py", "tools/device/__init__.py", "tools/device/bare_demo.py",
)  # fmt: skip
HOUR_S = 3600
# Objects on the unix port are twice the size of those on a Pico.
HEAP = "384k"
# 0.1 ug/kg/min × 70 kg × 60 ÷ 64 ug/mL is 6.5625 mL/h, rounded down to whole µL/h.
RATE_UL_H = 6562
# Of one window: a step of 63 nL, the line's own lag, and the whole µL that the status shows.
BOUND_NL = 500
HEADS = {"volumetric": HEAD_VOLUMETRIC, "syringe": HEAD_SYRINGE}
# What happens to the pump meanwhile, and from which second to which the dose must be as if it did not.
WINDOWS = (
    ("nothing", 120, 300, t.TR_NORMAL),
    ("the link is cut", 360, 600, t.TR_OFFLINE),
    ("hostile traffic", 660, 960, t.TR_SUSPECT),
    ("compromised", 1560, 1740, t.TR_ISOLATED),
    ("on battery, isolated, cut off", 2640, 2940, t.TR_ISOLATED),
    ("isolated", 3180, 3480, t.TR_ISOLATED),
)
# Self-test, standby, programming, infusing, paused and stopped; normal to isolated.
_DELIVERY = 1 << t.ST_SELF_TEST | 1 << t.ST_STANDBY | 1 << t.ST_PROGRAMMING | 1 << t.ST_INFUSING | 1 << t.ST_PAUSED
_TRUST = 1 << t.TR_NORMAL | 1 << t.TR_OFFLINE | 1 << t.TR_SUSPECT | 1 << t.TR_ISOLATED


def in_cpython(seconds: int, head: int, mutant: str = "", typed: str = "") -> dict[str, Any]:
    """Play the demo, or what is typed (bare_demo.py), in a CPython of its own."""
    command = [sys.executable, str(SCRIPT), str(home.ROOT), str(seconds), str(head), mutant, typed]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def in_micropython(seconds: int, head: int, mutant: str = "", typed: str = "") -> dict[str, Any]:
    """Play it under MicroPython's unix port, its heap capped; HomeError where that is not to be had."""
    arguments = (str(home.ROOT), str(seconds), str(head), mutant, typed)
    found: dict[str, Any] = json.loads(home.run_to_line(SCRIPT, *arguments, heap=HEAP, timeout_s=600))
    return found


@functools.cache
def _files() -> bytes:
    return webassembly.bundle(mpy.compile_all(mpy.sources_of(*FILES)))


def on_32_bits(seconds: int, head: int, mutant: str = "", typed: str = "") -> tuple[dict[str, Any], bytes]:
    """Play it under MicroPython's WebAssembly port; what it found, and every byte of its panel. HomeError without."""
    arguments = (str(seconds), str(head), mutant, typed)
    said, panel = webassembly.run_to_end(_files(), "tools.device.bare_demo", *arguments, timeout_s=600)
    found: dict[str, Any] = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    return found, panel


def in_webassembly(seconds: int, head: int, mutant: str = "", typed: str = "") -> dict[str, Any]:
    """What `on_32_bits` found, the hash of its panel by the bytes that came out."""
    found, panel = on_32_bits(seconds, head, mutant, typed)
    return {**found, "panel_sha256": hashlib.sha256(panel).hexdigest(), "panel_bytes": len(panel)}


PLAYERS: dict[str, Callable[[int, int, str], dict[str, Any]]] = {
    "cpython": in_cpython,
    "micropython": in_micropython,
    "webassembly": in_webassembly,
}


def judge(found: dict[str, Any], seconds: int = HOUR_S) -> list[str]:
    """What is wrong with a run of the demo: the dose of each window, and the states that were to be seen."""
    wrong = []
    marks = {mark[0]: mark[1:] for mark in found["marks"]}
    for name, start, end, trust in WINDOWS:
        if end > seconds:
            continue
        due_nl = RATE_UL_H * (end - start) * 1000 // 3600
        given_nl = marks[end][0] - marks[start][0]
        commanded_ul = marks[end][1] - marks[start][1]
        if abs(given_nl - due_nl) > BOUND_NL:
            wrong.append(f"{name}: {given_nl / 1000:.3f} µL in {end - start} s, {due_nl / 1000:.3f} were due")
        if abs(commanded_ul * 1000 - given_nl) > BOUND_NL + 1000:
            wrong.append(f"{name}: {commanded_ul} µL were commanded, {given_nl / 1000:.3f} given")
        if marks[end][2:] != [t.ST_INFUSING, trust]:
            wrong.append(f"{name}: delivery {marks[end][2]}, trust {marks[end][3]}")
    if seconds >= HOUR_S:
        if found["delivery"] & _DELIVERY != _DELIVERY or not found["delivery"] >> t.ST_STOPPED & 1:
            wrong.append(f"delivery states seen: {found['delivery']:#x}")
        if found["trust"] != _TRUST or found["boots"] != 4:
            wrong.append(f"trust states seen: {found['trust']:#x}, {found['boots']} boots")
    return wrong


@claim(
    "bare-demo",
    "A pump that is nothing but an interpreter (firmware and a small plant) plays its demo for an hour of its own: "
    "link cut, hostile traffic, compromise, resets. In each of these windows the patient gets what was prescribed, to "
    "0.5 µL, and CPython, MicroPython with its heap capped at 384 KiB, and 32-bit MicroPython from a Pico's bytecode "
    "send the same bytes to the panel.",
    mutants={
        "the motor hangs on the link": lambda: "lets go",
        "one part in 182 is lost": lambda: "leaks",
        "the drug is one that stops": lambda: "stops when isolated",
    },
)
def bare_demo(deep: bool, subject: Any, report: Report) -> Outcome:
    """The volumetric head, both where `deep`; a mutant on CPython alone. HomeError where a home is missing."""
    heads = HEADS if deep else {"volumetric": HEAD_VOLUMETRIC}
    players = {"cpython": in_cpython} if subject is not None else PLAYERS
    wrong: list[str] = []
    data: dict[str, Any] = {}
    for name, head in heads.items():
        runs = {}
        with ThreadPoolExecutor(len(players)) as pool:  # each waits for a process of its own
            playing = {player: pool.submit(play, HOUR_S, head, subject or "") for player, play in players.items()}
            for place, (player, run) in enumerate(playing.items()):
                runs[player] = run.result()
                report(place + 1, len(players))
        wrong += [f"{name}: {what}" for what in judge(runs["cpython"])]
        wrong += [f"{name}: {player} differs" for player, run in runs.items() if run != runs["cpython"]]
        data[name] = {"panel_sha256": runs["cpython"]["panel_sha256"], "panel_bytes": runs["cpython"]["panel_bytes"]}
    figure = f"{len(heads) * len(players)} hours in {len(players)} interpreters, {len(wrong)} wrong"
    return Outcome(not wrong, figure, {"wrong": wrong, **data})

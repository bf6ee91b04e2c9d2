"""Evidence that tick and turn allocate nothing, on the interpreter that would have to pay for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from firmware.therapy import tables as t
from simulator.homes import micropython as home
from tools.claims.registry import Outcome, Report, claim
from tools.device import tour

_DEVICE = Path(__file__).resolve().parents[1] / "device"
SCRIPT = _DEVICE / "no_allocation.py"
TURN_SCRIPT = _DEVICE / "whole_turn.py"
PARTS_SCRIPT = _DEVICE / "pico_parts.py"
# Small, so that asking what is in use is quick; twice a Pico's, for objects of twice the size.
_HEAP = "600k"


@claim(
    "tick-allocates-nothing",
    "With MicroPython's heap locked the tick runs through every delivery state, at the ends of both heads' ranges, "
    "and asks for no memory.",
    mutants={"keeps a tuple": lambda: "keeps a tuple"},
)
def tick_allocates_nothing(deep: bool, subject: Any, report: Report) -> Outcome:
    """The tour on MicroPython (HomeError without it); there is nothing more to do where `deep`."""
    found = _run(SCRIPT, subject)
    states = bin(found["visited"]).count("1")
    bad = found["refused"] + found["grown"] + len(found["faults"])
    figure = f"{found['ticks']:,} ticks in {states} of {tour.STATES} states, {bad} asked for memory"
    return Outcome(bad == 0 and states == tour.STATES, figure, found)


@claim(
    "turn-allocates-nothing",
    "With MicroPython's heap locked the whole turn (read, tick, write, gatekeeper, mailboxes, the watch over comms) "
    "goes on through a steady infusion, while hostile bytes come in and the link goes and comes, and asks for no "
    "memory.",
    mutants={"binds a method at each turn": lambda: "binds"},
)
def turn_allocates_nothing(deep: bool, subject: Any, report: Report) -> Outcome:
    """A pump by itself on MicroPython (HomeError without it); there is nothing more to do where `deep`."""
    found = _run(TURN_SCRIPT, subject)
    bad = found["refused"] + found["grown"]
    runs = found["delivery"] == t.ST_INFUSING and found["trust"] == t.TR_SUSPECT
    figure = f"{found['turns']:,} turns, {bad} asked for memory"
    return Outcome(bad == 0 and runs, figure, found)


@claim(
    "pico-parts-allocate-nothing",
    "With MicroPython's heap locked the drivers of the Pico's sensors, panel and UART do what a turn asks of them, "
    "while keys are typed, contacts change and the bus refuses and times out, and ask for no memory.",
    mutants={"keeps a pair": lambda: "keeps a pair"},
)
def pico_parts_allocate_nothing(deep: bool, subject: Any, report: Report) -> Outcome:
    """The drivers on MicroPython with parts of make-believe (HomeError without it); no more where `deep`."""
    found = _run(PARTS_SCRIPT, subject)
    bad = len(found["refused"]) + found["grown"]
    lived = found["keys"] > 0 and found["failures"] > 0 and found["freed"] > 0 and found["rtc_s"] > 0
    figure = f"{found['calls']:,} calls, {found['keys']} keys, {found['failures']} faults, {bad} asked for memory"
    return Outcome(bad == 0 and lived, figure, found)


def _run(script: Path, mutant: Any) -> dict[str, Any]:
    arguments = (str(home.ROOT), *([mutant] if mutant else []))
    found: dict[str, Any] = json.loads(home.run_to_line(script, *arguments, heap=_HEAP))
    return found

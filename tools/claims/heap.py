"""Evidence that the tick allocates nothing, on the interpreter that would have to pay for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.homes import micropython as home
from tools.claims.registry import Outcome, Report, claim
from tools.device import tour

SCRIPT = Path(__file__).resolve().parents[1] / "device" / "no_allocation.py"
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
    said = home.run_script(SCRIPT, str(home.ROOT), *([subject] if subject else []), heap=_HEAP)
    try:
        found = json.loads(said)
    except json.JSONDecodeError:
        return Outcome(False, f"{SCRIPT.name} printed no result: {said[-500:]!r}")
    states = bin(found["visited"]).count("1")
    bad = found["refused"] + found["grown"] + len(found["faults"])
    figure = f"{found['ticks']:,} ticks in {states} of {tour.STATES} states, {bad} asked for memory"
    return Outcome(bad == 0 and states == tour.STATES, figure, found)

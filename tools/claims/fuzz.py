"""Evidence that no bytes a stranger may send crash, hang, take memory past a bound, or pass for authentic."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tools.claims.registry import Outcome, Report, claim
from tools.fuzz.campaign import Campaign
from tools.fuzz.mutants import PLANTED
from tools.fuzz.run import Result, fuzz

SHORT = {"cbor": 3_000, "cose": 3_000, "ccm": 3_000, "messages": 2_000, "mqtt": 2_000}
FOR_MUTANTS = 100_000  # at most: a planted fault ends the run
# By what a target's inputs cost: some ten minutes of two cores in all.
DEEP = {"cbor": 5_000_000, "cose": 3_000_000, "ccm": 200_000, "messages": 500_000, "mqtt": 1_500_000}
# Where the deep run keeps what it reached, and takes up.
KEPT = Path(__file__).resolve().parents[2] / "build" / "fuzz"


@claim(
    "fuzz",
    "Of millions of inputs, chosen by the code they reach, none makes the CBOR decoder, COSE, AES-CCM, the gatekeeper "
    "or the pump's MQTT client raise anything, hang, work or take memory past its bound. No second encoding of a value "
    "is taken, and no message or text that was not made with the key; each message comes to the code that the rules, "
    "written a second time, say; what comms hands on is what a plain reader of the standard finds.",
    mutants={name: partial(str, name) for name in PLANTED},
)
def fuzzing(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Some thousand inputs for each target; where `deep` ten million, kept in build/fuzz.

    FuzzerAbsent without atheris.
    """
    if subject is not None:
        target = PLANTED[subject]
        result = fuzz(target, FOR_MUTANTS, mutant=subject)
        data = {target: {"inputs": result.runs, "inputs_a_second": result.a_second}}
        return _outcome(data, (target, result) if result.found is not None else None)
    if deep:
        return _run(KEPT, DEEP, report)
    with tempfile.TemporaryDirectory(prefix="kvo-corpus-") as folder:
        return _run(Path(folder), SHORT, report)


def _run(folder: Path, goals: dict[str, int], report: Report) -> Outcome:
    campaign = Campaign(folder)
    found = campaign.run(goals, report=report)
    data = {
        target: {"inputs": tried.inputs, "inputs_a_second": tried.a_second} for target, tried in campaign.tried.items()
    }
    return _outcome(data, found)


def _outcome(data: dict[str, Any], found: tuple[str, Result] | None) -> Outcome:
    runs = sum(one["inputs"] for one in data.values())
    bad = [] if found is None else [found]
    data["found"] = [
        {"target": target, "input": result.found.hex() if result.found else "", "said": result.said}
        for target, result in bad
    ]
    return Outcome(not bad, f"{runs:,} inputs, {len(bad)} findings", data)

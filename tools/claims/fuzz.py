"""Evidence that no bytes a stranger may send crash, hang, take memory past a bound, or pass for authentic."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tools.claims.registry import Outcome, Report, claim
from tools.fuzz.mutants import PLANTED
from tools.fuzz.run import TARGETS, Result, fuzz

SHORT = 3_000
FOR_MUTANTS = 100_000  # at most: a planted fault ends the run
DEEP = {"cbor": 2_500_000, "cose": 2_000_000, "ccm": 500_000}
_SLICE = 100_000  # inputs of one process: the seed changes with each, and progress shows


@claim(
    "fuzz",
    "Of millions of inputs, chosen by the code they reach, none makes the CBOR decoder, COSE or AES-CCM raise anything "
    "but a refusal, hang, take memory past its bound, take a second encoding of one value, or take a message or a text "
    "that was not made with the key.",
    mutants={name: partial(str, name) for name in PLANTED},
)
def fuzzing(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Some thousand inputs for each target, 5 million in all where `deep`. FuzzerAbsent without atheris."""
    if subject is not None:
        return _outcome({PLANTED[subject]: [fuzz(PLANTED[subject], FOR_MUTANTS, mutant=subject)]})
    plan = [
        (target, min(_SLICE, DEEP[target]) if deep else SHORT, seed)
        for target in TARGETS
        for seed in range(1, 1 + (DEEP[target] // _SLICE if deep else 1))
    ]
    found: dict[str, list[Result]] = {}
    # What one process reached the next begins with.
    with tempfile.TemporaryDirectory(prefix="kvo-corpus-") as corpus, ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [
            (target, pool.submit(fuzz, target, runs, seed=seed, keep=Path(corpus) / target))
            for target, runs, seed in plan
        ]
        for done, (target, task) in enumerate(running, 1):
            result = task.result()
            found.setdefault(target, []).append(result)
            report(done, len(plan))
            if result.found is not None:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    return _outcome(found)


def _outcome(results: dict[str, list[Result]]) -> Outcome:
    runs = sum(result.runs for group in results.values() for result in group)
    bad = [(target, result) for target, group in results.items() for result in group if result.found is not None]
    data: dict[str, Any] = {
        target: {
            "inputs": sum(result.runs for result in group),
            "inputs_a_second": round(sum(result.runs for result in group) / sum(result.seconds for result in group)),
        }
        for target, group in results.items()
    }
    data["found"] = [
        {"target": target, "input": result.found.hex() if result.found else "", "said": result.said}
        for target, result in bad
    ]
    return Outcome(not bad, f"{runs:,} inputs, {len(bad)} findings", data)

"""Evidence that comparing a MAC tells nothing of where it differs: operations are counted, no clock is read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from firmware.trust import mac
from simulator.homes import micropython
from tools.claims.registry import Outcome, Report, claim
from tools.device import compares

Equal = Callable[[Any, Any], bool]


def opcodes(equal: Equal, ours: bytes, theirs: bytes) -> int:
    """How many bytecodes CPython executes in Python code while `equal` compares."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        equal(ours, theirs)
    finally:
        sys.settrace(before)
    return count


@claim(
    "compares-tell-nothing",
    "Comparing two MACs takes the same number of bytecodes and reads the same number of bytes wherever and however "
    "much they differ, and where the other is of another length: one number for all, on both interpreters.",
    mutants={name: partial(str, name) for name in compares.MUTANTS},
)
def compares_tell_nothing(deep: bool, subject: str | None, report: Report) -> Outcome:
    """Each place and bit of 32 bytes, and each other length up to 64. HomeError without MicroPython."""
    equal = compares.MUTANTS.get(subject or "", mac.equal)
    counts = sorted({opcodes(equal, ours, theirs) for ours, theirs in compares.pairs()})
    here = compares.run(equal)
    said = micropython.run_script(Path(compares.__file__), str(micropython.ROOT), subject or "")
    there: dict[str, Any] = json.loads(said)
    one = len(counts) == 1 and counts[0] > 0 and here["reads"] == there["reads"] == [2 * mac.LENGTH]
    shown = " or ".join(str(count) for count in counts[:4])
    figure = f"{here['pairs']:,} pairs, {shown} bytecodes each, {here['reads'][-1]} bytes read"
    data = {"bytecodes": counts, "cpython": here, "micropython": there}
    return Outcome(one and not here["wrong"] + there["wrong"], figure, data)

"""Pre-emption between any two bytecodes, as a soft timer does it: the other side runs whole in between."""

import sys
from collections.abc import Callable, Iterator
from typing import Any


def run_preempted(run: Callable[[], Any], at: int, interrupt: Callable[[], Any]) -> bool:
    """Call `run()`, and `interrupt()` before its bytecode number `at`; whether it has so many."""
    seen = -1

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal seen
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == at:
                interrupt()  # CPython traces nothing in here
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return seen >= at


def everywhere(make: Callable[[], tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]]) -> Iterator[Any]:
    """For each place: `make()` gives (run, interrupt, verdict); yields the verdict there."""
    place = 0
    while True:
        run, interrupt, verdict = make()
        if not run_preempted(run, place, interrupt):
            return
        yield verdict()
        place += 1

"""What an input costs: memory and lines executed, of a sample of inputs, since measuring takes longer than running."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

MEMORY_EVERY = 64
LINES_EVERY = 128
_OURS = ("firmware", "tools.fuzz.message_mutants")  # a planted fault is part of what is tried


class Found(Exception):
    """A fuzzer found what must not be."""


class Sampler:
    """Runs work, and measures it now and then. Found where it takes more than it may."""

    def __init__(self, memory_every: int = MEMORY_EVERY, lines_every: int = LINES_EVERY) -> None:
        self._memory_every = memory_every
        self._lines_every = lines_every
        self._turn = 0
        self.most_lines = 0

    def run(
        self, work: Callable[[], Any], most_bytes: Callable[[], int], most_lines: Callable[[], int] | None = None
    ) -> Any:
        """Do it. Asked afterwards: `most_bytes()` at its peak, `most_lines()` of the firmware's, executed in all."""
        self._turn += 1
        if self.is_due(self._memory_every):
            return _within_memory(work, most_bytes)
        if most_lines is not None and self.is_due(self._lines_every, 1):
            return self._within_lines(work, most_lines)
        return work()

    def is_due(self, every: int, at: int = 0) -> bool:
        """Whether this is the one of so many inputs that is looked at closely."""
        return self._turn % every == at

    def _within_lines(self, work: Callable[[], Any], most_lines: Callable[[], int]) -> Any:
        lines = 0

        def on_line(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal lines
            lines += event == "line"
            return on_line

        def on_call(frame: FrameType, event: str, _: Any) -> Any:
            return on_line if frame.f_globals["__name__"].startswith(_OURS) else None

        before = sys.gettrace()
        sys.settrace(on_call)
        try:
            done = work()
        finally:
            sys.settrace(before)
        self.most_lines = max(self.most_lines, lines)
        if lines > most_lines():
            raise Found(f"{lines} lines executed, {most_lines()} at most are due")
        return done


def _within_memory(work: Callable[[], Any], most_bytes: Callable[[], int]) -> Any:
    tracemalloc.start()
    try:
        done = work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > most_bytes():
        raise Found(f"{peak} bytes of memory, {most_bytes()} at most are due")
    return done

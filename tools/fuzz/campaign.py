"""Many inputs in slices, on several processes, taken up where they were broken off.

In the folder lie the inputs that reached something new, by target, and what was tried of these sources so far. Other
sources begin with the same inputs and count from nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from tools.commands.resume import source_digest
from tools.fuzz.run import Result, fuzz

# Inputs that one process tries before the next takes over what it reached: half a minute or less.
SLICE = {"cbor": 250_000, "cose": 150_000, "ccm": 50_000, "messages": 25_000, "mqtt": 75_000}
_TRIED = "tried.json"


@dataclass
class Tried:
    """What was tried of one target: inputs, the slices they came in, seconds of all processes together."""

    inputs: int = 0
    slices: int = 0
    seconds: float = 0.0

    @property
    def a_second(self) -> int:
        """Inputs a second of one process, its start included."""
        return round(self.inputs / self.seconds) if self.seconds else 0


class Campaign:
    """What is known of each target in `folder`."""

    def __init__(self, folder: Path) -> None:
        """OSError where the folder cannot be made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._sources = source_digest()
        self.tried = self._read()

    def _read(self) -> dict[str, Tried]:
        try:
            kept = json.loads((self._folder / _TRIED).read_text(encoding="utf-8"))
            if kept["source_sha256"] != self._sources:
                return {}
            return {name: Tried(**one) for name, one in kept["targets"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        kept = {"source_sha256": self._sources, "targets": {name: vars(one) for name, one in self.tried.items()}}
        new = self._folder / f"{_TRIED}.new"
        new.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        new.replace(self._folder / _TRIED)

    def run(
        self, goals: Mapping[str, int], seed: int = 1, jobs: int | None = None,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> tuple[str, Result] | None:
        """Try until each target has had so many inputs; the target and the result of what was found, if anything.

        `seed`: of the first slice, the next ones follow; `jobs`: processes at a time, None for one a core.
        FuzzerAbsent, OSError, RuntimeError as `fuzz`.
        """
        total = sum(goals.values())
        left = self._left(goals)
        found: tuple[str, Result] | None = None
        failed: Exception | None = None
        running: dict[Future[Result], str] = {}
        with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
            report(self._done(goals), total)
            while True:
                # One after another, so that nothing waits which would have to be called off.
                while found is None and failed is None and len(running) < (jobs or os.cpu_count() or 1):
                    target, runs, number = next(left, ("", 0, 0))
                    if not runs:
                        break
                    task = pool.submit(fuzz, target, runs, seed=seed + number, keep=self._folder / target)
                    running[task] = target
                if not running:
                    break
                for one in wait(running, return_when=FIRST_COMPLETED).done:
                    target = running.pop(one)
                    try:
                        result = one.result()
                    except Exception as error:  # what else is done by now counts all the same
                        failed = error
                        continue
                    self._count(target, result)
                    if result.found is not None:
                        found = target, result
                    report(self._done(goals), total)
        if found is None and failed is not None:
            raise failed
        return found

    def _count(self, target: str, result: Result) -> None:
        """Keep what came of a slice; of one that found something the input is handed on, and the slice tried again."""
        if result.found is None:
            before = self.tried.get(target, Tried())
            self.tried[target] = Tried(
                before.inputs + result.runs, before.slices + 1, before.seconds + result.seconds
            )  # fmt: skip
            self._write()

    def _done(self, goals: Mapping[str, int]) -> int:
        return sum(min(self.tried.get(target, Tried()).inputs, goal) for target, goal in goals.items())

    def _left(self, goals: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
        """Slices still to come, of all targets in turn: whoever breaks off has had some of each."""
        left = []
        for target, goal in goals.items():
            tried = self.tried.get(target, Tried())
            rest, number = goal - tried.inputs, tried.slices
            while rest > 0:
                left.append((rest, target, min(SLICE[target], rest), number))
                rest -= SLICE[target]
                number += 1
        share = {target: max(goal, 1) for target, goal in goals.items()}
        for _, target, runs, number in sorted(left, key=lambda one: -one[0] / share[one[1]]):
            yield target, runs, number

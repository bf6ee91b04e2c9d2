"""Runs covering tests on mutants: a warm process that forks for each. `python -m tools.mutation.worker`.

Reads jobs, writes outcomes, one JSON line each. The mutant is imported from memory in the fork, so
a run that is broken off leaves no changed file behind. A test that does not come to its end is
stopped by processor time, not by the clock on the wall: another's load kills no mutant.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.util
import io
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

KILLED = "killed"
SURVIVED = "survived"
TIMEOUT = "timeout"
BROKEN = "broken"  # the tests themselves cannot be run
_MEMORY = 4 << 30
_WALL_S = 300
_PYTEST = (
    "-x", "-q", "--tb=no", "--no-header", "--assert=plain", "-c", "tests/mutation/covering.ini", "--rootdir=.",
    "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:unraisableexception", "-p", "no:threadexception",
)  # fmt: skip


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module in memory."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of that module, None for any other."""
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant's text."""
        exec(compile(self._source, f"<mutant of {self._name}>", "exec"), module.__dict__)


class ExamplesFirst:
    """A plugin of pytest's: what hypothesis invents takes longest, and finds few mutants that an example does not."""

    @staticmethod
    def pytest_collection_modifyitems(items: list[Any]) -> None:
        """Put those tests last; their order is otherwise kept."""
        items.sort(key=lambda item: hasattr(item.obj, "hypothesis"))


def _child(job: dict[str, Any]) -> int:
    import resource

    import pytest

    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_s"], job["cpu_s"] + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    if job["source"] is not None:
        sys.meta_path.insert(0, Mutated(job["name"], job["source"]))
    return int(pytest.main([*_PYTEST, *job["tests"]], plugins=[ExamplesFirst()]))


def outcome(status: int) -> str:
    """What a wait status says. No test at all finds nothing; a mutant that cannot be imported is found."""
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else KILLED
    code = os.WEXITSTATUS(status)
    return SURVIVED if code in (0, 5) else BROKEN if code in (3, 4) else KILLED


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Fork, run the job's tests, and say how it ended and what processor time it took."""
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = _child(job)
        finally:
            os._exit(code)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(_WALL_S)
    _, status, usage = os.wait4(pid, 0)
    signal.alarm(0)
    return {
        "id": job["id"],
        "outcome": outcome(status),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "wall_s": round(time.monotonic() - begun, 3),
    }


def warm() -> None:
    """Import what every run needs and no mutant touches; hypothesis without chance and without shrinking."""
    import hypothesis
    import hypothesis.strategies
    import pytest

    import hal.compat
    import hal.ports  # noqa: F401

    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=25,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*_PYTEST, "--collect-only", "--ignore-glob=*", "tests/mutation"])  # what pytest imports by itself
    gc.collect()
    gc.freeze()  # a fork's collections need not look at all this


def main() -> None:
    """Serve jobs until the input ends."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    warm()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

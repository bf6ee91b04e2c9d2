"""Runs mutants on two processes. `python -m tools.mutation.run [--stubs] [MODULE]...` prints who survives.

Broken off, it takes up where it was: outcomes lie in build/mutation.jsonl, by content. `--stubs`
prints those that are not listed as entries for tests/mutation/survivors.toml, without their reasons.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from tools.mutation.mutants import ROOM, Mutant
from tools.mutation.plan import ROOT, Found, Plan, digest, load
from tools.mutation.worker import BROKEN, KILLED, SURVIVED, TIMEOUT

STORE = ROOT / "build" / "mutation.jsonl"
PROCESSES = 2
_HANGS_S = 3
# Named no test, pytest would look for some everywhere.
_NO_TESTS = ["--ignore-glob=*", "tests/mutation"]
Job = dict[str, Any]
Result = dict[str, Any]


class TestsBroken(Exception):
    """The covering tests do not pass on the shipped code, or cannot be run: no outcome means anything."""


class Workers:
    """Warm processes that take jobs. Use as a context."""

    def __init__(self, count: int = PROCESSES) -> None:
        self._count = count
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Workers:
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        for _ in range(self._count):
            process = subprocess.Popen(
                [sys.executable, "-m", "tools.mutation.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": paths},
            )
            self._processes.append(process)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
            if process.stdout:
                process.stdout.close()
            process.wait()

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield each job with its result as it ends."""
        waiting: SimpleQueue[Job] = SimpleQueue()
        ended: SimpleQueue[tuple[Job, Result | None]] = SimpleQueue()
        for job in jobs:
            waiting.put(job)
        for process in self._processes:
            threading.Thread(target=_serve, args=(process, waiting, ended), daemon=True).start()
        for _ in jobs:
            job, result = ended.get()
            if result is None:
                raise TestsBroken("a worker ended")
            yield job, result


def _serve(process: subprocess.Popen[str], waiting: SimpleQueue[Job], ended: SimpleQueue[Any]) -> None:
    while True:
        try:
            job = waiting.get_nowait()
        except Empty:
            return
        try:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            ended.put((job, json.loads(process.stdout.readline())))
        except (OSError, ValueError):
            ended.put((job, None))


def _job(mark: int, module: str, tests: Sequence[str], source: str | None, cpu_s: int) -> Job:
    name = f"{ROOM}/{module}".replace("/", ".")
    paths = list(tests) or _NO_TESTS
    return {"id": mark, "name": name, "module": module, "tests": paths, "source": source, "cpu_s": cpu_s}


def limits(workers: Workers, covering: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Run each module's tests on the shipped code; processor seconds after which a mutant hangs."""
    jobs = [_job(0, module, tests, None, 600) for module, tests in covering.items()]
    found = {}
    for job, result in workers.run(jobs):
        if result["outcome"] != SURVIVED:
            raise TestsBroken(f"the tests that cover {job['module']} do not pass on the shipped code")
        found[job["module"]] = _HANGS_S + int(result["cpu_s"] * 4)
    return found


def outcomes(
    plan: Plan,
    chosen: Sequence[Mutant],
    found: Found,
    report: Callable[[int, int], None] = lambda done, total: None,
    processes: int = PROCESSES,
) -> list[tuple[Mutant, str]]:
    """Each chosen mutant with what became of it; raises TestsBroken."""
    sources = {module: digest(tests) for module, tests in plan.covering.items()}
    keys = [found.key(sources[mutant.module], mutant) for mutant in chosen]
    todo = [place for place, key in enumerate(keys) if found.get(key) is None]
    if todo:
        with Workers(processes) as workers:
            modules = {chosen[place].module for place in todo}
            cpu = limits(workers, {m: tests for m, tests in plan.covering.items() if m in modules})
            jobs = [
                _job(place, one.module, plan.covering[one.module], one.source, cpu[one.module])
                for place, one in ((place, chosen[place]) for place in todo)
            ]
            for done, (job, result) in enumerate(workers.run(jobs)):
                if result["outcome"] == BROKEN:
                    raise TestsBroken(f"tests cannot be run on {chosen[job['id']]}")
                found.put(keys[job["id"]], {"outcome": result["outcome"], "cpu_s": result["cpu_s"]})
                report(len(chosen) - len(todo) + done + 1, len(chosen))
    return [(mutant, (found.get(key) or {})["outcome"]) for mutant, key in zip(chosen, keys, strict=True)]


def _stub(mutant: Mutant) -> str:
    fields = {"module": mutant.module, "in": mutant.place, "line": mutant.line, "becomes": mutant.becomes}
    lines = ["[[survivor]]", *(f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in fields.items())]
    if mutant.again:
        lines.append(f"again = {mutant.again}")
    return "\n".join([*lines, 'reason = ""', ""])


def main() -> None:
    """Run every mutant of the modules named, or of all; print the score and who survives."""
    stubs = "--stubs" in sys.argv
    plan = load([name for name in sys.argv[1:] if name != "--stubs"])

    def report(done: int, total: int) -> None:
        if done % 100 == 0:
            print(f"{done} of {total}", file=sys.stderr, flush=True)

    ends = outcomes(plan, plan.mutants, Found(STORE), report)
    for mutant, end in ends:
        listed = mutant.key in plan.reasons
        if stubs and end == SURVIVED and not listed:
            print(_stub(mutant))
        elif (end == SURVIVED) != listed:
            print(f"{'listed, but killed' if listed else 'SURVIVED'} {mutant}")
    for module in plan.covering:
        own = [end for mutant, end in ends if mutant.module == module]
        killed = sum(end in (KILLED, TIMEOUT) for end in own)
        print(f"{module}: {killed} of {len(own)} killed, {100 * killed / len(own):.1f} %")
    killed = sum(end in (KILLED, TIMEOUT) for _, end in ends)
    print(f"all: {killed} of {len(ends)} killed, {100 * killed / len(ends):.1f} %")


if __name__ == "__main__":
    main()

"""Runs a target in a process of its own, so that what it finds cannot end the caller."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.fuzz.seeds import seeds

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("cbor", "cose", "ccm", "messages", "mqtt")
LONGEST = {"cbor": 256, "cose": 256, "ccm": 48, "messages": 40, "mqtt": 64}  # bytes of an input; seeds may be longer
_NEVER_S = 36_000  # what libFuzzer takes for a hang, by the clock on the wall: the worker judges that itself
_MEMORY_MB = 1_024
_LINES = 12
_CHATTER = ("INFO", "stat::", "#", "WARNING: Failed to find function", "==", "SUMMARY", "MS: ")
_DONE = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_REMEDY = "pip install 'kvo[fuzz]' (x86-64 Linux, Python 3.11 to 3.13)"


class FuzzerAbsent(Exception):
    """atheris is not installed here."""


@dataclass(frozen=True)
class Result:
    """What came of a run: inputs tried, seconds, and the input that was found with what it did, or None."""

    runs: int
    seconds: float
    found: bytes | None
    said: str

    @property
    def a_second(self) -> int:
        """Inputs a second, the start of the process included."""
        return round(self.runs / self.seconds) if self.seconds else 0


def fuzz(target: str, runs: int, seed: int = 1, mutant: str = "", keep: Path | None = None) -> Result:
    """Try `runs` inputs, or as many as it takes to find something.

    `keep`: folder that takes the inputs which reached something new, and gives them the next time.
    FuzzerAbsent without atheris; RuntimeError where it broke off by itself.
    """
    if importlib.util.find_spec("atheris") is None:
        raise FuzzerAbsent(f"the fuzzer atheris is not installed; {_REMEDY}")
    with tempfile.TemporaryDirectory(prefix="kvo-fuzz-") as folder:
        corpus = keep or Path(folder) / "corpus"
        found = Path(folder) / "found"
        found.mkdir()
        corpus.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds(target)):
            (corpus / f"seed-{number:03}").write_bytes(data)
        command = [
            sys.executable, "-m", "tools.fuzz.worker", target, mutant, f"-runs={runs}", f"-seed={seed}",
            f"-max_len={LONGEST[target]}", f"-timeout={_NEVER_S}", f"-rss_limit_mb={_MEMORY_MB}",
            f"-artifact_prefix={found}/", "-print_final_stats=1", f"-report_slow_units={_NEVER_S}", "-verbosity=0",
            str(corpus),
        ]  # fmt: skip
        begun = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        seconds = time.perf_counter() - begun
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        inputs = sorted(path for path in found.iterdir() if path.is_file())
        if inputs:
            return Result(_runs(said), seconds, inputs[0].read_bytes(), _python_said(said))
        if done.returncode or not _runs(said):
            raise RuntimeError(f"the fuzzer ended with {done.returncode}: {_python_said(said)}")
        return Result(_runs(said), seconds, None, "")


def _runs(said: str) -> int:
    counted = _DONE.search(said)
    return int(counted[1]) if counted else 0


def _python_said(said: str) -> str:
    """What Python said of it, without libFuzzer's own lines; those where Python said nothing."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(_CHATTER)]
    python = [place for place, line in enumerate(lines) if "Uncaught Python exception" in line]
    return "\n".join(lines[python[0] + 1 :][:_LINES] if python else lines[-_LINES:])

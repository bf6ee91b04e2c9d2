"""What is to be run: covering tests, survivors with their reasons, and what an earlier run has found."""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.mutation.mutants import ROOM, Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
TESTS = Path("tests/mutation")
_MACHINERY = ("tools/mutation/mutants.py", "tools/mutation/worker.py", "tests/mutation/covering.ini")
Key = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Plan:
    """Modules with their covering tests, every mutant, and the reasons for those that survive."""

    covering: Mapping[str, list[str]]
    mutants: tuple[Mutant, ...]
    reasons: Mapping[Key, str]

    def stale(self) -> list[str]:
        """Reasons given for what is no mutant of the present sources."""
        there = {mutant.key for mutant in self.mutants}
        return [" | ".join(map(str, key)) for key in self.reasons if key not in there]

    def unexplained(self) -> list[str]:
        """Survivors listed without a reason."""
        return [" | ".join(map(str, key)) for key, reason in self.reasons.items() if not reason.strip()]


def source_of(module: str) -> str:
    """Text of one of therapy's modules."""
    return (ROOT / ROOM / f"{module}.py").read_text(encoding="utf-8")


def read_covering() -> dict[str, list[str]]:
    """Modules and the tests that cover them: tests/mutation/covering.toml."""
    data: dict[str, list[str]] = tomllib.loads((ROOT / TESTS / "covering.toml").read_text(encoding="utf-8"))["covering"]
    return data


def load(only: Iterable[str] = ()) -> Plan:
    """The plan as the files in tests/mutation have it, for all modules or some."""
    covering = read_covering()
    chosen = [module for module in covering if not only or module in only]
    mutants = [mutant for module in chosen for mutant in mutants_of(module, source_of(module))]
    reasons = {key: reason for key, reason in read_reasons().items() if key[0] in chosen}
    return Plan({module: covering[module] for module in chosen}, tuple(mutants), reasons)


def read_reasons() -> dict[Key, str]:
    """Survivors and reasons: tests/mutation/survivors.toml."""
    data = tomllib.loads((ROOT / TESTS / "survivors.toml").read_text(encoding="utf-8"))
    return {
        (one["module"], one["in"], one["line"], one["becomes"], one.get("again", 0)): one["reason"]
        for one in data.get("survivor", [])
    }


def digest(tests: Iterable[str]) -> str:
    """SHA-256 over what a run of `tests` depends on: they, and whatever of the project they import."""
    total = hashlib.sha256("\0".join(tests).encode())
    for path in _imported([ROOT / name.partition("::")[0] for name in (*tests, *_MACHINERY)]):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def _imported(paths: Iterable[Path]) -> list[Path]:
    """Those files that exist, and the project's own modules that they import, and those import …"""
    found: set[Path] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            for name in names:
                place = ROOT / name.replace(".", "/")
                waiting += [place.with_suffix(".py"), place / "__init__.py"]
    return sorted(found)


class Found:
    """Outcomes by content, kept in a file of JSON lines: what was found of the same sources is not run again."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._outcomes: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    one = json.loads(line)
                    self._outcomes[one["key"]] = one
                except (ValueError, KeyError, TypeError):
                    continue  # broken off within a line

    @staticmethod
    def key(sources: str, mutant: Mutant) -> str:
        """Names one mutant of one state of the sources."""
        return hashlib.sha256(f"{sources}\0{mutant.module}\0{mutant.source}".encode()).hexdigest()

    def get(self, key: str) -> dict[str, Any] | None:
        """The outcome of before, or None."""
        return self._outcomes.get(key)

    def put(self, key: str, one: dict[str, Any]) -> None:
        """Keep an outcome, at once."""
        self._outcomes[key] = one
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **one}) + "\n")

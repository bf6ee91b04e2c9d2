"""Registers claims and runs them: `kvo prove CLAIM`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """What a claim's evidence said: whether it holds, one figure, and data for `--json`."""

    holds: bool
    figure: str
    data: dict[str, Any] = field(default_factory=dict)


Evidence = Callable[[bool, Any, Report], Outcome]


@dataclass(frozen=True)
class Claim:
    """A sentence of the safety case, its evidence, and the mutants the evidence must reject."""

    name: str
    says: str
    evidence: Evidence
    mutants: Mapping[str, Callable[[], Any]]

    def run(self, deep: bool = False, report: Report = lambda done, total: None) -> Outcome:
        """Run the evidence on the shipped code."""
        return self.evidence(deep, None, report)

    def run_mutant(self, name: str) -> Outcome:
        """Run the evidence on a mutant; the claim is worth something if this does not hold."""
        return self.evidence(False, self.mutants[name](), lambda done, total: None)


_CLAIMS: dict[str, Claim] = {}


def claim(name: str, says: str, mutants: Mapping[str, Callable[[], Any]]) -> Callable[[Evidence], Evidence]:
    """Register the decorated function as the evidence for `name`."""

    def register(evidence: Evidence) -> Evidence:
        if name in _CLAIMS:
            raise ValueError(f"two claims are named {name}")
        if not mutants:
            raise ValueError(f"claim {name} has no mutant: evidence that cannot fail proves nothing")
        _CLAIMS[name] = Claim(name, says, evidence, mutants)
        return evidence

    return register


def claims() -> dict[str, Claim]:
    """Every claim by name, in order of name."""
    package = importlib.import_module("tools.claims")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in ("registry",):
            importlib.import_module(f"tools.claims.{module.name}")
    return dict(sorted(_CLAIMS.items()))

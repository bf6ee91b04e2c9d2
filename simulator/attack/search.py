"""Looks for the smallest sets of controls without which an attack reaches the dose.

A set is tried only where a control of it said no in the run without the others: where none did, the run would be the
same run. So every set that matters is tried, and few others are; nothing is taken to be monotone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.attack import results as rs
from simulator.attack.controls.table import CONTROLS, in_order
from simulator.attack.run import Honest, attack_run, honest_run
from simulator.files.scenario import Scenario

LARGEST = 3
Tried = Callable[[int], None]


@dataclass
class Search:
    """Runs of one attack and seed by what they did without; each is played once."""

    scenario: Scenario
    seed: int = 0
    tried: Tried = lambda runs: None
    cells: dict[frozenset[str], rs.Cell] = field(default_factory=dict)
    _spied: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    _honest: Honest | None = None
    _said_no: frozenset[str] = frozenset()

    def cell(self, ablated: frozenset[str]) -> rs.Cell:
        """What a set of stand-ins does to the attack."""
        if ablated not in self.cells:
            self.cells[ablated] = self._play(ablated)
            self.tried(len(self.cells))
        return self.cells[ablated]

    def said_no(self, ablated: frozenset[str]) -> frozenset[str]:
        """Which of the other controls said no in that run, or were asked for by the stage."""
        self.cell(ablated)
        return self._spied[ablated]

    def minimal(self, largest: int = LARGEST) -> rs.MinimalSets:
        """Every set of up to `largest` controls that reaches the dose and has no smaller such set in it."""
        found: list[frozenset[str]] = []
        edge = [frozenset[str]()]
        if self.cell(edge[0]).reached_dose:
            found, edge = edge, []
        for _ in range(largest):
            wider: dict[frozenset[str], None] = {}
            for base in edge:
                wider.update(dict.fromkeys(base | {name} for name in in_order(self.said_no(base) - base)))
            edge = [one for one in wider if not any(smaller <= one for smaller in found)]
            reaching = [one for one in edge if self.cell(one).reached_dose]
            found += reaching
            edge = [one for one in edge if one not in reaching]
        sets = tuple(in_order(one) for one in found)
        reason = "" if sets else self._reason(largest)
        return rs.MinimalSets(self.scenario.name, self.seed, sets, largest, reason, len(self.cells))

    def _reason(self, largest: int) -> str:
        everything = self.cell(frozenset(CONTROLS))
        if everything.reached_dose:
            return f"more than {largest} controls stand in its way; without any of the {len(CONTROLS)} it gets there"
        return f"it is no attack on the dose: without any of the {len(CONTROLS)} controls the dose is what it was"

    def _play(self, ablated: frozenset[str]) -> rs.Cell:
        spied: set[str] = set()
        run = attack_run(
            self.scenario, seed=self.seed, ablated=ablated, honest=self._honest_of(ablated), spied=spied,
            keep_series=False,
        )  # fmt: skip
        self._spied[ablated] = frozenset(spied)
        return rs.Cell(run.attack, run.ablated, run.verdict, run.reached_dose, run.local_holds, run.dose.shift_ml)

    def _honest_of(self, ablated: frozenset[str]) -> Honest:
        """The shipped pump's, where none of these controls has said no in it: then it is that pump's too."""
        if self._honest is None:
            spied: set[str] = set()
            self._honest = honest_run(self.scenario, self.seed, (), spied)
            self._said_no = frozenset(spied)
        if ablated.isdisjoint(self._said_no):
            return self._honest
        return honest_run(self.scenario, self.seed, ablated)

"""Reads tools/fault_matrix.py: what each cell of fault, delivery state and drug policy must show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from simulator.faults import KINDS
from tools.fault_matrix import MATRIX
from tools.fault_pumps import POLICIES, STATES, drug_of, places

GROUPS = {
    "all": STATES,
    "live": tuple(state for state in STATES if state != "failed"),
    "flow": ("infusing", "bolus", "kvo"),
    "moving": ("priming", "infusing", "bolus", "kvo"),
    "held": ("paused", "complete", "stopped"),
    "powered": ("programming", "priming", "infusing", "bolus", "paused", "kvo", "complete", "stopped"),
}
_FLAGS = ("starved", "asked", "apart", "gate", "no_stop")
_TWO_TICKS_MS = 200
_ALARM = re.compile(r"(\w+)(?: after (\d+) uL)?(?: within ([\d.]+))?\Z")
_HEADER = re.compile(r"(\w+)(?:\((\w+)=([^)]*)\))?\Z")


@dataclass(frozen=True)
class Alarm:
    """An alarm that must be shown: within so long, counted from when so much has flowed."""

    name: str
    within_ms: int = _TWO_TICKS_MS
    after_ul: int = 0


@dataclass(frozen=True)
class Expected:
    """What one cell must show."""

    outcome: str
    alarms: tuple[Alarm, ...] = ()
    may: tuple[str, ...] = ()
    less_ms: int = 0
    look_ms: int = 0
    starved: bool = False
    asked: bool = False
    apart: bool = False
    gate: bool = False
    no_stop: bool = False


@dataclass(frozen=True)
class Row:
    """A line: where it holds, and what it says."""

    states: tuple[str, ...]
    policies: tuple[str, ...]
    expected: Expected


@dataclass(frozen=True)
class Fault:
    """A kind with its parameters, and on which heads it can be."""

    name: str  # as written: with its figure in brackets
    kind: str
    values: dict[str, Any]
    head: str
    rows: tuple[Row, ...]

    def expected(self, state: str, policy: str) -> Expected:
        """What the cell must show. ValueError where no line says."""
        for row in self.rows:
            if state in row.states and policy in row.policies:
                return row.expected
        raise ValueError(f"the matrix does not say what {self.name} does in {state} under {policy}")

    def cells(self) -> list[tuple[str, str]]:
        """Every (state, policy) in which there can be such a fault."""
        return [(state, policy) for state, policy in places() if self.head in ("", drug_of(policy).head)]


def _expected(text: str) -> Expected:
    outcome, *parts = (part.strip() for part in text.split(";"))
    fields: dict[str, Any] = {}
    alarms = []
    for part in parts:
        if part in _FLAGS:
            fields[part] = True
        elif part.startswith("may "):
            fields["may"] = tuple(part.split()[1:])
        elif part.startswith("look "):
            fields["look_ms"] = round(float(part.split()[1]) * 1000)
        elif part.startswith("less "):
            fields["less_ms"] = round(float(part.split()[1]) * 1000)
        elif match := _ALARM.match(part):
            within = _TWO_TICKS_MS if match[3] is None else round(float(match[3]) * 1000)
            alarms.append(Alarm(match[1], within, int(match[2] or 0)))
        else:
            raise ValueError(f"the matrix says {part!r}, which means nothing")
    return Expected(outcome, tuple(alarms), **fields)


def _row(line: str) -> Row:
    where, arrow, says = line.partition("->")
    if not arrow:
        raise ValueError(f"the matrix has a line without '->': {line.strip()!r}")
    states_text, _under, policies = where.strip().partition(" under ")
    states: list[str] = []
    for word in states_text.split():
        states += GROUPS.get(word, (word,))
    unknown = set(states) - set(STATES) | set(policies.split()) - set(POLICIES)
    if unknown:
        raise ValueError(f"the matrix names {', '.join(sorted(unknown))}, which there is not")
    return Row(tuple(states), tuple(policies.split()) or POLICIES, _expected(says))


def _parse(text: str) -> list[Fault]:
    found: list[Fault] = []
    heads: list[tuple[str, str, dict[str, Any]]] = []
    head, rows = "", []  # type: tuple[str, list[Row]]

    def close() -> None:
        for name, kind, values in heads:
            found.append(Fault(name, kind, values, head, tuple(rows)))

    for line in text.splitlines():
        bare = line.split("#")[0].rstrip()
        if not bare:
            continue
        if bare.startswith(" "):
            rows.append(_row(bare))
            continue
        if rows:
            close()
            heads, rows = [], []
        names, _on, head = bare.partition(" on ")
        heads += [_header(word) for word in names.split()]
    close()
    return found


def _header(word: str) -> tuple[str, str, dict[str, Any]]:
    match = _HEADER.match(word)
    if not match or match[1] not in KINDS:
        raise ValueError(f"the matrix names {word}, which is no fault")
    values: dict[str, Any] = {}
    if match[2]:
        values[match[2]] = int(match[3]) if re.fullmatch(r"-?\d+", match[3]) else match[3]
    return word, match[1], values


@cache
def faults() -> tuple[Fault, ...]:
    """Every line of the matrix, by fault."""
    return tuple(_parse(MATRIX))

"""The firmware's state tables as `transitions` machines: the oracle, and what draws the charts.

One table fed to two engines cannot show a wrong row: for that there is the hand-written
matrix (tools/matrix.py). Here no wildcard, no automatic transition and no internal one is
used, and no callback steps the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from transitions import Machine

from firmware.therapy import tables as t
from firmware.therapy.engine import IGNORED, ROW
from simulator import state_names as names


@dataclass(frozen=True)
class Row:
    """One row of a table, in codes."""

    event: int
    source: int
    guard: int
    destination: int
    action: int


@dataclass(frozen=True)
class Table:
    """A state table with its names. `rows` are five bytes each, as the firmware has them."""

    title: str
    rows: bytes
    initial: int
    states: tuple[str, ...]
    events: tuple[str, ...]
    guards: tuple[str, ...]
    guard_says: tuple[str, ...]
    actions: tuple[str, ...]

    def __iter__(self) -> Iterator[Row]:
        """The rows in order; bytes behind the last whole row are left out."""
        for at in range(0, len(self.rows) // ROW * ROW, ROW):
            yield Row(*self.rows[at : at + ROW])

    def with_rows(self, rows: bytes) -> Table:
        """The same names over other rows: a mutant's table."""
        return replace(self, rows=rows)

    def guard_names(self, guard: int) -> list[str]:
        """The names of a guard's bits, lowest first."""
        return [name for bit, name in enumerate(self.guards) if guard >> bit & 1]


def _identifiers(state_names: tuple[str, ...]) -> tuple[str, ...]:
    # Mermaid takes no hyphen in the name of a state.
    return tuple(name.replace("-", "_") for name in state_names)


DELIVERY = Table(
    "delivery",
    t.DELIVERY,
    t.ST_SELF_TEST,
    _identifiers(t.DELIVERY_NAMES),
    names.DELIVERY_EVENTS,
    names.DELIVERY_GUARDS,
    names.DELIVERY_GUARD_SAYS,
    names.DELIVERY_ACTIONS,
)
TRUST = Table(
    "trust",
    t.TRUST,
    t.TR_NORMAL,
    _identifiers(t.TRUST_NAMES),
    names.TRUST_EVENTS,
    names.TRUST_GUARDS,
    names.TRUST_GUARD_SAYS,
    names.TRUST_ACTIONS,
)


def _condition(name: str, bit: int) -> Callable[[Any], bool]:
    def condition(event: Any) -> bool:
        return bool(event.kwargs.get("guards", 0) >> bit & 1)

    condition.__name__ = name  # the chart's label
    return condition


class Model:
    """What a machine moves: its state, and the action of the row taken last."""

    state: str
    trigger: Callable[..., bool]

    def __init__(self) -> None:
        self.action = IGNORED


def _recorder(model: Model, action: int) -> Callable[[Any], None]:
    def record(event: Any) -> None:
        model.action = action

    return record


def transitions_of(table: Table, model: Model) -> list[dict[str, Any]]:
    """The table's rows as `transitions` takes them, in order."""
    conditions = [_condition(name, bit) for bit, name in enumerate(table.guards)]
    return [
        {
            "trigger": table.events[row.event],
            "source": table.states[row.source],
            "dest": table.states[row.destination],
            "conditions": [condition for bit, condition in enumerate(conditions) if row.guard >> bit & 1],
            "before": [_recorder(model, row.action)],
        }
        for row in table
    ]


class Oracle:
    """A `transitions.Machine` over a table, driven by codes as the firmware's engine is."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._model = Model()
        self._codes = {name: code for code, name in enumerate(table.states)}
        self._machine = Machine(
            model=self._model,
            states=list(table.states),
            initial=table.states[table.initial],
            transitions=transitions_of(table, self._model),
            auto_transitions=False,
            send_event=True,
            ignore_invalid_triggers=True,
        )

    @property
    def state(self) -> int:
        """Where the machine stands."""
        return self._codes[self._model.state]

    @state.setter
    def state(self, code: int) -> None:
        self._machine.set_state(self._table.states[code])

    def step(self, event: int, guards: int) -> int:
        """Trigger `event`; return the action of the row taken, or IGNORED."""
        name = self._table.events[event]
        if name not in self._machine.events:
            return IGNORED
        self._model.action = IGNORED
        self._model.trigger(name, guards=guards)
        return self._model.action

"""The hand-written matrix is whole, and the oracle behaves as the firmware's engine does."""

import pytest

from firmware.therapy import tables as t
from firmware.therapy.engine import IGNORED, Machine
from simulator.machines import DELIVERY, TRUST, Oracle
from tools import matrix
from tools.claims.tables import Subject, broken_rules

TABLES = [(DELIVERY, matrix.DELIVERY), (TRUST, matrix.TRUST)]


@pytest.mark.parametrize(("table", "text"), TABLES, ids=["delivery", "trust"])
def test_every_cell_is_said_once(table, text):
    assert len(matrix.Matrix(text, table)) == len(table.states) * len(table.events)


def test_a_missing_cell_is_refused():
    with pytest.raises(ValueError, match="44 of 45 cells"):
        matrix.Matrix(matrix.TRUST.replace("ignored: authentic quiet", "ignored: quiet"), TRUST)


def test_a_repeated_cell_is_refused():
    with pytest.raises(ValueError, match="quiet in normal twice"):
        matrix.Matrix(matrix.TRUST.replace("ignored: authentic quiet", "ignored: authentic quiet quiet"), TRUST)


@pytest.mark.parametrize(("table", "text"), TABLES, ids=["delivery", "trust"])
def test_every_cell_and_every_guard_mask_agrees(table, text):
    """All of them, not a sample: the claim `engine-agrees` adds the walks between them."""
    page = matrix.Matrix(text, table)
    off = []
    for state in range(len(table.states)):
        for event in range(len(table.events)):
            for guards in range(1 << len(table.guards)):
                pump = Machine(table.rows, state)
                action = pump.step(event, guards)
                if (pump.state, action) != page.expected(state, event, guards):
                    off.append((table.states[state], table.events[event], guards, pump.state, action))
    assert off == []


def test_the_oracle_ignores_what_no_row_names():
    oracle = Oracle(DELIVERY)
    assert oracle.step(t.EV_START, 127) == IGNORED
    assert oracle.state == t.ST_SELF_TEST


def test_an_oracle_over_a_table_without_an_event_ignores_it():
    rows = b"".join(
        bytes((row.event, row.source, row.guard, row.destination, row.action))
        for row in TRUST
        if row.event != t.EV_QUIET
    )
    oracle = Oracle(TRUST.with_rows(rows))
    assert oracle.step(t.EV_QUIET, 0) == IGNORED


def test_the_shipped_tables_break_no_rule():
    assert broken_rules(Subject()) == []


def test_a_torn_row_is_reported():
    assert broken_rules(Subject(trust=TRUST.with_rows(t.TRUST[:-1]))) == [
        "trust: bytes behind the last whole row",
    ]

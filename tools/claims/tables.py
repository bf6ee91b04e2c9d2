"""Evidence on the state tables: three readers agree, and the rows keep the design's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from firmware.therapy import tables as t
from firmware.therapy.engine import IGNORED, ROW, Machine
from simulator import machines
from simulator import state_names as names
from simulator.machines import Oracle, Row, Table
from tools import matrix
from tools.claims.registry import Outcome, Report, claim

_MOVING = (t.ST_PRIMING, t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)


@dataclass(frozen=True)
class Subject:
    """What is put to the test: two tables and the engine that steps them."""

    delivery: Table = machines.DELIVERY
    trust: Table = machines.TRUST
    engine: Any = Machine


class LastRowWins(Machine):
    """A mutant: takes the last row that matches, not the first."""

    def step(self, event: int, guards: int) -> int:
        table = self._table
        for row in range(len(table) - ROW, -1, -ROW):
            if table[row] == event and table[row + 1] == self.state and table[row + 2] & ~guards == 0:
                self.state = table[row + 3]
                return table[row + 4]
        return IGNORED


def _changed(table: Table, event: int, source: int, **change: int) -> Table:
    """`table` with the first row for `event` in `source` changed."""
    rows = list(table)
    at = next(place for place, row in enumerate(rows) if (row.event, row.source) == (event, source))
    rows[at] = replace(rows[at], **change)
    return _of_rows(table, rows)


def _of_rows(table: Table, rows: list[Row]) -> Table:
    packed = bytes(code for row in rows for code in (row.event, row.source, row.guard, row.destination, row.action))
    return table.with_rows(packed)


# The three readers.


@dataclass
class _Tally:
    events: int = 0
    taken: set[int] = field(default_factory=set)  # places of the rows that were met
    off: list[str] = field(default_factory=list)


def _guards(random: Random, table: Table) -> int:
    # Half of the draws set few bits, so that rows which need none are met too.
    every = random.getrandbits(len(table.guards))
    return every if random.random() < 0.5 else every & random.getrandbits(len(table.guards))


def _walk(table: Table, engine: Any, page: matrix.Matrix, count: int, seed: int) -> _Tally:
    """Walk `count` random events through all three and note where they part."""
    random = Random(seed)
    pump, oracle = engine(table.rows, table.initial), Oracle(table)
    tally = _Tally()
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place, row in enumerate(table):
        cells.setdefault((row.event, row.source), []).append((place, row.guard))
    for _ in range(count):
        if random.random() < 0.2:  # failed is left by no event: begin elsewhere now and then
            oracle.state = random.randrange(len(table.states))
            pump.force(oracle.state)
        state, event, guards = pump.state, random.randrange(len(table.events)), _guards(random, table)
        told = oracle.step(event, guards)
        action = pump.step(event, guards)
        tally.events += 1
        if action != IGNORED:
            tally.taken.add(next(place for place, need in cells[event, state] if not need & ~guards))
        answers = {(pump.state, action), (oracle.state, told), page.expected(state, event, guards)}
        if len(answers) > 1:
            what = f"{table.title}: {table.events[event]} in {table.states[state]} with {guards:#x}"
            tally.off.append(f"{what} gives {sorted(answers)}")
            if pump.state >= len(table.states):
                pump.force(table.initial)
            oracle.state = pump.state
    return tally


@claim(
    "engine-agrees",
    "The firmware's engine, transitions and a hand-written state × event matrix agree on state and action over "
    "random events and guards in both tables.",
    mutants={
        "a row leads elsewhere": lambda: Subject(
            delivery=_changed(machines.DELIVERY, t.EV_HAZARD, t.ST_KVO, destination=t.ST_PAUSED)
        ),
        "a row acts otherwise": lambda: Subject(
            trust=_changed(machines.TRUST, t.EV_COMPROMISED, t.TR_OFFLINE, action=t.AT_NONE)
        ),
        "the last row wins": lambda: Subject(engine=LastRowWins),
    },
)
def engine_agrees(deep: bool, subject: Any, report: Report) -> Outcome:
    """Random walks through all three readers at once."""
    tested = subject or Subject()
    count = 1_000_000 if deep else 50_000
    tallies = []
    pages = ((tested.delivery, matrix.DELIVERY), (tested.trust, matrix.TRUST))
    for done, (table, text) in enumerate(pages):
        tallies.append(_walk(table, tested.engine, matrix.Matrix(text, table), count, 47 + done))
        report(done + 1, len(pages))
    events = sum(tally.events for tally in tallies)
    off = [line for tally in tallies for line in tally.off]
    rows = sum(1 for table, _ in pages for _ in table)
    taken = sum(len(tally.taken) for tally in tallies)
    figure = f"{events:,} events over {taken} of {rows} rows, {len(off)} off"
    data = {"events": events, "rows": rows, "taken": taken, "off": len(off), "first": off[:5]}
    return Outcome(not off and taken == rows, figure, data)


# The rules.


def _well_formed(table: Table) -> Iterator[str]:
    if len(table.rows) % ROW:
        yield f"{table.title}: bytes behind the last whole row"
    for row in table:
        known = (
            row.event < len(table.events)
            and row.source < len(table.states)
            and row.destination < len(table.states)
            and row.action < len(table.actions)
            and row.guard < 1 << len(table.guards)
        )
        if not known:
            yield f"{table.title}: a code out of range in {row}"


def _unreachable(table: Table) -> Iterator[str]:
    reached = {table.initial}
    grown = True
    while grown:
        more = {row.destination for row in table if row.source in reached}
        grown = not more <= reached
        reached |= more
    for code, name in enumerate(table.states):
        if code not in reached:
            yield f"{table.title}: nothing leads to {name}"


def _shadowed(table: Table) -> Iterator[str]:
    rows = list(table)
    for place, row in enumerate(rows):
        for earlier in rows[:place]:
            same = (earlier.event, earlier.source) == (row.event, row.source)
            if same and not earlier.guard & ~row.guard:
                yield f"{table.title}: {row} is never taken, {earlier} comes first"


def _left_by_people(table: Table) -> Iterator[str]:
    """Stopped and failed are left by a person; doubt alone may turn stopped into failed."""
    for row in table:
        if row.source not in (t.ST_STOPPED, t.ST_FAILED) or row.destination == row.source:
            continue
        person = table.events[row.event] in names.PEOPLE and row.source == t.ST_STOPPED
        doubt = row.event == t.EV_DOUBT and row.destination == t.ST_FAILED
        if not person and not doubt:
            yield f"{table.states[row.source]} is left by {table.events[row.event]}"


def _always_stops(table: Table) -> Iterator[str]:
    """Stop, a hazard and doubt end motion in every moving state, whatever the guards."""
    still = {code for code in range(len(table.states)) if code not in _MOVING}
    for state in _MOVING:
        for event in (t.EV_STOP, t.EV_HAZARD, t.EV_DOUBT):
            rows = [row for row in table if (row.event, row.source) == (event, state)]
            if not rows or rows[0].guard or any(row.destination not in still for row in rows):
                yield f"{table.events[event]} does not end motion in {table.states[state]}"


def _doubt_fails(table: Table) -> Iterator[str]:
    for state, name in enumerate(table.states):
        leads = [row for row in table if (row.event, row.source) == (t.EV_DOUBT, state)]
        if state != t.ST_FAILED and (not leads or leads[0].guard or leads[0].destination != t.ST_FAILED):
            yield f"doubt does not lead from {name} to failed"


def _help_gone_spares(table: Table) -> Iterator[str]:
    """Help gone does nothing under the guards that a sustain or a basal drug sets."""
    policy = t.G_KVO | t.G_SUSTAIN | t.G_SAFE | t.G_KEY
    for row in table:
        if row.event == t.EV_HELP_GONE and not row.guard & ~policy:
            yield f"help gone touches a sustained drug: {row}"


_LOWERS = {
    (t.EV_AUTHENTIC, t.TR_OFFLINE, t.TR_NORMAL),
    (t.EV_QUIET, t.TR_SUSPECT, t.TR_OFFLINE),
    (t.EV_QUIET, t.TR_SUSPECT, t.TR_NORMAL),
    (t.EV_RECOVERED, t.TR_RECOVERY, t.TR_OFFLINE),
    (t.EV_RECOVERED, t.TR_RECOVERY, t.TR_NORMAL),
}


def _trust_falls(table: Table) -> Iterator[str]:
    """Trust falls only as the design lists; only recovery leads out of isolated."""
    for row in table:
        step = (row.event, row.source, row.destination)
        if row.destination < row.source and step not in _LOWERS and row.source != t.TR_RECOVERY:
            yield f"trust is lowered by {table.events[row.event]} in {table.states[row.source]}"
        recovering = row.source == t.TR_RECOVERY and row.destination < t.TR_ISOLATED
        if recovering and step not in _LOWERS:
            yield f"recovery ends by {table.events[row.event]}"
        leaves = row.source == t.TR_ISOLATED and row.destination != row.source
        if leaves and step[0] != t.EV_RECOVERY_ON:
            yield f"isolated is left by {table.events[row.event]}"
        if leaves and not row.guard & t.GT_KEY:
            yield "isolated is left without the key switch"


def _isolation_is_told(table: Table) -> Iterator[str]:
    for row in table:
        enters = row.destination == t.TR_ISOLATED and row.source != t.TR_ISOLATED
        if enters != (row.action == t.AT_ISOLATE):
            yield f"delivery is told of isolation wrongly: {row}"


_BOTH = (_well_formed, _unreachable, _shadowed)
_DELIVERY = (_left_by_people, _always_stops, _doubt_fails, _help_gone_spares)
_TRUST = (_trust_falls, _isolation_is_told)


def broken_rules(subject: Subject) -> list[str]:
    """Every rule that a table breaks, one line each."""
    checks = [(rule, table) for table in (subject.delivery, subject.trust) for rule in _BOTH]
    if any(_well_formed(subject.delivery)) or any(_well_formed(subject.trust)):
        checks = [(_well_formed, subject.delivery), (_well_formed, subject.trust)]
    else:
        checks += [(rule, subject.delivery) for rule in _DELIVERY] + [(rule, subject.trust) for rule in _TRUST]
    return [line for rule, table in checks for line in rule(table)]


def _without(table: Table, event: int) -> Table:
    return _of_rows(table, [row for row in table if row.event != event])


def _with_first(table: Table, row: Row) -> Table:
    return _of_rows(table, [row, *table])


@claim(
    "tables",
    "Every state is reachable, no row is shadowed or malformed; stopped and failed are left by people alone, Stop, "
    "hazard and doubt end all motion, help gone spares a sustained drug, and trust falls only as listed.",
    mutants={
        "a shadowed row": lambda: Subject(
            delivery=_with_first(
                machines.DELIVERY, Row(t.EV_VOLUME_DONE, t.ST_INFUSING, t.G_ALWAYS, t.ST_COMPLETE, t.A_COMPLETE)
            )
        ),
        "an unreachable state": lambda: Subject(delivery=_without(machines.DELIVERY, t.EV_MAINTENANCE_ON)),
        "failed is left by start": lambda: Subject(
            delivery=_with_first(machines.DELIVERY, Row(t.EV_START, t.ST_FAILED, t.G_SAFE, t.ST_INFUSING, t.A_START))
        ),
        "stop asks for a key": lambda: Subject(
            delivery=_changed(machines.DELIVERY, t.EV_STOP, t.ST_INFUSING, guard=t.G_KEY)
        ),
        "help gone stops all": lambda: Subject(
            delivery=_changed(machines.DELIVERY, t.EV_HELP_GONE, t.ST_INFUSING, guard=t.G_ALWAYS)
        ),
        "traffic ends isolation": lambda: Subject(
            trust=_with_first(machines.TRUST, Row(t.EV_AUTHENTIC, t.TR_ISOLATED, 0, t.TR_NORMAL, t.AT_NONE))
        ),
        "a code out of range": lambda: Subject(
            trust=_changed(machines.TRUST, t.EV_LINK_LOST, t.TR_NORMAL, destination=9)
        ),
    },
)
def tables(deep: bool, subject: Any, report: Report) -> Outcome:
    """Check both tables row by row."""
    tested = subject or Subject()
    broken = broken_rules(tested)
    rows = len(list(tested.delivery)) + len(list(tested.trust))
    report(1, 1)
    return Outcome(not broken, f"{rows} rows, {len(broken)} rules broken", {"rows": rows, "broken": broken})

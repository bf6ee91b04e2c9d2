"""Evidence that the two tables, under every drug policy, keep the fail-safe policy: all of it, no sample.

Walks every delivery state × trust state × event × guard value. What a policy lets the guards be
is written here by hand from docs/design.md, section 4, not taken from the firmware.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from firmware.therapy import tables as t
from firmware.therapy.engine import IGNORED, Machine
from simulator import machines
from simulator import state_names as names
from simulator.machines import Row, Table
from tools.claims.registry import Outcome, Report, claim
from tools.claims.tables import Subject

MOVING = (t.ST_PRIMING, t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO)
# How much flows, told by the state alone: KVO is less than a therapy, a bolus more.
_FLOW = {t.ST_KVO: 1, t.ST_PRIMING: 2, t.ST_INFUSING: 2, t.ST_BOLUS: 3}
# What the guards of a drug may be, by its policy: with a KVO rate and without.
POLICIES = {
    "sustain": (t.G_SUSTAIN, 0),  # 0: its rate is 0, so there is nothing to sustain
    "basal": (t.G_KVO, 0),
    "kvo": (t.G_KVO | t.G_HELP_KVO, t.G_HELP_STOP),
    "stop": (t.G_HELP_STOP,),
}
_FREE = t.G_SAFE | t.G_KEY  # bits that the bedside and the plant set
# What somebody on the network can bring about alone: traffic, true or false, and none.
REMOTE = (t.EV_LINK_LOST, t.EV_AUTHENTIC, t.EV_HOSTILE)
# Bedside events, by code; a resume at boot takes up what a person had started.
_PEOPLE = {names.DELIVERY_EVENTS.index(name) for name in names.PEOPLE}
_BY_ITSELF = (t.EV_TEST_PASSED, t.ST_SELF_TEST, t.A_GO_ON)


def _step(table: Table, engine: Any, state: int, event: int, guards: int) -> tuple[int, int]:
    machine = engine(table.rows, state)
    return machine.step(event, guards), machine.state


def _guards(policy: str) -> Iterator[int]:
    for drug, free in product(POLICIES[policy], range(1 << len(machines.DELIVERY.guards))):
        yield drug | (free & _FREE)


class Walk:
    """Every cell once; `broken` holds what of the policy does not."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.cells = 0
        self.broken: list[str] = []

    def trust_spares_the_dose(self) -> None:
        """No trust event stops or lowers a sustained or basal dose, none raises any, none but compromise acts."""
        subject = self.subject
        trust = subject.trust
        for before, event, gate in product(range(len(trust.states)), range(len(trust.events)), range(4)):
            action, after = _step(trust, subject.engine, before, event, gate)
            self.cells += 1
            told = action == t.AT_ISOLATE
            if told and event in REMOTE:
                self.broken.append(f"{trust.events[event]} in {trust.states[before]} isolates, and wipes the keys")
            if after > before and event == t.EV_AUTHENTIC:
                self.broken.append("authenticated traffic raises suspicion")
            if told:
                self._help_gone(f"{trust.events[event]} in {trust.states[before]}")

    def _help_gone(self, why: str) -> None:
        table = self.subject.delivery
        for policy, state in product(POLICIES, MOVING):
            for guards in set(_guards(policy)):
                action, after = _step(table, self.subject.engine, state, t.EV_HELP_GONE, guards)
                self.cells += 1
                less = _FLOW.get(after, 0) < _FLOW[state]
                more = _FLOW.get(after, 0) > _FLOW[state]
                if policy in ("sustain", "basal") and (after != state or action > 0):
                    self.broken.append(f"{why}: a {policy} dose in {table.states[state]} does not go on")
                if more:
                    self.broken.append(f"{why}: a {policy} dose in {table.states[state]} rises")
                if policy in ("kvo", "stop") and state == t.ST_INFUSING and not less:
                    self.broken.append(f"{why}: a {policy} dose goes on as if nothing were")

    def only_people_raise(self) -> None:
        """Flow begins, or grows, by a person's event alone; stopped and failed are left by a person alone."""
        table = self.subject.delivery
        for state, event in product(range(len(table.states)), range(len(table.events))):
            for guards in range(1 << len(table.guards)):
                action, after = _step(table, self.subject.engine, state, event, guards)
                self.cells += 1
                if action == IGNORED:
                    continue
                what = f"{table.events[event]} in {table.states[state]}"
                grows = _FLOW.get(after, 0) > _FLOW.get(state, 0) or action in (t.A_START, t.A_RESUME, t.A_BOLUS)
                if grows and event not in _PEOPLE and (event, state, action) != _BY_ITSELF:
                    self.broken.append(f"{what} raises the flow and is no person's")
                left = state in (t.ST_STOPPED, t.ST_FAILED, t.ST_PAUSED) and after not in (state, t.ST_FAILED)
                if left and event not in _PEOPLE:
                    self.broken.append(f"{what} leaves it and is no person's")
                if state == t.ST_FAILED:
                    self.broken.append(f"{what} leaves failed: only service does, by a self-test")
                if action == t.A_GO_ON and not (guards & t.G_GO_ON and guards & t.G_SAFE):
                    self.broken.append(f"{what} takes a therapy up against the journal or a hazard")

    def isolation_ends_by_recovery(self) -> None:
        """Out of isolated there is recovery alone, with the key switch; suspect ends in quiet, never by traffic."""
        trust = self.subject.trust
        for before, event, gate in product(range(len(trust.states)), range(len(trust.events)), range(4)):
            _, after = _step(trust, self.subject.engine, before, event, gate)
            self.cells += 1
            what = f"{trust.events[event]} in {trust.states[before]}"
            if before == t.TR_ISOLATED and after != before:
                if event != t.EV_RECOVERY_ON or not gate & t.GT_KEY:
                    self.broken.append(f"{what} leaves isolated")
            elif before == t.TR_SUSPECT and after < before and event != t.EV_QUIET:
                self.broken.append(f"{what} ends suspicion")
            elif before == t.TR_RECOVERY and after < t.TR_ISOLATED and event != t.EV_RECOVERED:
                self.broken.append(f"{what} ends recovery")
            if event == t.EV_BREAK_GLASS and after != before:
                self.broken.append("breaking the glass changes what is trusted")


def _with(table: Table, event: int, source: int, **change: int) -> Table:
    """`table` with the first row for `event` in `source` changed."""
    rows = list(table)
    place = next(place for place, row in enumerate(rows) if (row.event, row.source) == (event, source))
    rows[place] = replace(rows[place], **change)
    return _rows(table, rows)


def _rows(table: Table, rows: list[Row]) -> Table:
    return table.with_rows(
        bytes(code for row in rows for code in (row.event, row.source, row.guard, row.destination, row.action))
    )


@claim(
    "policy",
    "Over all states, events and guard values: no trust event stops or lowers a sustained or basal dose, nothing but a "
    "person at the bedside raises a dose, no event that a remote party can cause alone changes a dose or wipes a key, "
    "and stopped, paused and failed are left by people alone.",
    mutants={
        "help gone stops a sustained dose": lambda: Subject(
            delivery=_with(machines.DELIVERY, t.EV_HELP_GONE, t.ST_INFUSING, guard=t.G_SUSTAIN)
        ),
        "hostile traffic isolates": lambda: Subject(
            trust=_with(machines.TRUST, t.EV_HOSTILE, t.TR_OFFLINE, destination=t.TR_ISOLATED, action=t.AT_ISOLATE)
        ),
        "a stop ends by itself": lambda: Subject(
            delivery=_rows(
                machines.DELIVERY,
                [*machines.DELIVERY, Row(t.EV_TEST_PASSED, t.ST_STOPPED, t.G_SAFE, t.ST_INFUSING, t.A_RESUME)],
            )
        ),
        "the journal is not asked": lambda: Subject(
            delivery=_with(machines.DELIVERY, t.EV_TEST_PASSED, t.ST_SELF_TEST, guard=t.G_SAFE)
        ),
        "recovery without the key": lambda: Subject(
            trust=_with(machines.TRUST, t.EV_RECOVERY_ON, t.TR_ISOLATED, guard=0)
        ),
        "help gone is not heard": lambda: Subject(
            delivery=_with(machines.DELIVERY, t.EV_HELP_GONE, t.ST_INFUSING, destination=t.ST_INFUSING)
        ),
    },
)
def policy(deep: bool, subject: Any, report: Report) -> Outcome:
    """All cells of both tables, in seconds."""
    walk = Walk(subject or Subject(engine=Machine))
    parts = (walk.trust_spares_the_dose, walk.only_people_raise, walk.isolation_ends_by_recovery)
    for done, part in enumerate(parts, 1):
        part()
        report(done, len(parts))
    broken = sorted(set(walk.broken))
    return Outcome(not broken, f"{walk.cells:,} cells, {len(broken)} against the policy", {"broken": broken[:20]})

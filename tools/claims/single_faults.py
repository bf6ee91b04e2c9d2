"""Evidence that every single fault ends as a matrix written by hand from the fail-safe policy says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy.detectors import Detectors
from firmware.therapy.interlocks import Interlocks
from hal import ports
from simulator.faults import KINDS
from simulator.faults.wrong import BlindGuardian
from tools.claims.registry import Outcome, Report, claim
from tools.fault_cells import APART_UL, BOUND_SLOW_UL, BOUND_UL, SLOW_UL_H, Cells, Seen, flow_ul_h, horizon_ms, judge
from tools.fault_notation import Fault, faults
from tools.fault_pumps import POLICIES, STATES

Change = Callable[[Any], None]
_APART = "a generator that ignores its lease"
_SLOW = "at 20 mL/h and less"
_FAST = "above"
_SHALLOW_MS = 60_000


class PassingInterlocks(Interlocks):
    """A mutant: hazards are seen and stop nothing."""

    __slots__ = ()

    def check(self, r: ports.Readings, moved: int, elapsed_ms: int) -> int:
        super().check(r, moved, elapsed_ms)
        return 0


class TrustingDetectors(Detectors):
    """A mutant: nothing that is found out is doubted."""

    __slots__ = ()

    def tick(self, r: ports.Readings, moved: int, elapsed: int) -> int:
        super().tick(r, moved, elapsed)
        return 0


class HushedAlarms(al.Alarms):
    """A mutant: what stops flow is not told."""

    __slots__ = ()

    def raise_(self, code: int) -> None:
        if al.traits(code) & 3 != al.PRIORITY_HIGH:
            super().raise_(code)


def becomes(part: str, mind: type) -> Callable[[], Change]:
    """A mutant: the part of the app at `part` is of class `mind`, with the same slots."""

    def change(app: Any) -> None:
        owner = app
        for name in part.split("."):
            owner = getattr(owner, name)
        owner.__class__ = mind

    return lambda: change


def chosen(deep: bool) -> list[tuple[Fault, str, str]]:
    """The cells to be run: all of them, or for each fault a flowing one and one by turns."""
    found = []
    for place, fault in enumerate(faults()):
        cells = fault.cells()
        if deep:
            found += [(fault, state, policy) for state, policy in cells]
            continue
        flowing = [cell for cell in cells if cell[0] == "infusing"]
        others = [cell for cell in cells if cell[0] != "infusing"]
        for state, policy in (flowing[place % len(flowing)], others[place * 7 % len(others)]):
            if horizon_ms(fault.expected(state, policy), state, policy) <= _SHALLOW_MS:
                found.append((fault, state, policy))
    return found


@claim(
    "single-faults",
    "Every kind of fault in the catalogue, in every delivery state and under every drug policy, ends as a matrix "
    "written by hand from the fail-safe policy says: outcome, alarm, priority and time, over-delivery within the "
    "disclosed bound, and a motor that Stop, door and air end within 100 ms.",
    mutants={
        "a guardian that sees nothing": becomes("therapy.guardian", BlindGuardian),
        "hazards stop nothing": becomes("controller.interlocks", PassingInterlocks),
        "detectors that doubt nothing": becomes("controller.detectors", TrustingDetectors),
        "what stops flow is not told": becomes("controller.alarms", HushedAlarms),
    },
)
def single_faults(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each cell beside a control; what differs by a hair is a finding."""
    cells = Cells(subject)
    todo = chosen(deep)
    shown: dict[str, dict[str, Any]] = {}
    most = {_SLOW: 0.0, _FAST: 0.0, _APART: 0.0}
    findings = []
    for place, (fault, state, policy) in enumerate(todo):
        expected = fault.expected(state, policy)
        horizon = horizon_ms(expected, state, policy)
        seen = cells.run(fault.kind, fault.values, state, policy, horizon)
        wrong = judge(seen, expected, cells.control(state, policy, horizon), fault.kind, state, policy)
        findings += [f"{fault.name} in {state} under {policy}: {what}" for what in wrong]
        shown.setdefault(fault.name, {})[f"{state}/{policy}"] = _told(seen, expected.outcome, wrong)
        if not expected.asked:
            bound = _APART if expected.apart else _SLOW if flow_ul_h(state, policy) <= SLOW_UL_H else _FAST
            most[bound] = max(most[bound], seen.over_ul)
        if findings and subject is not None:
            break  # a mutant is rejected
        report(place + 1, len(todo))
    bounds = [(_SLOW, BOUND_SLOW_UL), (_FAST, BOUND_UL), (_APART, max(APART_UL.values()))]
    figure = (
        f"{len(todo):,} cells of {len(shown)} faults, {len({one.rsplit(':', 1)[0] for one in findings})} differ; "
        f"at most {most[_SLOW]:.0f} µL too much {_SLOW}, {most[_FAST]:.0f} µL {_FAST}"
    )
    data = {
        "findings": findings[:200], "states": list(STATES), "policies": list(POLICIES), "cells": shown,
        "places": {fault.name: KINDS[fault.kind].where for fault in faults()}, "figure": figure,
        "bounds": [(name, round(most[name], 1), bound) for name, bound in bounds],
    }  # fmt: skip
    return Outcome(not findings, figure, data)


def _told(seen: Seen, outcome: str, wrong: list[str]) -> dict[str, Any]:
    return {
        "outcome": outcome if not wrong and outcome in ("unchanged", "resumed", "waits") else seen.state,
        "over_ul": round(seen.over_ul, 1), "short_ul": round(seen.short_ul, 1), "told_ms": seen.alarms, "wrong": wrong,
    }  # fmt: skip

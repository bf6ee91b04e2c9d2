"""Evidence that the guardian alone bounds what wrong dosing can deliver.

Dosing is replaced by arithmetic that is wrong; what the motor then turns is held against the
prescription, integrated here. Bounds: docs/design.md, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.guardian import Guardian
from firmware.therapy.permit import Permit
from hal import ports
from simulator.ideal import IdealPump, prescription
from simulator.standins import dosing as wrong
from simulator.standins.guardian import NoGuardian
from tools.claims.registry import Outcome, Report, claim

SLOW_UL_H = 20_000
BOUND_SLOW_UL = 30.0
BOUND_UL = 140.0
# A pump that is off by more than its encoder can tell, and a tenth, must be told of by then.
TOLD_MS = 330_000
UNTOLD_UL = 6.0
_UNITS_PER_UL = 3_600_000

FAULTS: dict[str, type] = {
    "doubles": wrong.Doubles,
    "doubles its lease": wrong.DoublesItsLease,
    "creeps": wrong.Creeps,
    "freezes": wrong.Freezes,
    "halves": wrong.Halves,
    "reverses": wrong.Reverses,
    "jitters": wrong.Jitters,
    "never stops": wrong.NeverStops,
}
_RATES = {
    ports.HEAD_SYRINGE: (100, 5_000, 20_000, 150_000),
    ports.HEAD_VOLUMETRIC: (100, 1_000, 20_000, 119_999, 600_000, 1_200_000),
}


class CapsNothing(Guardian):
    """A mutant: it lets every step through, and trips for nothing."""

    __slots__ = ()

    def _bound(self, state: int, r: Any, drive: Any) -> None:
        self.permit.end = drive.step_end


class LongLease(Permit):
    """A mutant of what is permitted: a lease ten times too long."""

    __slots__ = ()

    def lease_units(self, state: int) -> int:
        return 10 * super().lease_units(state)


class HearsNoShortfall(Permit):
    """A mutant of what is permitted: too little is nothing to it."""

    __slots__ = ()

    def _fall_short(self, state: int, missed: int) -> None:
        return


def _permitting(permit: type[Permit]) -> Callable[[int], Guardian]:
    """A guardian whose permit is of class `permit`."""

    def make(head: int) -> Guardian:
        guardian = Guardian(head)
        guardian.permit = permit(head)
        return guardian

    return make


@dataclass
class Finding:
    """What one run came to: most over the prescription, least under it, and when a person was told."""

    over_ul: float = 0.0
    under_ul: float = 0.0
    told_ms: int = -1
    due_ul: float = 0.0

    def broken(self, fault: str, rate_ul_h: int) -> str:
        """What of the claim does not hold, or ''."""
        bound = BOUND_SLOW_UL if rate_ul_h <= SLOW_UL_H else BOUND_UL
        if self.over_ul > bound:
            return f"{fault} at {rate_ul_h} µL/h: {self.over_ul:.1f} µL too much"
        off = max(self.over_ul, -self.under_ul) > UNTOLD_UL + self.due_ul / 10
        if off and not 0 <= self.told_ms <= TOLD_MS:
            return f"{fault} at {rate_ul_h} µL/h: nobody told within {TOLD_MS // 1000} s"
        return ""


class Meter:
    """Holds the motor's steps against the prescription's own sum of rate × time."""

    def __init__(self, pump: IdealPump, rate_ul_h: int) -> None:
        self._pump = pump
        self._step = pump.controller.dose.dosing.step_volume
        self._begun = pump.board.position
        self._rate = rate_ul_h
        self._due = 0
        self._then = pump.board.clock.ms
        self.finding = Finding()

    def tick(self, ms: int, flows: bool) -> None:
        """Let the pump take a turn and look at its motor."""
        pump = self._pump
        pump.tick(ms)
        if flows:
            self._due += self._rate * ms
        over = ((pump.board.position - self._begun) * self._step - self._due) / _UNITS_PER_UL
        finding = self.finding
        finding.over_ul = max(finding.over_ul, over)
        finding.under_ul = min(finding.under_ul, over)
        finding.due_ul = self._due / _UNITS_PER_UL
        if finding.told_ms < 0 and pump.status.priority == al.PRIORITY_HIGH:
            finding.told_ms = pump.board.clock.ms - self._then


def measure(fault: type | None, head: int, rate_ul_h: int, stall_ms: int, guardian: Any = None) -> Finding:
    """Infuse at `rate_ul_h` with `fault` for dosing, once a stall on the way, a pause at the end."""
    guard = guardian(head) if guardian else None
    pump = IdealPump(head=head, dosing=fault() if fault else None, guardian=guard)
    pump.board.sensed.reservoir_ul = 50_000 if head == ports.HEAD_SYRINGE else -1
    pump.start(prescription(rate_ul_h, head=head))
    meter = Meter(pump, rate_ul_h)
    meter._due = rate_ul_h * 100  # the tick that started it has passed
    for place in range(3_300):
        meter.tick(100 + (stall_ms if place == 20 else 0), flows=True)
        if pump.state == t.ST_FAILED and place > 100:
            break
    pump.board.keys.append((ports.KEY_PAUSE, 0))
    for place in range(100):
        meter.tick(100, flows=place == 0)
    return meter.finding


def _false_trips(deep: bool, guardian: Any) -> list[str]:
    """Right dosing is left alone: every rate, a stall, boluses, titrations, pauses."""
    wrongly = []
    for head, rates in _RATES.items():
        for rate in rates:
            guard = guardian(head) if guardian else None
            pump = IdealPump(head=head, guardian=guard)
            rx: Any = prescription(rate, head=head)
            rx.clinician_ul, rx.clinician_ul_h = 300, 100_000
            pump.start(rx)
            for place in range(40 if not deep else 400):
                pump.run(700)
                pump.tick(2_000)
                what = place % 4
                if what == 0:
                    pump.press(ports.KEY_CLINICIAN_BOLUS)
                elif what == 1:
                    pump.app.therapy.offer_titration(max(rate // 2, 100) if place % 8 == 1 else rate)
                elif what == 2:
                    pump.press(ports.KEY_PAUSE)
                    pump.run(500)
                    pump.press(ports.KEY_START)
            if pump.state == t.ST_FAILED:
                wrongly.append(f"right dosing at {rate} µL/h: tripped with {pump.app.therapy.guardian.tripped}")
    return wrongly


@claim(
    "guardian",
    "With dosing replaced by one that doubles, creeps, freezes, halves, reverses, jitters or never stops, the guardian "
    "alone keeps what is delivered within 0.03 mL of the prescription at 20 mL/h or less and 0.14 mL anywhere, a "
    "person is told, and dosing that is right is left alone.",
    mutants={
        "no guardian": lambda: NoGuardian,
        "caps nothing": lambda: CapsNothing,
        "a lease ten times too long": lambda: _permitting(LongLease),
        "deaf to a shortfall": lambda: _permitting(HearsNoShortfall),
    },
)
def guardian(deep: bool, subject: Callable[[int], Any] | None, report: Report) -> Outcome:
    """Every wrong dosing at every rate of both heads, with and without a stall of two seconds."""
    cases = [
        (name, head, rate, stall_ms)
        for name in FAULTS
        for head, rates in _RATES.items()
        for rate in (rates if deep else rates[1::2])
        for stall_ms in ((0, 1_000, 2_000, 5_000) if deep else (2_000,))
    ]
    findings: list[str] = []
    worst = {True: 0.0, False: 0.0}
    for done, (name, head, rate, stall_ms) in enumerate(cases, 1):
        found = measure(FAULTS[name], head, rate, stall_ms, subject)
        slow = rate <= SLOW_UL_H
        worst[slow] = max(worst[slow], found.over_ul)
        if broken := found.broken(name, rate):
            findings.append(broken)
        report(done, len(cases))
    findings += _false_trips(deep, subject)
    figure = (
        f"{len(cases)} runs of wrong dosing, at most {worst[True] / 1000:.3f} mL too much at 20 mL/h or less and "
        f"{worst[False] / 1000:.3f} mL anywhere, {len(findings)} off"
    )
    data = {"cases": len(cases), "worst_slow_ul": worst[True], "worst_ul": worst[False], "findings": findings[:20]}
    return Outcome(not findings, figure, data)

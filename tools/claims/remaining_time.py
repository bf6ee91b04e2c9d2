"""Evidence that people are told in time what is left: battery, reservoir, programme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.estimate import Battery, Estimates, Reservoir
from firmware.therapy.heads import SYRINGES
from firmware.therapy.interlocks import EMPTY_UL
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import becomes, programmed, started

Make = Callable[..., IdealPump]
_HIGH = al.PRIORITY_HIGH
_TOLERANCE = 0.25
_KNOWN_MIN = 5  # after so long on the battery the time left must be known
_NOISE_UL = 15  # standard deviation, as of the simulated board
_EARLIER_UL = 120  # by so much the noise may bring a final warning forward
_ONE_MINUTE = 1  # minutes are shown whole


class Nominal(Battery):
    """A mutant: every battery lasts ten hours."""

    __slots__ = ()

    def second(self, seconds: int, permille: int, on_mains: bool) -> None:
        self.minutes = -1 if on_mains else permille * 600 // 1000


class NeverLearns(Battery):
    """A mutant: the first pace it saw stays."""

    __slots__ = ()

    def _fell(self, permille: int) -> None:
        if not self._pace:
            super()._fell(permille)


class Unsteady(Reservoir):
    """A mutant: the sensor as it is, noise and all."""

    __slots__ = ()

    def second(self, sensed_ul: int, pumped_ul: int) -> None:
        self.ul = sensed_ul


class NeverFinal(Estimates):
    """A mutant: warns once, and does not come back when the end is near."""

    __slots__ = ()

    def second(self, seconds: int, r: Any, status: Any, dose: Any, alarms: Any) -> None:
        super().second(seconds, r, status, dose, alarms)
        alarms.risen = 0
        alarms._rank()


class VolumeAlone(Estimates):
    """A mutant: sees the end of the volume, not that of the programme's time."""

    __slots__ = ()

    def _end_s(self, dose: Any, rate: int, bolus_ul: int) -> int:
        return super()._end_s(dose, rate, bolus_ul) if dose.vtbi.limited else 1 << 20


@dataclass
class Warned:
    """How much was left, in seconds, when each warning came; None where it did not come."""

    early_s: float | None = None
    final_s: float | None = None
    worst: float = 0.0  # relative error of the minutes shown, past what rounding explains
    unknown_s: int = 0
    changes: int = 0  # how often the warning came or went

    def look(self, pump: IdealPump, code: int, left_s: float, shown_min: int) -> None:
        """Take what the pump says now."""
        alarms = pump.controller.alarms
        holds = alarms.is_shown(code)
        if holds != (self.early_s is not None and self.changes % 2 == 1):
            self.changes += 1
        if holds and self.early_s is None:
            self.early_s = left_s
        if self.final_s is None and holds and alarms.priority_of(code) == _HIGH:
            self.final_s = left_s
        if shown_min < 0:
            self.unknown_s += 1
        elif left_s > 0:
            off = max(abs(shown_min * 60 + 30 - left_s) - _ONE_MINUTE * 60, 0)
            self.worst = max(self.worst, off / left_s)


def battery(make: Make, hours: float, load: float = 1.0, jitter: int = 0) -> list[str]:
    """Empty a battery of `hours`; from its half on it drains `load` times as fast; its gauge jitters."""
    pump = make()
    pump.board.sensed.flags &= ~ports.RF_MAINS
    random = Random(f"{hours}/battery")
    warned = Warned()
    permille, settling = 1000.0, 0
    while permille > 1:
        faster = load if permille < 500 else 1.0
        permille -= faster * 1000 / (hours * 3600)
        left_s = permille / 1000 * hours * 3600 / faster
        if permille < 500:
            settling += 1
        pump.board.sensed.battery_permille = min(max(int(permille) + random.randint(-jitter, jitter), 0), 1000)
        pump.tick(1000)
        shown = pump.status.battery_min
        if load != 1.0 and settling < 600 and permille < 500:
            shown = -1 if shown < 0 else round(left_s / 60 - 0.5)  # it has ten minutes to learn
        warned.look(pump, al.AL_BATTERY_LOW, left_s, shown)
    name = f"battery of {hours} h" + (f", then {load} × the load" if load != 1.0 else "")
    wrong = []
    if warned.worst > _TOLERANCE:
        wrong.append(f"{name}: minutes off by {100 * warned.worst:.0f} %")
    if warned.unknown_s > _KNOWN_MIN * 60:
        wrong.append(f"{name}: nothing known for {warned.unknown_s} s")
    if warned.early_s is None or warned.early_s < min(1800, hours * 3600 - 120):
        wrong.append(f"{name}: early warning {warned.early_s} s before the end")
    if warned.final_s is None or not 180 <= warned.final_s <= max(600, (warned.early_s or 0) - 1800):
        wrong.append(f"{name}: final warning {warned.final_s} s before the end")
    if warned.changes > 1:
        wrong.append(f"{name}: the warning came and went {warned.changes} times")
    return wrong


def reservoir(make: Make, rate_ul_h: int, seed: int) -> list[str]:
    """Pump a syringe down to where it counts as empty, its sensor noisy."""
    pump = make(ports.HEAD_SYRINGE)
    alarms, sensed, random = pump.controller.alarms, pump.board.sensed, Random(f"{seed}/reservoir")
    step_ul = SYRINGES[-1][3] / 3_600_000
    held = EMPTY_UL + min(rate_ul_h * 1200 / 3600 + 100, 50_000)
    sensed.reservoir_ul = int(held)
    sensed.size_um = SYRINGES[-1][2]
    pump.start(prescription(rate_ul_h, policy=layout.POLICY_SUSTAIN, head=ports.HEAD_SYRINGE))
    base = held + pump.board.position * step_ul
    warned = Warned()
    seconds = 0
    while not alarms.is_shown(al.AL_EMPTY) and seconds < 200_000:
        left_ul = base - pump.board.position * step_ul
        left_s = (left_ul - EMPTY_UL) * 3600 / rate_ul_h
        # Near its end a sensor's noise is more than what is left; there the alarms are what counts.
        judged = left_s > 600 and left_ul - EMPTY_UL > 50 and seconds > 5
        shown = pump.status.reservoir_min if judged else max(int(left_s / 60), 0)
        warned.look(pump, al.AL_RESERVOIR_LOW, left_s, shown)
        sensed.reservoir_ul = max(round(random.gauss(left_ul, _NOISE_UL)), 0)
        pump.tick(1000)
        seconds += 1
    stopped_s = (base - pump.board.position * step_ul - EMPTY_UL) * 3600 / rate_ul_h
    pump.tick()
    wrong = []
    name = f"syringe at {rate_ul_h} µL/h"
    if (pump.state, pump.status.alarm, pump.status.priority) != (t.ST_STOPPED, al.AL_EMPTY, _HIGH):
        wrong.append(f"{name}: its end is state {pump.state}, alarm {pump.status.alarm}")
    if warned.worst > 0.1:
        wrong.append(f"{name}: minutes off by {100 * warned.worst:.0f} %")
    early_s, final_s = ((at - stopped_s if at is not None else -1.0) for at in (warned.early_s, warned.final_s))
    if early_s < 840:
        wrong.append(f"{name}: early warning {early_s:.0f} s before the end")
    if not 180 <= final_s <= 260 + _EARLIER_UL * 3600 / rate_ul_h:
        wrong.append(f"{name}: final warning {final_s:.0f} s before the end")
    if warned.changes != 1:
        wrong.append(f"{name}: the warning came and went {warned.changes} times")
    return wrong


_DOSE, _VTBI, _TIME = ports.FIELD_DOSE_MILLI, ports.FIELD_VTBI_UL, ports.FIELD_TIME_S
ENDINGS: dict[str, tuple[int, tuple[tuple[int, int], ...]]] = {
    "continuous": (layout.MODE_CONTINUOUS, ((_DOSE, 120_000), (_VTBI, 30_000))),
    "volume over time": (layout.MODE_VOLUME_TIME, ((_TIME, 1_000), (_VTBI, 30_000))),
    "VTBI over time": (layout.MODE_VTBI_TIME, ((_TIME, 1_000), (_VTBI, 30_000))),
    "loading": (
        layout.MODE_LOADING,
        ((_DOSE, 60_000), (_VTBI, 10_000), (ports.FIELD_LOADING_UL, 10_000), (ports.FIELD_LOADING_S, 120)),
    ),
    "steps": (
        layout.MODE_STEPS,
        (
            (ports.FIELD_STEP_DOSE_MILLI, 10_000), (ports.FIELD_STEP_S, 300),
            (ports.FIELD_STEP_DOSE_MILLI, 20_000), (ports.FIELD_STEP_S, 60),
            (ports.FIELD_STEP_DOSE_MILLI, 5_000), (ports.FIELD_STEP_S, 60),
        ),
    ),
    "ramp": (
        layout.MODE_RAMP,
        ((_DOSE, 60_000), (_TIME, 300), (ports.FIELD_RAMP_UP_S, 120), (ports.FIELD_RAMP_DOWN_S, 120)),
    ),
    "intermittent": (
        layout.MODE_INTERMITTENT,
        ((_TIME, 60), (_VTBI, 1_000), (ports.FIELD_INTERVAL_S, 200), (ports.FIELD_CYCLES, 4)),
    ),
}  # fmt: skip


def ending(weaken: Any, name: str) -> list[str]:
    """Run a programme to its end; it was announced at least three minutes before, once, and not much earlier."""
    mode, entries = ENDINGS[name]
    pump = started(programmed(mode, *entries, weaken=weaken, policy=layout.POLICY_STOP))
    seen: list[bool] = []
    for _ in range(2_000):
        if pump.state != t.ST_INFUSING:
            break
        seen.append(pump.controller.alarms.is_shown(al.AL_NEAR_END))
        pump.run(1_000)
    if pump.state != t.ST_COMPLETE:
        return [f"{name}: its end is state {pump.state}"]
    if True not in seen:
        return [f"{name}: its end is not announced"]
    before_s = len(seen) - seen.index(True)
    if not all(seen[seen.index(True) :]):
        return [f"{name}: the announcement comes and goes"]
    # A ramp or a step may be shorter than it looks at the rate of now; it is never longer.
    return [] if 180 <= before_s <= 260 else [f"{name}: announced {before_s} s before its end"]


@claim(
    "remaining-time",
    "On the battery, the minutes shown are within ±25 % of the truth once five minutes have passed, and ten minutes "
    "after the load has changed; it warns at least 30 minutes before the end and, HIGH, at least 3. A syringe warns 15 "
    "minutes before it counts as empty and, HIGH, 3. The end of a programme is announced at least 3 minutes before, in "
    "every mode. No warning comes and goes.",
    mutants={
        "every battery is nominal": becomes("estimates._battery", Nominal),
        "the pace is never learnt again": becomes("estimates._battery", NeverLearns),
        "noise is not steadied": becomes("estimates._reservoir", Unsteady),
        "no final warning": becomes("estimates", NeverFinal),
        "volume alone": becomes("estimates", VolumeAlone),
    },
)
def remaining_time(deep: bool, subject: Any, report: Report) -> Outcome:
    """Batteries emptied, syringes pumped down, programmes run to their end."""

    def make(head: int = ports.HEAD_VOLUMETRIC) -> IdealPump:
        pump = IdealPump(head)
        if subject:
            subject(pump)
        return pump

    batteries: list[tuple[float, float, int]] = [(0.5, 1.0, 0), (2.0, 1.0, 0), (2.5, 2.0, 0), (2.5, 0.6, 0)]
    batteries.append((4.0, 1.0, 1))
    syringes = [(1_000, 1), (5_000, 2), (50_000, 3), (150_000, 4)]
    if deep:
        batteries += [(hours, load, jitter) for hours in (1.0, 3.0, 10.0) for load in (1.0, 1.8) for jitter in (0, 1)]
        syringes += [(rate, seed) for rate in (100, 700, 1_000, 20_000) for seed in range(5)]
    findings: list[str] = []
    for hours, load, jitter in batteries:
        findings += battery(make, hours, load, jitter)
    for rate, seed in syringes:
        findings += reservoir(make, rate, seed)
    for name in ENDINGS:
        findings += ending(subject, name)
    figure = f"{len(batteries)} batteries, {len(syringes)} syringes, {len(ENDINGS)} modes, {len(findings)} off"
    return Outcome(not findings, figure, {"findings": findings})

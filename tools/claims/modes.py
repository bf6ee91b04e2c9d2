"""Evidence that each infusion mode gives its profile, second by second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.profile import Profile
from hal import ports
from simulator.ideal import IdealPump
from tools.claims.dosing import UNITS_PER_UL, commanded_units
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import becomes, programmed, started

Weaken = Callable[[IdealPump], None] | None
_S = 1_000  # ms


class OneStair(Profile):
    """A mutant: a ramp, or a spread, keeps its first stair."""

    __slots__ = ()

    def _stair(self) -> None:
        return


class ForgetsSegments(Profile):
    """A mutant: segments end by volume alone."""

    __slots__ = ()

    def _pass_second(self) -> None:
        return


def follows(pump: IdealPump, due: Callable[[int], int], seconds: int, every: int = 1) -> str:
    """Compare commanded units with `due(second)` for `seconds`; return the first difference or ''."""
    for second in range(every, seconds + 1, every):
        pump.run(every * _S)
        if commanded_units(pump) != due(second):
            return f"at {second} s: {commanded_units(pump)} units, {due(second)} due"
    return ""


def continuous(weaken: Weaken) -> str:
    """Rate and VTBI, then KVO."""
    entries = ((ports.FIELD_DOSE_MILLI, 90_000), (ports.FIELD_VTBI_UL, 1_000))
    pump = started(programmed(layout.MODE_CONTINUOUS, *entries, weaken=weaken))
    wrong = follows(pump, lambda s: 90_000 * s * _S, 39)
    pump.run(1 * _S)
    if pump.state != t.ST_KVO or commanded_units(pump) != 1_000 * UNITS_PER_UL:
        wrong = wrong or "the volume did not end exactly in KVO"
    return wrong or follows(pump, lambda s: 1_000 * UNITS_PER_UL + 1_000 * s * _S, 60)


def volume_over_time(weaken: Weaken) -> str:
    """One rate, rounded down; it may end late."""
    entries = ((ports.FIELD_VTBI_UL, 1_001), (ports.FIELD_TIME_S, 70))
    pump = started(programmed(layout.MODE_VOLUME_TIME, *entries, weaken=weaken))
    rate = 1_001 * 3600 // 70
    wrong = follows(pump, lambda s: rate * s * _S, 70)
    pump.run(1 * _S)
    total = 1_001 * UNITS_PER_UL
    late = pump.state == t.ST_KVO and 0 <= commanded_units(pump) - total <= 1_000 * _S
    return wrong or ("" if late else "the volume did not end within a second of its time")


def vtbi_over_time(weaken: Weaken) -> str:
    """The end is kept: the rate is one of two neighbours."""
    entries = ((ports.FIELD_VTBI_UL, 1_001), (ports.FIELD_TIME_S, 70))
    pump = started(programmed(layout.MODE_VTBI_TIME, *entries, weaken=weaken))
    rate, rest = divmod(1_001 * 3600, 70)
    wrong = follows(pump, lambda s: (rate * s + rest * s // 70) * _S, 69)
    pump.run(900)
    if pump.state != t.ST_INFUSING:
        return wrong or "it ended early"
    pump.tick()
    ended = pump.state == t.ST_KVO and commanded_units(pump) == 1_001 * UNITS_PER_UL
    return wrong or ("" if ended else "it did not end on time to the unit")


def loading(weaken: Weaken) -> str:
    """A loading dose, then maintenance."""
    entries = (
        (ports.FIELD_LOADING_UL, 2_000), (ports.FIELD_LOADING_S, 60),
        (ports.FIELD_DOSE_MILLI, 30_000), (ports.FIELD_VTBI_UL, 5_000),
    )  # fmt: skip
    pump = started(programmed(layout.MODE_LOADING, *entries, weaken=weaken))
    load = 2_000 * UNITS_PER_UL
    return follows(pump, lambda s: 120_000 * s * _S if s <= 60 else load + 30_000 * (s - 60) * _S, 180)


def steps(weaken: Weaken) -> str:
    """Three dose steps, then the end."""
    entries = []
    for dose, seconds in ((60_000, 20), (120_000, 30), (30_000, 10)):
        entries += [(ports.FIELD_STEP_DOSE_MILLI, dose), (ports.FIELD_STEP_S, seconds)]
    pump = started(programmed(layout.MODE_STEPS, *entries, weaken=weaken))

    def due(s: int) -> int:
        return (60_000 * min(s, 20) + 120_000 * min(max(s - 20, 0), 30) + 30_000 * max(s - 50, 0)) * _S

    wrong = follows(pump, due, 60)
    return wrong or ("" if pump.state == t.ST_KVO else "it did not end after its last step")


def ramp(weaken: Weaken) -> str:
    """A staircase up, a plateau, a staircase down."""
    top, up, hold, down = 100_003, 70, 20, 30
    entries = (
        (ports.FIELD_DOSE_MILLI, top), (ports.FIELD_RAMP_UP_S, up),
        (ports.FIELD_TIME_S, hold), (ports.FIELD_RAMP_DOWN_S, down),
    )  # fmt: skip
    pump = started(programmed(layout.MODE_RAMP, *entries, weaken=weaken))
    rates = [top * k // up for k in range(up)] + [top] * hold + [top - -(-top * k // down) for k in range(down)]
    return follows(pump, lambda s: sum(rates[:s]) * _S, up + hold + down)


def intermittent(weaken: Weaken) -> str:
    """Three doses, KVO between them."""
    entries = (
        (ports.FIELD_VTBI_UL, 500), (ports.FIELD_TIME_S, 20), (ports.FIELD_INTERVAL_S, 60), (ports.FIELD_CYCLES, 3),
    )  # fmt: skip
    pump = started(programmed(layout.MODE_INTERMITTENT, *entries, weaken=weaken))

    def due(s: int) -> int:
        cycle, second = divmod(s, 60)
        whole = cycle * (90_000 * 20 + 1_000 * 40)
        return (whole + 90_000 * min(second, 20) + 1_000 * max(second - 20, 0)) * _S

    wrong = follows(pump, due, 140)
    pump.run(1 * _S)
    return wrong or ("" if pump.state == t.ST_KVO else "it did not end with its last dose")


def bolus(weaken: Weaken) -> str:
    """A clinician's bolus on a continuous infusion."""
    entries = (
        (ports.FIELD_DOSE_MILLI, 30_000), (ports.FIELD_VTBI_UL, 50_000),
        (ports.FIELD_BOLUS_UL, 1_000), (ports.FIELD_BOLUS_UL_H, 360_000),
    )  # fmt: skip
    pump = started(programmed(layout.MODE_CONTINUOUS, *entries, weaken=weaken))
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    pump.tick()
    wrong = "" if pump.state == t.ST_BOLUS else "no bolus was given"
    begun = commanded_units(pump)
    extra = 1_000 * UNITS_PER_UL
    return wrong or follows(pump, lambda s: begun + 30_000 * s * _S + min(360_000 * s * _S, extra), 20)


def pca(weaken: Weaken) -> str:
    """Basal, a patient's bolus that suspends the clinician's, lock-out."""
    entries = (
        (ports.FIELD_DOSE_MILLI, 2_000), (ports.FIELD_BOLUS_UL, 1_000), (ports.FIELD_BOLUS_UL_H, 360_000),
        (ports.FIELD_LOCKOUT_S, 300), (ports.FIELD_CLINICIAN_UL, 600), (ports.FIELD_CLINICIAN_S, 60),
    )  # fmt: skip
    pump = started(programmed(layout.MODE_PCA, *entries, weaken=weaken))
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    pump.tick()
    begun = commanded_units(pump)
    wrong = follows(pump, lambda s: begun + (2_000 + 36_000) * s * _S, 20)
    pump.press(ports.KEY_PATIENT_BOLUS)
    pump.tick()
    begun = commanded_units(pump)
    wrong = wrong or follows(pump, lambda s: begun + (2_000 + 360_000) * s * _S, 10)
    begun = commanded_units(pump)
    wrong = wrong or follows(pump, lambda s: begun + (2_000 + 36_000) * s * _S, 30)
    pump.press(ports.KEY_PATIENT_BOLUS)
    pump.run(2 * _S)
    return wrong or ("a bolus was given in the lock-out" if pump.status.bolus == ports.KEY_PATIENT_BOLUS else "")


def priming(weaken: Weaken) -> str:
    """Held, bounded, and not counted as given."""
    entries = ((ports.FIELD_DOSE_MILLI, 90_000), (ports.FIELD_VTBI_UL, 1_000))
    pump = programmed(layout.MODE_CONTINUOUS, *entries, weaken=weaken)
    pump.press(ports.KEY_PRIME_ON)
    pump.run(200 * _S)
    if pump.state != t.ST_PROGRAMMING or abs(pump.board.position * 62.5 / 1000 - 20_000) > 1:
        return f"priming did not end at its bound: {pump.board.position} steps"
    started(pump)
    wrong = follows(pump, lambda s: 90_000 * s * _S, 10)
    return wrong or ("" if pump.status.delivered_ul <= 251 else "what was primed counts as delivered")


MODES: dict[str, Callable[[Weaken], str]] = {
    "continuous": continuous, "volume over time": volume_over_time, "VTBI over time": vtbi_over_time,
    "loading": loading, "steps": steps, "ramp": ramp, "intermittent": intermittent, "bolus": bolus,
    "PCA": pca, "priming": priming,
}  # fmt: skip


@claim(
    "modes",
    "Every infusion mode commands its profile to the unit at each second: continuous, volume over time, VTBI over "
    "time, loading, steps, ramp, intermittent, bolus, PCA, priming, and KVO at the end.",
    mutants={
        "ramps keep their first stair": becomes("dose.profile", OneStair),
        "segments do not end by time": becomes("dose.profile", ForgetsSegments),
    },
)
def modes(deep: bool, subject: Any, report: Report) -> Outcome:
    """Programme each mode at the panel, start it, compare."""
    findings = {}
    for done, (name, mode) in enumerate(MODES.items()):
        wrong = mode(subject)
        if wrong:
            findings[name] = wrong
        report(done + 1, len(MODES))
    return Outcome(not findings, f"{len(MODES)} modes, {len(findings)} off", {"findings": findings})

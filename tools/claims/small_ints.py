"""Evidence that the tick's arithmetic stays within a Pico's small integers.

The 64-bit interpreters cannot show it: their small integers are wider. So each operator of
what the tick reaches is checked, at the ends of every range.
"""

from __future__ import annotations

from typing import Any

from hal.compat import HALF, MASK
from tools.checked_arithmetic import Checked
from tools.claims.registry import Outcome, Report, claim

_MAX_VOLUME_UL = 1_000_000_000  # the largest prescription, 1,000 L
_DAY_MS = 86_400_000
_LONG_TICK_MS = 2_900
_STARTS = (0, HALF - 30_000, MASK - 30_000)


def _seeded(source: str) -> str:
    """A mutant of dosing: a sum that passes through 2^30 on its way."""
    return source.replace("rest = self._step_rest + units\n", "rest = self._step_rest + units + 2**30 - 2**30\n")


class Around:
    """Ticks with the checks on."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked

    def __call__(self, therapy: Any, now_ms: int, readings: Any, drive: Any) -> None:
        self._checked.watching = True
        try:
            therapy.tick(now_ms, readings, drive)
        finally:
            self._checked.watching = False


def _extreme_counters(tour: Any, around: Around, head: int, syringe: int, rate: int) -> Any:
    """A litre's thousandfold, counters at their ends, and a clock that jumps by days."""
    pump = tour.Pump(around, head, MASK - 5_000)
    rx = tour.prescription(head, syringe, rate, 3)
    rx.vtbi_ul = _MAX_VOLUME_UL
    rx.window_s, rx.window_hard_ul = 3_600, _MAX_VOLUME_UL
    dose = pump.controller.dose
    pump.readings.step_count = pump.readings.encoder_count = MASK - 10
    dose.observe(MASK - 10)  # the counter has been there for long
    pump.controller.outbox.seq = pump.readings.stored_seq = MASK - 3
    tour.start(pump, rx)
    for volume in (dose.dosing.commanded, dose.delivered, dose.dosing.lost):
        volume.ul = _MAX_VOLUME_UL - 10_000
    dose.dosing.mark()
    dose.delivered.mark(pump.readings.step_count)
    pump.run(100)
    pump.tick(0, HALF - 1)  # 6.2 days without a tick, twice: past the clock's whole circle
    pump.run(20)
    pump.tick(0, HALF - 1)
    pump.run(20)
    pump.may_fail = True
    readings = pump.readings
    for name in ("step_count", "encoder_count", "drips"):
        setattr(readings, name, (getattr(readings, name) + HALF) & MASK)
        pump.run(3)
    return pump


def _long_run(tour: Any, around: Around, days: int) -> int:
    pump = tour.Pump(around, 2, MASK - 65_000)
    tour.start(pump, tour.prescription(2, 0, 119_999, 3))
    pump.run(days * _DAY_MS // _LONG_TICK_MS, _LONG_TICK_MS)
    return pump.ticks


@claim(
    "small-ints",
    "No arithmetic that the tick reaches leaves -2^30 … 2^30 - 1: both heads, slowest and fastest rate, smallest and "
    "largest syringe, 1,000 L, the clock's wrap, twelve days.",
    mutants={"a seeded 2^30": lambda: {"firmware.therapy.dosing": _seeded}},
)
def small_ints(deep: bool, subject: Any, report: Report) -> Outcome:
    """The tour and what lies past it, every operator checked; twelve days' ticks where `deep`."""
    checked = Checked(subject)
    tour = checked.load("tools.device.tour")
    around = Around(checked)
    ticks, faults, visited = 0, [], 0
    cases = tour.extremes()
    for done, (head, syringe, rate) in enumerate(cases):
        for pump in (
            tour.tour(around, head, syringe, rate, _STARTS[done % len(_STARTS)]),
            _extreme_counters(tour, around, head, syringe, rate),
        ):
            ticks += pump.ticks
            visited |= pump.visited
            faults += pump.faults
        report(done + 1, len(cases))
    if deep:
        ticks += _long_run(tour, around, 12)
    holds = not checked.findings and not faults and bin(visited).count("1") == tour.STATES
    figure = f"{checked.checks:,} results of {ticks:,} ticks, {len(checked.findings)} places leave the range"
    return Outcome(holds, figure, {"places": checked.findings, "faults": faults, "ticks": ticks})

"""Evidence that volume is exact: what is commanded equals rate × time, to the last unit."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.dosing import Dosing
from firmware.therapy.prescribe import MAX_VOLUME_UL
from hal import ports
from hal.compat import MASK
from simulator.ideal import IdealPump, prescription
from tools.claims.registry import Outcome, Report, claim

UNITS_PER_UL = 3_600_000
_DAY_MS = 86_400_000


class DoublesTheRest(Dosing):
    """A mutant: what does not make a whole step is counted twice now and then."""

    def add(self, units: int) -> None:
        super().add(units + (1 if units % 7 == 0 else 0))


class RoundsTheSlice(Dosing):
    """A mutant: each slice is rounded down to whole nanolitres."""

    def add(self, units: int) -> None:
        super().add(units - units % 3600)


def commanded_units(pump: IdealPump) -> int:
    """What the pump says it has commanded, in 1/3600 nL."""
    volume = pump.controller.dose.dosing.commanded
    return volume.ul * UNITS_PER_UL + volume.rest


def sequence_is_exact(moves: Sequence[tuple[str, int, int]], dosing: Any = None, start: int = MASK - 65_000) -> bool:
    """Play (what, rate, ticks) moves and hold the pump against the rational sum at each tick."""
    pump = IdealPump(start=start, dosing=dosing)
    rate = moves[0][1]
    pump.start(prescription(rate))
    due = rate * 0
    for what, new_rate, ticks in moves:
        if what == "pause":
            pump.press(ports.KEY_PAUSE)
            due += rate * 100
            pump.run(1000)
            pump.press(ports.KEY_START)
            pump.tick()
        elif what == "titrate":
            pump.app.therapy.offer_titration(new_rate)
            pump.tick()
            due += rate * 100
            if new_rate > rate:
                pump.tick()
                due += rate * 100
            rate = new_rate
        for _ in range(ticks):
            pump.tick()
            due += rate * 100
            if not _agrees(pump, due):
                return False
    return pump.state == t.ST_INFUSING


def _agrees(pump: IdealPump, due: int) -> bool:
    dosing = pump.controller.dose.dosing
    start = pump.controller.dose.dosing.steps - due // dosing.step_volume
    at_step = (pump.board.position - start) & MASK
    floor = due // dosing.step_volume
    return commanded_units(pump) == due and at_step - (floor & MASK) in (-1, 0, 1, -MASK, MASK)


def _moves(random: Random) -> list[tuple[str, int, int]]:
    rate = random.choice((100, 333, 1_001, 12_345, 120_000, 1_200_000))
    moves = [("run", rate, random.randrange(1, 40))]
    for _ in range(random.randrange(1, 8)):
        what = random.choice(("pause", "titrate", "titrate"))
        moves.append((what, random.randrange(100, 1_200_001), random.randrange(1, 40)))
    return moves


def _long_run_is_exact(days: int, dosing: Any = None) -> tuple[bool, int]:
    """Past a litre, and past the wrap of the clock: ticks as long as a lease, each in full."""
    pump = IdealPump(dosing=dosing)
    rate = 119_999
    pump.start(prescription(rate))
    begun = commanded_units(pump)
    step_ms = 2_900
    ticks = days * _DAY_MS // step_ms
    for _ in range(ticks):
        pump.tick(step_ms)
    due = begun + rate * step_ms * ticks
    return commanded_units(pump) == due and pump.state == t.ST_INFUSING, due // UNITS_PER_UL // 1_000_000


def _volumes_end_exactly(count: int, dosing: Any = None) -> bool:
    """VTBI ends to the unit at any rate."""
    random = Random(8)
    for _ in range(count):
        rate = random.randrange(10_000, 1_200_001)
        vtbi_ul = random.randrange(1, 400)
        pump = IdealPump(dosing=dosing() if dosing else None)
        pump.start(prescription(rate, vtbi_ul=vtbi_ul, policy=layout.POLICY_STOP))
        for _ in range(4_000):
            if pump.state != t.ST_INFUSING:
                break
            pump.tick()
        if pump.state != t.ST_COMPLETE or commanded_units(pump) != vtbi_ul * UNITS_PER_UL:
            return False
    return True


@claim(
    "dosing-exact",
    "For any sequence of rates, pauses and titrations the commanded volume equals the rational sum of rate × time, "
    "past a litre and past the wrap of the clock, and a volume to be infused ends exactly.",
    mutants={"rest counted twice": lambda: DoublesTheRest, "slices rounded": lambda: RoundsTheSlice},
)
def dosing_exact(deep: bool, subject: Any, report: Report) -> Outcome:
    """Random sequences, one long run, and ends of volume."""
    random = Random(2030)
    count = 2_000 if deep else 100
    off = 0
    for done in range(count):
        off += not sequence_is_exact(_moves(random), subject() if subject else None, random.randrange(MASK))
        report(done, count)
    days = 13
    exact, litres = _long_run_is_exact(days, subject() if subject else None)
    ends = _volumes_end_exactly(400 if deep else 40, subject)
    wraps = _crosses_the_largest_volume(subject() if subject else None)
    figure = f"{count:,} sequences, {off} off; {litres} L in one run {'exact' if exact else 'off'}"
    return Outcome(off == 0 and exact and ends and wraps, figure, {"sequences": count, "off": off, "litres": litres})


def _crosses_the_largest_volume(dosing: Any = None) -> bool:
    """The commanded volume counts to the largest prescription, 1,000 L, without a slip."""
    pump = IdealPump(dosing=dosing)
    pump.start(prescription(120_000))
    volume = pump.controller.dose.dosing.commanded
    volume.ul = MAX_VOLUME_UL - 1
    before = commanded_units(pump)
    pump.run(1_000)
    return commanded_units(pump) - before == 120_000 * 1_000

"""Claim `units`: a dose rate becomes exactly its pump rate, rounded down, never past a limit."""

import math
import random
from fractions import Fraction

from firmware.therapy import dose as shipped
from firmware.therapy.layout import UNITS
from tools.claims.registry import Outcome, claim

# The oracle does not read the firmware's table: (amount in base sub-units, per kg, times an hour).
ORACLE = {
    "mL/h": (None, False, 1),
    "ug/kg/min": (1_000, True, 60),
    "ug/kg/h": (1_000, True, 1),
    "ug/min": (1_000, False, 60),
    "ug/h": (1_000, False, 1),
    "mg/kg/h": (10**6, True, 1),
    "mg/h": (10**6, False, 1),
    "mg/min": (10**6, False, 60),
    "g/h": (10**9, False, 1),
    "units/h": (1_000, False, 1),
    "units/min": (1_000, False, 60),
    "units/kg/h": (1_000, True, 1),
    "mmol/h": (10**6, False, 1),
    "mmol/kg/h": (10**6, True, 1),
}
WEIGHTS_G = (300, 999, 1_000, 3_456, 70_000, 72_501, 400_000)
CONCENTRATIONS = (1, 7, 1_000, 64_000, 333_333, 10_000_000, 2**32 - 1)
DOSES_MILLI = (0, 1, 2, 5, 99, 100, 999, 1_000, 3_000, 123_457, 2**30 - 1)


class _Mutant:
    """The shipped conversion with one slip."""

    dose_milli = staticmethod(shipped.dose_milli)

    def __init__(self, rate):
        self.rate_ul_h = rate


def _rounds_up(unit, milli, weight_g, concentration):
    rate = shipped.rate_ul_h(unit, milli, weight_g, concentration)
    again = shipped.dose_milli(unit, rate, weight_g, concentration)
    return rate + 1 if rate >= 0 and again < milli else rate


def _forgets_weight(unit, milli, weight_g, concentration):
    return shipped.rate_ul_h(unit, milli, 1_000 if weight_g else 0, concentration)


def _minutes_for_hours(unit, milli, weight_g, concentration):
    rate = shipped.rate_ul_h(unit, milli, weight_g, concentration)
    return rate // 60 if UNITS[unit][3] == 60 and rate > 0 else rate


def exact_ul_h(name, milli, weight_g, concentration):
    """The pump rate in µL/h as a fraction, or None where the facts for it are missing."""
    amount, per_kg, per_hour = ORACLE[name]
    dose = Fraction(milli, 1000)
    if amount is None:
        return dose * 1000
    if not concentration or (per_kg and not weight_g):
        return None
    hourly = dose * amount * per_hour * (Fraction(weight_g, 1000) if per_kg else 1)
    return hourly / concentration * 1000


def _off(subject, code, milli, weight_g, concentration):
    """What is wrong with one conversion, or nothing."""
    exact = exact_ul_h(UNITS[code][0], milli, weight_g, concentration)
    rate = subject.rate_ul_h(code, milli, weight_g, concentration)
    if exact is None:
        return None if rate == -1 else "converted without its facts"
    if rate != math.floor(exact):
        return "not the floor"
    if rate > exact:
        return "rounded upward"
    back = subject.dose_milli(code, rate, weight_g, concentration)
    # Shown to a person: never more than given. Were `milli` a hard limit, the rate would not pass it.
    if back > milli or (exact and exact_ul_h(UNITS[code][0], back, weight_g, concentration) > rate):
        return "the way back says more"
    return None


def _cases(deep):
    """(unit code, thousandths, grams, sub-units per mL): the corners of every range, then at random."""
    for code in range(len(UNITS)):
        for milli in DOSES_MILLI:
            for weight_g in (0, *WEIGHTS_G):
                for concentration in (0, *CONCENTRATIONS):
                    yield code, milli, weight_g, concentration
    draw = random.Random(2)
    for _ in range(1_000_000 if deep else 40_000):
        yield (
            draw.randrange(len(UNITS)),
            draw.randrange(2 ** draw.randint(1, 30)),
            draw.randint(300, 400_000),
            draw.randrange(1, 2 ** draw.randint(1, 32)),
        )


@claim(
    "units",
    "A dose rate in any unit becomes exactly its pump rate, rounded down once, and never passes a hard limit.",
    mutants={
        "rounds-up": lambda: _Mutant(_rounds_up),
        "forgets-the-weight": lambda: _Mutant(_forgets_weight),
        "minutes-for-hours": lambda: _Mutant(_minutes_for_hours),
    },
)
def units(deep, subject, report):
    """Hold every unit of the table against fractions; unknown units and missing facts give -1."""
    subject = subject or shipped
    off, count = [], 0
    total = len(UNITS) * len(DOSES_MILLI) * 8 * 8 + (1_000_000 if deep else 40_000)
    if [row[0] for row in UNITS] != list(ORACLE):
        off.append("the table of units is not the one known here")
    for unknown in (-1, len(UNITS), 255):
        if subject is shipped and shipped.rate_ul_h(unknown, 1, 1, 1) != -1:
            off.append(f"unit {unknown} is converted")
    for case in _cases(deep):
        count += 1
        wrong = _off(subject, *case)
        if wrong:
            off.append(f"{UNITS[case[0]][0]} {case[1:]}: {wrong}")
            if len(off) >= 10:
                break
        if count % 10_000 == 0:
            report(count, total)
    return Outcome(not off, f"{count:,} conversions in {len(UNITS)} units, {len(off)} off", {"off": off})

"""Parses '0.1 ug/kg/min', '50 mL', '1 h 30 min' exactly into the firmware's integers.

Decimal and Fraction throughout: nothing is rounded in silence. A value finer than the pump
keeps (a thousandth of the unit, a microlitre, a second) is refused and the nearest is named.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from firmware.therapy.layout import UNITS
from simulator.files.yaml_source import Refusal, did_you_mean, shown

MAX_FIELD = 2**30 - 1  # a panel field is a small integer on the device
MAX_RECORD = 2**32 - 1
MAX_VOLUME_UL = 1_000_000_000  # design: a prescription holds at most 1,000 L
MIN_PRESSURE_MMHG, MAX_PRESSURE_MMHG = 50, 525  # range of downstream limits, docs/references.md
MIN_WEIGHT_G, MAX_WEIGHT_G = 300, 400_000  # as in firmware/therapy/prescribe.py
MAX_DURATION_MS = 366 * 86_400_000

VOLUMES = {"uL": Fraction(1), "mL": Fraction(1000), "L": Fraction(1_000_000)}
TIMES = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
# Amount units: what they measure and how many base sub-units they hold (see layout).
AMOUNTS = {
    "ng": ("mass", 1), "ug": ("mass", 1_000), "mg": ("mass", 1_000_000), "g": ("mass", 1_000_000_000),
    "milliunits": ("units", 1), "units": ("units", 1_000),
    "umol": ("moles", 1_000), "mmol": ("moles", 1_000_000), "mol": ("moles", 1_000_000_000),
}  # fmt: skip
UNIT_CODES = {row[0]: code for code, row in enumerate(UNITS)}

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(.*)\Z", re.DOTALL)
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|min|h|d)(?![a-z])\s*")
_BAD_NUMBER = re.compile(r"[-+]?\.?(nan|inf|infinity)\b", re.IGNORECASE)
_MAX_TEXT = 60


class Dose(NamedTuple):
    """A dose rate: unit code of layout.UNITS, and thousandths of it."""

    unit: int
    milli: int

    def __str__(self):
        return f"{decimal(self.milli)} {UNITS[self.unit][0]}"


class Concentration(NamedTuple):
    """What it measures ('mass', 'units', 'moles') and base sub-units per mL."""

    kind: str
    per_ml: int


def decimal(milli):
    """Thousandths as a decimal text: 1500 is '1.5'."""
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def unit_kind(unit):
    """What the dose of a unit code measures: 'volume', 'mass', 'units' or 'moles'."""
    name = UNITS[unit][0].split("/")[0]
    return "volume" if name == "mL" else AMOUNTS[name][0]


def _split(value, example):
    """(number, unit text) of a quantity; Refusal for anything else."""
    if isinstance(value, bool | dict | list):
        raise Refusal("a quantity is expected here", f"write a number and its unit, such as '{example}'")
    text = str(value).strip().replace("µ", "u").replace("μ", "u")
    if len(text) > _MAX_TEXT:
        raise Refusal(f"{shown(text)} is too long for a quantity", f"write it such as '{example}'")
    if text.startswith("-"):
        raise Refusal(f"{shown(text)} is negative", "write a value of 0 or more")
    if _BAD_NUMBER.match(text):
        raise Refusal(f"{shown(text)} is not a finite number", f"write it such as '{example}'")
    match = _NUMBER.match(text)
    if not match:
        raise Refusal(f"{shown(text)} does not begin with a plain number", f"write it such as '{example}'")
    if not match[2]:
        raise Refusal(f"{shown(text)} has no unit", f"write it with its unit, such as '{example}'")
    return Fraction(match[1]), match[2].strip()


def _whole(number, limit, text, unit, scale):
    """`number` as an integer up to `limit`; `scale` of it make one `unit`."""
    if number > limit:
        top = f"{decimal(limit * 1000 // scale)} {unit}"
        raise Refusal(f"{shown(text)} is too large", f"write at most {top}")
    if number.denominator != 1:
        near = int(number + Fraction(1, 2))
        exact = f"{float(Fraction(near, scale)):.10g} {unit}"
        raise Refusal(f"{shown(text)} is finer than the pump keeps", f"the nearest it can keep is {exact}")
    return int(number)


def _unit(text, unit, known):
    if unit not in known:
        raise Refusal(f"{shown(text)} has a unit that is not known here", did_you_mean(unit, known))


def volume_ul(value):
    """'50 mL' in µL."""
    number, unit = _split(value, "50 mL")
    _unit(value, unit, VOLUMES)
    return _whole(number * VOLUMES[unit], MAX_VOLUME_UL, value, "mL", 1000)


def rate_ul_h(value):
    """'10 mL/h' in µL/h."""
    number, unit = _split(value, "10 mL/h")
    _unit(value, unit, ("mL/h",))
    return _whole(number * 1000, MAX_FIELD, value, "mL/h", 1000)


def dose(value):
    """'0.1 ug/kg/min' as a Dose."""
    number, unit = _split(value, "0.1 ug/kg/min")
    _unit(value, unit, UNIT_CODES)
    return Dose(UNIT_CODES[unit], _whole(number * 1000, MAX_FIELD, value, unit, 1000))


def duration_ms(value):
    """'1 h 30 min' in ms."""
    number, unit = _split(value, "1 h 30 min")
    if not number and unit in TIMES:
        return 0
    text = str(value).strip()
    total, at = Fraction(0), 0
    while at < len(text):
        match = _SPAN.match(text, at)
        if not match:
            raise Refusal(f"{shown(text)} is not a time", "write it such as '8 h', '90 s' or '1 h 30 min'")
        total += Fraction(match[1]) * TIMES[match[2]]
        at = match.end()
    if total > MAX_DURATION_MS:
        raise Refusal(f"{shown(text)} is too long a time", "write at most 366 d")
    return _whole(total, MAX_DURATION_MS, text, "ms", 1)


def duration_s(value):
    """'30 min' in whole seconds."""
    ms = duration_ms(value)
    return _whole(Fraction(ms, 1000), MAX_DURATION_MS // 1000, value, "s", 1)


def concentration(value):
    """'16 mg / 250 mL' or '1 mg/mL' as a Concentration."""
    example = "16 mg / 250 mL"
    number, unit = _split(value, example)
    name, slash, under = (part.strip() for part in unit.partition("/"))
    if not slash:
        raise Refusal(f"{shown(value)} is an amount, not a concentration", f"write it such as '{example}'")
    _unit(value, name, AMOUNTS)
    per, per_unit = _split(under, example) if under[:1].isdigit() else (Fraction(1), under)
    _unit(value, per_unit, VOLUMES)
    ml = per * VOLUMES[per_unit] / 1000
    if not ml or not number:
        raise Refusal(f"{shown(value)} is no concentration", "write amounts above 0")
    kind, size = AMOUNTS[name]
    base = {"mass": "ng/mL", "units": "milliunits/mL", "moles": "nmol/mL"}[kind]
    return Concentration(kind, _whole(number * size / ml, MAX_RECORD, value, base, 1))


def pressure_mmhg(value):
    """'300 mmHg' in mmHg."""
    number, unit = _split(value, "300 mmHg")
    _unit(value, unit, ("mmHg",))
    mmhg = _whole(number, MAX_PRESSURE_MMHG, value, "mmHg", 1)
    if mmhg < MIN_PRESSURE_MMHG:
        raise Refusal(f"{shown(value)} is too low", f"write at least {MIN_PRESSURE_MMHG} mmHg")
    return mmhg


def offset_mmhg(value):
    """'40 mmHg' in mmHg, of any size a sensor can be off by."""
    number, unit = _split(value, "40 mmHg")
    _unit(value, unit, ("mmHg",))
    return _whole(number, 2_000, value, "mmHg", 1)


def temperature_dc(value):
    """'40 C' in tenths of a degree."""
    number, unit = _split(value, "40 C")
    _unit(value, unit, ("C",))
    return _whole(number * 10, 1500, value, "C", 10)


def weight_g(value):
    """A weight in kg, a number or '70 kg', in grams."""
    text = str(value).strip()
    number, unit = _split(text if text.endswith("kg") else f"{text} kg", "70")
    _unit(value, unit, ("kg",))
    grams = _whole(number * 1000, MAX_WEIGHT_G, value, "kg", 1000)
    if grams < MIN_WEIGHT_G:
        raise Refusal(f"{shown(value)} kg is no patient's weight", "write between 0.3 and 400 kg")
    return grams

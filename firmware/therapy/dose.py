"""Turns a dose rate into a pump rate and back, exactly, outside the tick.

The arithmetic may leave small integers (a Pico then allocates): the tick never calls it. A
rate is rounded down, once: it never asks for more than the dose, so a dose at a hard limit
stays at or below it. Units: layout.UNITS.
"""

from firmware.therapy.layout import UNITS
from hal.compat import const

NO_DOSE = const(-1)


def _per_rate(unit, weight_g):
    """Sub-units an hour, times 1000, that one thousandth of `unit` stands for; 0 if it cannot be said."""
    row = UNITS[unit]
    return row[1] * row[3] * (weight_g if row[2] else 1000)


def _known(unit, weight_g, concentration):
    """Whether a conversion exists. Plain mL/h needs neither weight nor concentration."""
    if unit < 0 or unit >= len(UNITS) or weight_g < 0 or concentration < 0:
        return False
    row = UNITS[unit]
    if row[2] and weight_g == 0:
        return False
    return row[1] == 0 or concentration > 0


def rate_ul_h(unit, dose_milli, weight_g, concentration):
    """Pump rate in µL/h for a dose rate in thousandths of `unit`, rounded down.

    weight_g: patient's weight, used by per-kilogram units only. concentration: sub-units per
    mL, as in a library entry. Returns NO_DOSE for an unknown unit, a per-kilogram unit with
    no weight, a unit of mass, units or moles with no concentration, or a negative dose.
    """
    if dose_milli < 0 or not _known(unit, weight_g, concentration):
        return NO_DOSE
    if UNITS[unit][1] == 0:
        return dose_milli
    return dose_milli * _per_rate(unit, weight_g) // concentration


def dose_milli(unit, rate_ul_h, weight_g, concentration):
    """Dose rate in thousandths of `unit` that a pump rate gives, rounded down, for display.

    A person is shown at most what is given. Returns NO_DOSE as `rate_ul_h` does.
    """
    if rate_ul_h < 0 or not _known(unit, weight_g, concentration):
        return NO_DOSE
    if UNITS[unit][1] == 0:
        return rate_ul_h
    return rate_ul_h * concentration // _per_rate(unit, weight_g)

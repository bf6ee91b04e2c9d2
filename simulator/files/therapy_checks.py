"""Holds a programme's therapy against its library entry, in the dose's unit and without rounding.

The firmware checks again by itself; here a person gets the file's line. `check_therapy`
raises Refusal past a hard limit and returns the soft limits that are passed.
"""

from fractions import Fraction

from firmware.therapy import dose as doses
from firmware.therapy.heads import MIN_RATE_UL_H
from firmware.therapy.layout import UNITS
from simulator.files.quantity import UNIT_CODES, Dose, decimal
from simulator.files.therapy import check_times
from simulator.files.yaml_source import Refusal


class Checker:
    """One therapy, its drug and its patient. `soft` collects (key, what) of each soft limit passed."""

    def __init__(self, therapy, drug, weight_g, fastest_ul_h):
        self.therapy, self.drug = therapy, drug
        self.weight_g, self.fastest_ul_h = weight_g, fastest_ul_h
        self.unit = UNIT_CODES[drug.unit]
        self.per_ml = drug.concentration.per_ml if drug.concentration else 0
        self.soft = []

    def run(self):
        """All checks, in the order a person reads the file."""
        if self.therapy.mode not in self.drug.modes:
            allowed = ", ".join(self.drug.modes)
            raise Refusal(
                f"{self.drug.name} may not be given in mode {self.therapy.mode}", f"allowed: {allowed}", "mode"
            )
        check_times(self.therapy)
        for key, asked in self.therapy.doses():
            self.dose(key, asked)
        for key, volume, time_s in self.therapy.timed():
            self.timed(key, volume, time_s)
        self._volume()
        self._bolus()
        self._clinician()
        self._loading()
        return self.soft

    def rate(self, asked):
        """The pump rate of a dose, in µL/h, rounded down."""
        return doses.rate_ul_h(self.unit, asked.milli, self.weight_g, self.per_ml)

    def dose(self, key, asked):
        """A dose rate against the unit, the limits and the head's range."""
        if asked.unit != self.unit:
            what = f"{asked} does not fit {self.drug.name}, which is dosed in {self.drug.unit}"
            raise Refusal(what, f"write the dose in {self.drug.unit}", *_loc(key))
        self._bounds(key, str(asked), asked.milli, asked.milli)
        self._head(key, str(asked), self.rate(asked))

    def timed(self, key, volume_ul, time_s):
        """A volume over a time: its fastest second against the dose limits, without rounding the dose."""
        slow = volume_ul * 3600 // time_s
        # Only this mode runs above the rounded rate: one second in so many, by 1 uL/h.
        fast = -(-volume_ul * 3600 // time_s) if self.therapy.mode == "vtbi_over_time" else slow
        said = f"{decimal(volume_ul)} mL over {time_s} s ({decimal(slow)} mL/h)"
        self._bounds(key, said, self._milli_of(slow), self._milli_of(fast))
        self._head(key, said, slow)
        self._head(key, said, fast)

    def _milli_of(self, rate_ul_h):
        """The exact dose of a pump rate, in thousandths of the unit."""
        row = UNITS[self.unit]
        if not row[1]:
            return Fraction(rate_ul_h)
        return Fraction(rate_ul_h * self.per_ml, row[1] * row[3] * (self.weight_g if row[2] else 1000))

    def _bounds(self, key, said, milli, fastest):
        limits = self.drug.dose
        place = _loc(key)
        if fastest > limits.upper_hard.milli:
            raise Refusal(f"{said} is past the hard limit of {limits.upper_hard}", "lower it", *place)
        if limits.lower_hard is not None and milli < limits.lower_hard.milli:
            raise Refusal(f"{said} is below the hard limit of {limits.lower_hard}", "raise it", *place)
        if limits.upper_soft is not None and milli > limits.upper_soft.milli:
            self.soft.append((place, f"{said} is past the soft limit of {limits.upper_soft}"))
        if limits.lower_soft is not None and milli < limits.lower_soft.milli:
            self.soft.append((place, f"{said} is below the soft limit of {limits.lower_soft}"))

    def _head(self, key, said, rate_ul_h):
        rate = f"{decimal(rate_ul_h)} mL/h"
        if rate_ul_h > self.fastest_ul_h:
            top = decimal(self.fastest_ul_h)
            raise Refusal(f"{said} is {rate}, past the head's {top} mL/h", "lower it or use the other head", *_loc(key))
        if rate_ul_h < MIN_RATE_UL_H:
            least = decimal(MIN_RATE_UL_H)
            raise Refusal(f"{said} is {rate}, below the head's {least} mL/h", "dilute the drug or raise it", *_loc(key))

    def _volume(self):
        asked = self.therapy.vtbi_ul()
        if asked is None:
            return
        key, volume = asked
        volume += getattr(self.therapy, "loading_volume", 0)  # the loading dose is part of the whole
        limits, said = self.drug.vtbi, f"{decimal(volume)} mL"
        if volume == 0:
            raise Refusal("a volume of 0 is none", "write a volume, or leave the key out", key)
        if limits.upper_hard is not None and volume > limits.upper_hard:
            raise Refusal(f"{said} is past the volume's hard limit of {decimal(limits.upper_hard)} mL", "lower it", key)
        if limits.lower_hard is not None and volume < limits.lower_hard:
            raise Refusal(
                f"{said} is below the volume's hard limit of {decimal(limits.lower_hard)} mL", "raise it", key
            )
        if limits.upper_soft is not None and volume > limits.upper_soft:
            self.soft.append(((key,), f"{said} is past the volume's soft limit of {decimal(limits.upper_soft)} mL"))
        if limits.lower_soft is not None and volume < limits.lower_soft:
            self.soft.append(((key,), f"{said} is below the volume's soft limit of {decimal(limits.lower_soft)} mL"))

    def _bolus(self):
        asked, limits = getattr(self.therapy, "bolus", None), self.drug.bolus
        if asked is None:
            return
        self._bolus_volume("bolus", asked.volume)
        rate = min(limits.rate_hard, self.fastest_ul_h) if asked.rate is None else asked.rate
        if rate > limits.rate_hard:
            what = f"a bolus at {decimal(rate)} mL/h is past the hard limit of {decimal(limits.rate_hard)} mL/h"
            raise Refusal(what, "lower it", "bolus", "rate")
        self._head(("bolus", "rate"), "the bolus rate", rate)
        least = limits.lockout_lower_hard or 0
        if self.therapy.mode == "pca" and asked.lockout is None:
            raise Refusal("mode pca needs a lock-out", f"add 'lockout: {max(least, 300)} s'", "bolus")
        if asked.lockout is not None and asked.lockout < least:
            raise Refusal(
                f"a lock-out of {asked.lockout} s is below the hard limit of {least} s",
                "lengthen it",
                "bolus",
                "lockout",
            )

    def _bolus_volume(self, key, volume):
        limits = self.drug.bolus
        if limits is None:
            raise Refusal(f"the library allows no bolus of {self.drug.name}", "remove it", key)
        said = f"a bolus of {decimal(volume)} mL"
        if volume == 0:
            raise Refusal("a bolus of 0 is none", "write a volume, or remove it", key, "volume")
        if volume > limits.upper_hard:
            raise Refusal(
                f"{said} is past the hard limit of {decimal(limits.upper_hard)} mL", "lower it", key, "volume"
            )
        if limits.upper_soft is not None and volume > limits.upper_soft:
            self.soft.append(((key, "volume"), f"{said} is past the soft limit of {decimal(limits.upper_soft)} mL"))

    def _clinician(self):
        asked = getattr(self.therapy, "clinician_bolus", None)
        if asked is None:
            return
        self._bolus_volume("clinician_bolus", asked.volume)
        if asked.time == 0:
            raise Refusal("a clinician bolus of no time", "write a time above 0", "clinician_bolus", "time")
        rate = asked.volume * 3600 // asked.time
        if rate > self.drug.bolus.rate_hard:
            what = (
                f"{decimal(rate)} mL/h is past the bolus rate's hard limit of {decimal(self.drug.bolus.rate_hard)} mL/h"
            )
            raise Refusal(what, "lengthen the time", "clinician_bolus", "time")
        self._head(("clinician_bolus", "time"), "the clinician bolus", rate)

    def _loading(self):
        volume = getattr(self.therapy, "loading_volume", None)
        if volume is None:
            return
        rate, top = volume * 3600 // self.therapy.loading_time, self.drug.loading_rate_hard
        if volume == 0:
            raise Refusal("a loading dose of 0 is none", "use mode continuous", "loading_volume")
        if rate > top:
            what = f"the loading dose at {decimal(rate)} mL/h is past the hard limit of {decimal(top)} mL/h"
            raise Refusal(what, "lengthen loading_time", "loading_time")
        self._head("loading_time", "the loading dose", rate)


def _loc(key):
    return key if isinstance(key, tuple) else (key,)


def check_therapy(therapy, drug, weight_g, fastest_ul_h):
    """[(place, what)] of the soft limits a therapy passes; Refusal (place within `therapy`) past a hard one."""
    if UNITS[UNIT_CODES[drug.unit]][2] and not weight_g:
        raise Refusal(
            f"{drug.name} is dosed in {drug.unit} and no weight is given", "add 'weight_kg' to the patient", "drug"
        )
    return Checker(therapy, drug, weight_g, fastest_ul_h).run()


def check_titration(asked, therapy, drug, weight_g, fastest_ul_h):
    """As `check_therapy`, for a new dose rate (a Dose) while running."""
    checker = Checker(therapy, drug, weight_g, fastest_ul_h)
    checker.dose((), Dose(*asked))
    return checker.soft

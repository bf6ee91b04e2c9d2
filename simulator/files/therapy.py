"""What a programme may ask of the pump: one model for each infusion mode.

Each model says the panel fields a person would enter (`fields`) and the facts to be held
against the library's limits (`doses`, `rates`, `volumes`); therapy_checks.py compares them.
"""

from typing import Annotated, Literal

from pydantic import Field

from firmware.therapy import layout
from hal import ports
from simulator.files.models import DoseRate, Pressure, Rate, Seconds, Strict, Volume
from simulator.files.yaml_source import Refusal

MAX_STEPS = 12  # design: multi-step programmes hold at most 12
MAX_TIME_S = 2_592_000  # 30 days, as in firmware/therapy/prescribe.py


class PatientBolus(Strict):
    """A bolus that a press gives: by the patient in mode pca, by a clinician in other modes."""

    volume: Volume
    rate: Rate | None = None  # unless given, the library's hard bolus rate
    lockout: Seconds | None = None


class ClinicianBolus(Strict):
    """A bolus that a clinician gives, spread over a time."""

    volume: Volume
    time: Seconds


class Common(Strict):
    """What every mode has."""

    drug: str
    care_area: str
    pressure: Pressure | None = None

    def fields(self):
        """[(FIELD_*, integer)] in the order a person enters them, after drug, area, mode and weight."""
        return []

    def doses(self):
        """[(key, Dose)] that the dose limits bound."""
        return []

    def timed(self):
        """[(key, µL, seconds)] of volumes given evenly over a time at the dose limits."""
        return []

    def vtbi_ul(self):
        """(key, µL) of the volume to be infused, or None where there is none."""
        return


class _Dosed(Common):
    dose_rate: DoseRate
    vtbi: Volume | None = None

    def doses(self):
        return [("dose_rate", self.dose_rate)]

    def vtbi_ul(self):
        return None if self.vtbi is None else ("vtbi", self.vtbi)

    def _dose_fields(self):
        found = [(ports.FIELD_DOSE_MILLI, self.dose_rate.milli)]
        if self.vtbi is not None:
            found.append((ports.FIELD_VTBI_UL, self.vtbi))
        return found


def _bolus_fields(bolus):
    if bolus is None:
        return []
    found = [(ports.FIELD_BOLUS_UL, bolus.volume)]
    if bolus.rate is not None:
        found.append((ports.FIELD_BOLUS_UL_H, bolus.rate))
    if bolus.lockout is not None:
        found.append((ports.FIELD_LOCKOUT_S, bolus.lockout))
    return found


class Continuous(_Dosed):
    """A rate, and a volume at whose end it ends."""

    mode: Literal["continuous"]
    vtbi: Volume
    bolus: PatientBolus | None = None

    def fields(self):
        return self._dose_fields() + _bolus_fields(self.bolus)


class _Timed(Common):
    volume: Volume
    time: Seconds

    def fields(self):
        return [(ports.FIELD_VTBI_UL, self.volume), (ports.FIELD_TIME_S, self.time)]

    def timed(self):
        return [("volume", self.volume, self.time)]

    def vtbi_ul(self):
        return ("volume", self.volume)


class VolumeOverTime(_Timed):
    """A volume at one rate, rounded down: it may end a little late."""

    mode: Literal["volume_over_time"]


class VtbiOverTime(_Timed):
    """A volume that ends on time: the rate is one of two neighbours each second."""

    mode: Literal["vtbi_over_time"]


class Loading(_Dosed):
    """A loading dose over a time, then a maintenance rate."""

    mode: Literal["loading"]
    vtbi: Volume  # of the maintenance; the loading dose comes on top
    loading_volume: Volume
    loading_time: Seconds
    bolus: PatientBolus | None = None

    def fields(self):
        load = [(ports.FIELD_LOADING_UL, self.loading_volume), (ports.FIELD_LOADING_S, self.loading_time)]
        return load + self._dose_fields() + _bolus_fields(self.bolus)


class Step(Strict):
    """One step of a multi-step programme."""

    dose_rate: DoseRate
    time: Seconds


class Steps(Common):
    """Dose steps, one after the other."""

    mode: Literal["steps"]
    steps: Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS)]
    vtbi: Volume | None = None

    def doses(self):
        return [(("steps", place, "dose_rate"), step.dose_rate) for place, step in enumerate(self.steps)]

    def vtbi_ul(self):
        return None if self.vtbi is None else ("vtbi", self.vtbi)

    def fields(self):
        found = []
        for step in self.steps:
            found.append((ports.FIELD_STEP_DOSE_MILLI, step.dose_rate.milli))
            found.append((ports.FIELD_STEP_S, step.time))
        if self.vtbi is not None:
            found.append((ports.FIELD_VTBI_UL, self.vtbi))
        return found


class Ramp(_Dosed):
    """Up in a straight line, along a plateau at the dose rate, down in a straight line."""

    mode: Literal["ramp"]
    ramp_up: Seconds
    time: Seconds
    ramp_down: Seconds

    def fields(self):
        return [
            *self._dose_fields(),
            (ports.FIELD_RAMP_UP_S, self.ramp_up),
            (ports.FIELD_TIME_S, self.time),
            (ports.FIELD_RAMP_DOWN_S, self.ramp_down),
        ]


class Intermittent(_Timed):
    """A volume over a time, again at each interval from start to start."""

    mode: Literal["intermittent"]
    interval: Seconds
    cycles: Annotated[int, Field(ge=1, le=65_535)]

    def fields(self):
        return [*super().fields(), (ports.FIELD_INTERVAL_S, self.interval), (ports.FIELD_CYCLES, self.cycles)]


class Pca(_Dosed):
    """A basal rate (0 for none), a bolus at the patient's press, and one at a clinician's."""

    mode: Literal["pca"]
    bolus: PatientBolus
    clinician_bolus: ClinicianBolus | None = None

    def doses(self):
        return [("dose_rate", self.dose_rate)] if self.dose_rate.milli else []

    def fields(self):
        found = self._dose_fields() + _bolus_fields(self.bolus)
        if self.clinician_bolus is not None:
            found.append((ports.FIELD_CLINICIAN_UL, self.clinician_bolus.volume))
            found.append((ports.FIELD_CLINICIAN_S, self.clinician_bolus.time))
        return found


BY_MODE = {
    "continuous": (Continuous, layout.MODE_CONTINUOUS),
    "volume_over_time": (VolumeOverTime, layout.MODE_VOLUME_TIME),
    "vtbi_over_time": (VtbiOverTime, layout.MODE_VTBI_TIME),
    "loading": (Loading, layout.MODE_LOADING),
    "steps": (Steps, layout.MODE_STEPS),
    "ramp": (Ramp, layout.MODE_RAMP),
    "intermittent": (Intermittent, layout.MODE_INTERMITTENT),
    "pca": (Pca, layout.MODE_PCA),
}
AnyTherapy = Continuous | VolumeOverTime | VtbiOverTime | Loading | Steps | Ramp | Intermittent | Pca


def check_times(therapy):
    """Refuse a time of 0 or past MAX_TIME_S, and an interval that ends before its dose does."""
    for place, step in enumerate(getattr(therapy, "steps", ())):
        _time(step.time, "steps", place, "time")
    for key in ("time", "loading_time", "interval"):
        _time(getattr(therapy, key, 1), key)
    for key in ("ramp_up", "ramp_down"):
        _time(getattr(therapy, key, 1) or 1, key)
    if therapy.mode == "intermittent":
        rate = therapy.volume * 3600 // therapy.time
        if rate and therapy.interval <= -(-therapy.volume * 3600 // rate):
            raise Refusal("the interval is not longer than one dose", "lengthen it", "interval")


def _time(seconds, *loc):
    if not seconds:
        raise Refusal(f"{loc[-1]} is 0", "write a time above 0", *loc)
    if seconds > MAX_TIME_S:
        raise Refusal(f"{loc[-1]} is too long", "write at most 30 d", *loc)

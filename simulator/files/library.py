"""Drug libraries: the model of a file, its checks, and the bytes the firmware reads.

`load_library(path)` reads and checks; `compile_library` packs by firmware/therapy/layout.py;
`decode_library` unpacks, for tests and people.
"""

import struct
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from firmware.therapy import layout
from firmware.therapy.heads import MAX_RATE_VOLUMETRIC_UL_H
from simulator.files import quantity, yaml_source
from simulator.files.library_checks import check_drug
from simulator.files.models import (
    DoseRate,
    Mixture,
    Pressure,
    Prose,
    Rate,
    Seconds,
    Strict,
    Volume,
    Weight,
    check_kind,
    one_of,
    validate,
)
from simulator.files.yaml_source import Refusal, did_you_mean

KIND = "library/1"
MAX_DRUGS = 200
POLICIES = {
    "sustain": layout.POLICY_SUSTAIN,
    "basal": layout.POLICY_BASAL,
    "kvo": layout.POLICY_KVO,
    "stop": layout.POLICY_STOP,
}
MODES = {
    "continuous": layout.MODE_CONTINUOUS,
    "volume_over_time": layout.MODE_VOLUME_TIME,
    "vtbi_over_time": layout.MODE_VTBI_TIME,
    "loading": layout.MODE_LOADING,
    "steps": layout.MODE_STEPS,
    "ramp": layout.MODE_RAMP,
    "intermittent": layout.MODE_INTERMITTENT,
    "pca": layout.MODE_PCA,
}
DEFAULT_PRESSURE_MMHG = 300
DEFAULT_AIR_UL = 100
DEFAULT_OFF_LIMIT_S = 60

Whole = Annotated[int, Field(ge=1, le=65_535)]


class DoseLimits(Strict):
    """Limits of the dose rate, each in the drug's unit. Only the upper hard one is required."""

    lower_hard: DoseRate | None = None
    lower_soft: DoseRate | None = None
    typical: DoseRate | None = None
    upper_soft: DoseRate | None = None
    upper_hard: DoseRate


class VolumeLimits(Strict):
    """Limits of the volume to be infused."""

    lower_hard: Volume | None = None
    lower_soft: Volume | None = None
    typical: Volume | None = None
    upper_soft: Volume | None = None
    upper_hard: Volume | None = None


class BolusLimits(Strict):
    """Limits of one bolus, its rate and its lock-out."""

    typical: Volume
    upper_soft: Volume | None = None
    upper_hard: Volume
    rate_hard: Rate
    lockout_lower_hard: Seconds | None = None


class Window(Strict):
    """Rolling limit: at most `volume` in any `period`."""

    period: Seconds
    volume: Volume


class Drug(Strict):
    """One drug as one care area uses it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 .%-]{0,23}$")]
    code: Whole
    care_area: str
    policy: one_of(*POLICIES)  # type: ignore[valid-type]
    why: Prose  # why this policy: what happens to a patient when it stops
    source: Prose  # where the figures come from
    concentration: Mixture | None = None
    unit: one_of(*quantity.UNIT_CODES)  # type: ignore[valid-type]
    modes: Annotated[list[one_of(*MODES)], Field(min_length=1)]  # type: ignore[valid-type]
    dose: DoseLimits
    vtbi: VolumeLimits = VolumeLimits()
    bolus: BolusLimits | None = None
    window: Window | None = None
    kvo: Rate = 0
    loading_rate_hard: Rate = 0
    off_limit: Seconds = DEFAULT_OFF_LIMIT_S
    pressure: Pressure = DEFAULT_PRESSURE_MMHG
    air_single: Volume = DEFAULT_AIR_UL


class LibraryFile(Strict):
    """A drug library as written."""

    kvo: one_of(KIND)  # type: ignore[valid-type]
    name: Prose
    sequence: Annotated[int, Field(ge=1, le=2**30 - 1)]
    care_areas: dict[str, Annotated[int, Field(ge=1, le=255)]]
    lightest_patient_kg: Weight | None = None  # at whom a KVO rate of a per-kilogram drug is checked
    drugs: Annotated[list[Drug], Field(min_length=1, max_length=MAX_DRUGS)]


@dataclass(frozen=True)
class Library:
    """A checked library: its file, its model, its bytes and each drug's packed fields by (name, care area)."""

    path: str
    file: LibraryFile = field(repr=False)
    data: bytes = field(repr=False)

    @property
    def name(self):
        return self.file.name

    @property
    def drugs(self):
        return self.file.drugs

    def find(self, name, care_area):
        """The drug of that name in that care area; Refusal with the nearest name, or the areas it has."""
        named = [drug for drug in self.drugs if drug.name == name]
        for drug in named:
            if drug.care_area == care_area:
                return drug
        if named:
            areas = ", ".join(drug.care_area for drug in named)
            raise Refusal(f"{name} is not in the care area {care_area!r}", f"it is in: {areas}", "care_area")
        names = {drug.name for drug in self.drugs}
        raise Refusal(f"the drug {name!r} is not in the library", did_you_mean(name, names), "drug")

    def care_area_code(self, name):
        """The number of a care area."""
        return self.file.care_areas[name]


def _milli(dose):
    return 0 if dose is None else dose.milli


def entry_fields(drug, care_areas):
    """A drug as the integers of layout.LIBRARY_ENTRY, by field name."""
    vtbi, bolus, window = drug.vtbi, drug.bolus, drug.window
    fields = {
        "code": drug.code,
        "care_area": care_areas[drug.care_area],
        "policy": POLICIES[drug.policy],
        "unit": quantity.UNIT_CODES[drug.unit],
        "modes": sum(1 << MODES[mode] for mode in drug.modes),
        "name": drug.name.encode("ascii"),
        "concentration": drug.concentration.per_ml if drug.concentration else 0,
        "bolus_typical_ul": bolus.typical if bolus else 0,
        "bolus_upper_soft_ul": (bolus.upper_soft or 0) if bolus else 0,
        "bolus_upper_hard_ul": bolus.upper_hard if bolus else 0,
        "bolus_rate_hard_ul_h": bolus.rate_hard if bolus else 0,
        "lockout_lower_hard_s": (bolus.lockout_lower_hard or 0) if bolus else 0,
        "window_s": window.period if window else 0,
        "window_hard_ul": window.volume if window else 0,
        "kvo_ul_h": drug.kvo,
        "loading_rate_hard_ul_h": drug.loading_rate_hard,
        "off_limit_s": drug.off_limit,
        "pressure_mmhg": drug.pressure,
        "air_single_ul": drug.air_single,
    }
    for limit in ("lower_hard", "lower_soft", "typical", "upper_soft", "upper_hard"):
        fields[limit] = _milli(getattr(drug.dose, limit))
        fields[f"vtbi_{limit}_ul"] = getattr(vtbi, limit) or 0
    return fields


def compile_library(library):
    """The bytes of a Library or LibraryFile that the firmware reads: header, entries, CRC-32 of the entries."""
    file = library.file if isinstance(library, Library) else library
    form = layout.struct_format(layout.LIBRARY_ENTRY)
    body = b""
    for drug in file.drugs:
        fields = entry_fields(drug, file.care_areas)
        body += struct.pack(form, *(fields[name] for name, _code in layout.LIBRARY_ENTRY))
    head = (layout.LIBRARY_MAGIC, layout.LIBRARY_VERSION, 0, len(file.drugs), file.sequence, zlib.crc32(body))
    return struct.pack(layout.struct_format(layout.LIBRARY_HEADER), *head) + body


def decode_library(data):
    """(header, entries) as dicts by field name; ValueError where the bytes are damaged."""
    head_form, form = layout.struct_format(layout.LIBRARY_HEADER), layout.struct_format(layout.LIBRARY_ENTRY)
    start, size = struct.calcsize(head_form), struct.calcsize(form)
    names = [name for name, _code in layout.LIBRARY_HEADER]
    header = dict(zip(names, struct.unpack_from(head_form, data), strict=True))
    body = data[start : start + size * header["entries"]]
    if header["magic"] != layout.LIBRARY_MAGIC or header["crc"] != zlib.crc32(body):
        raise ValueError("not a library, or damaged")
    names = [name for name, _code in layout.LIBRARY_ENTRY]
    entries = [dict(zip(names, row, strict=True)) for row in struct.iter_unpack(form, body)]
    for entry in entries:
        entry["name"] = entry["name"].rstrip(b"\0").decode("ascii")
    return header, entries


def _check_unique(source, file):
    """Refuse a drug that is listed twice for a care area, a code that is two drugs, an area that is not declared."""
    seen: set = set()
    codes: dict = {}
    for place, drug in enumerate(file.drugs):
        loc = ("drugs", place)
        if drug.care_area not in file.care_areas:
            remedy = did_you_mean(drug.care_area, file.care_areas) + " (declared under care_areas)"
            raise source.problem((*loc, "care_area"), f"the care area {drug.care_area!r} is not declared", remedy)
        if (drug.name, drug.care_area) in seen:
            what = f"{drug.name} is listed twice for the care area {drug.care_area}"
            raise source.problem((*loc, "name"), what, "keep one of the two")
        seen.add((drug.name, drug.care_area))
        if codes.setdefault(drug.code, drug.name) != drug.name:
            what = f"the code {drug.code} already means {codes[drug.code]}"
            raise source.problem((*loc, "code"), what, f"give {drug.name} a code of its own")


def load_library(path):
    """Read, check and compile a library file; FileProblem in one line for whatever is wrong.

    One that was read before, byte for byte, is not read again: many programmes use the same few.
    """
    try:
        with open(path, "rb") as file:
            return _load(path, file.read(yaml_source.MAX_BYTES + 1))
    except OSError:
        return _load.__wrapped__(path, b"")  # which says what is wrong


@lru_cache(maxsize=16)
def _load(path, data):
    source = yaml_source.read(path)
    check_kind(source, KIND)
    file = validate(LibraryFile, source)
    areas = list(file.care_areas.values())
    if len(set(areas)) != len(areas):
        raise source.problem(("care_areas",), "two care areas have the same number", "number each differently")
    _check_unique(source, file)
    for place, drug in enumerate(file.drugs):
        try:
            check_drug(drug, file.lightest_patient_kg or 0, MAX_RATE_VOLUMETRIC_UL_H)
        except Refusal as refused:
            raise source.problem(
                ("drugs", place, *refused.loc), f"{drug.name}: {refused.what}", refused.remedy
            ) from None
    return Library(str(path), file, compile_library(file))

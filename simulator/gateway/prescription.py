"""A prescription as a person writes it, in a file or as name=value, as the integers that a PREPARE carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.therapy.heads import max_rate_ul_h
from firmware.therapy.layout import UNITS
from hal import ports
from simulator.files import quantity
from simulator.files.library import Library, load_library
from simulator.files.models import validate
from simulator.files.programme import SYRINGE_CODES, Programme, shipped_libraries
from simulator.files.therapy import BY_MODE
from simulator.files.therapy_checks import check_therapy
from simulator.files.yaml_source import FileProblem, Refusal, Source, did_you_mean, shown

STEPS = "steps"
_OWN = ("weight", "syringe", "confirm_soft")  # beside the therapy's keys
_EXAMPLE = "drug='sodium chloride 0.9%' care_area=ward mode=continuous dose_rate='100 mL/h' vtbi='500 mL'"
_IN_STEPS = (ports.FIELD_STEP_DOSE_MILLI, ports.FIELD_STEP_S)


@dataclass(frozen=True)
class Prescription:
    """fields: integers by field code; steps: (dose in thousandths, seconds); says: what it is, for people.

    soft: what each soft limit passed says; a second person has to approve it then.
    """

    fields: dict[int, int]
    steps: list[tuple[int, int]]
    says: str
    soft: tuple[str, ...] = ()


class _Entries(Source):
    """name=value pairs in the place of a file: what is wrong with them names the pair."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__("entries", data, {})

    def problem(self, loc: Sequence[Any], what: str, remedy: str) -> FileProblem:
        """A FileProblem that speaks of an entry instead of a line."""
        names = [str(part) for part in loc if part != "therapy"]
        problem = FileProblem("entries", 1, what, remedy)
        problem.args = (f"{'.'.join(names) or 'the entries'}: {problem.what}; {problem.remedy}",)
        return problem


def of_programme(programme: Programme) -> Prescription:
    """What a programme's person would enter, for a person at the bedside to check."""
    pressed = programme.keys()
    entries = [(key - ports.KEY_FIELD, value) for key, value in pressed if key >= ports.KEY_FIELD]
    fields, steps = _split(entries)
    therapy = programme.therapy
    return Prescription(fields, steps, f"{therapy.drug}, {therapy.mode} ({programme.name})", programme.soft)


def of_entries(pairs: Iterable[str], library: Library) -> Prescription:
    """name=value pairs with units, by the therapy's keys (docs/programmes.md), held against `library`.

    `bolus.volume=…` for what stands inside; `steps='0.1 ug/kg/min for 30 min, 0.2 ug/kg/min for 1 h'`; besides weight,
    syringe and confirm_soft. FileProblem, in one line, for whatever is wrong.
    """
    data = _data(pairs)
    own = {name: data.pop(name) for name in _OWN if name in data}
    source = _Entries({"therapy": data})
    mode = data.get("mode")
    if mode not in BY_MODE:
        what = "mode is missing" if mode is None else f"the mode {shown(mode)} is not known"
        raise source.problem(("mode",), what, did_you_mean(mode or "", BY_MODE))
    therapy = validate(BY_MODE[mode][0], source, data, ("therapy",))
    try:
        weight_g = quantity.weight_g(own["weight"]) if "weight" in own else 0
        syringe = _syringe(own.get("syringe"))
        head = ports.HEAD_SYRINGE if syringe else ports.HEAD_VOLUMETRIC
        drug = library.find(therapy.drug, therapy.care_area)
        soft = check_therapy(therapy, drug, weight_g, max_rate_ul_h(head))
    except Refusal as refused:
        remedy = refused.remedy.replace("'weight_kg' to the patient", "weight='70 kg'")
        raise source.problem(refused.loc, refused.what, remedy) from None
    if soft and own.get("confirm_soft") != "true":
        place, what = soft[0]
        raise source.problem(place, what, "change it, or add confirm_soft=true: a second person has to approve it then")
    entries = [
        (ports.FIELD_DRUG, drug.code), (ports.FIELD_CARE_AREA, library.care_area_code(therapy.care_area)),
        (ports.FIELD_MODE, BY_MODE[mode][1]),
    ]  # fmt: skip
    entries += [(ports.FIELD_WEIGHT_G, weight_g)] if weight_g else []
    entries += [(ports.FIELD_SYRINGE, syringe)] if syringe else []
    entries += therapy.fields()
    entries += [(ports.FIELD_PRESSURE_MMHG, therapy.pressure)] if therapy.pressure is not None else []
    fields, steps = _split(entries)
    return Prescription(fields, steps, f"{therapy.drug}, {mode}", tuple(what for _, what in soft))


def titration(text: str, drug_code: int, library: Library) -> int:
    """A new dose rate with its unit, '120 mL/h', in thousandths, for the drug that runs; FileProblem where it is none.

    The unit must be the drug's own in that library: the pump takes thousandths of that unit, whatever was meant.
    """
    source = _Entries({})
    try:
        dose = quantity.dose(text)
    except Refusal as refused:
        raise source.problem(("dose",), refused.what, refused.remedy) from None
    named = [drug for drug in library.drugs if drug.code == drug_code]
    if not named:
        what = f"{library.name!r} does not have the drug that runs, {drug_code}" if drug_code else "no drug runs there"
        raise source.problem(("dose",), what, "look at 'kvo ctl status'; name the pump's own library with --library")
    units = {drug.unit for drug in named}
    if units != {UNITS[dose.unit][0]}:
        wanted = " or ".join(sorted(units))
        raise source.problem(("dose",), f"{named[0].name} is dosed in {wanted}, not in {UNITS[dose.unit][0]}",
                             f"write it in {wanted}")  # fmt: skip
    milli: int = dose.milli
    return milli


def library_of(name: str) -> Library:
    """A shipped library by its name, or a file's; FileProblem where there is neither."""
    shipped = shipped_libraries()
    if name in shipped:
        return load_library(shipped[name])
    if name.endswith((".yaml", ".yml")):
        return load_library(Path(name))
    raise FileProblem(name, 1, "there is no such library", did_you_mean(name, shipped))


def _data(pairs: Iterable[str]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name or not value:
            raise _Entries({}).problem((), f"{shown(pair)} is no entry", f"write name=value, for example {_EXAMPLE}")
        outer, dot, inner = name.partition(".")
        place = data.setdefault(outer, {}) if dot else data
        key = inner if dot else name
        if not isinstance(place, dict) or key in place:
            raise _Entries({}).problem((name,), "is given twice", "keep one of the two")
        place[key] = _steps(value) if name == STEPS else int(value) if name == "cycles" and value.isdigit() else value
    return data


def _steps(text: str) -> list[dict[str, str]]:
    found = []
    for step in text.split(","):
        dose, word, time = step.partition(" for ")
        if not word:
            remedy = "write them such as '0.1 ug/kg/min for 30 min, 0.2 ug/kg/min for 1 h'"
            raise _Entries({}).problem((STEPS,), f"{shown(step.strip())} is no step", remedy)
        found.append({"dose_rate": dose.strip(), "time": time.strip()})
    return found


def _syringe(name: str | None) -> int:
    if name is None:
        return 0
    if name not in SYRINGE_CODES:
        raise Refusal(f"the syringe {shown(name)} is not known", did_you_mean(name, SYRINGE_CODES), "syringe")
    return SYRINGE_CODES[name]


def _split(entries: Iterable[tuple[int, int]]) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Fields by code, and the steps apart."""
    fields: dict[int, int] = {}
    doses: list[int] = []
    times: list[int] = []
    for field, value in entries:
        if field in _IN_STEPS:
            (doses if field == ports.FIELD_STEP_DOSE_MILLI else times).append(value)
        else:
            fields[field] = value
    return fields, list(zip(doses, times, strict=True))

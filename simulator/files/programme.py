"""Programmes: what is infused into whom with which head, and what happens meanwhile.

`load_programme(path)` reads and checks a file against its drug library and returns a
Programme; past a hard limit it raises FileProblem, so nothing is run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from firmware.therapy.heads import SYRINGES, max_rate_ul_h
from hal import ports
from simulator.files import yaml_source
from simulator.files.faults import faults_schema, read_faults
from simulator.files.library import KIND as LIBRARY_KIND
from simulator.files.library import Library, LibraryFile, load_library
from simulator.files.models import Milliseconds, Strict, Volume, Weight, check_kind, one_of, validate
from simulator.files.therapy import BY_MODE, AnyTherapy
from simulator.files.therapy_checks import check_therapy, check_titration
from simulator.files.timeline import Item, check_item, event_of
from simulator.files.yaml_source import FileProblem, Refusal, did_you_mean, shown

KIND = "programme/1"
ROOT = Path(__file__).resolve().parents[2] / "scenarios"
PROGRAMMES, LIBRARIES = ROOT / "programmes", ROOT / "libraries"
HEADS = {"syringe": ports.HEAD_SYRINGE, "volumetric": ports.HEAD_VOLUMETRIC}
SYRINGE_CODES = {"bd-5": 1, "bd-10": 2, "bd-20": 3, "bd-30": 4, "bd-60": 5}
TICK_MS = 100
MAX_PRIME_MS = 60_000


class Patient(Strict):
    """Whom it is for. Age, sex and height serve the pharmacokinetic models only."""

    weight_kg: Weight | None = None  # held in grams
    age_years: Annotated[int, Field(ge=0, le=120)] = 40
    sex: one_of("female", "male") = "male"  # type: ignore[valid-type]
    height_cm: Annotated[int, Field(ge=30, le=250)] = 170

    @property
    def weight_g(self):
        return self.weight_kg or 0


class ProgrammeFile(Strict):
    """A programme as written."""

    kvo: one_of(KIND)  # type: ignore[valid-type]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
    title: str
    library: str
    head: one_of(*HEADS)  # type: ignore[valid-type]
    syringe: one_of(*SYRINGE_CODES) | None = None  # type: ignore[valid-type]
    reservoir: Volume
    patient: Patient = Patient()
    therapy: AnyTherapy
    confirm_soft: bool = False
    prime: Milliseconds = 0
    duration: Milliseconds
    timeline: list[Item] = Field(default_factory=list)
    faults: list[Any] = Field(default_factory=list)  # read by faults.read_faults, kind by kind


@dataclass(frozen=True)
class Programme:
    """A checked programme, ready to run.

    head: HEAD_*. syringe: code of heads.py, 0 for none. events: timeline.Event in order.
    faults: faults.PlannedFault; the seed decides their strikes. soft: what each soft limit passed says, in words.
    """

    path: str
    name: str
    title: str
    library: Library
    drug: Any
    therapy: Any
    patient: Patient
    head: int
    syringe: int
    reservoir_ul: int
    prime_ms: int
    duration_ms: int
    events: tuple
    faults: tuple
    soft: tuple

    @property
    def mode(self):
        """MODE_* of layout."""
        return BY_MODE[self.therapy.mode][1]

    def keys(self):
        """[(key, value)] that a person presses, one a tick, from standby to the start; KEY_NONE waits a tick."""
        therapy = self.therapy
        entries = [
            (ports.FIELD_DRUG, self.drug.code),
            (ports.FIELD_CARE_AREA, self.library.care_area_code(therapy.care_area)),
            (ports.FIELD_MODE, self.mode),
        ]
        if self.patient.weight_g:
            entries.append((ports.FIELD_WEIGHT_G, self.patient.weight_g))
        if self.syringe:
            entries.append((ports.FIELD_SYRINGE, self.syringe))
        entries += therapy.fields()
        if therapy.pressure is not None:
            entries.append((ports.FIELD_PRESSURE_MMHG, therapy.pressure))
        found = [(ports.KEY_PROGRAMME, 0)]
        found += [(ports.KEY_FIELD + field, value) for field, value in entries]
        found += [(ports.KEY_CONFIRM, 0)] * (2 if self.soft else 1)
        if self.prime_ms:
            found.append((ports.KEY_PRIME_ON, 0))
            found += [(ports.KEY_NONE, 0)] * (self.prime_ms // TICK_MS)
            found.append((ports.KEY_PRIME_OFF, 0))
        found.append((ports.KEY_START, 0))
        return found


def shipped_programmes():
    """Paths of the programmes that come with KVO, by name."""
    return {path.stem: path for path in sorted(PROGRAMMES.glob("*.yaml"))}


def shipped_libraries():
    """Paths of the drug libraries that come with KVO, by name."""
    return {path.stem: path for path in sorted(LIBRARIES.glob("*.yaml"))}


def find_programme(name_or_path):
    """The path of a shipped programme by its name, or of a file; FileProblem where there is neither."""
    shipped = shipped_programmes()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    path = Path(name_or_path)
    if _is_file(path):
        return path
    raise FileProblem(path, 1, "there is no such file or shipped programme", did_you_mean(name_or_path, shipped))


def _is_file(path):
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _find_library(source, name):
    """The library a programme names: beside it (a path), or a shipped one (a name)."""
    beside = source.path.parent / name
    if name.endswith((".yaml", ".yml")) and _is_file(beside):
        return load_library(beside)
    shipped = shipped_libraries()
    stem = name.removesuffix(".yaml")
    if stem in shipped:
        return load_library(shipped[stem])
    raise source.problem(("library",), f"there is no library {shown(name)}", did_you_mean(stem, shipped))


def _therapy(source):
    """The therapy, by its mode's model, so that an error speaks of that mode alone."""
    raw = source.data.get("therapy")
    if not isinstance(raw, dict):
        raise source.problem(("therapy",), "the therapy is missing", "add 'therapy:' with drug, care_area and mode")
    mode = raw.get("mode")
    if not isinstance(mode, str) or mode not in BY_MODE:
        what = "the key 'mode' is missing" if mode is None else f"the mode {shown(mode)} is not known"
        raise source.problem(("therapy", "mode"), what, did_you_mean(mode, BY_MODE))
    return validate(BY_MODE[mode][0], source, raw, ("therapy",))


def _check_head(file):
    if file.head == "syringe":
        if file.syringe is None:
            raise Refusal("head syringe needs a syringe", "add 'syringe: bd-60'", "head")
        capacity = {row[0]: row[1] for row in SYRINGES}[SYRINGE_CODES[file.syringe]]
        if file.reservoir > capacity:
            raise Refusal(f"a {file.syringe} syringe holds {capacity // 1000} mL", "lower the reservoir", "reservoir")
    elif file.syringe is not None:
        raise Refusal("head volumetric takes no syringe", "remove 'syringe', or write 'head: syringe'", "syringe")
    if file.reservoir == 0:
        raise Refusal("an empty reservoir", "write its volume", "reservoir")
    if file.prime % TICK_MS or file.prime > MAX_PRIME_MS:
        raise Refusal("priming is held for tenths of a second, at most 60 s", "write it such as '5 s'", "prime")
    if file.duration < 1000:
        raise Refusal("the run is too short", "write a duration of 1 s or more", "duration")


def _events(source, file, therapy, drug):
    """The timeline as Events, in order of time and within the run."""
    found, before = [], 0
    for place, item in enumerate(file.timeline):
        loc, soft = ("timeline", place), []
        try:
            check_item(item)
            if item.at < before:
                raise Refusal("the timeline goes backwards", "put the items in order of time", "at")
            if item.at > file.duration:
                raise Refusal("this is after the end of the run", "lengthen 'duration', or remove the item", "at")
            if item.do == "titrate":
                soft = _titration(item, file, therapy, drug)
        except Refusal as refused:
            raise source.problem((*loc, *refused.loc), refused.what, refused.remedy) from None
        before = item.at
        found.append(event_of(item, source.line(loc), bool(soft)))
    return tuple(found)


def _titration(item, file, therapy, drug):
    try:
        soft = check_titration(item.dose, therapy, drug, file.patient.weight_g, max_rate_ul_h(HEADS[file.head]))
    except Refusal as refused:
        raise Refusal(refused.what, refused.remedy, "dose") from None
    if soft and not file.confirm_soft:
        raise Refusal(soft[0][1], "change it, or add 'confirm_soft: true'", "dose")
    return soft


def load_programme(path):
    """Read and check a programme file; FileProblem in one line for whatever is wrong. Nothing is run."""
    return programme_of(yaml_source.read(path))


def programme_of(source):
    """The Programme that a Source holds; FileProblem in one line for whatever is wrong."""
    check_kind(source, KIND)
    therapy = _therapy(source)
    file = validate(ProgrammeFile, source)
    library = _find_library(source, file.library)
    try:
        _check_head(file)
        fastest = max_rate_ul_h(HEADS[file.head])
        try:
            drug = library.find(therapy.drug, therapy.care_area)
            soft = check_therapy(therapy, drug, file.patient.weight_g, fastest)
        except Refusal as refused:
            raise Refusal(refused.what, refused.remedy, "therapy", *refused.loc) from None
        if soft and not file.confirm_soft:
            raise Refusal(soft[0][1], "change it, or add 'confirm_soft: true'", "therapy", *soft[0][0])
    except Refusal as refused:
        raise source.problem(refused.loc, refused.what, refused.remedy) from None
    return Programme(
        path=str(source.path), name=file.name, title=file.title, library=library, drug=drug, therapy=therapy,
        patient=file.patient, head=HEADS[file.head], syringe=SYRINGE_CODES.get(file.syringe, 0),
        reservoir_ul=file.reservoir, prime_ms=file.prime, duration_ms=file.duration,
        events=_events(source, file, therapy, drug),
        faults=read_faults(source, file.duration), soft=tuple(what for _place, what in soft),
    )  # fmt: skip


def json_schema(kind):
    """JSON schema (a dict) of a kind of file: 'library' or 'programme'."""
    kinds: dict[str, tuple[Any, str]] = {"library": (LibraryFile, LIBRARY_KIND), "programme": (ProgrammeFile, KIND)}
    model, name = kinds[kind]
    schema = model.model_json_schema()
    if kind == "programme":
        schema["properties"]["faults"] = faults_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"kvo:{name}"} | schema

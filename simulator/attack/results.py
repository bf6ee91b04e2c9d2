"""What attacks came to: a record for each run, each attack and the whole suite, with the JSON that is kept.

Volumes are mL, times seconds of the run, margins as docs/scenarios.md says. Keys are stable: `KIND` changes with them.
Documented in docs/attack-suites.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simulator.files.yaml_source import FileProblem

KIND = "attack-results/1"

# Exactly one of these is said of each run.
BLOCKED = "blocked"  # every property holds, and the dose is what it would have been
BITES = "bites"  # the attack's own property, or another security one, fails; the dose is within the tolerance
HARM = "harm"  # a safety property fails that is not of the dose: an alarm that does not ring, say
DOSE = "dose"  # the dose is another, or a safety property of the dose fails
VERDICTS = (BLOCKED, BITES, HARM, DOSE)


@dataclass(frozen=True)
class ControlSaid:
    """A control by name. where: its module in the firmware, or in the site. layer: one of LAYERS of the table."""

    name: str
    says: str
    where: str
    layer: str


@dataclass(frozen=True)
class AttackSaid:
    """An attack by its scenario. references: advisory, cve, cwe, emb3d, attack, each a list of texts.

    policy: what the drug's library entry does when help is gone. begins_s: the adversary's first act.
    """

    id: str
    title: str
    story: str
    positions: tuple[str, ...]
    control: str
    property: str
    references: dict[str, list[str]]
    programme: str
    drug: str
    policy: str
    duration_s: float
    begins_s: float


@dataclass(frozen=True)
class PropertyResult:
    """A property in one run; is_dose: whether its formula names what flows."""

    name: str
    kind: str
    says: str
    formula: str
    is_dose: bool
    holds: bool
    margin: float
    unit: str
    worst_s: float | None


@dataclass(frozen=True)
class Dose:
    """Volumes at the end, and the shift against the honest run: the same pump without the adversary.

    shift_ml: where it is largest, with its sign, at worst_s; tolerance_ml: what would have been let pass there.
    """

    delivered_ml: float
    prescribed_ml: float
    dose_error_pct: float
    max_overdelivery_ml: float
    honest_delivered_ml: float
    honest_prescribed_ml: float
    shift_ml: float
    worst_s: float
    tolerance_ml: float
    is_shifted: bool


@dataclass(frozen=True)
class Series:
    """Volumes so far, some hundred samples of the run: with the attack and, honest_*, without the adversary."""

    t_s: list[float]
    delivered_ml: list[float]
    prescribed_ml: list[float]
    honest_delivered_ml: list[float]
    honest_prescribed_ml: list[float]


@dataclass(frozen=True)
class AttackRun:
    """One run. profile: shipped, legacy or custom; ablated: controls that had stand-ins.

    series: None where it was not kept. local_holds: the property that the attack's own control is told by.
    """

    attack: str
    home: str
    seed: int
    profile: str
    ablated: tuple[str, ...]
    verdict: str
    reached_dose: bool
    local_holds: bool
    properties: tuple[PropertyResult, ...]
    dose: Dose
    alarms: list[dict[str, Any]]
    trace_sha256: dict[str, str]
    simulated_s: float
    wall_s: float
    series: Series | None = None

    @property
    def holds(self) -> bool:
        """Whether the attack failed altogether."""
        return self.verdict == BLOCKED


@dataclass(frozen=True)
class MinimalSets:
    """Which controls, taken away together, let an attack reach the dose, and none fewer.

    sets: of up to `largest` controls; reason: why there is none, where there is none. tried: runs that it took.
    left_out: controls whose stand-in the home or the scenario cannot have.
    """

    attack: str
    seed: int
    sets: tuple[tuple[str, ...], ...]
    largest: int
    reason: str
    tried: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One run of a search in short: what one set of stand-ins did to one attack."""

    attack: str
    ablated: tuple[str, ...]
    verdict: str
    reached_dose: bool
    local_holds: bool
    shift_ml: float


@dataclass(frozen=True)
class Suite:
    """All of it. cells: of the search for minimal sets; problems: runs that came to no verdict, (attack, why)."""

    controls: tuple[ControlSaid, ...]
    attacks: tuple[AttackSaid, ...]
    runs: tuple[AttackRun, ...]
    minimal: tuple[MinimalSets, ...] = ()
    cells: tuple[Cell, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wall_s: float = 0.0

    @property
    def through(self) -> list[AttackRun]:
        """Runs in which the attack did not fail altogether."""
        return [run for run in self.runs if not run.holds]

    def run_of(self, attack: str, profile: str = "shipped", seed: int | None = None) -> AttackRun | None:
        """The first run of an attack in a profile, of a seed where one is given; None where there is none."""
        found = (run for run in self.runs if run.attack == attack and run.profile == profile)
        return next((run for run in found if seed in (None, run.seed)), None)

    def minimal_of(self, attack: str) -> MinimalSets | None:
        """What the search found for an attack, None where it was not searched for."""
        return next((one for one in self.minimal if one.attack == attack), None)

    def json(self) -> dict[str, Any]:
        """As kept in a file."""
        return {"kvo": KIND, **asdict(self)}

    @classmethod
    def of(cls, data: Any) -> Suite:
        """From what `json` gave. KeyError, TypeError or ValueError for what is no such thing."""
        if data["kvo"] != KIND:
            raise ValueError(f"its kind is {data['kvo']!r}, not {KIND}")
        return cls(
            controls=tuple(ControlSaid(**one) for one in data["controls"]),
            attacks=tuple(AttackSaid(**_tuples(one, "positions")) for one in data["attacks"]),
            runs=tuple(_run(one) for one in data["runs"]),
            minimal=tuple(_minimal(one) for one in data["minimal"]),
            cells=tuple(Cell(**_tuples(one, "ablated")) for one in data["cells"]),
            problems=tuple((attack, why) for attack, why in data["problems"]),
            profiles={name: tuple(found) for name, found in data["profiles"].items()},
            wall_s=data["wall_s"],
        )


def _tuples(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: tuple(value) if key in names else value for key, value in data.items()}


def _run(data: dict[str, Any]) -> AttackRun:
    series = data["series"]
    values = _tuples(data, "ablated") | {
        "properties": tuple(PropertyResult(**one) for one in data["properties"]),
        "dose": Dose(**data["dose"]),
        "series": None if series is None else Series(**series),
    }
    return AttackRun(**values)


def _minimal(data: dict[str, Any]) -> MinimalSets:
    return MinimalSets(**_tuples(data, "left_out") | {"sets": tuple(tuple(one) for one in data["sets"])})


def load_suite(path: str | Path) -> Suite:
    """Read a kept suite. FileProblem, in one line with the remedy, where the file holds none."""
    remedy = "write one with 'kvo attack --json FILE'"
    try:
        return Suite.of(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise FileProblem(Path(path), 1, f"it cannot be read ({error.strerror})", remedy) from None
    except (KeyError, TypeError, ValueError) as error:
        raise FileProblem(Path(path), 1, f"these are no results of attacks ({error})", remedy) from None

"""Scenarios: a programme, people, what breaks, who attacks, and the properties by which the run is judged.

`load_scenario(path)` reads and checks a file, down to the formulas, and returns a Scenario; whatever is wrong is one
FileProblem with its line and remedy, and nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from simulator.adversary import may
from simulator.files import yaml_source
from simulator.files.models import check_kind, validate
from simulator.files.programme import ROOT, Programme
from simulator.files.quantity import UNIT_CODES
from simulator.files.scenario_models import KIND, Attack, References, ScenarioFile
from simulator.files.scenario_programme import programme_in
from simulator.files.timeline import NETWORK, PLANT
from simulator.files.timeline import PEOPLE as BEDSIDE
from simulator.files.vary import check_vary
from simulator.files.yaml_source import FileProblem, Refusal, Source, did_you_mean, shown
from simulator.runner import patient_model
from simulator.scenario import actions, hostile, inside, installing, requests, touching  # whose verbs are known by that
from simulator.scenario.formula import Node
from simulator.scenario.formula_reader import read_formula
from simulator.scenario.plain import can_fail
from simulator.scenario.signals import SIGNALS, VOCABULARY
from simulator.scenario.stage import ROLES, Player

SCENARIOS = ROOT / "examples"
ATTACKS = ROOT / "attacks"
ATTACK_MS = 20 * 60_000
MID_INFUSION_MS = 60_000
# Evidence and traffic that a stand-in believes; a pump with credentials finds or judges for itself.
_SCRIPTED = {
    "authentic": "network", "hostile": "network", "compromised": "pump", "recovery_on": "bedside",
    "recovered": "bedside",
}  # fmt: skip
_POWERS = _SCRIPTED | {"link_down": "rf-jam", "link_up": "rf-jam"}


@dataclass(frozen=True)
class Judged:
    """A property that was checked."""

    name: str
    kind: str
    says: str
    text: str
    formula: Node
    from_s: int
    line: int


@dataclass(frozen=True)
class Step:
    """An action of the timeline, its place there and its line."""

    action: actions.Action
    place: int
    line: int


@dataclass(frozen=True)
class Scenario:
    """A checked scenario. `programme` holds what the world does; `steps` what people and adversaries do besides.

    operator: who logs in and programmes a pump with credentials, None for a pump without any.
    """

    path: str
    name: str
    title: str
    story: str
    programme: Programme
    people: Mapping[str, Player]
    operator: str | None
    network: str
    steps: tuple[Step, ...]
    properties: tuple[Judged, ...]
    attack: Attack | None
    references: References
    seeds: tuple[int, ...]
    homes: tuple[str, ...]

    @property
    def duration_ms(self) -> int:
        """How long it runs."""
        return self.programme.duration_ms

    @property
    def signals(self) -> list[str]:
        """The signals that its properties name, each once."""
        return list(dict.fromkeys(name for one in self.properties for name in one.formula.names))

    def is_hostile(self, item: Mapping[str, Any], place: int) -> bool:
        """Whether an adversary does what stands at `place` of the file's timeline, and reads `item` there."""
        powers = {step.place: step.action.power for step in self.steps}
        power = powers.get(place, _POWERS.get(str(item.get("do")), actions.PEOPLE))
        return power != actions.PEOPLE

    def without_adversary(self) -> Scenario:
        """The same, but for whatever an adversary does: faults and people stay."""
        steps = tuple(step for step in self.steps if step.action.power == actions.PEOPLE)
        events = tuple(event for event in self.programme.events if event.verb not in _POWERS)
        return replace(self, steps=steps, programme=replace(self.programme, events=events))


def shipped_scenarios() -> dict[str, Path]:
    """Paths of the scenarios that come with KVO, by name."""
    return {path.stem: path for path in sorted(SCENARIOS.glob("*.yaml"))}


def shipped_attacks() -> dict[str, Path]:
    """Paths of the attacks that come with KVO, by name."""
    return {path.stem: path for path in sorted(ATTACKS.glob("*.yaml"))}


def find_scenario(name_or_path: str | Path) -> Path:
    """The path of a shipped scenario by its name, or of a file; FileProblem where there is neither."""
    shipped = shipped_scenarios() | shipped_attacks()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    path = Path(name_or_path)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    raise FileProblem(path, 1, "there is no such file or shipped scenario", did_you_mean(name_or_path, shipped))


def load_scenario(path: str | Path) -> Scenario:
    """Read and check a scenario file. FileProblem in one line for whatever is wrong; nothing is run."""
    return scenario_of(yaml_source.read(path))


def scenario_of(source: Source) -> Scenario:
    """The Scenario that a Source holds; FileProblem in one line for whatever is wrong."""
    check_kind(source, KIND)
    file = validate(ScenarioFile, source)
    people = {
        name: Player(
            name, person.number, ROLES[person.role], person.pin or _drawn(file.name, person.number), person.card
        )
        for name, person in file.people.items()
    }
    operator = _at(source, (), _operator, file, people)
    steps, others = _split(source, file, people)
    programme = programme_in(source, file, others)
    _at(source, (), _check_steps, file, steps, programme)
    properties = _properties(source, file, programme)
    _at(source, (), _check_attack, file, steps, programme)
    check_vary(source)
    return Scenario(
        path=str(source.path), name=file.name, title=file.title, story=file.story, programme=programme, people=people,
        operator=operator, network=file.network, steps=steps, properties=properties, attack=file.attack,
        references=file.references, seeds=tuple(file.seeds), homes=tuple(file.homes),
    )  # fmt: skip


def _at(source: Source, loc: tuple[Any, ...], check: Callable[..., Any], *given: Any) -> Any:
    """What `check(*given)` returns; its Refusal as a problem at `loc`."""
    try:
        return check(*given)
    except Refusal as refused:
        raise source.problem((*loc, *refused.loc), refused.what, refused.remedy) from None


def _drawn(scenario: str, number: int) -> str:
    """A PIN of six digits for a person of a scenario; the same each time, so that a run can be repeated."""
    return f"{Random(f'{scenario}/{number}/pin').randrange(10**6):06}"


def _operator(file: Any, people: Mapping[str, Player]) -> str | None:
    numbers = [person.number for person in people.values()]
    if len(set(numbers)) < len(numbers):
        raise Refusal("two people have one number", "give each a number of their own", "people")
    if not people:
        if file.operator is not None:
            raise Refusal("there is nobody who could be the operator", "add 'people:', or remove it", "operator")
        return None
    chosen = file.operator or next(iter(people))
    if chosen not in people:
        raise Refusal(f"nobody is called {shown(chosen)}", did_you_mean(chosen, people), "operator")
    if file.people[chosen].role == "biomed":
        raise Refusal(f"{chosen} may not programme a dose", "name a nurse, physician or pharmacist", "operator")
    return chosen


def _split(source: Source, file: Any, people: Mapping[str, Player]) -> tuple[tuple[Step, ...], list[int]]:
    """The actions of the timeline, and the places of all other items."""
    steps, others, before = [], [], 0
    for place, raw in enumerate(file.timeline):
        loc = ("timeline", place)
        if not isinstance(raw, dict):
            raise source.problem(loc, "a mapping is expected here", "write '{at: 5 min, do: …}'")
        verb = raw.get("do")
        kind = actions.ACTIONS.get(verb) if isinstance(verb, str) else None
        if kind is None:
            verbs = (*PLANT, *NETWORK, *BEDSIDE, *actions.ACTIONS)
            if verb is not None and verb not in verbs:
                raise source.problem((*loc, "do"), f"{shown(verb)} is not known here", did_you_mean(verb, verbs))
            others.append(place)
            continue
        step = validate(kind, source, {key: value for key, value in raw.items() if key != "do"}, loc)
        _at(source, loc, _check_time, step, before, file.duration)
        _at(source, loc, _check_people, step, people)
        _at(source, loc, _check_needs, step, file, people)
        before = step.at
        steps.append(Step(step, place, source.line(loc)))
    return tuple(steps), others


def _check_time(step: actions.Action, before: int, duration: int) -> None:
    if step.at < before:
        raise Refusal("the timeline goes backwards", "put the items in order of time", "at")
    if step.at > duration:
        raise Refusal("this is after the end of the run", "lengthen 'duration', or remove the item", "at")


def _check_people(step: actions.Action, people: Mapping[str, Player]) -> None:
    if step.needs_people and not people:
        raise Refusal(f"{step.verb} needs a pump with credentials", "add 'people:' with somebody who has a PIN", "do")
    step.check(people)


def _check_needs(step: actions.Action, file: Any, people: Mapping[str, Player]) -> None:
    """A broker, a card, a home: what a verb takes besides people."""
    if step.needs_broker and file.network != "mqtt":
        raise Refusal(f"{step.verb} needs a broker", "add 'network: mqtt'", "do")
    who = getattr(step, "who", None)
    if step.needs_card and who is not None and not people[who].card:
        raise Refusal(f"{who} carries no card", "add 'card: true' there", "who")
    for home in file.homes:
        if step.needs_home and home != step.needs_home:
            remedy = f"write 'homes: [{step.needs_home}]'"
            raise Refusal(f"{step.verb} reaches into the pump in home {step.needs_home} only", remedy, "do")


def _check_steps(file: Any, steps: tuple[Step, ...], programme: Programme) -> None:
    """What takes the programme to tell: units of doses, and verbs that only a scripted pump believes."""
    for place, raw in enumerate(file.timeline):
        if raw["do"] in _SCRIPTED and file.people:
            raise Refusal(
                f"{raw['do']} is believed by a pump without people alone; this one judges for itself",
                "write forge, replay or send_bytes, or remove 'people:'", "timeline", place, "do",
            )
    unit = programme.drug.unit  # its name; a dose has its code
    for step in steps:
        dose = getattr(step.action, "dose", None)
        if dose is not None and dose.unit != UNIT_CODES[unit]:
            what = f"{dose} does not fit {programme.drug.name}, which is dosed in {unit}"
            raise Refusal(what, f"write the dose in {unit}", "timeline", step.place, "dose")


def _properties(source: Source, file: Any, programme: Programme) -> tuple[Judged, ...]:
    found: dict[str, Judged] = {}
    for place, one in enumerate(file.properties):
        loc = ("properties", place)
        if one.name in found:
            raise source.problem((*loc, "name"), f"there is a property {one.name!r} already", "give it another name")
        formula = _at(source, (*loc, "formula"), read_formula, one.formula, VOCABULARY)
        _at(source, loc, _check_property, one, formula, file, programme)
        found[one.name] = Judged(
            one.name, one.kind, one.says, one.formula, formula, one.from_ // 1000, source.line(loc)
        )
    return tuple(found.values())


def _check_property(one: Any, formula: Node, file: Any, programme: Programme) -> None:
    duration = file.duration

    if one.from_ % 1000 or one.from_ >= duration:
        raise Refusal("'from' is no whole second of the run", "write it such as '2 min'", "from")
    ahead = formula.ahead_s
    if ahead * 1000 >= duration - one.from_:
        left = (duration - one.from_) // 1000
        raise Refusal(f"the formula looks {ahead} s ahead, and {left} s are judged", "shorten it", "formula")
    if not can_fail(formula, VOCABULARY):
        raise Refusal("whatever the signals are, this holds", "write what could fail", "formula")
    for name in formula.names:
        needs = SIGNALS[name].needs
        if needs == "people" and not file.people:
            raise Refusal(f"{name} is of a pump with credentials", "add 'people:', or leave it out", "formula")
        if needs == "attack" and file.attack is None:
            raise Refusal(f"{name} is of a scenario with an adversary", "add 'attack:', or leave it out", "formula")
        if needs in ("concentration", "effect"):
            model = patient_model(programme)
            if model is None or (needs == "effect" and model.effect_site is None):
                drug = programme.drug.name
                what = f"no {name} is published for {drug}"
                raise Refusal(what, "write of 'delivered', or of another drug", "formula")


def _check_attack(file: Any, steps: tuple[Step, ...], programme: Programme) -> None:
    items = [(step.action.at, step.action.power, step.action.verb) for step in steps]
    hostile = [item for item in items if item[1] != actions.PEOPLE]
    attack = file.attack
    if attack is None:
        if hostile:
            what = f"{hostile[0][2]} is an attack"
            raise Refusal(what, "add 'attack:' with positions, control and property", "timeline")
        return
    names = {one.name: one.kind for one in file.properties}
    if names.get(attack.property) != "security":
        raise Refusal(
            f"there is no security property {attack.property!r}", "name the one that fails without the control",
            "attack", "property",
        )
    if file.duration > ATTACK_MS:
        raise Refusal("an attack lasts at most 20 min", "shorten 'duration'", "duration")
    items += [(event.at_ms, _POWERS[event.verb], event.verb) for event in programme.events if event.verb in _POWERS]
    for at, power, verb in sorted(items):
        if power == actions.PEOPLE:
            continue
        if at < MID_INFUSION_MS:
            raise Refusal(f"{verb} strikes before the infusion is under way", "begin at 1 min or later", "timeline")
        if not may(attack.positions, power):
            what = f"{verb} takes the position {power}"
            raise Refusal(what, f"add it to 'positions', or leave {verb} out", "attack", "positions")


__all__ = [
    "ATTACKS", "KIND", "SCENARIOS", "Attack", "Judged", "References", "Scenario", "ScenarioFile", "Step",
    "find_scenario", "hostile", "inside", "installing", "load_scenario", "requests", "scenario_of", "shipped_attacks",
    "shipped_scenarios", "touching",
]  # fmt: skip

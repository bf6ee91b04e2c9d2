"""Plays an attack against a pump with or without some of its controls, and says what became of it.

Whether the dose was reached is judged by the plant, against the honest run: the same pump, as strong or as weak, in
the same seed, without whatever the adversary does. A request that was kept from the pump is no order: nothing can make
a message arrive. So a dose is also what it should be where it is that of the honest run without those requests.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from simulator.attack import results as rs
from simulator.attack.controls.table import CONTROLS, PROFILES, in_order
from simulator.attack.pump import weakened
from simulator.files.scenario import Scenario
from simulator.scenario.player import Outcome, Played, play

# A dose is another where it is off by a twentieth of what was due since the attack began, and by this at least: what
# one command may bring past the guardian is 0.03 mL (docs/design.md).
SHARE = 0.05
LEAST_ML = 0.02
# Whoever stands at the pump may stop it, and with a PIN give another dose within its limits. There a shift alone is no
# failure of a control: the attack's own properties say what must hold.
HANDS = frozenset(("bedside", "insider", "flash-access"))
# A safety property is of the dose where its formula names one of these.
DOSE_SIGNALS = frozenset(
    ("delivered", "overdelivered", "dose_error", "dose_shift", "flow", "rate", "concentration", "effect", "running",
     "delivery_infusing", "delivery_bolus")
)  # fmt: skip
_SAMPLES = 240
_LATE_MS = 500  # an erase may hold up the tick in which somebody asks


@dataclass(frozen=True)
class Honest:
    """A run without the adversary: volumes so far at each second, in mL."""

    t_s: list[float]
    delivered_ml: list[float]
    prescribed_ml: list[float]

    def at(self, values: list[float], now_s: float) -> float:
        """The newest of `values` by then, 0 before the first."""
        place = bisect_right(self.t_s, now_s) - 1
        return values[place] if place >= 0 else 0.0


def said(scenario: Scenario) -> rs.AttackSaid:
    """What is told of an attack. ValueError for a scenario that is none, or whose control there is not."""
    attack = scenario.attack
    if attack is None:
        raise ValueError(f"{scenario.name} is no attack: it has no 'attack:'")
    in_order((attack.control,))
    programme = scenario.programme
    return rs.AttackSaid(
        id=scenario.name, title=scenario.title, story=" ".join(scenario.story.split()),
        positions=tuple(attack.positions), control=attack.control, property=attack.property,
        references=scenario.references.model_dump(), programme=programme.name, drug=programme.drug.name,
        policy=programme.drug.policy, duration_s=scenario.duration_ms / 1000, begins_s=begins_s(scenario),
    )  # fmt: skip


def begins_s(scenario: Scenario) -> float:
    """When the adversary first acts, in seconds of the run; its end where nobody does."""
    quiet = scenario.without_adversary()
    honest = [id(step) for step in quiet.steps]
    acts = [step.action.at for step in scenario.steps if id(step) not in honest]
    kept = list(quiet.programme.events)
    acts += [event.at_ms for event in scenario.programme.events if event not in kept]
    return min(acts, default=scenario.duration_ms) / 1000


def honest_run(
    scenario: Scenario, seed: int, ablated: Iterable[str] = (), spied: set[str] | None = None
) -> Honest:
    """Play it without the adversary, in home cpython: traces are the same in every home."""
    quiet = replace(scenario.without_adversary(), properties=())
    signals = _play(quiet, seed, "cpython", in_order(ablated), None, spied).run.signals
    delivered, prescribed = signals["delivered_ul"], signals["commanded_ul"]
    return Honest(list(signals["t_s"]), [ul / 1000 for ul in delivered], [ul / 1000 for ul in prescribed])


def attack_run(
    scenario: Scenario,
    *,
    seed: int = 0,
    home: str = "cpython",
    ablated: Iterable[str] = (),
    honest: Honest | None = None,
    spied: set[str] | None = None,
    keep_series: bool = True,
) -> rs.AttackRun:
    """Play an attack and judge it.

    ablated: controls to do without; home cpython alone. honest: the run without the adversary of that very pump and
    seed, played here where None. spied: gets the names of controls that said no. Raises as `play` does; ValueError for
    a control that there is not.
    """
    about = said(scenario)
    names = in_order(ablated)
    if honest is None:
        honest = honest_run(scenario, seed, names)
    played = _play(scenario, seed, home, names, honest, spied)
    failing = _brought_about(scenario, seed, names, played, honest)
    dose = _dose(played, honest, about.begins_s)
    if dose.is_shifted and played.unheard:
        honest = honest_run(_without(scenario, played.unheard), seed, names)
        otherwise = _dose(played, honest, about.begins_s)
        dose = dose if otherwise.is_shifted else otherwise
    properties = tuple(_property(one) for one in played.outcomes)
    counts = dose.is_shifted and not _is_in_reach(scenario, seed, names)
    verdict = _verdict(counts, [one for one in properties if one.name in failing])
    return rs.AttackRun(
        attack=scenario.name, home=home, seed=seed, profile=profile_of(names), ablated=names, verdict=verdict,
        reached_dose=verdict == rs.DOSE,
        local_holds=all(one.holds for one in properties if one.name == about.property),
        properties=properties, dose=dose, alarms=played.run.alarms, trace_sha256=played.run.trace_sha256,
        simulated_s=played.run.simulated_s, wall_s=round(played.run.wall_s, 3),
        series=_series(played, honest) if keep_series else None,
    )  # fmt: skip


def local_holds(scenario: Scenario, seed: int, ablated: Iterable[str]) -> bool:
    """Whether the property that an attack's own control is told by holds without `ablated`; only that one is judged."""
    about = said(scenario)
    own = tuple(one for one in scenario.properties if one.name == about.property)
    return _play(replace(scenario, properties=own), seed, "cpython", in_order(ablated), None, None).holds


def _without(scenario: Scenario, unheard: Iterable[tuple[str, str, int]]) -> Scenario:
    """The scenario, had people not asked for that."""
    missing = list(unheard)

    def was_heard(action: Any) -> bool:
        asked = getattr(action, "who", None), getattr(action, "request", None)
        return action.verb != "ask" or not any(
            asked == (who, what) and 0 <= ms - action.at <= _LATE_MS for who, what, ms in missing
        )

    return replace(scenario, steps=tuple(step for step in scenario.steps if was_heard(step.action)))


def profile_of(ablated: tuple[str, ...]) -> str:
    """The profile whose controls these are, or custom."""
    return next((name for name, found in PROFILES.items() if in_order(found) == ablated), "custom")


class Lacking:
    """The controls that the site does without. Who asks for one depends on it: its name goes to `spied`, if given."""

    def __init__(self, names: Iterable[str], spied: set[str] | None = None) -> None:
        self._names = frozenset(names)
        self._spied = spied

    def __contains__(self, name: object) -> bool:
        if name not in CONTROLS or not CONTROLS[str(name)].at_site:
            raise KeyError(f"{name} is no control of the site")
        if self._spied is not None:
            self._spied.add(str(name))
        return name in self._names


def _play(
    scenario: Scenario, seed: int, home: str, ablated: tuple[str, ...], honest: Honest | None, spied: set[str] | None
) -> Played:
    make_app = weakened(ablated, spied) if ablated or spied is not None else None
    undisturbed = None if honest is None else (honest.t_s, honest.delivered_ml)
    lacking = Lacking(ablated, spied)
    return play(scenario, seed=seed, home=home, make_app=make_app, undisturbed=undisturbed, lacking=lacking)


def _brought_about(
    scenario: Scenario, seed: int, ablated: tuple[str, ...], played: Played, honest: Honest
) -> set[str]:
    """Names of the failing properties that fail through the adversary: on a weakened pump a story may fail by itself.

    The attack's own property says that something of the adversary's was let through, and is taken as it is.
    """
    failing = {one.judged.name for one in played.failing}
    in_doubt = failing - {scenario.attack.property if scenario.attack else ""}
    if not ablated or not in_doubt:
        return failing
    left = tuple(one for one in scenario.properties if one.name in in_doubt and one.kind == "safety")
    quiet = replace(scenario.without_adversary(), properties=left)
    alone = {one.judged.name for one in _play(quiet, seed, "cpython", ablated, honest, None).failing} if left else set()
    return failing - alone


def _property(one: Outcome) -> rs.PropertyResult:
    judged = one.judged
    return rs.PropertyResult(
        judged.name, judged.kind, judged.says, judged.text, not DOSE_SIGNALS.isdisjoint(judged.formula.names),
        one.holds, round(one.margin, 6), one.unit, one.worst_s,
    )  # fmt: skip


def _is_in_reach(scenario: Scenario, seed: int, ablated: tuple[str, ...]) -> bool:
    """Whether the shipped pump, too, gives those who stand at it another dose."""
    attack = scenario.attack
    if attack is None or HANDS.isdisjoint(attack.positions):
        return False
    return not ablated or attack_run(scenario, seed=seed, keep_series=False).dose.is_shifted


def _verdict(reaches: bool, failing: list[rs.PropertyResult]) -> str:
    safety = [one for one in failing if one.kind == "safety"]
    if reaches or any(one.is_dose for one in safety):
        return rs.DOSE
    if safety:
        return rs.HARM
    return rs.BITES if failing else rs.BLOCKED


def _dose(played: Played, honest: Honest, begins: float) -> rs.Dose:
    run = played.run
    before = honest.at(honest.delivered_ml, begins)
    worst = (0.0, 0.0, begins, LEAST_ML)  # of the tolerance, shift, when, tolerance
    for now_s, ul in zip(run.signals["t_s"], run.signals["delivered_ul"], strict=True):
        due = honest.at(honest.delivered_ml, now_s)
        tolerance = max(LEAST_ML, SHARE * (due - before))
        shift = ul / 1000 - due
        if abs(shift) / tolerance > worst[0]:
            worst = (abs(shift) / tolerance, shift, now_s, tolerance)
    return rs.Dose(
        delivered_ml=round(run.delivered_ml, 6), prescribed_ml=round(run.prescribed_ml, 6),
        dose_error_pct=round(run.dose_error_pct, 4), max_overdelivery_ml=round(run.max_overdelivery_ml, 6),
        honest_delivered_ml=round(honest.delivered_ml[-1], 6), honest_prescribed_ml=round(honest.prescribed_ml[-1], 6),
        shift_ml=round(worst[1], 6), worst_s=worst[2], tolerance_ml=round(worst[3], 6), is_shifted=worst[0] > 1,
    )  # fmt: skip


def _series(played: Played, honest: Honest) -> rs.Series:
    signals = played.run.signals
    seconds = signals["t_s"]
    places = sorted({*range(0, len(seconds), max(1, len(seconds) // _SAMPLES)), len(seconds) - 1})
    times = [seconds[place] for place in places]
    return rs.Series(
        times,
        [round(signals["delivered_ul"][place] / 1000, 5) for place in places],
        [round(signals["commanded_ul"][place] / 1000, 5) for place in places],
        [round(honest.at(honest.delivered_ml, now_s), 5) for now_s in times],
        [round(honest.at(honest.prescribed_ml, now_s), 5) for now_s in times],
    )

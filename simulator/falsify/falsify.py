"""Looks for the worst that a scenario can be made to do, within what may vary in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.falsify import search
from simulator.falsify.judging import Judge, Setting, Verdict
from simulator.files.scenario import Judged
from simulator.files.yaml_source import FileProblem, did_you_mean, shown
from simulator.scenario import monitors
from simulator.scenario.player import Played
from simulator.scenario.signals import SIGNALS, VOCABULARY

# Plays texts and gives their verdicts in the same order.
Players = Callable[[Setting, Sequence[str]], list[Verdict]]
Progress = Callable[[int, int, "Trial"], None]
_LEAST = 1e-9


@dataclass(frozen=True)
class Trial:
    """One run of a search. score: what the search brings down; None where the run could not be played."""

    number: int
    why: str
    values: dict[str, int]
    margins: dict[str, float]
    score: float | None
    problem: str = ""


@dataclass
class Found:
    """What a search came to. nominal, worst: the runs as the file has it and at its worst; text: the worst as a file.

    sought: the properties whose margins were to be brought down.
    """

    judge: Judge
    sought: tuple[str, ...]
    runs: int
    seed: int
    how: str
    nominal: Played
    trials: list[Trial] = field(default_factory=list)

    @property
    def worst(self) -> Trial:
        """The run with the least score; of equals the first."""
        return min((one for one in self.trials if one.score is not None), key=lambda one: (one.score, one.number))

    @property
    def holds(self) -> bool:
        """Whether the properties that were sought have held in every run."""
        return all(one.margins.get(name, 1) > 0 for one in self.trials for name in self.sought)

    @property
    def worst_property(self) -> Judged:
        """The property that sets the worst run's score."""
        shares = _shares(self, self.worst.margins)
        least = min(shares, key=shares.__getitem__)
        return next(one.judged for one in self.nominal.outcomes if one.judged.name == least)

    @property
    def units(self) -> dict[str, str]:
        """Units of the signals that are quantities."""
        return dict(VOCABULARY.quantities)

    @property
    def problems(self) -> list[Trial]:
        """Runs that could not be played."""
        return [one for one in self.trials if one.problem]

    def least(self, name: str) -> Trial:
        """The run in which a property had its least margin."""
        played = [one for one in self.trials if name in one.margins]
        return min(played, key=lambda one: (one.margins[name], one.number))

    def text(self, folder: Path | None = None) -> str:
        """The worst run as a scenario file for `folder`."""
        worst = self.worst
        lines = [f"Run {worst.number} of {len(self.trials)}, seed {self.seed}. Margins, and those of the original:"]
        for outcome in self.nominal.outcomes:
            name = outcome.judged.name
            lines.append(f"  {name}: {worst.margins[name]:+.4g} ({outcome.margin:+.4g}) {outcome.unit}".rstrip())
        return self.judge.candidates.text(worst.values, folder, "\n".join(lines))

    def play_worst(self) -> Played:
        """Play the worst run again, to look at; the nominal one where nothing was worse."""
        return self.judge.play(self.text())

    def json(self) -> dict[str, Any]:
        """As documented in docs/scenarios.md; a stable set of keys."""
        written = self.judge.candidates.written
        worst = self.worst
        return {
            "scenario": self.judge.candidates.name, "sought": list(self.sought), "seed": self.seed, "how": self.how,
            "home": self.nominal.run.home, "runs": len(self.trials), "refused": len(self.problems),
            "holds": self.holds,
            "properties": [
                {
                    "name": outcome.judged.name, "unit": outcome.unit, "nominal": round(outcome.margin, 6),
                    "least": round(self.least(outcome.judged.name).margins[outcome.judged.name], 6),
                    "least_in_run": self.least(outcome.judged.name).number,
                }
                for outcome in self.nominal.outcomes
            ],
            "worst_run": worst.number,
            "worst": {name: str(value) for name, value in written(worst.values).items()},
            "trials": [
                {
                    "run": one.number, "why": one.why, "score": None if one.score is None else round(one.score, 6),
                    "values": {name: str(value) for name, value in written(one.values).items()},
                    "margins": {name: round(margin, 6) for name, margin in one.margins.items()},
                    "problem": one.problem,
                }
                for one in self.trials
            ],
        }  # fmt: skip


def falsify(
    setting: Setting,
    *,
    sought: Sequence[str] = (),
    runs: int = 100,
    how: str = search.GUIDED,
    until_fails: bool = False,
    players: Players | None = None,
    progress: Progress | None = None,
) -> Found:
    """Search for the least margin of the properties `sought`; of several, of each as a share of what the file has.

    Without any: of all where the file says what may vary, else of those that are tied to no time, an `always` without
    a window: of the others a moved attack may be the wrong one.

    players: plays several at once, for a pool; else one after the other here. Interrupted, it returns what there is.
    FileProblem for a bad file or property, MonitorUnavailable and SearchUnavailable without their packages.
    """
    monitors.check_available()
    if how == search.GUIDED:
        search.check_available()
    judge = Judge(setting)
    candidates = judge.candidates
    nominal = judge.play(candidates.text(candidates.own_values), _telling(candidates.has_people))
    found = Found(judge, _sought(judge, sought), runs, setting.seed, how, nominal)
    looking = search.Search(candidates.freedoms, runs, setting.seed, _moments(nominal), how)
    margins = {outcome.judged.name: outcome.margin for outcome in nominal.outcomes}
    _take(found, looking, search.Proposal(candidates.own_values, "file"), Verdict(margins))
    play_all = players or (lambda _setting, texts: [judge.judge(text) for text in texts])
    try:
        while len(found.trials) < runs and not (until_fails and not found.holds):
            batch = looking.next(min(search.BATCH, runs - len(found.trials)))
            verdicts = play_all(setting, [candidates.text(one.values) for one in batch])
            for proposal, verdict in zip(batch, verdicts, strict=True):
                _take(found, looking, proposal, verdict)
            if progress is not None:
                progress(len(found.trials), runs, found.worst)
    except KeyboardInterrupt:
        pass
    return found


def _take(found: Found, looking: search.Search, proposal: search.Proposal, verdict: Verdict) -> None:
    """Note a run and tell the search of it."""
    score = None if verdict.problem else _score(found, verdict.margins)
    number = len(found.trials) + 1
    found.trials.append(Trial(number, proposal.why, proposal.values, verdict.margins, score, verdict.problem))
    looking.tell(proposal.values, score)


def _sought(judge: Judge, asked: Sequence[str]) -> tuple[str, ...]:
    """The properties to bring down. FileProblem for one that there is not, or where none is left."""
    candidates = judge.candidates
    known = {one.name: one for one in candidates.properties}
    for name in asked:
        if name not in known:
            raise FileProblem(candidates.path, 1, f"there is no property {shown(name)}", did_you_mean(name, known))
    if asked:
        return tuple(dict.fromkeys(asked))
    if candidates.is_said:
        return tuple(known)
    timeless = [name for name, one in known.items() if one.formula.kind == "always" and one.formula.window is None]
    if not timeless:
        raise FileProblem(
            candidates.path, 1, "every property here is tied to times, and nothing says what may vary",
            "add 'vary:' with ranges in which they are meant to hold, or name one with --property",
        )  # fmt: skip
    return tuple(timeless)


def _shares(found: Found, margins: dict[str, float]) -> dict[str, float]:
    """Margins of what is sought; of several, each as a share of the file's own, so that units do not matter."""
    if len(found.sought) == 1:
        return {name: margins[name] for name in found.sought}
    nominal = {outcome.judged.name: abs(outcome.margin) for outcome in found.nominal.outcomes}
    return {name: margins[name] / (nominal[name] if nominal[name] > _LEAST else 1) for name in found.sought}


def _score(found: Found, margins: dict[str, float]) -> float:
    return min(_shares(found, margins).values())


def _telling(has_people: bool) -> list[str]:
    """Signals whose changes are moments: states, alarms, who is there, what was answered."""
    known = [one for one in SIGNALS.values() if one.is_condition or (one.changes and not one.unit)]
    return [one.name for one in known if one.needs == "" or (one.needs == "people" and has_people)]


def _moments(played: Played) -> list[int]:
    """When something happened: what was done, what came of it, what the pump answered or changed to."""
    found = {at for at, _ in played.run.events} | {at for at, *_ in played.verdicts}
    found |= {step.action.at / 1000 for step in played.scenario.steps}
    found |= {event.at_ms / 1000 for event in played.scenario.programme.events}
    times = played.signals["t_s"]
    for name in _telling(bool(played.scenario.people)):
        values = played.signals[name]
        found |= {times[at] for at in range(1, len(values)) if values[at] != values[at - 1]}
    return sorted({round(at * 1000) for at in found})

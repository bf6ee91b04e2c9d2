"""Plays candidates and gives their margins: in this process, or in others that each keep what they have loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from simulator.falsify.candidates import Candidates
from simulator.files.yaml_source import FileProblem
from simulator.scenario.player import Played, Undisturbed, play

_KEPT = 32
MakeApp = Callable[[Any], Any]


@dataclass(frozen=True)
class Setting:
    """What all candidates share. verbs: files that add some. make_app: another firmware, in home cpython."""

    path: str
    seed: int
    home: str
    verbs: tuple[str, ...] = ()
    make_app: MakeApp | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate: its margins by property, or why it could not be played."""

    margins: dict[str, float]
    problem: str = ""


class Judge:
    """Plays the candidates of one setting; what they share without the adversary is played once."""

    def __init__(self, setting: Setting) -> None:
        from simulator.scenario.plugins import add_verbs

        for path in setting.verbs:
            add_verbs(Path(path))
        self._setting = setting
        self.candidates = Candidates(setting.path, setting.seed)
        self._quiet: dict[str, Undisturbed] = {}

    def play(self, text: str, also: Sequence[str] = ()) -> Played:
        """Play a candidate; FileProblem where it cannot be, HomeError where the home cannot be had.

        also: signals to record besides those of the properties.
        """
        scenario = self.candidates.read(text)
        quiet = scenario.without_adversary()
        key = repr((quiet.steps, quiet.programme.events, quiet.programme.faults, quiet.duration_ms))
        setting = self._setting
        played = play(
            scenario, seed=setting.seed, home=setting.home, make_app=setting.make_app,
            undisturbed=self._quiet.get(key), also=also,
        )  # fmt: skip
        if played.undisturbed is not None:
            if len(self._quiet) >= _KEPT:
                self._quiet.clear()
            self._quiet[key] = played.undisturbed
        return played

    def judge(self, text: str) -> Verdict:
        """The margins of a candidate."""
        try:
            return Verdict({one.judged.name: one.margin for one in self.play(text).outcomes})
        except FileProblem as problem:
            return Verdict({}, f"{problem.what}; {problem.remedy}")


@cache
def _judge_of(setting: Setting) -> Judge:
    return Judge(setting)


def judge(setting: Setting, text: str) -> Verdict:
    """As Judge.judge, for a pool: each process loads a setting once."""
    return _judge_of(setting).judge(text)

"""Where a search looks next. It knows no pump: it proposes values, is told what they came to, and follows a seed.

First what the file has; then moments at which something happened in that run, since a weakness often hides beside a
change of state; then an even spread; and, once scores differ, in turn the spread, the neighbourhood of the best, and
where a model of the scores (optuna's tree-structured Parzen estimator) expects less. Values are proposed in batches of
a fixed size and told in their order, so that the same seed gives the same search on any number of processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.files.vary import TICK_MS, Freedom

BATCH = 4
ROUND = 20
GUIDED, RANDOM = "guided", "random"
# How far from a moment to try, in ms, and what share of the runs goes to that.
_BESIDE_MS = (100, 500, -500, 1500)
_MOMENTS_SHARE = 2
_LEAST_SCORES = 3  # different ones, before a model of them says anything

Values = dict[str, int]


class SearchUnavailable(RuntimeError):
    """The search needs optuna, an optional dependency that is not installed."""


@dataclass(frozen=True)
class Proposal:
    """Values to try, and why: 'file', 'moment', 'spread', 'near', 'model' or 'random'."""

    values: Values
    why: str


def check_available() -> None:
    """SearchUnavailable, with its remedy, where there is nothing to search with."""
    _optuna()


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as missing:
        raise SearchUnavailable(
            "the search needs optuna, which is not installed; remedy: pip install 'kvo[search]'"
        ) from missing
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class Search:
    """Proposes values of `freedoms` for `runs` runs. moments_ms: when something happened in the run as it stands."""

    def __init__(
        self, freedoms: Sequence[Freedom], runs: int, seed: int, moments_ms: Sequence[int] = (), how: str = GUIDED
    ) -> None:
        self._freedoms = list(freedoms)
        self._random = Random(f"{seed}/falsify")
        self._own = {one.label: one.own for one in freedoms}
        self._model = None if how == RANDOM else _Model(self._freedoms, seed)
        self._spread = _Spread(self._freedoms, self._random)
        self._moments = self._near(moments_ms)[: runs // _MOMENTS_SHARE]
        self._best: tuple[float, Values] = (float("inf"), self._own)
        self._scores: set[float] = set()
        self._turn = 0

    def next(self, count: int) -> list[Proposal]:
        """The next `count` proposals, at most BATCH at a time."""
        return [self._one() for _ in range(count)]

    def tell(self, values: Values, score: float | None) -> None:
        """What a proposal came to; None where it could not be played."""
        if score is not None:
            self._scores.add(round(score, 9))
            if score < self._best[0]:
                self._best = score, values
        if self._model is not None:
            self._model.tell(values, score)

    def _one(self) -> Proposal:
        if self._model is None:
            return Proposal({one.label: _drawn(one, self._random.random()) for one in self._freedoms}, "random")
        if self._moments:
            return Proposal(self._moments.pop(0), "moment")
        self._turn += 1
        if len(self._scores) < _LEAST_SCORES or self._turn % 3 == 0:
            return Proposal(self._spread.next(), "spread")
        if self._turn % 3 == 1:
            return Proposal(self._beside_best(), "near")
        return Proposal(self._model.ask(), "model")

    def _beside_best(self) -> Values:
        """The best so far with one value moved, most often a little."""
        one = self._random.choice(self._freedoms)
        far = (one.high - one.low) / one.step * 10 ** self._random.uniform(-3, -0.3)
        steps = max(1, round(far)) * self._random.choice((-1, 1))
        value = min(max(self._best[1][one.label] + steps * one.step, one.low), one.high)
        return self._best[1] | {one.label: value}

    def _near(self, moments_ms: Sequence[int]) -> list[Values]:
        """Each time that may vary, set beside each moment; all else as it stands. In an order that chance mixes."""
        found: list[Values] = []
        for beside in _BESIDE_MS:
            some = []
            for one in self._freedoms:
                if not one.is_time or one.loc[-1] != "at":
                    continue
                for moment in sorted({round((at + beside) / TICK_MS) * TICK_MS for at in moments_ms}):
                    if one.low <= moment <= one.high and moment != one.own:
                        some.append(self._own | {one.label: moment})
            self._random.shuffle(some)
            found += some
        return found


def _drawn(one: Freedom, share: float) -> int:
    """The value at a share, 0 to 1, of the range."""
    places = (one.high - one.low) // one.step + 1
    return one.low + min(int(share * places), places - 1) * one.step


class _Spread:
    """Latin squares: in each round every part of every range is met once, in an order that chance mixes."""

    def __init__(self, freedoms: list[Freedom], random: Random) -> None:
        self._freedoms = freedoms
        self._random = random
        self._round: list[Values] = []

    def next(self) -> Values:
        """The next point."""
        if not self._round:
            columns = []
            for one in self._freedoms:
                shares = [(part + self._random.random()) / ROUND for part in range(ROUND)]
                self._random.shuffle(shares)
                columns.append([_drawn(one, share) for share in shares])
            names = [one.label for one in self._freedoms]
            self._round = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return self._round.pop()


class _Model:
    """Optuna's estimator, told of every run, whoever proposed it."""

    def __init__(self, freedoms: list[Freedom], seed: int) -> None:
        optuna = self._optuna = _optuna()
        self._space: dict[str, Any] = {}
        for one in freedoms:
            if one.choices:
                self._space[one.label] = optuna.distributions.CategoricalDistribution(range(len(one.choices)))
            else:
                high = one.low + (one.high - one.low) // one.step * one.step
                self._space[one.label] = optuna.distributions.IntDistribution(one.low, high, step=one.step)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 'multivariate' is called experimental
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=0)
        self._study = optuna.create_study(sampler=sampler, direction="minimize")

    def ask(self) -> Values:
        """Values from the model."""
        trial = self._study.ask(self._space)
        return dict(trial.params)

    def tell(self, values: Values, score: float | None) -> None:
        """Add a run. The file's own value may lie beside the grid: it is told at the nearest place."""
        state = self._optuna.trial.TrialState
        params = {name: self._nearest(name, value) for name, value in values.items()}
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=params, distributions=self._space, value=score,
                state=state.COMPLETE if score is not None else state.FAIL,
            )
        )  # fmt: skip

    def _nearest(self, name: str, value: int) -> int:
        space = self._space[name]
        step = getattr(space, "step", 1)
        low = getattr(space, "low", 0)
        return int(low + round((value - low) / step) * step)

"""Judges recorded signals by formulas: the margin by which each holds, from `rtamt`.

A margin above 0 is a property that holds, below 0 one that does not; 0 decides nothing and counts as failing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.scenario.formula import Node
from simulator.scenario.plain import margin

# A window wholly behind the run's end has no sample: an 'always' over it holds, an 'eventually' fails, by this.
NOTHING = 1e6


class MonitorUnavailable(RuntimeError):
    """The monitors need rtamt, an optional dependency that is not installed."""


def _rtamt() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its parser's runtime is of 2017
            import rtamt
    except ImportError as missing:
        old = "use Python 3.11 or 3.12, and there " if sys.version_info >= (3, 13) else ""
        raise MonitorUnavailable(
            f"properties are judged with rtamt, which is not installed; remedy: {old}pip install 'kvo[stl]'"
        ) from missing
    return rtamt


def check_available() -> None:
    """MonitorUnavailable, with its remedy, where nothing could be judged: said before a run, not after it."""
    _rtamt()


def margins(formula: Node, values: Mapping[str, Sequence[float]], first: int = 0) -> list[float]:
    """The margin at each second from the sample `first` on; windows end where the run ends.

    `values` holds one list for each name in the formula, all of one length. ValueError where there is no sample.
    """
    names = formula.names
    data = {name: list(values[name][first:]) for name in names}
    lengths = {len(samples) for samples in data.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError("there is nothing to judge: no sample, or lists of different lengths")
    count = lengths.pop()
    if count == 1:  # the monitor wants two
        return [_finite(margin(formula, data))]
    rtamt = _rtamt()
    specification = rtamt.StlDiscreteTimeOfflineSpecification()
    for name in names:
        specification.declare_var(name, "float")
    specification.spec = str(formula)
    specification.parse()
    found = specification.evaluate({"time": list(range(count)), **data})
    return [_finite(float(one)) for _, one in found]


def _finite(found: float) -> float:
    return max(-NOTHING, min(NOTHING, found))


def idle(formula: Node, values: Mapping[str, Sequence[float]], first: int = 0) -> list[Node]:
    """The conditions of its implications that never came about: what hangs on them was not tried."""
    conditions = [node.parts[0] for node in formula.walk() if node.kind == "implies"]
    return [one for one in conditions if max(margins(one, values, first)) <= 0]


def worst(formula: Node, values: Mapping[str, Sequence[float]], first: int = 0) -> int | None:
    """The sample at which an `always` has its least margin; None for another formula, which has no such moment."""
    if formula.kind != "always" or formula.window is not None:
        return None
    inner = margins(formula.parts[0], values, first)
    return first + min(range(len(inner)), key=inner.__getitem__)

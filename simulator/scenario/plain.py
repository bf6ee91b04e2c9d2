"""Signal temporal logic by its definition: slow and plain. What the monitor is held against, and what tells that a
formula could never fail.

Robust semantics over samples a second apart (Donzé and Maler, FORMATS 2010); windows end where the trace ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product
from math import inf
from random import Random

from simulator.scenario.formula import Node, Vocabulary

_EXTREMES = (-1e6, 0.0, 1e6)
_MOST = 400


def margin(node: Node, values: Mapping[str, Sequence[float]], at: int = 0) -> float:
    """The margin, or the value of an arithmetic part, at the sample `at`."""
    kind, parts = node.kind, node.parts
    if kind == "name":
        return values[node.text][at]
    if kind == "number":
        return float(node.text)
    if kind in _ARITHMETIC:
        return _ARITHMETIC[kind](*(margin(part, values, at) for part in parts))
    if kind in ("until", "since"):
        return _span(node, values, at)
    if kind in ("always", "eventually", "historically", "once"):
        found = [margin(parts[0], values, place) for place in _places(node, values, at)]
        return min(found, default=inf) if kind in ("always", "historically") else max(found, default=-inf)
    raise ValueError(f"there is no {kind!r}")


_ARITHMETIC: dict[str, Callable[..., float]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "minus": lambda x: -x,
    "abs": abs,
    "<": lambda x, y: y - x,
    "<=": lambda x, y: y - x,
    ">": lambda x, y: x - y,
    ">=": lambda x, y: x - y,
    "not": lambda x: -x,
    "and": min,
    "or": max,
    "implies": lambda x, y: max(-x, y),
}


def _places(node: Node, values: Mapping[str, Sequence[float]], at: int) -> range:
    """The samples that a window covers."""
    last = len(next(iter(values.values()))) - 1
    first_s, last_s = (0, last) if node.window is None else node.window
    if node.kind in ("historically", "once", "since"):
        return range(max(0, at - last_s), at - first_s + 1)
    return range(at + first_s, min(last, at + last_s) + 1)


def _span(node: Node, values: Mapping[str, Sequence[float]], at: int) -> float:
    """Until: the right part holds at some sample of the window, and the left one at all before it; since: after it."""
    left, right = node.parts
    best = -inf
    for place in _places(node, values, at):
        between = range(at, place) if node.kind == "until" else range(place + 1, at + 1)
        held = min((margin(left, values, one) for one in between), default=inf)
        best = max(best, min(held, margin(right, values, place)))
    return best


def can_fail(formula: Node, vocabulary: Vocabulary) -> bool:
    """Whether some signals make it fail: extreme ones, that stay or change once. Windows do not matter to those."""
    bare = _without_windows(formula)
    names = formula.names
    choices = [(-1.0, 1.0) if name in vocabulary.conditions else _EXTREMES for name in names]
    some = list(islice(product(*choices), _MOST))
    random = Random(0)
    some += [tuple(random.choice(choice) for choice in choices) for _ in range(_MOST)]
    for before in some:
        for after in (before, random.choice(some)):
            values = dict(zip(names, zip(before, after, strict=True), strict=True))
            if margin(bare, values) < 0:
                return True
    return False


def _without_windows(node: Node) -> Node:
    return Node(node.kind, tuple(_without_windows(part) for part in node.parts), node.text, None, node.is_truth)

"""A formula of signal temporal logic as it was read: what it names, how far it looks, how the monitor writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_AHEAD = ("always", "eventually", "until")


@dataclass(frozen=True)
class Node:
    """A formula or a part of one.

    kind: a word of WORDS, a symbol, 'name' or 'number'. window: (first, last) seconds, None for all there are.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    text: str = ""
    window: tuple[int, int] | None = None
    is_truth: bool = True
    unit: str = ""  # as written behind a number

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def names(self) -> list[str]:
        """The signals, each once, in order of their first appearance."""
        return list(dict.fromkeys(node.text for node in self.walk() if node.kind == "name"))

    @property
    def ahead_s(self) -> int:
        """How far beyond the present the bounded windows look."""
        own = self.window[1] if self.window is not None and self.kind in _AHEAD else 0
        return own + max((part.ahead_s for part in self.parts), default=0)

    def __str__(self) -> str:
        """The formula, every part in parentheses: what the monitor reads."""
        if not self.parts:
            return self.text
        if self.kind in ("minus", "abs"):
            return f"abs({self.parts[0]})" if self.kind == "abs" else f"( 0 - {self.parts[0]} )"
        if self.window is None:
            over, shown = "", [str(part) for part in self.parts]
        else:
            # rtamt lengthens the samples of a window's operand in place, so it must not be the signal's own.
            over = f"[{self.window[0]}:{self.window[1]}]"
            shown = [f"( not ( not ( {part} ) ) )" if part.kind == "name" else str(part) for part in self.parts]
        if len(shown) == 1:
            return f"( {self.kind}{over} ( {shown[0]} ) )"
        return f"( {shown[0]} {self.kind}{over} {shown[1]} )"


@dataclass(frozen=True)
class Vocabulary:
    """The signals that a formula may name: quantities with their units, and conditions."""

    quantities: dict[str, str]
    conditions: frozenset[str]

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.quantities, *sorted(self.conditions)]


def units_of(formula: Node, vocabulary: Vocabulary) -> set[str]:
    """The units that its margin may be in; '' stands for a condition."""
    return {"" if name in vocabulary.conditions else vocabulary.quantities[name] for name in formula.names}

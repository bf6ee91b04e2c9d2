"""Signal temporal logic as text: read and checked, with a place and a remedy for every slip, on any Python.

    always (delivery_infusing implies abs(delivered - prescribed) < 0.5 mL)

Quantities are compared, conditions stand alone; windows such as [0, 30 s] are whole seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from simulator.files.yaml_source import Refusal, did_you_mean, shown
from simulator.scenario.formula import Node, Vocabulary

# A bounded until costs the product of window and samples: 57 s for one over 8 h, where a second is the rule.
MAX_UNTIL_S = 10
MAX_LENGTH = 1000
MAX_DEPTH = 40
SECONDS = {"s": 1, "min": 60, "h": 3600}

_FUTURE = ("always", "eventually")
_PAST = ("historically", "once")
_SPAN = ("until", "since")
_LOGIC = ("not", "and", "or", "implies")
WORDS = (*_FUTURE, *_PAST, *_SPAN, *_LOGIC, "abs")
_SYMBOLS = ("<=", ">=", "==", "!=", "->", "<", ">", "(", ")", "[", "]", ",", ":", "+", "-", "*", "/", "%")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<symbol>"
    + "|".join(re.escape(symbol) for symbol in _SYMBOLS)
    + r"))"
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def read_formula(text: str, vocabulary: Vocabulary) -> Node:
    """The formula that `text` is. Refusal, with what to write instead, where it is none."""
    if len(text) > MAX_LENGTH:
        raise Refusal("the formula is too long", f"write at most {MAX_LENGTH} characters, or two properties")
    reader = _Reader(text, vocabulary)
    found = reader.logic(0)
    reader.end()
    if not found.names:
        raise Refusal("the formula names no signal", "'kvo scenario signals' lists them")
    return _truth(found, text)


def _truth(node: Node, text: str) -> Node:
    if node.is_truth:
        return node
    if node.kind == "name":
        raise Refusal(f"{node.text!r} is a quantity, not a condition", f"compare it: {node.text} < 1")
    raise Refusal(f"{shown(text)} is a number where a condition belongs", "compare it with another, such as x < 1")


def _number(node: Node) -> Node:
    if node.is_truth:
        what = repr(node.text) if node.kind == "name" else "what stands in parentheses"
        raise Refusal(f"{what} is a condition, not a quantity", "let it stand alone: 'always (trust_normal or …)'")
    return node


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].strip()
            raise Refusal(f"{shown(rest[:12])} is not understood in a formula", "see 'Formulas' in docs/scenarios.md")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Reader:
    """Recursive descent, loosest first: implies, or, and, until and since, the unary words, comparisons."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = _tokens(text)
        self._place = 0

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *texts: str) -> str:
        """The next token's text if it is one of `texts`, else ''."""
        text = self._now.text
        if self._now.kind == "number" or text not in texts:
            return ""
        self._place += 1
        return text

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Refusal(f"{text!r} is missing before {self._rest()}", "close what was opened, and see the windows")

    def _rest(self) -> str:
        rest = self._text[self._now.at :].strip()
        return shown(rest[:20]) if rest else "the formula's end"

    def end(self) -> None:
        if self._now.kind != "end":
            raise Refusal(f"the formula goes on with {self._rest()}", "join parts with and, or, implies, until")

    def logic(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Refusal(f"nested deeper than {MAX_DEPTH} levels", "write it as several properties")
        left = self._or(depth)
        word = self._take("implies", "->")
        return self._both("implies", left, self.logic(depth + 1)) if word else left

    def _both(self, kind: str, left: Node, right: Node, window: tuple[int, int] | None = None) -> Node:
        return Node(kind, (_truth(left, self._text), _truth(right, self._text)), window=window)

    def _or(self, depth: int) -> Node:
        left = self._and(depth)
        while self._take("or"):
            left = self._both("or", left, self._and(depth))
        return left

    def _and(self, depth: int) -> Node:
        left = self._until(depth)
        while self._take("and"):
            left = self._both("and", left, self._until(depth))
        return left

    def _until(self, depth: int) -> Node:
        left = self._unary(depth)
        word = self._take(*_SPAN)
        if not word:
            return left
        window = self._window()
        if window is not None and window[1] - window[0] > MAX_UNTIL_S:
            raise Refusal(
                f"a bounded {word!r} over more than {MAX_UNTIL_S} s costs minutes of computing",
                "write it with 'eventually' and 'always', or leave its window out",
            )
        return self._both(word, left, self._unary(depth), window)

    def _unary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Refusal(f"nested deeper than {MAX_DEPTH} levels", "write it as several properties")
        word = self._take("not", *_FUTURE, *_PAST)
        if not word:
            return self._comparison(depth)
        window = self._window() if word != "not" else None
        return Node(word, (_truth(self._unary(depth + 1), self._text),), window=window)

    def _window(self) -> tuple[int, int] | None:
        if not self._take("["):
            return None
        first = self._seconds()
        if not self._take(",", ":"):
            raise Refusal(f"',' is missing before {self._rest()}", "write a window such as [0, 30 s]")
        last = self._seconds()
        self._need("]")
        if first > last:
            raise Refusal(f"the window [{first}, {last}] ends before it begins", "put the smaller number first")
        return first, last

    def _seconds(self) -> int:
        token = self._now
        if token.kind != "number" or "." in token.text:
            what = f"a window needs whole seconds, not {self._rest()}"
            raise Refusal(what, "write it such as [0, 30 s] or [1 min, 5 min]")
        self._place += 1
        unit = self._take(*SECONDS)
        found = int(token.text) * SECONDS[unit or "s"]
        return found + self._seconds() if unit and self._now.kind == "number" else found  # 2 min 30 s

    def _comparison(self, depth: int) -> Node:
        left = self._sum(depth)
        sign = self._take("<", "<=", ">", ">=", "!=", "==")
        if not sign:
            return left
        if sign in ("!=", "=="):
            what = f"{sign!r} has no margin that tells holding from failing"
            raise Refusal(what, "write abs(a - b) < …, or a condition such as trust_normal")
        node = Node(sign, (_number(left), _number(self._sum(depth))))
        self._check_units(node)
        return node

    def _check_units(self, node: Node) -> None:
        known = self._vocabulary.quantities
        units = {known[name] for name in node.names}
        for part in node.walk():
            if part.kind == "number" and part.unit and part.unit not in units:
                here = ", ".join(sorted(units)) or "no unit"
                raise Refusal(f"{part.text} {part.unit} is compared with what is in {here}", f"write it in {here}")

    def _sum(self, depth: int) -> Node:
        left = self._product(depth)
        while sign := self._take("+", "-"):
            left = Node(sign, (_number(left), _number(self._product(depth))), is_truth=False)
        return left

    def _product(self, depth: int) -> Node:
        left = self._factor(depth)
        while sign := self._take("*", "/"):
            right = _number(self._factor(depth))
            if sign == "/" and (right.kind != "number" or float(right.text) == 0):
                raise Refusal("only a number above 0 may divide", "multiply the other side instead: x < 2 * y")
            left = Node(sign, (_number(left), right), is_truth=False)
        return left

    def _factor(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Refusal(f"nested deeper than {MAX_DEPTH} levels", "write it as several properties")
        token = self._now
        if self._take("-"):
            return Node("minus", (_number(self._factor(depth + 1)),), is_truth=False)
        if self._take("("):
            found = self.logic(depth + 1)
            self._need(")")
            return found
        if self._take("abs"):
            self._need("(")
            found = _number(self.logic(depth + 1))
            self._need(")")
            return Node("abs", (found,), is_truth=False)
        self._place += token.kind in ("number", "name")
        if token.kind == "number":
            return replace(Node("number", text=token.text, is_truth=False), unit=self._unit(token))
        if token.kind == "name":
            return self._name(token.text)
        raise Refusal(f"something is missing before {self._rest()}", "write a signal, a number or a formula there")

    def _unit(self, token: _Token) -> str:
        """The unit behind a number, if there is one: it may hold a '/'."""
        rest = self._text[token.at + len(token.text) :]
        for unit in sorted({unit for unit in self._vocabulary.quantities.values() if unit}, key=len, reverse=True):
            if re.match(rf"\s*{re.escape(unit)}(?![\w/])", rest):
                end = token.at + len(token.text) + rest.index(unit) + len(unit)
                while self._now.kind != "end" and self._now.at < end:
                    self._place += 1
                return unit
        return ""

    def _name(self, name: str) -> Node:
        known = self._vocabulary
        if name in known.conditions:
            return Node("name", text=name)
        if name in known.quantities:
            return Node("name", text=name, is_truth=False)
        if name in WORDS:
            raise Refusal(f"{name!r} stands in the wrong place", "write it between or before formulas")
        remedy = did_you_mean(name, known.names)
        raise Refusal(f"there is no signal {shown(name)}", f"{remedy} ('kvo scenario signals' lists them)")

"""firmware/trust/lms.py with a check left out, and with each branch forced, for the claim signatures-verify."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from firmware.trust import lms

# What is left out: its text in the module, and what stands there instead.
MUTANTS = {
    "no look at the whole length": ("        if place != len(signature):\n            return REFUSED_LENGTH\n", ""),
    "no look at a tree's length": ("        if self.end > len(signature):\n            return REFUSED_LENGTH\n", ""),
    "no look at the one-time type": ("_word(signature, start + _WORD) != ots or ", ""),
    "no look at the tree's type": (" or _word(signature, path - _WORD) != lms", ""),
    "no look at the leaf's number": ("return REFUSED_LEAF if self.leaf >> self.height else MORE", "return MORE"),
    "no look at the number of trees": (
        "return MORE if _word(signature, 0) + 1 == levels else REFUSED_LEVELS", "return MORE",
    ),
    "two hashes in one key": ("self.n != (32 if wide else 24) or ", ""),
    "a key of any length": (" or len(key) != _KEY_HEAD + self.n", ""),
    "a key of any number of trees": (" or not 1 <= _word(key, 0) <= LEVELS", ""),
    "a key of any set": (
        "        if not _FIRST_LMS <= lms <= _LAST_LMS or not 1 <= ots <= len(_OTS):\n            return REFUSED_KEY\n",
        "",
    ),
    "no checksum": ("total <<= level.shift", "total = 0"),
    "the message is not hashed": ("self._message.update(piece)", "pass"),
    "message bytes at any time": ("self.result = REFUSED_ORDER", "self._message.update(piece)"),
    "the last byte of a root alone": ("self._differ |=", "self._differ ="),
    "the last tree's root alone": ("        self._at += 1\n", "        self._at += 1\n        self._differ = 0\n"),
    "any path": ("other + self._value if self._node & 1 else self._value + other", "self._value + other"),
    "the steps are not counted": ("(_ALL_DONE + self._left)", "_ALL_DONE"),
    "a slice without an end": ("while done < hashes:", "while True:"),
    "every digit at once": ("self._climb(hashes)", "self._climb(1 << 20)"),
}  # fmt: skip
SOURCE = inspect.getsource(lms)


def compiled(source: str | ast.Module) -> Any:
    """A module of that source, apart from the shipped one."""
    module = ModuleType("lms_mutant")
    exec(compile(source, "lms_mutant", "exec"), module.__dict__)
    return module


def mutant(name: str) -> Any:
    """The module with that check left out; ValueError where its text is not there once."""
    text, instead = MUTANTS[name]
    if SOURCE.count(text) != 1:
        raise ValueError(f"mutant {name!r}: its text is in lms.py {SOURCE.count(text)} times")
    return compiled(SOURCE.replace(text, instead))


_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While)


class _Force(ast.NodeTransformer):
    """Forces the branch with that number; a loop can only be left out."""

    def __init__(self, number: int, value: bool) -> None:
        self.number = number
        self.value = value
        self.seen = 0

    def _is_meant(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.number

    def _branch(self, node: Any) -> Any:
        if self._is_meant():
            node.test = ast.copy_location(ast.Constant(self.value), node.test)
        return self.generic_visit(node)

    visit_If = _branch
    visit_IfExp = _branch

    def visit_While(self, node: ast.While) -> Any:
        if self._is_meant() and not self.value:
            node.test = ast.copy_location(ast.Constant(False), node.test)
        return self.generic_visit(node)

    def visit_For(self, node: ast.For) -> Any:
        if self._is_meant() and not self.value:
            node.iter = ast.copy_location(ast.Tuple([], ast.Load()), node.iter)
        return self.generic_visit(node)


def with_forced_branches(source: str) -> Iterator[tuple[str, Any]]:
    """The module once for each branch and side that it can be forced to."""
    count = sum(isinstance(node, _BRANCHES) for node in ast.walk(ast.parse(source)))
    for number in range(count):
        for value in (False, True):
            tree = _Force(number, value).visit(ast.parse(source))
            yield f"branch {number} {value}", compiled(ast.fix_missing_locations(tree))


def source_of(name: str | None) -> str:
    """The shipped source, or that of a mutant."""
    return SOURCE if name is None else SOURCE.replace(*MUTANTS[name])

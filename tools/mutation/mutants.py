"""Every mutant of a module, as text; nothing on disk is changed.

Most operators are cosmic-ray's. Its full set swaps every operator for every other, eleven mutants
where one or two tell as much, so a list says which are used. Two kinds are our own: a statement
left out, and a row of a state table left out or without its guard.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ROOM = "firmware/therapy"
_SWAPS = (
    "Add_Sub", "Sub_Add", "Mul_FloorDiv", "FloorDiv_Mul", "Mod_FloorDiv", "LShift_RShift", "RShift_LShift",
    "BitAnd_BitOr", "BitOr_BitAnd", "BitXor_BitAnd",
)  # fmt: skip
# Each comparison moves its boundary, and turns round.
_COMPARISONS = (
    "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
    "Is_IsNot", "IsNot_Is",
)  # fmt: skip
_OTHERS = (
    "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Invert",
    "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "NumberReplacer", "RemoveDecorator",
    "ZeroIterationForLoop",
)  # fmt: skip
OPERATORS = (
    *(f"ReplaceBinaryOperator_{swap}" for swap in _SWAPS),
    *(f"ReplaceComparisonOperator_{swap}" for swap in _COMPARISONS),
    *_OTHERS,
)
_ROW = re.compile(r"^ +(?:EV_\w+), (?:ST|TR)_\w+, ([\w| ]+), \w+, \w+,\n", re.MULTILINE)

Change = tuple[int, int, str]


@dataclass(frozen=True)
class Mutant:
    """One change. `key` names it however the lines above it move."""

    module: str
    place: str
    line: str
    becomes: str
    again: int  # 0 for the first change of this kind in `place`, 1 for the next that reads the same …
    source: str
    row: int

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """Module, definition, line as it is, line as it becomes, and which of those that read alike."""
        return self.module, self.place, self.line, self.becomes, self.again

    def __str__(self) -> str:
        return f"{self.module}:{self.row} {self.place}: {self.line}  ->  {self.becomes}"


@lru_cache(32)
def _changes(source: str) -> tuple[Change, ...]:
    return tuple(sorted({*_by_operators(source), *_statements(source), *_rows(source)}))


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All mutants of a module's source, in order of place."""
    places = _places(source)
    found: list[Mutant] = []
    seen: dict[tuple[str, str, str], int] = {}
    for start, end, text in _changes(source):
        mutated = source[:start] + text + source[end:]
        if mutated == source or not _compiles(mutated, source, start, end, text):
            continue
        row = source.count("\n", 0, start)
        line, becomes = _lines(source, start, end, text)
        place = places[row]
        again = seen.get((place, line, becomes), 0)
        seen[place, line, becomes] = again + 1
        found.append(Mutant(module, place, line, becomes, again, mutated, row + 1))
    return found


def _lines(source: str, start: int, end: int, text: str) -> tuple[str, str]:
    """The changed lines, before and after, each on one line."""
    head = source.rfind("\n", 0, start) + 1
    tail = source.find("\n", end - 1 if source[end - 1] == "\n" else end)
    before = source[head:tail]
    after = source[head:start] + text + source[end:tail]
    return " ".join(before.split()), " ".join(after.split())


def _compiles(mutated: str, source: str, start: int, end: int, text: str) -> bool:
    """A `not` put before a part of an expression need not be Python any more; nothing else can go wrong."""
    if "not" not in text:
        return True
    try:
        ast.parse(mutated)
    except SyntaxError:
        return False
    return True


def _places(source: str) -> list[str]:
    """Name of the definition that each line lies in, '' outside all."""
    places = [""] * (source.count("\n") + 1)

    def visit(node: ast.AST, above: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = above
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = f"{above}.{child.name}" if above else child.name
                for row in range(child.lineno - 1, child.end_lineno or 0):
                    places[row] = name
            visit(child, name)

    visit(ast.parse(source), "")
    return places


@lru_cache(1)
def _operators() -> tuple[Any, ...]:
    from cosmic_ray.operators.provider import OperatorProvider

    provider = OperatorProvider()
    return tuple(provider[name]() for name in OPERATORS)


def _by_operators(source: str) -> Iterator[Change]:
    from cosmic_ray.ast import ast_nodes, get_ast

    offsets = _offsets(source)
    for node in ast_nodes(get_ast(source)):
        for operator in _operators():
            for index, _ in enumerate(operator.mutation_positions(node)):
                start = offsets[node.start_pos[0] - 1] + node.start_pos[1]
                end = offsets[node.end_pos[0] - 1] + node.end_pos[1]
                yield _trim(source, start, end, _mutated(operator, node, index))


def _mutated(operator: Any, node: Any, index: int) -> str:
    """The node's text after the operator had a copy of it."""
    parent, node.parent = node.parent, None
    clone = copy.deepcopy(node)
    node.parent = clone.parent = parent
    changed = operator.mutate(clone, index)
    return "" if changed is None else changed.get_code().lstrip() if changed is not clone else clone.get_code(False)


def _trim(source: str, start: int, end: int, text: str) -> Change:
    """The change without what is alike at its ends: an `if` is changed in its condition, not as a whole."""
    old = source[start:end]
    front = 0
    while front < min(len(old), len(text)) and old[front] == text[front]:
        front += 1
    back = 0
    while back < min(len(old), len(text)) - front and old[-1 - back] == text[-1 - back]:
        back += 1
    return start + front, end - back, text[front : len(text) - back]


def _offsets(source: str) -> list[int]:
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    return offsets


def _statements(source: str) -> Iterator[Change]:
    """Statements of functions left out; an attribute that `__init__` did not make would only be missed."""
    offsets = _offsets(source)
    lines = source.splitlines(keepends=True)

    def offset(row: int, column: int) -> int:
        return offsets[row - 1] + len(lines[row - 1].encode()[:column].decode())

    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef) or function.name == "__init__":
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
                if _says_nothing(node):
                    continue
                start = offset(node.lineno, node.col_offset)
                yield start, offset(node.end_lineno or 0, node.end_col_offset or 0), "pass"


def _says_nothing(node: ast.AST) -> bool:
    """A docstring, or a name that would only be missed: either leaves no question to the tests."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _rows(source: str) -> Iterator[Change]:
    """Rows of a state table left out, and without their guards."""
    for match in _ROW.finditer(source):
        yield match.start(), match.end(), ""
        if match[1] not in ("G_ALWAYS", "0"):
            yield match.start(1), match.end(1), "0"

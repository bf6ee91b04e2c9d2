"""The rules of the device's Python, one visitor over a module's syntax tree.

What MicroPython refuses or does differently (1.27 to 1.29), and what a pump must not do:
floats, validation by assert, work at import, numbers that allocate on a 32-bit port. Used by
`python -m tools.check_portable`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SMALL_INT_LIMIT = 1 << 30  # small integers of a 32-bit port: -2**30 … 2**30 - 1
# What a module may call while it is imported: these make constants of constants and keep nothing.
_AT_IMPORT = ("bytes", "calcsize", "const", "frozenset", "len", "struct_format", "tuple")
_DECORATORS = ("classmethod", "property", "staticmethod")
_MUTABLE_CALLS = ("bytearray", "dict", "list", "set")
_FOLDS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule, the rule, and what to write instead."""

    path: str
    line: int
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}; {self.remedy}"


@dataclass(frozen=True)
class Place:
    """What holds for a module. `imports`: dotted names; a trailing '.' takes everything below it.

    tick: the tick reaches it. program: it is run, never imported.
    """

    path: str
    imports: tuple[str, ...]
    tick: bool = False
    program: bool = False

    def may_import(self, module: str) -> bool:
        """Whether `module` is one that this one may name."""
        return any(module == name.rstrip(".") or (name[-1] == "." and module.startswith(name)) for name in self.imports)


def fold(node: ast.AST) -> int | None:
    """The value of a constant integer expression, or None for any other."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = fold(node.operand)
        return None if value is None else -value
    if not isinstance(node, ast.BinOp):
        return None
    left, right = fold(node.left), fold(node.right)
    if left is None or right is None:
        return None
    if type(node.op) in _FOLDS:
        return _FOLDS[type(node.op)](left, right)
    if isinstance(node.op, ast.LShift) and 0 <= right <= 64:
        return left << right
    if isinstance(node.op, ast.Pow) and 0 <= right <= 64:
        return int(left**right)
    return None


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else "?"


class Rules(ast.NodeVisitor):
    """Walks one module and gathers `findings`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.findings: list[Finding] = []

    def check(self, text: str) -> list[Finding]:
        """Findings in a module's text, in order of line."""
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            return [Finding(self.place.path, error.lineno or 1, f"not Python: {error.msg}", "mend the syntax")]
        self.visit(tree)
        if not self.place.program:
            self._body(tree.body)
        return sorted(set(self.findings), key=lambda finding: finding.line)

    def refuse(self, node: ast.AST, rule: str, remedy: str) -> None:
        """Note a finding at `node`."""
        self.findings.append(Finding(self.place.path, getattr(node, "lineno", 1), rule, remedy))

    # Syntax that MicroPython lacks.

    def visit_Match(self, node: ast.Match) -> None:
        self.refuse(node, "a match statement, which MicroPython lacks", "write if and elif, or a table")
        self.generic_visit(node)

    def visit_TryStar(self, node: ast.AST) -> None:
        self.refuse(node, "except*, which MicroPython lacks", "write except")
        self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> None:
        if node.posonlyargs:
            first = node.posonlyargs[0]
            self.refuse(first, "positional-only '/', which MicroPython lacks", "leave the '/' out")
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        self._starred(node, node.elts, node.ctx)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._starred(node, node.elts, node.ctx)

    def visit_Set(self, node: ast.Set) -> None:
        self._starred(node, node.elts, ast.Load())

    def _starred(self, node: ast.AST, items: list[ast.expr], ctx: ast.expr_context) -> None:
        if isinstance(ctx, ast.Load) and any(isinstance(item, ast.Starred) for item in items):
            self.refuse(node, "a starred item in a display, which MicroPython lacks", "join the parts with +")
        self.generic_visit(node)

    # Numbers.

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex):
            self.refuse(node, f"the float {node.value}", "use an integer in a smaller unit")
        self._size(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div):
            self.refuse(node, "true division, which makes a float", "divide with //")
        if not self._size(node):
            self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if fold(node) is None:
            self.generic_visit(node)
        else:
            self._size(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.Div):
            self.refuse(node, "true division, which makes a float", "divide with //=")
        self.generic_visit(node)

    def _size(self, node: ast.AST) -> bool:
        """Refuse a constant outside the small integers, where the tick reaches; whether it was."""
        value = fold(node)
        if not self.place.tick or value is None or -SMALL_INT_LIMIT <= value < SMALL_INT_LIMIT:
            return False
        self.refuse(node, f"{value} is outside −2^30 … 2^30 − 1, so the tick allocates", "split it into two words")
        return True

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("float", "complex"):
            self.refuse(node, f"{node.func.id}()", "stay with integers")
        self.generic_visit(node)

    # Habits.

    def visit_Assert(self, node: ast.Assert) -> None:
        self.refuse(node, "assert, which -O strips", "test with if and hand back a code")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is None:
            self.refuse(node, "a bare except", "name the exceptions that are meant")
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.refuse(node, "global", "hold the state in an object that is made at boot")

    # Imports.

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._import(node, name.name, [])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            self.refuse(node, "a relative import", "write the module's full name")
        else:
            self._import(node, node.module or "", [name.name for name in node.names])

    def _import(self, node: ast.stmt, module: str, names: list[str]) -> None:
        allowed = self.place.may_import(module)
        if not allowed and not (names and all(self.place.may_import(f"{module}.{name}") for name in names)):
            listed = ", ".join(name + "*" if name[-1] == "." else name for name in self.place.imports)
            self.refuse(node, f"imports {module}, which is not for this place", f"import only {listed}")
        for name in (*module.split("."), *names):
            if _private(name):
                self.refuse(node, f"imports the private name {name}", "make it public where it is defined")
            if name == "*":
                self.refuse(node, "imports *", "name what is needed")

    # Importing a module does nothing.

    def _body(self, body: list[ast.stmt]) -> None:
        """The statements that run while a module is imported; class bodies too."""
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                self._constant(node.value)
            elif isinstance(node, ast.ClassDef):
                self._decorators(node.decorator_list)
                self._body(node.body)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._decorators(node.decorator_list)
                for default in (*node.args.defaults, *node.args.kw_defaults):
                    self._constant(default)
            elif isinstance(node, ast.Try) and isinstance(node.body[0], ast.Import | ast.ImportFrom):
                self._body(node.body)
                for handler in node.handlers:
                    self._body(handler.body)
            elif not _idle(node):
                self.refuse(node, "work at import", "move it into a function that boot calls")

    def _decorators(self, found: list[ast.expr]) -> None:
        for node in found:
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?")
            if name not in (*_DECORATORS, "setter", "native", "viper"):
                self.refuse(node, "a decorator that runs at import", "call it at boot")

    def _constant(self, value: ast.expr | None) -> None:
        for node in _now(value):
            if isinstance(node, _MUTABLE) or (isinstance(node, ast.Call) and _called(node) in _MUTABLE_CALLS):
                self.refuse(
                    node, "a mutable list, dict, set or bytearray for the whole program",
                    "write a tuple or bytes, or make it in an object's __init__",
                )  # fmt: skip
            elif isinstance(node, ast.Call) and _called(node) not in _AT_IMPORT:
                self.refuse(node, f"work at import: {_called(node)}()", "write the constant, or call it at boot")
            elif isinstance(node, ast.GeneratorExp):
                self.refuse(node, "work at import: a loop", "write the constant, or make it at boot")


def _idle(node: ast.stmt) -> bool:
    """Whether a statement does nothing but declare: docstring, import, pass, the main guard."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        test = node.test
        return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def _now(value: ast.AST | None) -> Iterator[ast.AST]:
    """The parts of an expression that are computed at once: not what a lambda holds."""
    if value is None or isinstance(value, _SCOPES):
        return
    yield value
    if isinstance(value, ast.Call) and _called(value) in ("bytes", "tuple", "frozenset"):
        # The list that bytes([...]) reads is gone once it has been read.
        for argument in value.args:
            parts = (
                ast.iter_child_nodes(argument)
                if isinstance(argument, ast.List | ast.Set | ast.ListComp)
                else [argument]
            )
            for part in parts:
                yield from _now(part)
        return
    for child in ast.iter_child_nodes(value):
        yield from _now(child)

"""Folds constants over a whole program before it is compiled: on a device names that stand for integers cost heap.

mpy-cross folds `X = const(1)` within its own module only, and keeps every public name. Here a
name from another module (`from m import X`, `m.X`) becomes its integer too, and what nobody
reads any more is left out: such names, imports that only brought them, and `__slots__`, which
MicroPython ignores. What a module does stays the same; home webassembly runs these very files.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Set

_LIMIT = 1 << 30  # beyond, an integer is an object on a device, and one copy is better than many
_BINARY = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b, ast.LShift: lambda a, b: a << b, ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b, ast.BitAnd: lambda a, b: a & b, ast.BitXor: lambda a, b: a ^ b,
}  # fmt: skip
_UNARY = {ast.USub: lambda a: -a, ast.UAdd: lambda a: a, ast.Invert: lambda a: ~a}


def fold(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Sources by path with constants folded over all of them; SyntaxError for what cannot be folded or is no Python."""
    modules = {_name_of(path): _Module(path, source) for path, source in sources.items()}
    while any(module.link(modules) for module in modules.values()):
        pass  # a name may be handed on from module to module
    for module in modules.values():
        module.replace()
    handed_on = {name for module in modules.values() for name in module.hands_on(modules)}
    wanted = {name for module in modules.values() for name in module.wants(module.name in handed_on)}
    slots_read = any(module.reads_slots for module in modules.values())
    return {module.path: module.text(wanted, module.name in handed_on, slots_read) for module in modules.values()}


def _name_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Module:
    """One module: its constants, what it calls other modules and theirs, and how often it binds each name."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.name = _name_of(path)
        self.tree = ast.parse(source, path)
        self.constants: dict[str, int] = {}
        self.aliases: dict[str, _Module] = {}  # name here: a module of ours
        self.taken: dict[str, int] = {}  # name here: the integer that another module's name stands for
        self.bound = Counter(_bindings(self.tree))
        self.reads_slots = any(isinstance(n, ast.Attribute) and n.attr == "__slots__" for n in ast.walk(self.tree))
        for node in self.tree.body:
            self._define(node)

    def _define(self, node: ast.stmt) -> None:
        name = _constant_name(node)
        if name is not None and self.bound[name] == 1:
            value = _value(node.value.args[0], self.constants)  # type: ignore[attr-defined]
            if value is not None and -_LIMIT <= value < _LIMIT:
                self.constants[name] = value

    def link(self, modules: Mapping[str, _Module]) -> bool:
        """Find what the imports at the module's top bring; whether anything was new."""
        before = len(self.taken) + len(self.aliases)
        for node in self.tree.body:
            if not isinstance(node, ast.ImportFrom):
                continue
            for name in node.names:
                here = name.asname or name.name
                whole, owner = modules.get(f"{node.module}.{name.name}"), modules.get(node.module or "")
                if self.bound[here] != 1:
                    continue
                if whole is not None:
                    self.aliases[here] = whole
                elif owner is not None and owner.integer(name.name) is not None:
                    self.taken[here] = owner.integer(name.name) or 0
        return len(self.taken) + len(self.aliases) > before

    def integer(self, name: str) -> int | None:
        """What a name of this module stands for; None where that is no integer known beforehand."""
        value = self.constants.get(name)
        return self.taken.get(name) if value is None else value

    def replace(self) -> None:
        """Put integers where their names were read."""
        self.tree = ast.fix_missing_locations(_Replace(self).visit(self.tree))
        self.reads = {
            node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }

    def hands_on(self, modules: Mapping[str, _Module]) -> Iterator[str]:
        """Modules of which this one may read any name: bound as objects, or within a function."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                for name in node.names:
                    whole = modules.get(f"{node.module}.{name.name}")
                    if whole is not None and self.aliases.get(name.asname or name.name) is not whole:
                        yield whole.name
                    elif name.name == "*":
                        yield node.module or ""
        yield from (self.aliases[name].name for name in _bare(self.tree, self.aliases))

    def wants(self, whole: bool) -> Iterator[str]:
        """Names of other modules, in full, that this one still reads; `whole`: any of its own names may be read."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for name in node.names:
                    if whole or (name.asname or name.name) not in self.taken:
                        yield f"{node.module}.{name.name}"
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.aliases:
                yield f"{self.aliases[node.value.id].name}.{node.attr}"

    def text(self, wanted: Set[str], whole: bool, slots_read: bool) -> bytes:
        """The source without what nobody reads."""

        def idle(name: str) -> bool:
            return not (whole or name in self.reads or f"{self.name}.{name}" in wanted)

        body = [
            node for node in self.tree.body
            if not ((name := _constant_name(node)) is not None and name in self.constants and idle(name))
        ]  # fmt: skip
        # mpy-cross knows `const` without its import.
        read = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
        self.tree.body = []
        for node in body:
            if isinstance(node, ast.ImportFrom):
                left = [
                    name for name in node.names
                    if not (name.name == "const" and "const" not in read)
                    and not ((name.asname or name.name) in self.taken.keys() | self.aliases.keys()
                             and idle(name.asname or name.name))
                ]  # fmt: skip
                if not left:
                    continue
                node.names = left
            self.tree.body.append(node)
        if not slots_read:
            _Unslot().visit(self.tree)
        return ast.unparse(self.tree).encode() + b"\n"


def _constant_name(node: ast.stmt) -> str | None:
    """The name, where `node` is NAME = const(…)."""
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "const"
        and len(node.value.args) == 1
    ):
        return node.targets[0].id
    return None


def _value(node: ast.expr, known: Mapping[str, int]) -> int | None:
    """The integer that an expression stands for; None where it is none, or not plain."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        inner = _value(node.operand, known)
        return None if inner is None else _UNARY[type(node.op)](inner)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, known), _value(node.right, known)
        return None if left is None or right is None else _BINARY[type(node.op)](left, right)
    return None


def _bindings(tree: ast.AST) -> Iterator[str]:
    """Every binding of a name, in any scope: a name that is bound once means one thing everywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            yield node.name or ""
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name.split(".")[0]


def _bare(tree: ast.AST, names: Mapping[str, object]) -> Iterator[str]:
    """Names of modules that are read other than for an attribute."""
    held = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names and id(node) not in held:
            yield node.id


def _number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


class _Replace(ast.NodeTransformer):
    def __init__(self, module: _Module) -> None:
        self._module = module

    def visit_Name(self, node: ast.Name) -> ast.expr:
        module = self._module
        if isinstance(node.ctx, ast.Load):
            if node.id in module.constants:
                return _number(module.constants[node.id])
            if node.id in module.taken:
                return _number(module.taken[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):
            owner = self._module.aliases.get(node.value.id)
            value = owner.integer(node.attr) if owner is not None else None
            if value is not None:
                if not isinstance(node.ctx, ast.Load):
                    at = (self._module.path, node.lineno, node.col_offset, None)
                    raise SyntaxError(f"{node.attr} is a constant of {owner.name if owner else ''}", at)
                return _number(value)
        self.generic_visit(node)
        return node


class _Unslot(ast.NodeTransformer):
    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.body = [
            part
            for part in node.body
            if not (isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name)
                    and part.targets[0].id == "__slots__")
        ] or [ast.Pass()]  # fmt: skip
        return node

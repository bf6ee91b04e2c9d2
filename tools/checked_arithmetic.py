"""Loads firmware so that each arithmetic result is checked to be a small integer of a Pico.

The modules are compiled through a syntax-tree transform into a namespace of their own;
sys.modules keeps the shipped ones. Checks count only while `Checked.watching` is set: what
runs outside the tick may use big integers.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

LOW = -(2**30)
HIGH = 2**30 - 1
ROOT = Path(__file__).resolve().parents[1]
# What is checked, and what is only led to it.
_CHECKED = ("firmware", "hal")
_LED = ("tools.device",)
_CHECK = "__small__"


class _Wrap(ast.NodeTransformer):
    """Hands the result of each operator to the check."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _checked(node, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node if isinstance(node.op, ast.Not) else _checked(node, node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        old = ast.parse(ast.unparse(node.target), mode="eval").body
        total = ast.copy_location(ast.BinOp(old, node.op, node.value), node)
        return ast.copy_location(ast.Assign([node.target], _checked(total, node)), node)


def _checked(value: ast.expr, place: ast.AST) -> ast.expr:
    line = ast.Constant(getattr(place, "lineno", 0))
    call = ast.Call(ast.Name(_CHECK, ast.Load()), [value, ast.Name("__name__", ast.Load()), line], [])
    return ast.copy_location(call, place)


def transform(source: str, path: str) -> CodeType:
    """Compile `source` with every operator's result checked."""
    return compile(ast.fix_missing_locations(_Wrap().visit(ast.parse(source, path))), path, "exec")


class Checked:
    """A private set of modules. `findings` maps module and line to the worst value seen there."""

    def __init__(self, replace: dict[str, Callable[[str], str]] | None = None) -> None:
        """`replace`: module name to a change of its source text, for mutants."""
        self.watching = False
        self.findings: dict[str, int] = {}
        self.checks = 0
        self._replace = replace or {}
        self._modules: dict[str, ModuleType] = {}
        self._builtins = dict(vars(builtins)) | {"__import__": self._import}

    def load(self, name: str) -> ModuleType:
        """Return the private module `name`, loading it and its packages where needed."""
        if name in self._modules:
            return self._modules[name]
        parent, _, last = name.rpartition(".")
        if parent:
            self.load(parent)
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        source = path.read_text(encoding="utf-8")
        if name in self._replace:
            changed = self._replace[name](source)
            if changed == source:
                raise ValueError(f"the mutant of {name} changes nothing")
            source = changed
        module = ModuleType(name)
        vars(module).update({"__builtins__": self._builtins, "__file__": str(path), _CHECK: self._check})
        self._modules[name] = module
        exec(transform(source, str(path)), vars(module))
        if parent:
            setattr(self._modules[parent], last, module)
        return module

    def _is_private(self, name: str) -> bool:
        return name.split(".")[0] in _CHECKED or name.startswith(_LED) or name == "tools"

    def _import(self, name: str, globals_: Any = None, locals_: Any = None, wanted: Any = (), level: int = 0) -> Any:
        if not self._is_private(name):
            return builtins.__import__(name, globals_, locals_, wanted, level)
        module = self.load(name)
        for item in wanted or ():
            if not hasattr(module, item):
                self.load(f"{name}.{item}")
        return module if wanted else self.load(name.split(".")[0])

    def _check(self, value: Any, name: str, line: int) -> Any:
        if self.watching and type(value) is int:
            self.checks += 1
            if not LOW <= value <= HIGH:
                place = f"{name}:{line}"
                if abs(value) > abs(self.findings.get(place, 0)):
                    self.findings[place] = value
        return value

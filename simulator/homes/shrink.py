"""Makes a whole program smaller before it is compiled: leaves out what nobody reads, and shortens private names.

Each `.mpy` holds every name that it uses as a string, and the heap each of them once. A name that begins with one
underscore is nobody's business outside of the program, so it becomes a short one, the same in all modules. A function
or class that no module reads is left out: the contracts of hal/ports.py are for people. What a module does stays the
same; home webassembly runs these very files.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, product

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def shrink(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Sources by path of one program, smaller. A module that no other imports may be anybody's: it keeps all it has."""
    trees = {path: ast.parse(source, path) for path, source in sources.items()}
    while _leave_out(trees):
        pass  # what was read by that alone may go too
    names = _short_names(trees.values())
    for tree in trees.values():
        _Shorten(names).visit(tree)
    return {path: ast.unparse(tree).encode() + b"\n" for path, tree in trees.items()}


def _module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _leave_out(trees: Mapping[str, ast.Module]) -> bool:
    """Remove functions and classes at a module's top that nothing reads; whether there were any."""
    imported: set[str] = set()  # modules, and names in modules
    spoken: set[str] = set()  # attributes and strings: whoever names a thing so may mean this one
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                imported |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.Attribute):
                spoken.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                spoken.add(node.value)
    gone = False
    for path, tree in trees.items():
        module = _module_of(path)
        if module not in imported or f"{module}.*" in imported:
            continue
        read = Counter(name for node in tree.body for name in _reads(node))
        for node in tree.body[:]:
            if not isinstance(node, _Definition) or node.decorator_list:
                continue
            elsewhere = read[node.name] - Counter(_reads(node))[node.name]
            if not elsewhere and node.name not in spoken and f"{module}.{node.name}" not in imported:
                tree.body.remove(node)
                gone = True
    return gone


def _reads(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store):
            yield part.id


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def _short_names(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Short names by long ones: for private names that this program binds and that no string spells."""
    bound: set[str] = set()
    kept: set[str] = set()
    used: Counter[str] = Counter()
    for tree in trees:
        for node in ast.walk(tree):
            names, binds = _names_in(node)
            used.update(name for name in names if _is_private(name))
            bound |= {name for name in names if binds}
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                kept.add(node.value)
            elif isinstance(node, ast.Import):
                kept |= {part for name in node.names for part in name.name.split(".")}
            elif isinstance(node, ast.ImportFrom):
                kept |= {*(node.module or "").split("."), *(name.name for name in node.names)}
    long = sorted((name for name in used if name in bound and name not in kept), key=lambda name: (-used[name], name))
    free = (short for short in _shorts() if short not in used and short not in kept)
    found = ((name, next(free)) for name in long)
    return {name: short for name, short in found if len(short) < len(name)}


def _shorts() -> Iterator[str]:
    """_a, _b … _Z, _aa …"""
    for length in count(1):
        for letters in product(_LETTERS, repeat=length):
            yield "_" + "".join(letters)


def _names_in(node: ast.AST) -> tuple[list[str], bool]:
    """Names that a node itself spells, and whether it binds them."""
    if isinstance(node, ast.Name):
        return [node.id], not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Attribute):
        return [node.attr], not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.arg):
        return [node.arg], True
    if isinstance(node, _Definition):
        return [node.name], True
    if isinstance(node, ast.ExceptHandler):
        return [node.name or ""], True
    if isinstance(node, ast.alias):
        return [node.asname or ""], True
    if isinstance(node, ast.Global | ast.Nonlocal):
        return list(node.names), True
    if isinstance(node, ast.keyword):
        return [node.arg or ""], False
    return [], False


class _Shorten(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str) and not (isinstance(node, ast.alias) and field == "name"):
                setattr(node, field, self._names.get(value, value))
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self._names.get(name, name) for name in node.names]
        return super().generic_visit(node)

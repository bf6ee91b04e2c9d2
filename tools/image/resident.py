"""Which modules are loaded once a pump has booted: those that imports at the top of a module reach from its start.

An import within a function is made when it is needed: the rooms of maintenance, and the gatekeeper of
a pump that has keys.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping


def resident(sources: Mapping[str, bytes], *starts: str) -> set[str]:
    """Paths in `sources` that loading `starts` loads."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in found or path not in sources:
            continue
        found.add(path)
        for module in _loads(sources[path], path):
            parts = module.split(".")
            for count in range(1, len(parts) + 1):
                stem = "/".join(parts[:count])
                waiting += [f"{stem}/__init__.py", f"{stem}.py"]
    return found


def _loads(source: bytes, path: str) -> Iterator[str]:
    """Modules that loading a module loads, and what may be one."""
    waiting: list[ast.AST] = [ast.parse(source, path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        waiting += ast.iter_child_nodes(node)

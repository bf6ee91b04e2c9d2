"""Constants of a module with the comments behind them: what the code says of a number is said once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

_LINE = re.compile(r"^([A-Z][A-Z0-9_]*) = const\((-?\w+)\)(?: +# (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Constant:
    """`name` without the prefix it was asked for by; `says`: its comment, "" for none."""

    name: str
    value: int
    says: str

    @property
    def words(self) -> str:
        """The name as words."""
        return self.name.lower().replace("_", " ")


def constants(module: ModuleType, prefix: str, but: tuple[str, ...] = ()) -> list[Constant]:
    """Those whose names begin with `prefix`, in order of value; `but`: names that are counts or bounds."""
    assert module.__file__ is not None
    text = Path(module.__file__).read_text(encoding="utf-8")
    found = [
        Constant(match[1].removeprefix(prefix), getattr(module, match[1]), match[3] or "")
        for match in _LINE.finditer(text)
        if match[1].startswith(prefix) and match[1] not in but
    ]
    return sorted(found, key=lambda one: one.value)

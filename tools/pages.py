"""Files of docs/ that are made from the code, whole or between two marks: write one, or hold the one there to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path


class Page:
    """A page by name, whose text `make` gives."""

    def __init__(self, name: str, make: Callable[[], str], folder: Path) -> None:
        self._name = name
        self._make = make
        self._folder = folder

    def write(self, folder: Path | None = None) -> Path:
        """Write the page; returns its path."""
        path = (folder or self._folder) / self._name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._make(), encoding="utf-8")
        return path

    def check(self, folder: Path | None = None) -> bool:
        """Whether the page says what the code does."""
        path = (folder or self._folder) / self._name
        return path.exists() and path.read_text(encoding="utf-8") == self._make()


def renewed(page: Path, text: str, begin: str, end: str, made: str) -> str:
    """A page's `text` with `made` between its marks, in place of what stood there. ValueError without the marks."""
    head, found, rest = text.partition(begin)
    _old, ends, tail = rest.partition(end)
    if not found or not ends:
        raise ValueError(f"{page}: the marks of what is made are missing")
    return f"{head}{begin}\n\n{made}\n{end}{tail}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table, and an empty one after it."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]

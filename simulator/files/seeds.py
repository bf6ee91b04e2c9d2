"""Seeds as people write them on a command line: numbers and ranges."""

from __future__ import annotations

import re

_MOST = 1000


def seeds_in(text: str) -> list[int]:
    """Seeds of a text such as 0-4,7, each once. ValueError, with the remedy, for what is none."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})(?:\s*-\s*(\d{1,10}))?\s*", part)
        if match is None:
            raise ValueError(f"{text!r}: write numbers and ranges, such as 0-4,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= _MOST or last < first:
            raise ValueError(f"{part!r}: write the smaller one first, {_MOST} seeds at most")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))

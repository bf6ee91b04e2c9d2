"""How long a component is supported, by its maker's own word: read from support.yaml, where each has its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

UNKNOWN = "unknown"
_FILE = Path(__file__).with_name("support.yaml")


@dataclass(frozen=True, slots=True)
class Support:
    """level: in words; end: a day, YYYY-MM-DD; source: who says so. UNKNOWN, and no source, where nobody does."""

    level: str = UNKNOWN
    end: str = UNKNOWN
    source: str = ""


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["components"]
    return listed


def support_of(name: str, version: str) -> Support:
    """The support of a component; where each of its releases has an end of its own, that of `version`'s."""
    said = _listed().get(name.lower())
    if said is None:
        return Support()
    end = said.get("end", UNKNOWN)
    for release, day in said.get("releases", {}).items():
        if version == release or version.startswith(release + "."):
            end = day
    return Support(str(said["level"]), str(end), str(said["source"]))

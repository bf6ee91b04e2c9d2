"""What a broken-off `kvo prove --json` has already shown, so that `--resume` need not show it again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("firmware", "hal", "scenarios", "simulator", "tools")
_KINDS = (".py", ".yaml")


def source_digest(root: Path = ROOT) -> str:
    """SHA-256 over every source that evidence can depend on, names included."""
    digest = hashlib.sha256()
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _KINDS and path.is_file():
                data = path.read_bytes()
                digest.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode())
                digest.update(data)
    return digest.hexdigest()


def shown_before(path: Path, sources: str, deep: bool, mutants: bool) -> dict[str, dict[str, Any]]:
    """Claims by name that `path` holds as good, shown on the same sources and at least as thoroughly.

    Empty where there is no such file, or one that cannot be read: then all is shown anew.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["source_sha256"] != sources or (deep and not data["deep"]):
            return {}
        return {
            one["name"]: one
            for one in data["claims"]
            if one["holds"]
            and (one["mutants"] or not mutants)
            and all(mutant["rejected"] for mutant in one["mutants"].values())
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}

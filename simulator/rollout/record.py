"""What a roll-out has done, a line for each thing (docs/updates.md, "What a roll-out writes"): it goes on from it."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

FORMAT = "rollout/1"
PUSH, INSTALL, CONFIRM, REVERT, REFUSE = "push", "install", "confirm", "revert", "refuse"
FAILED = (REVERT, REFUSE)


class RecordProblem(Exception):
    """The file cannot be read or written, or holds no record; the text says what to do."""


class RolloutRecord:
    """The lines of a file. `last`: of each pump, what happened last with an image, by pump and number."""

    def __init__(self, path: Path) -> None:
        """RecordProblem where the file is none. A last line that power cut short is no line: it is ended and left."""
        self.path = path
        self.last: dict[tuple[str, int], str] = {}
        self.reasons: dict[tuple[str, int], str] = {}
        self.released: set[int] = set()
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as wrong:
            raise RecordProblem(f"{path}: cannot be read ({wrong.strerror}); name another file") from None
        if data and not data.endswith(b"\n"):
            data = data[: data.rfind(b"\n") + 1]
            self._cut(len(data))
        for place, line in enumerate(data.splitlines(), 1):
            if line.strip():
                self._take(line, place)

    def _cut(self, length: int) -> None:
        try:
            with self.path.open("r+b") as file:
                file.truncate(length)
        except OSError as wrong:
            raise RecordProblem(f"{self.path}: cannot be written ({wrong.strerror}); name another file") from None

    def _take(self, line: bytes, place: int) -> None:
        try:
            said = json.loads(line)
            if said["kvo"] != FORMAT:
                raise ValueError(f"its format is {said['kvo']!r}")
            self._note(said)
        except (ValueError, KeyError, TypeError) as wrong:
            raise RecordProblem(f"{self.path}:{place}: no record of a roll-out ({wrong}); docs/updates.md has the "
                                "format; name another file for this roll-out") from None  # fmt: skip

    def _note(self, said: dict[str, Any]) -> None:
        event = said["event"]
        if event == "release":
            self.released.add(said["number"])
        elif event in (PUSH, INSTALL, CONFIRM, REVERT, REFUSE):
            key = (said["pump"], said["number"])
            self.last[key] = event
            self.reasons[key] = said.get("reason", "")

    def add(self, at: datetime, event: str, number: int, pump: str = "", reason: str = "", digest: bytes = b"") -> None:
        """Write a line, and have it on the disk before anything else is done. RecordProblem where it is not taken."""
        said: dict[str, Any] = {"kvo": FORMAT, "at": at.isoformat(), "event": event}
        if pump:
            said["pump"] = pump
        said["number"] = number
        if reason:
            said["reason"] = reason
        if digest:
            said["digest"] = digest.hex()
        try:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(said, separators=(",", ":")) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as wrong:
            raise RecordProblem(f"{self.path}: cannot be written ({wrong.strerror}); the roll-out goes no further; "
                                "make room, and begin it again: it goes on from its record") from None  # fmt: skip
        self._note(said)

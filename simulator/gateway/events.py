"""What a gateway notices, and where it is written: a file of JSON lines for each pump, bounded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.site.files import PRIVATE_FILE, make_folder

LARGEST = 4 << 20  # bytes of a file; a full one becomes FILE.1, and the one before it goes

# What a gateway alarms on. The other events are its record.
SILENT = "silent"
OFFLINE = "offline"
MISSING = "missing"
TAMPERED = "tampered"
DELAYED = "delayed"
AUDIT_GAP = "audit gap"
AUDIT_BROKEN = "audit broken"
ALARMS = (SILENT, OFFLINE, MISSING, TAMPERED, DELAYED, AUDIT_GAP, AUDIT_BROKEN)

HEARD = "heard"
BOOT = "boot"
SESSION = "session"
STATE = "state"
PUMP_ALARMS = "pump alarms"
REQUEST = "request"  # of the gateway's own, refused
LOG = "log"
AUDIT = "audit"


@dataclass(frozen=True)
class Event:
    """Something noticed about one pump. at_s: the gateway's clock; data: what goes into the line besides."""

    at_s: float
    pump_id: str
    what: str
    says: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def is_alarm(self) -> bool:
        """Whether a person should look."""
        return self.what in ALARMS


class JsonLines:
    """Files of JSON lines in a folder. What cannot be written is counted in `lost`, and stops nobody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lost = 0
        self.why = ""  # the last one was lost

    def add(self, name: str, lines: Iterable[dict[str, Any]]) -> bool:
        """Append `lines` to the file of `name`; False where that failed."""
        text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
        path = self.folder / f"{name}.jsonl"
        try:
            make_folder(self.folder)
            if path.exists() and path.stat().st_size + len(text) > LARGEST:
                os.replace(path, path.with_suffix(".jsonl.1"))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)
        except OSError as wrong:
            self.lost += text.count("\n")
            self.why = f"{path}: {wrong.strerror}"
            return False
        return True

    def last(self, name: str) -> dict[str, Any]:
        """The last whole line of the file of `name`, {} where there is none."""
        for path in (self.folder / f"{name}.jsonl", self.folder / f"{name}.jsonl.1"):
            try:
                lines = path.read_bytes().splitlines()
            except OSError:
                continue
            for line in reversed(lines):
                try:
                    found = json.loads(line)
                except ValueError:  # torn by a loss of power
                    continue
                if isinstance(found, dict):
                    return found
        return {}

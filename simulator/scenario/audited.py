"""What the pump's audit says, read out of its store: how many requests, refusals, logins and changes it has noted."""

from __future__ import annotations

from typing import Any

from firmware.trust import audit as kinds
from firmware.trust.noting import CHANGED, STARTED
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, OK
from simulator.audit import Record, frames_in
from simulator.audit_records import decode


class Audited:
    """Counts by kind, looked up anew whenever what is stored has changed. `record`: the pump's credentials."""

    def __init__(self) -> None:
        self.store: Any = None
        self.record: Any = None
        self._seen: tuple[bytes, bytes] = (b"", b"")
        self._counts: dict[str, int] = {}

    def count(self, name: str) -> int:
        """How many of one of NAMES are noted; each counts for as many as its record says it stands for."""
        if self.record is None or self.store is None:
            return 0
        found = bytes(self._area(AREA_AUDIT_A)), bytes(self._area(AREA_AUDIT_B))
        if found != self._seen:
            self._seen = found
            self._counts = self._look()
        return self._counts.get(name, 0)

    def _area(self, area: int) -> bytearray:
        memory = bytearray(self.store.size(area))
        return memory if self.store.read(area, 0, memory) == OK else bytearray()

    def _look(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for area in (AREA_AUDIT_A, AREA_AUDIT_B):
            for frame in frames_in(self.store, area):
                name, times = _told(frame)
                counts[name] = counts.get(name, 0) + times
                counts["records"] = counts.get("records", 0) + 1
        return counts


def _told(frame: bytes) -> tuple[str, int]:
    """What a record is counted as, and for how many."""
    from firmware.trust.audit_frame import data_of, length_of, sequence_of

    record = Record(sequence_of(frame), frame[1], data_of(frame, length_of(frame)))
    try:
        entry = decode(record)
    except ValueError:
        return "", 0
    times = int(entry.values.get("times", 1))
    if record.kind == kinds.AUDIT_PROGRAMME:
        what = entry.values["what"]
        return {STARTED: "started", CHANGED: "changed"}.get(what, "ended"), 1
    if record.kind == kinds.AUDIT_LIBRARY:
        return ("libraries_refused" if entry.values["code"] else "libraries"), 1
    return _NAMES.get(record.kind, ""), times


_NAMES = {
    kinds.AUDIT_REQUEST: "accepted", kinds.AUDIT_REFUSED: "refused", kinds.AUDIT_CONFIRMED: "confirmed",
    kinds.AUDIT_LOGIN: "logins", kinds.AUDIT_LOGIN_REFUSED: "logins_refused", kinds.AUDIT_GLASS: "glass",
    kinds.AUDIT_BROKEN: "broken", kinds.AUDIT_EPOCH: "revoked", kinds.AUDIT_BOOT: "boots", kinds.AUDIT_LOST: "lost",
}  # fmt: skip

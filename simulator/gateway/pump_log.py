"""A pump's log, as LOG facts carry it: records of 24 bytes, in words."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from firmware.therapy import grants as g
from firmware.therapy import records as rec
from firmware.therapy.tables import DELIVERY_NAMES, TRUST_NAMES
from simulator.gateway.views import alarm_name, alarms_of
from simulator.names import PRIORITIES
from simulator.state_names import DELIVERY_EVENTS, TRUST_EVENTS

_GRANTS = {
    g.GRANT_START: "start", g.GRANT_RESUME: "resume", g.GRANT_BOLUS: "bolus", g.GRANT_TITRATE: "new rate",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One record. ms: of the pump's own clock, which wraps and begins anew at each boot; arguments: as it has them."""

    sequence: int
    kind: int
    delivery: str
    trust: str
    priority: str
    ms: int
    arguments: tuple[int, int, int]

    @property
    def says(self) -> str:
        """The record in words."""
        a, b, c = self.arguments
        if self.kind in _MASKS:
            named = ", ".join(alarms_of(a, b)) or "none"
            return f"{_MASKS[self.kind]}: {named}"
        if self.kind in (rec.REC_GRANT, rec.REC_DROPPED):
            grant = _GRANTS.get(a, f"grant {a}")
            if a == g.GRANT_TITRATE:
                grant += f" {b / 1000:g} mL/h (was {c / 1000:g})"
            elif a == g.GRANT_BOLUS:
                grant += f" of {c / 1000:g} mL"
            return f"granted: {grant}" if self.kind == rec.REC_GRANT else f"not stored in time, not given: {grant}"
        return _SAYS[self.kind](a, b, c) if self.kind in _SAYS else f"record of kind {self.kind}: {a}, {b}, {c}"

    def as_json(self) -> dict[str, Any]:
        """For --json and a pump's file."""
        return {
            "sequence": self.sequence, "kind": self.kind, "delivery": self.delivery, "trust": self.trust,
            "priority": self.priority, "ms": self.ms, "arguments": list(self.arguments), "says": self.says,
        }  # fmt: skip


_MASKS = {
    rec.REC_ALARMS: "alarms shown", rec.REC_ACKNOWLEDGED: "a person acknowledges; still shown",
    rec.REC_CAUSE_GONE: "shown until acknowledged",
}  # fmt: skip


def _pick(names: tuple[str, ...], place: int, what: str) -> str:
    return names[place] if 0 <= place < len(names) else f"{what} {place}"


_SAYS = {
    rec.REC_STATE: lambda a, b, c: f"event: {_pick(DELIVERY_EVENTS, a, 'event')}",
    rec.REC_TRUST: lambda a, b, c: f"trust event: {_pick(TRUST_EVENTS, a, 'event')}",
    rec.REC_LOST: lambda a, b, c: f"{a} steps lost past a lease's end, in {b} ms",
    rec.REC_LOWERED: lambda a, b, c: f"rate lowered to {b / 1000:g} mL/h (was {a / 1000:g})",
    rec.REC_TRIPPED: lambda a, b, c: f"the guardian cut motor power: trip {a}",
    rec.REC_GLASS: lambda a, b, c: f"break-glass {'begins' if a else 'ends'}, person {b}",
    rec.REC_ESCALATED: lambda a, b, c: f"risen to HIGH: {alarm_name(c)}",
    rec.REC_AUDIO: lambda a, b, c: f"audio pause of {a} s" if a else "the audio pause is over",
    rec.REC_GAP: lambda a, b, c: f"{a} records were lost before this one",
}


def entries(data: bytes) -> list[Entry]:
    """The records in a page; ValueError where it is no whole number of them."""
    if len(data) % rec.RECORD_SIZE:
        raise ValueError(f"a page of the log has {len(data)} bytes, which is no whole number of records")
    return [_entry(*row) for row in struct.iter_unpack(rec.RECORD_FORMAT, data)]


def _entry(
    sequence: int, kind: int, delivery: int, trust: int, priority: int, ms: int, a: int, b: int, c: int
) -> Entry:
    return Entry(
        sequence, kind, _pick(DELIVERY_NAMES, delivery, "state"), _pick(TRUST_NAMES, trust, "state"),
        _pick(PRIORITIES, priority, "priority"), ms, (a, b, c),
    )  # fmt: skip

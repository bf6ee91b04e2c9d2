"""What a pump's audit records say: the layouts of firmware/trust/noting.py by name, and each record in a line."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from firmware import settling
from firmware.therapy import programming
from firmware.therapy import tables as t
from firmware.trust import audit as kinds
from firmware.trust import credentials, noting, roles, taking, verdict
from firmware.update import refusal
from firmware.update import verdict as updates
from simulator.audit import NAMES, Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A record taken apart. pump_s: seconds since that boot, site_s: since 2020-01-01, both -1 where not known."""

    sequence: int
    kind: int
    pump_s: int
    site_s: int
    values: dict[str, Any]

    def __str__(self) -> str:
        said = ", ".join(f"{name} {_say(self.kind, name, value)}" for name, value in self.values.items())
        when = f"site time {self.site_s} s" if self.site_s >= 0 else f"pump second {self.pump_s}"
        return f"{self.sequence} {NAMES.get(self.kind, f'kind {self.kind}')}, {when}: {said}"


# By kind: layout, and the names of what follows pump seconds and site time. docs/trust.md explains them.
LAYOUTS: dict[int, tuple[str, tuple[str, ...]]] = {
    kinds.AUDIT_BOOT: (noting.BOOT, ("count", "trust", "delivery", "found", "version")),
    kinds.AUDIT_TRUST: (noting.TRUST, ("before", "after", "times")),
    kinds.AUDIT_REQUEST: (noting.REQUEST, ("kind", "role", "times", "operator", "argument", "digest")),
    kinds.AUDIT_REFUSED: (noting.REFUSED, ("code", "kind", "role", "times", "operator", "digest")),
    kinds.AUDIT_CONFIRMED: (noting.CONFIRMED, ("what", "operator", "dose_milli", "digest")),
    kinds.AUDIT_LOGIN: (noting.LOGIN, ("operator",)),
    kinds.AUDIT_LOGIN_REFUSED: (noting.LOGIN_REFUSED, ("operator", "times")),
    kinds.AUDIT_GLASS: (noting.GLASS, ("begun", "operator")),
    kinds.AUDIT_PROGRAMME: (noting.PROGRAMME, ("what", "delivery", "operator", "drug", "rate_ul_h", "delivered_ul")),
    kinds.AUDIT_KEYS: (noting.KEYS, ("what",)),
    kinds.AUDIT_EPOCH: (noting.EPOCH, ("epoch", "operator")),
    kinds.AUDIT_EXPORT: (noting.EXPORT, ("kind", "since", "operator")),
    kinds.AUDIT_LIBRARY: (taking.TOLD, ("what", "code", "number", "operator", "first", "second", "digest")),
    kinds.AUDIT_BROKEN: (noting.FOUND_BROKEN, ("verdict", "records")),
}

_KINDS = {getattr(roles, name): name.removeprefix("KIND_") for name in dir(roles) if name.startswith("KIND_")}
_CODES = {getattr(verdict, name): name.removeprefix("REFUSED_") for name in dir(verdict) if name.startswith("REFUSED_")}
_CONFIRMED = {
    programming.CONFIRMED_ENTRIES: "entries", programming.CONFIRMED_PREPARED: "entries that were prepared from afar",
    programming.CONFIRMED_TITRATION: "a dose rate", programming.CONFIRMED_ASKED: "a dose rate asked for from afar",
    programming.CONFIRMED_TAKING: "that what was carried here shall be in force",
}  # fmt: skip
_TAKEN = {settling.WHAT_ROOTS: "a root record", settling.WHAT_LIBRARY: "a drug library"}
_REFUSALS = {0: "in force", **{
    value: name.lower().replace("_", " ") for room in (updates, refusal) for name, value in vars(room).items()
    if name.isupper() and name not in ("CODES", "FIRST") and 0 < value < refusal.CODES
}}  # fmt: skip
_PROGRAMME = {noting.STARTED: "started", noting.CHANGED: "changed", noting.ENDED: "ended"}
_FOUND = {credentials.BLANK: "no credentials", credentials.WHOLE: "whole", credentials.BROKEN: "broken"}


def _say(kind: int, name: str, value: Any) -> str:
    names: dict[int, str] = {}
    if name == "kind":
        names = _KINDS
    elif kind == kinds.AUDIT_LIBRARY:
        names = {"what": _TAKEN, "code": _REFUSALS}.get(name, {})
    elif name == "code":
        names = _CODES
    elif name in ("trust", "before", "after"):
        names = dict(enumerate(t.TRUST_NAMES))
    elif name == "delivery":
        names = dict(enumerate(t.DELIVERY_NAMES))
    elif name == "found":
        names = _FOUND
    elif name == "what":
        names = _CONFIRMED if kind == kinds.AUDIT_CONFIRMED else _PROGRAMME if kind == kinds.AUDIT_PROGRAMME else {}
    if isinstance(value, bytes):
        return value.hex()
    return names.get(value, str(value))


def decode(record: Record) -> Entry:
    """Take an authentic record apart; ValueError where its data is shorter than its kind's."""
    if record.kind == kinds.AUDIT_LOST:
        return Entry(record.sequence, record.kind, -1, -1, {"records": int.from_bytes(record.data, "little")})
    if record.kind not in LAYOUTS:
        return Entry(record.sequence, record.kind, -1, -1, {"data": record.data})
    layout, names = LAYOUTS[record.kind]
    if len(record.data) < struct.calcsize(layout):
        raise ValueError(f"record {record.sequence}: {len(record.data)} bytes are no {record.name}")
    pump_s, site_s, *values = struct.unpack_from(layout, record.data)
    return Entry(record.sequence, record.kind, pump_s, site_s, dict(zip(names, values, strict=True)))

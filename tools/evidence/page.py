"""An incident as a page: what its evidence is worth, what happened in which order, how the pump stood. Or as lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from firmware.therapy import tables as t
from hal import ports
from simulator.audit_records import decode
from simulator.gateway.pump_log import entries
from simulator.report.page import page, table, tiles
from simulator.report.words import safe
from simulator.site.people import ROLES
from simulator.site.records import EPOCH_2020
from tools.evidence.verify import Result

_FOUND = ("none", "whole", "broken")
_AREAS = {value: name.removeprefix("AREA_").replace("_", " ").lower() for name, value in vars(ports).items()
          if name.startswith("AREA_")}  # fmt: skip
_ROLE_NAMES = {value: name for name, value in ROLES.items()}


def verdict(result: Result) -> str:
    """In one line what it is worth."""
    body = result.body
    if body is None:
        return "NOTHING of it can be relied on: it is no evidence, or was cut or rewritten as a whole"
    records = len(result.records)
    if result.sound:
        return f"SOUND: what the pump handed out, whole; {records} records of its audit verify"
    if result.records:
        first = result.records[0].sequence
        sure = max(result.sure_until - first, 0)
        which = f"records {first} to {result.sure_until - 1} are sure" if sure else "no record is sure"
        return f"NOT SOUND: {len(result.problems)} findings; {which}"
    return f"NOT SOUND: {len(result.problems)} findings; no record of the audit verifies"


def lines(result: Result) -> list[str]:
    """The timeline in lines of text."""
    return [verdict(result), *(f"  {one}" for one in result.problems), *(str(decode(one)) for one in result.records)]


def show(result: Result, name: str) -> str:
    """A whole HTML file that needs nothing else; every foreign text is escaped."""
    body = result.body
    under = f'<p class="under">{safe(verdict(result))}</p>'
    head = f'<header><p class="kicker">Evidence</p><h1>{safe(name)}</h1>{under}</header>'
    if body is None:
        return page(f"Evidence {name}", head + _findings(result), {})
    taken = "" if result.container is None else datetime.fromtimestamp(result.container.taken_s, UTC).isoformat()
    figures = tiles([
        ("sound" if result.sound else "NOT SOUND", "evidence"), (body.pump_id or "unknown", "pump"),
        (taken, "taken (UTC)"), (_pick(t.TRUST_NAMES, body.about[5]), "trust state then"),
        (_pick(t.DELIVERY_NAMES, body.about[6]), "delivery then"),
        (f"{body.about[9] / 1000:g} mL/h", "rate then"),
    ])  # fmt: skip
    parts = [head, figures, _findings(result), _timeline(result), _events(result), _state(result)]
    return page(f"Evidence of pump {body.pump_id}", "".join(parts), {})


def _findings(result: Result) -> str:
    if result.sound:
        return ""
    rows = [
        [safe(one.what), str(one.sequence) if one.sequence >= 0 else "", safe(one.where)] for one in result.problems
    ]
    return "<h2>What is wrong</h2>" + table([("finding", False), ("from record", True), ("where", False)], rows)


def _timeline(result: Result) -> str:
    rows = []
    for record in result.records:
        try:
            entry = decode(record)
        except ValueError as wrong:
            rows.append([str(record.sequence), "", "", safe(record.name), safe(str(wrong))])
            continue
        site = "" if entry.site_s < 0 else datetime.fromtimestamp(entry.site_s + EPOCH_2020, UTC).isoformat(" ")
        pump = str(entry.pump_s) if entry.pump_s >= 0 else ""
        sure = "" if result.sound or record.sequence < result.sure_until else "not sure: "
        said = str(entry).partition(": ")[2]
        rows.append([str(record.sequence), safe(site), pump, sure + safe(record.name), safe(said)])
    heads = [("record", True), ("site time", False), ("pump second", True), ("what", False), ("", False)]
    return "<h2>What happened, by the audit</h2>" + table(heads, rows, kind="events")


def _events(result: Result) -> str:
    if result.body is None:
        return ""
    try:
        found = entries(b"".join(result.body.events()))
    except ValueError:
        found = []
    rows = [[str(one.sequence), str(one.ms), safe(one.delivery), safe(one.trust), safe(one.says)] for one in found]
    heads = [("record", True), ("ms", True), ("delivery", False), ("trust", False), ("what", False)]
    said = table(heads, rows, kind="events") if rows else '<p class="none">none is in the journal</p>'
    return "<h2>The pump's own log</h2>" + said


def _state(result: Result) -> str:
    body = result.body
    if body is None:
        return ""
    held = body.credentials
    people = ", ".join(
        f"{number} ({_ROLE_NAMES.get(role, role)}{', card' if card else ''})" for number, role, card in held.people
    )
    said = [
        ("credentials", _pick(_FOUND, held.found)), ("site", held.site), ("epoch", str(held.epoch)), ("people", people),
        ("revoked", ", ".join(map(str, held.revoked)) or "nobody"), ("secure counter", str(body.about[2])),
        ("pump second", str(body.about[3])), ("audit's records then", str(body.head[0])),
    ]  # fmt: skip
    facts = "".join(f"<dt>{safe(name)}</dt><dd>{safe(value)}</dd>" for name, value in said)
    rows = [
        [safe(_AREAS.get(area, f"area {area}")), str(size), f"<code>{safe(digest.hex())}</code>"]
        for area, size, digest in body.digests
    ]
    digests = table([("area", False), ("bytes", True), ("SHA-256", False)], rows)
    return f"<h2>How it stood</h2><dl>{facts}</dl><h2>Digests of what is stored</h2>{digests}"


def _pick(names: Any, place: Any) -> str:
    return str(names[place]) if isinstance(place, int) and 0 <= place < len(names) else f"state {place}"

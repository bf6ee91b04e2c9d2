"""docs/protocol.md and docs/kvo.cddl from the code's own tables. `python -m tools.protocol_doc` writes both."""

from __future__ import annotations

from pathlib import Path

from firmware.comms import outgoing
from firmware.therapy import programming
from firmware.therapy import tables as t
from firmware.trust import facts as f
from firmware.trust import gatekeeper
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.request import STEPS
from hal import ports
from simulator.names import MESSAGES
from tools.network_doc import TOPICS_HEAD, topics
from tools.pages import Page, table
from tools.protocol import cddl
from tools.protocol.constants import constants
from tools.protocol.tables import (
    BODIES,
    COUNTS,
    FACT,
    FORMS,
    KID,
    KINDS,
    PERSON,
    RECORD,
    REQUEST,
    RESERVED,
    WHEN,
    Key,
)  # fmt: skip

DOCS = Path("docs")
PAGE = "protocol.md"
CDDL = "kvo.cddl"

_HEAD = f"""# Protocol

<!-- Made by `python -m tools.protocol_doc` from the code; do not edit. -->

What stands in every message of a pump, by number. What becomes of a request, and why, is told in
[requests and facts](requests.md); who may reach the broker in [network](network.md). KVO is no medical device.

All of it is deterministic CBOR (RFC 8949, section 4.2.1) within the bounds that [trust](trust.md) names, and every
request and fact is a COSE_Mac0 (RFC 9052, tag 17) with HMAC 256/256, nothing unprotected. In CDDL (RFC 8610):
[{CDDL}]({CDDL}), which also stands at the end of this page.
"""
_BEFORE_CODES = f"""An acknowledgement names the request by its digest, and so does an APPROVE. Hostile: one alone
makes an episode, or the third within {v.WINDOW_S // 60} minutes does.
"""


def _keys(keys: tuple[Key, ...], first: str = "key") -> list[str]:
    rows = [(str(one.number), one.name, f"`{_cell(one.cddl)}`" if one.cddl else "", one.says) for one in keys]
    return table((first, "name", "type", "what"), rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _bits(bits: int, names: dict[int, str]) -> str:
    return ", ".join(name for bit, name in names.items() if bits >> bit & 1)


def _roles() -> dict[int, str]:
    every = [one for one in constants(r, "", but=("ROLES",)) if not one.name.startswith(("KIND_", "ARG_"))]
    return {one.value: one.words for one in every}


def _request_kinds() -> list[str]:
    roles = _roles()
    everybody = sum(1 << role for role in roles)
    rows = []
    for kind, (may, tens, heard, form) in cddl.kinds():
        arguments = FORMS[form][1] or f"`{{1: {COUNTS[kind.value]}}}`"
        who = "all" if may & everybody == everybody else _bits(may, roles)
        if may & everybody == everybody & ~(1 << r.SERVICE):
            who = "all people"
        heard_in = _bits(heard, dict(enumerate(t.TRUST_NAMES)))
        rows.append((kind.name, str(kind.value), arguments, who, f"{tens * 10} s", heard_in, KINDS[kind.value]))
    head = ("kind", "number", "arguments", "who may ask", "good for", "heard while", "what it brings about")
    return table(head, rows)


def _codes() -> list[str]:
    weighs = {0: "", v.HOSTILE: "alone"}
    rows = [
        (str(one.value), one.words, one.says, weighs.get(v.WEIGHTS[one.value], "the third"))
        for one in [*constants(v, "OK"), *constants(v, "REFUSED_")]
    ]
    rows[0] = (rows[0][0], "OK", "", "")
    return table(("code", "name", "what", "hostile"), rows)


def _fields() -> list[str]:
    never = programming._NOT_PREPARED
    rows = [
        (str(one.value), one.words, one.says, "no" if one.value in never else "yes")
        for one in constants(ports, "FIELD_")
    ]
    return table(("field", "name", "what", "in PREPARE"), rows)


def _fact_kinds() -> list[str]:
    once = (outgoing._STATUS, outgoing._WAVE)
    lines = table(
        ("kind", "number", "when", "QoS"),
        [
            (one.name, str(one.value), WHEN.get(one.value) or RESERVED[one.value], "0" if one.value in once else "1")
            for one in cddl.fact_kinds()
        ],
    )
    for one in cddl.fact_kinds():
        if one.value in BODIES:
            lines += [f"Body of {one.name}:", "", *_keys(BODIES[one.value])]
    return lines


def _numbers(names: tuple[str, ...]) -> str:
    return ", ".join(f"{number} {name}" for number, name in enumerate(names))


def _body() -> list[str]:
    roles = ", ".join(f"{number} {name}" for number, name in _roles().items())
    messages = [(str(number), says or "none") for number, says in sorted(MESSAGES.items())]
    return [
        "## Topics", "", *table(TOPICS_HEAD, topics()),
        "Between comms and gatekeeper each message stands behind its length in two bytes, big-endian.", "",
        "## Requests", "",
        f"At most {gatekeeper.MAX_REQUEST:,} bytes. Protected header `{{1: 5, 4: kid}}`, external data "
        f"`{cddl.q.CONTEXT.decode()}`; `kid` is the encoding of an array:", "",
        *_keys(KID, "place"), "The payload:", "", *_keys(REQUEST),
        f"Roles: {roles}.", "", "### Kinds", "", *_request_kinds(), "### Fields", "",
        f"In PREPARE; TITRATE has one of them. Steps of a programme stand under {STEPS}.", "", *_fields(),
        "### What a request comes to", "", _BEFORE_CODES, *_codes(),
        "## Facts", "",
        f"At most {outgoing.FACT:,} bytes. Protected header `{{1: 5, 4: pump id}}`, external data "
        f"`{f.CONTEXT.decode()}`. The payload:", "", *_keys(FACT), "### Kinds of facts", "", *_fact_kinds(),
        f"States of delivery: {_numbers(t.DELIVERY_NAMES)}.", "", f"States of trust: {_numbers(t.TRUST_NAMES)}.", "",
        "Alarms by code: [alarms](alarms.md). Messages to a person:", "", *table(("message", "what"), messages),
        "## The credential record", "",
        "What a pump is given over its local port ([provisioning](provisioning.md)). It has no MAC of COSE's: it holds "
        "the key.", "", *_keys(RECORD), "A person:", "", *_keys(PERSON, "place"),
    ]  # fmt: skip


def page() -> str:
    """The whole of docs/protocol.md."""
    return "\n".join([_HEAD, *_body(), "## CDDL", "", "```cddl", cddl.text().rstrip(), "```"]) + "\n"


PAGES = (Page(PAGE, page, DOCS), Page(CDDL, cddl.text, DOCS))


def write(folder: Path | None = None) -> list[Path]:
    """Write both; returns their paths."""
    return [one.write(folder) for one in PAGES]


def check(folder: Path | None = None) -> bool:
    """Whether both say what the code does."""
    return all(one.check(folder) for one in PAGES)


if __name__ == "__main__":
    print(*write(), sep="\n")

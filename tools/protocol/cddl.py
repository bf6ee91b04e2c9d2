"""docs/kvo.cddl: requests, facts and the credential record in CDDL (RFC 8610), made from the tables."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.trust import facts as f
from firmware.trust import request as q
from firmware.trust import roles as r
from firmware.trust.cose import ALGORITHM, HMAC_256, KEY_ID, TAG_MAC0
from tools.protocol.constants import Constant, constants
from tools.protocol.tables import BODIES, EXTRA_TYPES, FACT, FORMS, KID, PERSON, RECORD, REQUEST, TYPES, Key

_HEAD = """; Requests, facts and the credential record of a KVO pump (RFC 8610). KVO is no medical device.
; Made by `python -m tools.protocol_doc` from the code; do not edit.
; All of it is deterministic CBOR (RFC 8949, section 4.2.1): any other encoding of the same is refused.
; A MAC is made as RFC 9052, section 6.3 says, with this external data:
"""


def kinds() -> list[tuple[Constant, tuple[int, int, int, int]]]:
    """The kinds of requests with the rest of their rows: roles as bits, tens of seconds, trust states as bits, form."""
    width = 5
    rows = {r.TABLE[place]: tuple(r.TABLE[place + 1 : place + width]) for place in range(0, len(r.TABLE), width)}
    return [(one, rows[one.value]) for one in constants(r, "KIND_")]  # type: ignore[misc]


def fact_kinds() -> list[Constant]:
    """The kinds of facts."""
    counts = ("ACKS", "COUNTER_BITS", "KIND", "COUNTER", "PUMP_S", "BODY")
    return constants(f, "", but=counts)


def _name(constant: Constant) -> str:
    return constant.name.lower().replace("_", "-")


def _rule(name: str, text: str, says: str = "") -> str:
    return f"{name} = {text}" + (f"  ; {says}" if says else "")


def _map(keys: Sequence[Key]) -> str:
    lines = []
    for one in keys:
        says = f"{one.name}: {one.says}" if one.says else one.name
        lines.append(f"  {one.number}: {one.cddl},".ljust(34) + f"; {says}")
    return "{\n" + "\n".join(lines) + "\n}"


def _array(keys: Sequence[Key], **other: str) -> str:
    parts = [f"{one.name}: {other.get(one.name.replace('-', '_'), one.cddl)}" for one in keys]
    return "[" + ", ".join(parts) + "]"


def _message(name: str) -> str:
    return (
        f"{name} = #6.{TAG_MAC0}([\n  protected: bytes .cbor {name}-header,\n  unprotected: {{}},\n"
        f"  payload: bytes .cbor {name}-payload,\n  tag: mac,\n])"
    )


def _requests() -> list[str]:
    fresh = [one for one in REQUEST if one.cddl]
    lines = [_message("request"), ""]
    lines.append(_rule("request-header", f"{{ {ALGORITHM}: {HMAC_256}, {KEY_ID}: bytes .cbor request-kid }}"))
    lines.append("request-kid = operator-kid / service-kid")
    lines.append(_rule("operator-kid", _array(KID)))
    lines.append(_rule("service-kid", _array(KID, operator="0", role=str(r.SERVICE), shift_end="0")))
    rows = kinds()
    lines += ["", "request-payload = " + " / ".join(_name(kind) for kind, _ in rows)]
    lines.append(_rule("fresh", "( " + ", ".join(f"{one.number}: {one.cddl}" for one in fresh) + " )",
                       ", ".join(one.name for one in fresh)))
    lines += [
        f"{_name(kind)} = {{ {REQUEST[0].number}: {kind.value}, fresh, {REQUEST[-1].number}: {_argument_name(form)} }}"
        for kind, (_, _, _, form) in rows
    ]
    forms = [one for one in constants(r, "ARG_") if one.value in FORMS]
    lines += ["", *(_rule(_argument_name(one.value), FORMS[one.value][0]) for one in forms)]
    return lines  # fmt: skip


def _argument_name(form: int) -> str:
    name = next(one for one in constants(r, "ARG_") if one.value == form)
    return f"{_name(name)}-arguments"


def _facts() -> list[str]:
    lines = [_message("fact"), "", _rule("fact-header", f"{{ {ALGORITHM}: {HMAC_256}, {KEY_ID}: pump-id }}")]
    said = [one for one in FACT if one.cddl]
    sent = [one for one in fact_kinds() if one.value in BODIES]
    lines.append("fact-payload = " + " / ".join(f"{_name(one)}-fact" for one in sent))
    lines.append(_rule("said", "( " + ", ".join(f"{one.number}: {one.cddl}" for one in said) + " )",
                       ", ".join(one.name for one in said)))
    for one in sent:
        name = _name(one)
        lines.append(f"{name}-fact = {{ {FACT[0].number}: {one.value}, said, {FACT[-1].number}: {name}-body }}")
    for one in sent:
        lines += ["", _rule(f"{_name(one)}-body", _map(BODIES[one.value]))]
    return lines  # fmt: skip


def text() -> str:
    """The whole file."""
    contexts = f"; '{q.CONTEXT.decode()}' for a request, '{f.CONTEXT.decode()}' for a fact."
    lines = [_HEAD + contexts, "", "message = request / fact / credential-record", ""]
    lines += [_rule(*one) for one in (*TYPES, *EXTRA_TYPES)]
    lines += ["", "; Requests", "", *_requests(), "", "; Facts", "", *_facts()]
    lines += ["", "; The credential record", "", _rule("credential-record", _map(RECORD))]
    lines += ["", _rule("person", _array(PERSON))]
    return "\n".join(lines) + "\n"

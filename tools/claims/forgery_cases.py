"""Forged, stale and forbidden requests, each with the code that must answer it. Written from docs/requests.md by hand.

Each is made by a function of a pump (simulator.asked) that infuses; `before` brings about honestly what the forger then
abuses, and happens in the run without the forgery too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.cbor import decode, encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.gatekeeper import MAX_REQUEST
from firmware.trust.mac import MacKey
from firmware.trust.request import CONTEXT, kid_of
from hal.ports import FIELD_TITRATE_MILLI, KEY_CONFIRM, KEY_FIELD
from simulator.asked import BIOMED, NOW_S, NURSE, PHARMACIST, PHYSICIAN, SHIFT_S, Asked
from simulator.trust_client import Terminal, digest_of, make_record, parts_of, put_together

LATE = False  # authentic, and yet refused: the third within ten minutes is an episode, one is none
REVOKED = 66  # a person whose tablet was lost


@dataclass(frozen=True)
class Case:
    """`make(pump, kept)` gives the message; `before(pump)` what is `kept` for it. hostile: one such is an episode."""

    name: str
    code: int
    make: Callable[[Asked, Any], bytes]
    before: Callable[[Asked], Any] = lambda pump: None
    hostile: bool = True


def _wanted(pump: Asked) -> dict[int, int]:
    return {FIELD_TITRATE_MILLI: pump.doses.forged}


def titration(pump: Asked, who: Terminal | int = NURSE, **other: Any) -> bytes:
    """A request for the forger's rate, good in every respect but `other`."""
    return pump.request(who, r.KIND_TITRATE, _wanted(pump), **other)


def _confirmed(pump: Asked) -> bytes:
    """A titration that is asked for, confirmed by a person and taken back by that person; the request."""
    request = pump.request(NURSE, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: pump.doses.honest})
    pump.send(request)
    pump.run(2_000)
    pump.press(KEY_CONFIRM)
    pump.run(500)
    pump.press(KEY_FIELD + FIELD_TITRATE_MILLI, pump.doses.base)
    pump.press(KEY_CONFIRM)
    pump.run(500)
    return request


def _no_proof(pump: Asked, _: Any) -> bytes:
    protected, unprotected, payload, _proof = parts_of(titration(pump))
    return put_together([protected, unprotected, payload, b""])


def _bare(pump: Asked, _: Any) -> bytes:
    payload: bytes = parts_of(titration(pump))[2]
    return payload


def _changed_payload(pump: Asked, _: Any) -> bytes:
    honest = pump.request(NURSE, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: pump.doses.honest})
    protected, unprotected, payload, proof = parts_of(honest)
    asked = decode(payload)
    asked[5] = _wanted(pump)
    return put_together([protected, unprotected, encode(asked), proof])


def _under(pump: Asked, key: bytes, kid: bytes) -> bytes:
    """A titration under any key, said to be of `kid`."""
    payload = parts_of(titration(pump))[2]
    made: bytes = make_mac0(payload, MacKey(key), {KEY_ID: kid}, CONTEXT)
    return made


def _claims_to_be(operator: int, role: int, not_after_s: int = NOW_S + SHIFT_S) -> Callable[[Asked, Any], bytes]:
    """The nurse's key, with another name on it."""

    def make(pump: Asked, _: Any) -> bytes:
        kid = kid_of(pump.record.pump_id, operator, role, pump.record.epoch, not_after_s)
        payload = parts_of(titration(pump))[2]
        made: bytes = make_mac0(payload, pump.terminals[NURSE].key, {KEY_ID: kid}, CONTEXT)
        return made

    return make


def _other_pump(pump: Asked) -> Any:
    record: Any = make_record(99)
    record.epoch = pump.record.epoch
    return record


def _others_key(pump: Asked, _: Any) -> bytes:
    """Another pump's key, stolen from its flash, and this pump's name."""
    other = _other_pump(pump)
    other.pump_id = pump.record.pump_id
    return titration(pump, Terminal(other, NURSE, r.NURSE, NOW_S + SHIFT_S))


def _kept_back(pump: Asked) -> bytes:
    """A good request that does not arrive; a later one does."""
    kept = titration(pump)
    pump.ask(NURSE, r.KIND_STATUS)
    return kept


def _of_session_before(pump: Asked) -> bytes:
    kept = titration(pump)
    pump.ask(pump.service, r.KIND_EPOCH, {1: pump.record.epoch})
    return kept


def _of_boot_before(pump: Asked) -> bytes:
    kept = titration(pump)
    pump.reboot()
    pump.tell_time(NOW_S + 60)
    return kept


def _soft(pump: Asked) -> bytes:
    """A titration past the soft limit, which waits for a second person."""
    request = pump.request(NURSE, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: pump.doses.past_soft})
    pump.send(request)
    return digest_of(request)


def _replayed(pump: Asked) -> bytes:
    kept = _confirmed(pump)
    pump.ask(NURSE, r.KIND_STATUS)
    return kept


def _kept(_: Asked, kept: bytes) -> bytes:
    return kept


def _repeated_key(pump: Asked, _: Any) -> bytes:
    """The same map key twice: two readers could take it for two requests."""
    terminal = pump.terminals[NURSE]
    payload = parts_of(titration(pump))[2]
    return terminal.seal(b"\xa6" + payload[1:3] + payload[1:])


CASES = (
    Case("no MAC", v.REFUSED_NO_MAC, _no_proof),
    Case("nothing but what a MAC goes around", v.REFUSED_NO_MAC, _bare),
    Case("a changed payload", v.REFUSED_WRONG_MAC, _changed_payload),
    Case("a key made up", v.REFUSED_WRONG_MAC, lambda pump, _: _under(pump, bytes(32), pump.terminals[NURSE].kid)),
    Case("the nurse's key in the physician's name", v.REFUSED_WRONG_MAC, _claims_to_be(PHYSICIAN, r.PHYSICIAN)),
    Case("a shift made longer", v.REFUSED_WRONG_MAC, _claims_to_be(NURSE, r.NURSE, NOW_S + 10 * SHIFT_S)),
    Case("another pump's key under this one's name", v.REFUSED_WRONG_MAC, _others_key),
    Case(
        "for another pump", v.REFUSED_WRONG_PUMP,
        lambda pump, _: titration(pump, Terminal(_other_pump(pump), NURSE, r.NURSE, NOW_S + SHIFT_S)),
    ),
    Case("an operator that there cannot be", v.REFUSED_WRONG_OPERATOR, _claims_to_be(0, r.NURSE)),
    Case("a role that there is not", v.REFUSED_WRONG_OPERATOR, _claims_to_be(NURSE, 7)),
    Case(
        "a revoked operator", v.REFUSED_REVOKED, lambda pump, _: titration(pump, pump.terminal(REVOKED)), hostile=LATE
    ),
    Case(
        "a key of the epoch before", v.REFUSED_REVOKED,
        lambda pump, _: titration(pump, pump.terminal(NURSE, epoch=pump.record.epoch - 1)), hostile=LATE,
    ),
    Case(
        "last shift's key", v.REFUSED_SHIFT_OVER,
        lambda pump, _: titration(pump, pump.terminal(NURSE, not_after_s=NOW_S - 60)), hostile=LATE,
    ),
    Case("expired", v.REFUSED_EXPIRED, lambda pump, _: titration(pump, expiry_s=pump.now_s - 1), hostile=LATE),
    Case(
        "good for too long", v.REFUSED_TOO_FAR, lambda pump, _: titration(pump, expiry_s=pump.now_s + 40), hostile=LATE
    ),
    Case("replayed", v.REFUSED_REPLAYED, _kept, _replayed, hostile=LATE),
    Case("its counter used for something else", v.REFUSED_REPLAYED, lambda pump, _: titration(
        pump, counter=pump.terminals[NURSE].counter), lambda pump: pump.ask(NURSE, r.KIND_STATUS), hostile=LATE),
    Case("reordered", v.REFUSED_REORDERED, _kept, _kept_back, hostile=LATE),
    Case("duplicated", v.REFUSED_DUPLICATED, _kept, _confirmed, hostile=LATE),
    Case("from an earlier session", v.REFUSED_EARLIER_SESSION, _kept, _of_session_before, hostile=LATE),
    Case("from before a reboot", v.REFUSED_EARLIER_BOOT, _kept, _of_boot_before, hostile=LATE),
    Case("for a role that may not", v.REFUSED_FORBIDDEN, lambda pump, _: titration(pump, PHARMACIST), hostile=LATE),
    Case("a technician's titration", v.REFUSED_FORBIDDEN, lambda pump, _: titration(pump, BIOMED), hostile=LATE),
    Case(
        "the key service's titration", v.REFUSED_FORBIDDEN, lambda pump, _: titration(pump, pump.service), hostile=LATE
    ),
    Case(
        "one person twice", v.REFUSED_SAME_PERSON,
        lambda pump, kept: pump.request(NURSE, r.KIND_APPROVE, {1: kept}), _soft, hostile=LATE,
    ),
    Case(
        "one person in two roles", v.REFUSED_SAME_PERSON,
        lambda pump, kept: pump.request(
            pump.terminal(NURSE, role=r.PHYSICIAN), r.KIND_APPROVE, {1: kept}, counter=pump.terminals[NURSE].counter + 1
        ), _soft, hostile=LATE,
    ),
    Case(
        "an approval of something else", v.REFUSED_NOTHING_TO_APPROVE,
        lambda pump, kept: pump.request(PHYSICIAN, r.KIND_APPROVE, {1: bytes(16)}), _soft, hostile=LATE,
    ),
    Case("one byte too long", v.REFUSED_OVERSIZE, lambda pump, _: titration(pump).ljust(MAX_REQUEST + 1, b"\0")),
    Case("no encoding at all", v.REFUSED_MALFORMED, lambda pump, _: bytes(range(1, 100))),
    Case("a key twice in the payload", v.REFUSED_MALFORMED, _repeated_key),
    Case(
        "more arguments than its kind has", v.REFUSED_MALFORMED,
        lambda pump, _: pump.request(NURSE, r.KIND_TITRATE, _wanted(pump) | {1: 1}),
    ),
)  # fmt: skip

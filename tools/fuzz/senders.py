"""Who has a key for the fuzzed pump, or for another, and good requests of each kind."""

from __future__ import annotations

from typing import Any

from firmware.trust import roles as r
from firmware.trust.cbor import decode, encode
from hal.ports import FIELD_TITRATE_MILLI
from simulator.asked import BIOMED, NOW_S, NURSE, PHARMACIST, PHYSICIAN, SHIFT_S
from simulator.trust_client import Terminal, digest_of, make_record, service
from tools.claims.forgery_cases import REVOKED
from tools.fuzz.desk import Desk
from tools.fuzz.rules import Made

_STRANGERS = 4


class Senders:
    """Who has a key, and good requests of each kind, made for the session that the desk's pump is in."""

    def __init__(self, desk: Desk) -> None:
        record = desk.gate.credentials.record
        other: Any = make_record(99, epoch=record.epoch)
        ends = NOW_S + SHIFT_S
        self.terminals = [
            service(record), Terminal(record, NURSE, r.NURSE, ends), Terminal(record, PHYSICIAN, r.PHYSICIAN, ends),
            Terminal(record, PHARMACIST, r.PHARMACIST, ends), Terminal(record, BIOMED, r.BIOMED, ends),
            Terminal(record, 11, r.MANUFACTURER, ends), Terminal(record, REVOKED, r.NURSE, ends),
            Terminal(record, NURSE, r.NURSE, ends, epoch=record.epoch - 1), Terminal(record, 12, r.NURSE, NOW_S - 60),
            Terminal(other, NURSE, r.NURSE, ends), Terminal(record, NURSE, r.PHYSICIAN, ends),
            Terminal(record, NURSE, 7, ends), Terminal(record, 0, r.NURSE, ends),
            *(Terminal(record, 100 + number, r.NURSE, ends) for number in range(_STRANGERS)),
        ]  # fmt: skip
        self.now_s = desk.seconds.now_s
        self.challenge: bytes = desk.gate.session.challenge
        self.epoch: int = record.epoch
        self.good = [*self._requests(ends)]
        self.parts = [[decode(one).value, *[[encode(part) for part in decode(one).value]]] for one, _ in self.good]

    def _requests(self, ends: int) -> list[tuple[bytes, Made]]:
        found = []
        asks: list[tuple[int, int, dict[int, Any]]] = [
            (1, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: 30_000}), (1, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: 60_000}),
            (3, r.KIND_PREPARE, {1: 7, 2: 1, 3: 1, 5: 20_000, 6: 100_000}),
            (2, r.KIND_PREPARE, {0: [[20_000, 60], [30_000, 60]], 1: 7, 2: 1, 3: 2}),
            (1, r.KIND_PAUSE, {}), (1, r.KIND_STOP, {}), (2, r.KIND_LOG, {1: 0}), (4, r.KIND_ALARMS, {}),
            (5, r.KIND_STATUS, {}), (0, r.KIND_TIME, {1: NOW_S + 100}), (0, r.KIND_REVOKE, {1: PHARMACIST}),
            (0, r.KIND_EPOCH, {1: self.epoch}), (0, r.KIND_EPOCH, {1: self.epoch + 1}), (1, r.KIND_WAVE, {1: 20}),
            (3, r.KIND_STAGE, {1: 40, 2: bytes(32)}), (4, r.KIND_CHUNK, {1: 0, 2: bytes(40)}),
        ]  # fmt: skip
        for counter, (who, kind, arguments) in enumerate(asks, 1):
            payload = payload_of(kind, self.challenge, counter, self.now_s + 20, arguments)
            found.append((self.terminals[who].seal(payload), made_by(self.terminals[who], payload)))
        payload = payload_of(r.KIND_APPROVE, self.challenge, 20, self.now_s + 20, {1: digest_of(found[1][0])})
        return [*found, (self.terminals[2].seal(payload), made_by(self.terminals[2], payload))]


def payload_of(kind: int, challenge: bytes, counter: int, expiry_s: int, arguments: Any) -> bytes:
    """What a request's MAC goes around."""
    made: bytes = encode({1: kind, 2: challenge, 3: counter, 4: expiry_s, 5: arguments})
    return made


def made_by(terminal: Terminal, payload: bytes) -> Made:
    """What the rules are told of a message."""
    assert terminal.epoch is not None
    return Made(
        terminal.operator, terminal.role, terminal.epoch, terminal.not_after_s, payload, terminal.record.pump_id
    )

"""The other end of requests and facts: makes credential records, asks as an operator, reads what a pump says.

Stands on the firmware's own COSE and CBOR: one implementation, held against published vectors.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware.trust import facts as f
from firmware.trust.cbor import Refused, Tag, decode, encode
from firmware.trust.cose import KEY_ID, OK, TAG_MAC0, make_mac0, open_message
from firmware.trust.credentials import Person, Record, frame
from firmware.trust.keyring import operator_key
from firmware.trust.mac import MacKey, pbkdf2
from firmware.trust.request import CONTEXT, DIGEST, kid_of
from firmware.trust.roles import SERVICE
from firmware.trust.sealed import make_seal
from hal.ports import FIELD_PERSON, FIELD_PIN, KEY_FIELD, KEY_NONE

SHIFT_S = 12 * 3600


def make_record(
    seed: int = 0, people: dict[int, tuple[int, str]] | None = None, epoch: int = 1, iterations: int = 1000,
    revoked: tuple[int, ...] = (), cards: Mapping[int, bytes] | None = None,
) -> Record:
    """A pump's credentials for simulations: keys follow `seed`, so that a run can be repeated. Never for a pump.

    people: number → role and PIN (digits). cards: number → the card's public key (33 bytes). iterations: of PBKDF2,
    1000 at least.
    """
    source = random.Random(f"{seed}/credentials")
    record: Any = Record()
    record.pump_id = source.randbytes(8)
    record.pump_key = source.randbytes(32)
    record.epoch = epoch
    record.revoked = list(revoked)
    record.site = "simulated site"
    for number, (role, pin) in (people or {}).items():
        salt = source.randbytes(16)
        verifier = pbkdf2(pin.encode(), salt, iterations)
        record.people.append(Person(number, role, salt, verifier, iterations, (cards or {}).get(number, b"")))
    return record


def stored(record: Record, sequence: int = 1) -> bytes:
    """What stands in an area of the store for `record`."""
    return frame(record, sequence)


def sealed(record: Record, library: bytes) -> bytes:
    """What stands in an area of the store for a drug library that this pump has in force, as from a factory."""
    made: bytes = library + make_seal(record, library, bytes(32), (0, 0)) if library else library
    return made


def pin_entry(pin: str) -> int:
    """The integer that stands for a PIN in FIELD_PIN: a 1 before its digits."""
    return int("1" + pin)


def login_keys(number: int, pin: str | None) -> list[tuple[int, int]]:
    """What a person presses to log in: keys with their integers; no key at all where it is a card that logs in."""
    if pin is None:
        return [(KEY_NONE, 0)]
    return [(KEY_FIELD + FIELD_PERSON, number), (KEY_FIELD + FIELD_PIN, pin_entry(pin))]


@dataclass(frozen=True)
class Fact:
    """Something that the pump said, as it was read."""

    kind: int
    counter: int
    pump_s: int
    body: dict[int, Any]


@dataclass
class Reader:
    """Takes facts out of the bytes that a pump sent; `refused` counts those that no key of its vouches for."""

    record: Record
    facts: list[Fact] = field(default_factory=list)
    refused: int = 0
    gaps: int = 0
    _place: int = 0

    def read(self, sent: bytes | bytearray) -> list[Fact]:
        """Read what is new in `sent`, all that the pump has sent so far; return the new facts."""
        fresh: list[Fact] = []
        for data in self._frames(sent):
            fact = open_fact(data, self.record)
            if fact is None or (self.facts and fact.counter <= self.facts[-1].counter):
                self.refused += 1
                continue
            if self.facts and fact.kind != f.HELLO and fact.counter != self.facts[-1].counter + 1:
                self.gaps += 1
            self.facts.append(fact)
            fresh.append(fact)
        return fresh

    def _frames(self, sent: bytes | bytearray) -> Iterator[bytes]:
        while len(sent) - self._place >= 2:
            length = int.from_bytes(sent[self._place : self._place + 2], "big")
            end = self._place + 2 + length
            if len(sent) < end:
                return
            data = bytes(sent[self._place + 2 : end])
            self._place = end
            yield data

    def last(self, kind: int) -> Fact | None:
        """The newest fact of a kind."""
        return next((fact for fact in reversed(self.facts) if fact.kind == kind), None)

    def verdict(self, digest: bytes) -> int | None:
        """The code that the newest acknowledgement of a request gave, None where there was none."""
        acks = (fact.body for fact in reversed(self.facts) if fact.kind == f.ACK)
        return next((body[2] for body in acks if body[1] == digest), None)


def open_fact(data: bytes, record: Record) -> Fact | None:
    """A fact that the pump of `record` vouches for, or None."""
    message = open_message(data, TAG_MAC0)
    if message is None or message.protected.get(KEY_ID) != record.pump_id:
        return None
    key = MacKey(record.key(b"kvo facts" + encode([record.epoch])))
    if message.verify_mac(key, f.CONTEXT) != OK:
        return None
    try:
        payload = decode(message.payload)
    except Refused:
        return None
    return Fact(payload[f.KIND], payload[f.COUNTER], payload[f.PUMP_S], payload[f.BODY])


@dataclass
class Terminal:
    """An operator's terminal, with the key that the key service gave it for one pump, one role and one shift."""

    record: Record
    operator: int
    role: int
    not_after_s: int
    counter: int = 0
    epoch: int | None = None

    def __post_init__(self) -> None:
        if self.role == SERVICE:
            self.operator = self.not_after_s = 0
        epoch = self.record.epoch if self.epoch is None else self.epoch
        self.epoch = epoch
        self.kid = kid_of(self.record.pump_id, self.operator, self.role, epoch, self.not_after_s)
        self.key = MacKey(operator_key(self.record, self.operator, self.role, epoch, self.not_after_s))

    def ask(
        self, kind: int, challenge: bytes, expiry_s: int, arguments: dict[int, Any] | None = None,
        counter: int | None = None,
    ) -> bytes:
        """A request. `expiry_s`: pump seconds; `counter`: the next one where None."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        payload = encode({1: kind, 2: challenge, 3: counter, 4: expiry_s, 5: arguments or {}})
        return self.seal(payload)

    def seal(self, payload: bytes) -> bytes:
        """Any payload under this terminal's key."""
        made: bytes = make_mac0(payload, self.key, {KEY_ID: self.kid}, CONTEXT)
        return made


def parts_of(message: bytes) -> list[Any]:
    """The four parts of a request: protected, unprotected, payload, MAC."""
    parts: list[Any] = decode(message).value
    return parts


def put_together(parts: list[Any]) -> bytes:
    """A request of these parts, with the tag of a COSE_Mac0."""
    made: bytes = encode(Tag(TAG_MAC0, parts))
    return made


def framed(message: bytes) -> bytes:
    """A message as comms hands it to the gatekeeper."""
    return len(message).to_bytes(2, "big") + message


def digest_of(message: bytes) -> bytes:
    """What names a request in its acknowledgement and in an approval."""
    from hashlib import sha256

    return sha256(message).digest()[:DIGEST]


def service(record: Record) -> Terminal:
    """The site's key service, as this pump knows it."""
    return Terminal(record, 0, SERVICE, 0)

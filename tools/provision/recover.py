"""Recovers an isolated pump over its local port: evidence first, then two cards, then other keys and another audit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware.trust.recovery import digest_of
from simulator.devices.cards import SignCard
from tools.evidence.container import Container
from tools.evidence.take import take
from tools.provision.install import PIECE, InstallProblem, Line

# A signature takes the pump some five seconds, one that is wrong twice as long; keys and audit up to six erases.
CARD_S = 30.0
KEYS_S = 60.0
BEGIN_S = 2.0
_NUMBER = 4

Keep = Callable[[Container], None]


@dataclass(frozen=True, slots=True)
class NewKeys:
    """What goes in: the record's bytes, and the first key of the audit that is begun anew."""

    record: bytes
    audit_key: bytes

    @property
    def digest(self) -> bytes:
        """What the cards sign for."""
        return bytes(digest_of(self.record, self.audit_key))


def recover(
    line: Line, keys: NewKeys, cards: Sequence[SignCard], exporter: SignCard, taken_s: int, keep: Keep,
    nonce: bytes | None = None,
) -> Container:
    """Do all of it; `keep` writes the evidence down before anything is replaced. InstallProblem where the pump refuses.

    What power broke off is done again in the same way, with the same keys.
    """
    begin(line)
    evidence, _ = take(line, exporter, taken_s, nonce)
    keep(evidence)
    put(line, keys)
    for number, card in enumerate(cards, 1):
        sign(line, number, card, keys.digest)
    end(line, keys)
    return evidence


def begin(line: Line) -> None:
    """From isolated to recovery."""
    line.ask("begin", "ok", BEGIN_S)


def put(line: Line, keys: NewKeys) -> None:
    """Hand over the next keys; they are not in force yet."""
    line.key(keys.audit_key)
    for offset in range(0, len(keys.record), PIECE):
        line.put(offset, keys.record[offset : offset + PIECE])


def sign(line: Line, number: int, card: SignCard, what: bytes) -> None:
    """Have recovery card `number` agree to the keys of digest `what`."""
    (asked,) = line.ask(f"ask {{}} {number} {what.hex()}", "is", BEGIN_S, 1)
    question = bytes.fromhex(asked)
    if what not in question:
        raise InstallProblem(f"{line.url}: the pump asks the card about something else; nothing was signed")
    line.ask(f"sign {{}} {number} {card.sign(question)[_NUMBER:].hex()}", "ok", CARD_S)


def end(line: Line, keys: NewKeys) -> None:
    """Have the keys replaced; returns once all of it reads back."""
    line.ask(f"end {{}} {len(keys.record)} {hashlib.sha256(keys.record).hexdigest()}", "ok", KEYS_S)

"""A file of evidence: what the pump handed out and vouched for, and the site's counter-signature over it.

    ["kvo evidence file 1", the pump's bytes, unix time of the taking, how it was taken, exporter's public key, r and s]

in deterministic CBOR (RFC 8949, 4.2.1). The signature (ECDSA, P-256, SHA-256) is over `["kvo counter-signature 1",
SHA-256 of the pump's bytes, time, how, key]`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from firmware.trust.cbor import Refused, decode, encode
from simulator.devices.cards import SignCard

NAME = "kvo evidence file 1"
SIGNED = "kvo counter-signature 1"
LOCAL = "local port"
_DEPTH = 3
_NUMBER = 4  # bytes of a card's answer before its signature
_PARTS = 6


@dataclass(frozen=True, slots=True)
class Container:
    """A file of evidence, taken apart; nothing of it is verified yet."""

    evidence: bytes
    taken_s: int
    how: str
    exporter: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the exporter's signature is over."""
        return encode([SIGNED, hashlib.sha256(self.evidence).digest(), self.taken_s, self.how, self.exporter])

    def encode(self) -> bytes:
        """The file's bytes."""
        return encode([NAME, self.evidence, self.taken_s, self.how, self.exporter, self.signature])


def counter_signed(evidence: bytes, taken_s: int, how: str, exporter: SignCard) -> Container:
    """The pump's `evidence`, counter-signed at unix time `taken_s`."""
    bare = Container(evidence, taken_s, how, exporter.public, b"")
    return Container(evidence, taken_s, how, exporter.public, exporter.sign(bare.signed)[_NUMBER:])


def read_container(data: bytes) -> Container | None:
    """Take a file apart; None where it is none, is cut, or goes on behind its end."""
    try:
        value: Any = decode(data, _DEPTH)
    except Refused:
        return None
    kinds = (str, bytes, int, str, bytes, bytes)
    if not isinstance(value, list) or len(value) != _PARTS or value[0] != NAME:
        return None
    if any(type(one) is not kind for one, kind in zip(value, kinds, strict=True)):
        return None
    return Container(*value[1:])

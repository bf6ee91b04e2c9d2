"""Reads the keys and certificates in a file, and says what is weak in each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from firmware.trust.cbor import Refused, decode
from tools.provision.finding import Finding

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL)
_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----.+?-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*",
                      re.DOTALL)  # fmt: skip
_RSA_BITS = 2048
_CURVE_BITS = 256
_WEAK_HASHES = ("md5", "sha1")
_PIN_ITERATIONS = 1000


@dataclass(frozen=True)
class Secret:
    """A secret that must be in one place alone: `mark` is a digest of it, `raw` its bytes where they can be sought."""

    path: Path
    mark: str
    what: str
    raw: bytes = b""


def certificates(data: bytes) -> Iterator[tuple[int, Any]]:
    """Line and certificate of each in `data`, PEM or DER."""
    for match in _CERTIFICATE.finditer(data):
        try:
            yield data.count(b"\n", 0, match.start()) + 1, x509.load_pem_x509_certificate(match[0])
        except ValueError:
            continue
    if data[:2] == b"\x30\x82":
        try:
            yield 0, x509.load_der_x509_certificate(data)
        except ValueError:
            return


def private_keys(data: bytes) -> Iterator[tuple[int, Any]]:
    """Line and private key of each in `data` that no password keeps, PEM or DER."""
    for match in _PRIVATE.finditer(data):
        try:
            yield data.count(b"\n", 0, match.start()) + 1, load_pem_private_key(match[0], None)
        except (ValueError, TypeError):
            continue
    if data[:1] == b"\x30" and len(data) < 8192:
        try:
            yield 0, load_der_private_key(data, None)
        except (ValueError, TypeError):
            return


def judge_certificate(path: Path, line: int, one: Any, now: datetime | None = None) -> Iterator[Finding]:
    """Expired, not yet valid, signed or keyed too weakly."""
    now = now or datetime.now(UTC)
    name = one.subject.rfc4514_string()
    if one.not_valid_after_utc < now:
        yield Finding(path, line, "expired", f"{name} ran out on {one.not_valid_after_utc:%Y-%m-%d}")
    if one.not_valid_before_utc > now:
        yield Finding(path, line, "not-yet-valid", f"{name} begins on {one.not_valid_before_utc:%Y-%m-%d}")
    algorithm = one.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        yield Finding(path, line, "weak-signature", f"{name} is signed with {algorithm.name}")
    yield from judge_key(path, line, one.public_key(), name)


def judge_key(path: Path, line: int, public: Any, name: str) -> Iterator[Finding]:
    """A key that is too short, or of a kind that is out of use."""
    why = ""
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _RSA_BITS:
        why = f"RSA of {public.key_size} bits"
    elif isinstance(public, ec.EllipticCurvePublicKey) and public.curve.key_size < _CURVE_BITS:
        why = f"a curve of {public.curve.key_size} bits"
    elif isinstance(public, dsa.DSAPublicKey):
        why = "DSA"
    elif not isinstance(
        public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    ):
        why = "a kind that is not known here"
    if why:
        yield Finding(path, line, "weak-key", f"{name}: {why}")


def mark_of(public: Any) -> str:
    """A digest that names a key pair."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def record(data: bytes) -> dict[int, Any] | None:
    """The credential record in `data`, or None where it is none."""
    try:
        value = decode(data)
    except Refused:
        return None
    right = isinstance(value, dict) and isinstance(value.get(3), bytes) and isinstance(value.get(6), list)
    right = right and not isinstance(value.get(4), bytes)  # a root record, which is public
    return value if right else None


def judge_record(path: Path, value: dict[int, Any]) -> Iterator[Finding]:
    """A record whose key is no random one, whose PINs are guessed too fast, or where one card is two people's."""
    key = value[3]
    if len(key) < 32 or len(set(key)) < 16:
        yield Finding(path, 0, "weak-key", f"the pump's key has {len(key)} bytes, {len(set(key))} of them different")
    rows = _people(value)
    if len({bytes(row[2]) for row in rows}) < len(rows):
        yield Finding(path, 0, "same-key-twice", "two people's PINs have one salt")
    cards = [bytes(row[5]) for row in rows if len(row) > 5 and row[5]]
    if len(set(cards)) < len(cards):
        yield Finding(path, 0, "same-key-twice", "two people have one card")
    for row in rows:
        if isinstance(row[4], int) and row[4] < _PIN_ITERATIONS:
            yield Finding(path, 0, "weak-key", f"person {row[0]}'s PIN is stretched {row[4]} times only")


def _people(value: dict[int, Any]) -> list[list[Any]]:
    """Rows of those who log in, with a card or from before there were any."""
    return [row for row in value[6] if isinstance(row, list) and len(row) in (5, 6)]


def secrets_of(path: Path, value: dict[int, Any]) -> Iterator[Secret]:
    """The secrets in a record that no other pump may have: its key, and the salts of its people."""
    yield Secret(path, hashlib.sha256(value[3]).hexdigest(), "a pump's key", value[3])
    for row in _people(value):
        if isinstance(row[2], bytes):
            yield Secret(path, hashlib.sha256(row[2]).hexdigest(), f"the salt of person {row[0]}'s PIN")

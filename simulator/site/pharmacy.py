"""A simulated site's pharmacy: its root record, two pharmacists' signing keys, and the drug libraries that they sign.

Keys follow fixed seeds, so that a run can be repeated, and one signs the same bytes once. Never for a pump.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

import pyhsslms

from firmware.therapy import layout
from firmware.update import libraries, parcel
from firmware.update.roots import Roots, key_id
from simulator.site.envelope import Component, Prover, make_envelope, make_manifest, sign1

VENDOR = sha256(b"simulated vendor").digest()[:16]
CLASS = sha256(b"simulated class").digest()[:16]
OTHER_CLASS = sha256(b"another class").digest()[:16]
PHARMACISTS = {21: "first pharmacist", 22: "second pharmacist"}  # by the number of the person
STRANGER = "adversary"
_PAYLOAD = "#library"
_HEADER = layout.struct_format(layout.LIBRARY_HEADER)
_ENTRY = layout.struct_format(layout.LIBRARY_ENTRY)
_FIELDS = [name for name, _ in layout.LIBRARY_ENTRY]
# What bounds a dose from above, in the library.
_UPPER = (
    "upper_soft", "upper_hard", "vtbi_upper_soft_ul", "vtbi_upper_hard_ul", "bolus_upper_soft_ul",
    "bolus_upper_hard_ul", "window_hard_ul",
)  # fmt: skip
LOOSE = 1000
_MOST = 10**9


@lru_cache
def _key(name: str) -> Any:
    seed = sha256(f"simulated key of the {name}".encode()).digest()
    return pyhsslms.LmsPrivateKey(
        pyhsslms.lms_sha256_m24_h5, pyhsslms.lmots_sha256_n24_w4, SEED=seed[:24], I=seed[8:24]
    )


@lru_cache
def public_of(name: str) -> bytes:
    """The HSS public key (RFC 8554, section 6, one level) of an office."""
    made: bytes = (1).to_bytes(4, "big") + _key(name).publicKey().serialize()
    return made


@lru_cache(maxsize=256)
def _sign(name: str, data: bytes) -> bytes:
    made: bytes = bytes(4) + _key(name).sign(data)
    return made


def prover(name: str, named: str = "") -> Prover:
    """Signs by the key of `name`, under the id of the key of `named` where that is another."""
    return sign1(lambda data: _sign(name, data), key_id=key_id(public_of(named or name)))


def both() -> list[Prover]:
    """The two pharmacists' signatures."""
    return [prover(name) for name in PHARMACISTS.values()]


def roots() -> Roots:
    """The root record of the site's pumps."""
    made: Any = Roots()
    made.sequence = 1
    made.vendor_id, made.class_id = VENDOR, CLASS
    made.root_key = public_of("root")
    made.makers = [public_of("maker")]
    made.pharmacists = [(number, public_of(name)) for number, name in PHARMACISTS.items()]
    return made


def numbered(library: bytes, number: int, loose: int = 1) -> bytes:
    """A compiled library under another number, with each upper limit so many times as high."""
    head = struct.calcsize(_HEADER)
    size = struct.calcsize(_ENTRY)
    body = b""
    for place in range(head, len(library), size):
        row = dict(zip(_FIELDS, struct.unpack(_ENTRY, library[place : place + size]), strict=True))
        for field in _UPPER:
            row[field] = min(_MOST, row[field] * loose)
        body += struct.pack(_ENTRY, *row.values())
    values = list(struct.unpack(_HEADER, library[:head]))
    values[4], values[5] = number, zlib.crc32(body)
    return struct.pack(_HEADER, *values) + body


def signed(library: bytes, number: int, provers: Sequence[Prover], class_id: bytes = CLASS) -> bytes:
    """The parcel of a library as it is carried to a pump."""
    part = Component((libraries.COMPONENT,), library, _PAYLOAD)
    manifest, _ = make_manifest(number, [part], VENDOR, class_id, start=False)
    envelope = make_envelope(manifest, provers, None, {_PAYLOAD: library})
    head = parcel.MAGIC + number.to_bytes(4, "big")
    return head + bytes((parcel.ENVELOPE,)) + len(envelope).to_bytes(4, "big") + envelope

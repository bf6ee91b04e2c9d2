"""What a fuzzer begins with: the published vectors, messages of ours, and inputs that are wrong in a known way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firmware.trust.cose import make_mac0
from firmware.trust.mac import MacKey

VECTORS = Path(__file__).resolve().parents[1] / "claims" / "vectors.json"
KEY = bytes(range(32))

# Messages of ours under KEY, with the external data of each.
MADE = (
    (make_mac0(b"", MacKey(KEY)), b""),
    (make_mac0(b"status", MacKey(KEY), {4: b"pump 1"}, context=b"ward"), b"ward"),
    (make_mac0(bytes(range(60)), MacKey(KEY), {4: b"nurse", -70001: [1, {"note": True}]}), b""),
)

HOSTILE = (
    b"\x81" * 1_500 + b"\x00",  # deep
    b"\xc1" * 1_500 + b"\x00",
    b"\xa1\x81" * 700 + b"\x00",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # long, so it says
    b"\x9a\x00\x0f\xff\xff" + b"\x00" * 300,
    b"\x5a\x00\x0f\xff\xff" + b"\x00" * 300,
    b"\xb9\x01\x00" + b"\x00" * 300,
    b"\x98\xff" + b"\xf6" * 255,  # as many as may be
    b"\x9a\x00\x40\x00\x00\x00",
)


def seeds(target: str) -> Iterator[bytes]:
    """Inputs for a target."""
    vectors: dict[str, list[dict[str, Any]]] = json.loads(VECTORS.read_text(encoding="utf-8"))
    if target == "cbor":
        for group in ("cbor", "cbor_refused", "cbor_rules"):
            yield from (bytes.fromhex(case["hex"]) for case in vectors[group])
        yield from HOSTILE
    elif target == "cose":
        for group in ("mac0", "sign1"):
            yield from (b"\x80" + bytes.fromhex(case["cbor"]) for case in vectors[group])
        yield from (b"\x80" + hostile for hostile in HOSTILE)
        for number, (message, _) in enumerate(MADE):
            yield b"\x80" + message
            yield bytes([number]) + b"\x03\x20\x01"
            yield from (bytes([0x40 | number, part]) + b"\x03\x05\x01\x02\x09\x01" for part in range(4))
    else:
        yield b"\x00"
        yield b"\x80" + bytes(31)
        yield b"\x00\x03\x05\x01"

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
    elif target == "messages":
        yield from _conversations()
    elif target == "mqtt":
        yield from _connections()
    else:
        yield b"\x00"
        yield b"\x80" + bytes(31)
        yield b"\x00\x03\x05\x01"


def _conversations() -> Iterator[bytes]:
    """Acts of tools/fuzz/messages.py by number: sent as made, changed, sealed anew, asked, approved, …"""
    for how in (0, 1, 2, 3, 4, 12, 20, 36):
        yield bytes((how,))
        yield from (bytes((how, 0, number)) for number in range(14))
        yield from (bytes((how, 4, number % 13, number, 0, number)) for number in range(16))
    for number in range(14):
        yield bytes((4, 0, number, 10, 0, number, 9, 200, 0, number))  # again, and again when it is late
        yield bytes((4, 1, number, 1, 0, 60, 1, 1, number, 0))
        yield from (bytes((4, 2, number, part, 1, 0, 3, 1)) for part in range(4))
        yield bytes((4, 3, number, number, 1, 0, 2, 7))
    # Each kind by each sender, with arguments that are its own: their place among those of `messages`.
    for kind, arguments in enumerate((18, 16, 0, 0, 9, 1, 0, 3, 2, 2, 0, 0, 32, 34, 36), 1):
        yield from (bytes((4 * (kind > 1), 4, who, kind, 0, arguments)) for who in range(13))
    yield bytes((0, *(one for kind, which in ((14, 34), (15, 36), (15, 37)) for one in (4, 3, kind, 0, which)), 9, 20))
    yield bytes((4, 0, 1, 5, 1))  # approved by who asked
    yield bytes((4, 0, 1, 4, 2, 5, 0, 9))  # something else approved
    yield bytes((4, 4, 1, 11, 20, 0, 4, 1, 11, 8, 0, 4, 1, 11, 8, 0))  # a counter far ahead, one late, and again
    yield from (bytes((4, 7, length, 4)) + b"\xd1\x84\x40\xa0" for length in range(6))
    yield from (bytes((4, 2, 0, 0, 1, 0, 5, byte)) for byte in (0x81, 0x84, 0xA0, 0xFF))  # a key id that is none
    yield bytes((4, 0, 1, 5, 2, 0, 1, 5, 1))  # past a soft limit, and approved by another
    yield bytes((132, *(one for number in range(13, 17) for one in (4, number, 11, 0, 0))))  # in a crowd
    yield from (bytes((4, 4, who, 11, which, 0, 4, who, 11, 0, 0)) for who in range(13) for which in range(0, 256, 5))
    yield bytes((4, 6, 3)) + b"\xd1\x84\x40"
    for data in (bytes(4), b"\xff\xff\x00\x00", b"\x00\x05\xd1\x84"):
        yield bytes((4, 8, 4)) + data + bytes((1, 0, 8))


def _connections() -> Iterator[bytes]:
    """Acts of tools/fuzz/client.py by number, from each state."""
    for state in range(6):
        yield bytes((state,))
        yield bytes((state, 12, 128, 2, 0, 0, 7, 1, 3, 0, 7, 1, 6, 48, 3, 7, 7))  # dialled, welcomed, granted, asked
        yield from (bytes((state, 6, how, size, 7, 7, 4, 7, 1)) for how in range(64) for size in (1, 8))
        yield from (bytes((state, 6, 48, size, 7, 7)) for size in (5, 6, 7, 9, 10, 11))  # at the bounds, and past them
        yield from (bytes((state, 1, kind << 4, 3, 0, 1, 2, 7, 3)) for kind in range(16))
        yield bytes((state, 10, 1, 7, 3, 5, 0, 7, 3, 10, 1, 7, 3, 5, 1, 7, 1))  # facts, the second never acknowledged
        yield bytes((state, 11, 0, 6, 48, 6, 7, 5, 9, 7, 2, 11, 1, 7, 5))  # nobody listens, and the far end goes
        yield bytes((state, 8, 20, 4, 7, 1, 8, 20, 7, 1))
        yield bytes((state, 2, 0, 0, 6, 48, 1, 7, 7))  # welcomed once more
        yield bytes((state, 12, 20, 0, 9)) + b"\x30\x80\x80\x80\x80\x01\x00\x00\x00" + bytes((7, 7))

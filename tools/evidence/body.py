"""What a pump hands out as evidence (firmware/trust/evidence.py), taken apart. Nothing is verified here."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firmware.therapy.journal import MAGIC, frame_size
from firmware.therapy.keeper import FRAME_RECORD
from firmware.therapy.records import REC_AREA, RECORD_SIZE
from firmware.trust.audit_frame import HEAD, is_whole, length_of
from firmware.trust.audit_frame import frame_size as record_size
from firmware.trust.cbor import Refused, decode, encode
from firmware.trust.evidence import NAME
from hal.compat import crc32

_DEPTH = 5
_ITEMS = 1_024
_PARTS = 9
_FRAME_HEAD = 4
_TAIL = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the pump's record said; never a key. found: 0 blank, 1 whole, 2 broken."""

    found: int
    sequence: int = 0
    pump_id: str = ""
    epoch: int = 0
    revoked: tuple[int, ...] = ()
    people: tuple[tuple[int, int, bool], ...] = ()
    site: str = ""
    known_s: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """The pump's evidence. `head`, `end`: (records, link) before the audit was read, and when the MAC was made.

    key_of: the record that the MAC's key is for, -1: the pump had none. digests: area, its size and SHA-256.
    """

    nonce: bytes
    about: dict[int, Any]
    credentials: Credentials
    journal: list[tuple[int, bytes]]
    digests: list[tuple[int, int, bytes]]
    head: tuple[int, bytes]
    audit: list[bytes]
    end: tuple[int, bytes]
    key_of: int
    mac: bytes
    covered: bytes  # SHA-256 of what the MAC is over

    @property
    def pump_id(self) -> str:
        """Whose it says it is: as fixed at provisioning, else of its record; hex, '' where it knew neither."""
        return bytes(self.about[11]).hex() or self.credentials.pump_id

    def events(self) -> Iterator[bytes]:
        """The event log: the records of the journal's frames, the older area first."""
        areas = sorted(self.journal, key=lambda one: _number(one[1]))
        for _, data in areas:
            for kind, payload in frames(data):
                if kind == FRAME_RECORD and len(payload) == RECORD_SIZE:
                    yield payload


def read_body(data: bytes) -> Body | None:
    """Take a pump's evidence apart; None for what is none of ours."""
    try:
        value: Any = decode(data, _DEPTH, _ITEMS)
        if not isinstance(value, list) or len(value) != _PARTS or value[0] != NAME:
            return None
        _, nonce, about, journal, digests, head, audit, end, mac = value
        of = about[1]
        credentials = Credentials(of[0]) if len(of) == 1 else Credentials(
            of[0], of[1], of[2].hex(), of[3], tuple(of[4]), tuple((a, b, bool(c)) for a, b, c in of[5]), of[6], of[7]
        )  # fmt: skip
        log = [frame for _, area in _in_order(audit) for frame in audit_frames(area)]
        covered = hashlib.sha256(data[: len(data) - len(encode(mac))]).digest()
        made = Body(
            bytes(nonce), dict(about), credentials, [(area, bytes(held)) for area, held in journal],
            [(area, size, bytes(digest)) for area, size, digest in digests], (head[0], bytes(head[1])), log,
            (end[0], bytes(end[1])), end[2], bytes(mac), covered,
        )  # fmt: skip
        return made if made.pump_id is not None else None
    except (Refused, TypeError, ValueError, KeyError, IndexError, AttributeError):
        return None


def _in_order(areas: list[Any]) -> list[Any]:
    """The audit's areas, that with the lower first record before the other."""

    def first(one: Any) -> int:
        for frame in audit_frames(one[1]):
            return int(struct.unpack_from("<I", frame, 4)[0])
        return 1 << 32

    return sorted(areas, key=first)


def audit_frames(memory: bytes) -> Iterator[bytes]:
    """The whole records that stand in an area of the audit, in the order in which they stand."""
    offset = 0
    while offset + HEAD <= len(memory):
        length = length_of(memory[offset : offset + HEAD])
        end = offset + (record_size(length) if length >= 0 else 0)
        held = memory[offset:end].ljust(end - offset, b"\xff")  # what was blank at the end was not handed out
        if length < 0 or not is_whole(held, length):
            offset += 4
            continue
        yield held
        offset = end


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of the whole frames in an area of the journal."""
    offset = 0
    while offset + _FRAME_HEAD + _TAIL <= len(data):
        magic, kind, length = struct.unpack_from("<BBH", data, offset)
        end = offset + _FRAME_HEAD + length
        whole = magic == MAGIC and end + _TAIL <= len(data)
        if not whole or struct.unpack_from("<I", data, end)[0] != crc32(data[offset:end]):
            offset += 4
            continue
        yield kind, data[offset + _FRAME_HEAD : end]
        offset += frame_size(length)


def _number(data: bytes) -> int:
    for kind, payload in frames(data):
        return int.from_bytes(payload, "little") if kind == REC_AREA else 0
    return 0

"""Verifies a pump's audit log on the host, from the first key or any published head, and names what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from firmware.trust import audit as kinds
from firmware.trust.audit_area import Areas, records_at
from firmware.trust.audit_frame import (
    HEAD,
    MAX_DATA,
    data_of,
    digest_of,
    frame_size,
    is_authentic,
    is_whole,
    length_of,
    link_of,
    next_key,
    sequence_of,
)
from firmware.trust.credentials import Record as CredentialRecord
from hal import ports

NAMES = {
    kinds.AUDIT_BOOT: "boot",
    kinds.AUDIT_LOST: "records lost",
    kinds.AUDIT_TRUST: "trust state changed",
    kinds.AUDIT_REQUEST: "request prepared",
    kinds.AUDIT_REFUSED: "request refused",
    kinds.AUDIT_CONFIRMED: "confirmed at the bedside",
    kinds.AUDIT_LOGIN: "login",
    kinds.AUDIT_LOGIN_REFUSED: "login refused",
    kinds.AUDIT_GLASS: "glass broken",
    kinds.AUDIT_PROGRAMME: "programme",
    kinds.AUDIT_KEYS: "keys replaced or wiped",
    kinds.AUDIT_EPOCH: "operators revoked",
    kinds.AUDIT_LIBRARY: "drug library",
    kinds.AUDIT_UPDATE: "update",
    kinds.AUDIT_EXPORT: "evidence handed out",
    kinds.AUDIT_BROKEN: "chain found broken",
    kinds.AUDIT_RECOVERY: "recovery",
}

# What may be wrong.
ALTERED = "altered"  # stands in its place, and is not what was written
DROPPED = "dropped"  # missing, with later ones there
CUT = "cut"  # missing at the end: the head says that there are more
REORDERED = "reordered"  # authentic, behind a later one
REPEATED = "repeated"  # the same once more
FORGED = "forged"  # not authentic, and no place for it; or authentic, and not what the chain or its head has there
SPOILT = "spoilt"  # no record

_PACKED = 76  # bytes of a record besides its data and what fills it up to a multiple of four
# Records that may be missing in one gap. A forged number must not make the verifier hash for ever.
AHEAD = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a record's sequence number; `place` counts from 0 in the log, -1 where it is not there."""

    what: str
    sequence: int
    place: int

    def __str__(self) -> str:
        where = f", place {self.place} in the log" if self.place >= 0 else ""
        return f"record {self.sequence} {self.what}{where}"


@dataclass(frozen=True, slots=True)
class Record:
    """An authentic record."""

    sequence: int
    kind: int
    data: bytes

    @property
    def name(self) -> str:
        """Its kind in words."""
        return NAMES.get(self.kind, f"kind {self.kind}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is authentic, in order, and what is wrong."""

    records: list[Record]
    findings: list[Finding]


class _Keys:
    """The key for each sequence number, made from the first."""

    def __init__(self, first: int, key: bytes) -> None:
        self._first = first
        self._keys = [key]

    def of(self, sequence: int) -> bytes | None:
        """The key for a record; None before the first."""
        if sequence < self._first:
            return None
        while len(self._keys) <= sequence - self._first:
            self._keys.append(next_key(self._keys[-1]))
        return self._keys[sequence - self._first]


def verify(
    log: Sequence[bytes],
    key: bytes,
    first: int = 0,
    start: int | None = None,
    heads: Iterable[tuple[int, bytes]] = (),
) -> Verdict:
    """Hold a log (records as they were stored, oldest first) against the key for record `first`.

    `start` is the number of the record that the log should begin with (None: wherever it begins; a pump keeps
    the last ones). `heads`: pairs (number of records, digest) that the pump published.
    """
    keys = _Keys(first, key)
    records: dict[int, Record] = {}
    digests: dict[int, bytes] = {}
    findings: list[Finding] = []
    missing: set[int] = set()
    expected = start
    link: bytes | None = bytes(32) if start == 0 else None
    for place, frame in enumerate(log):
        length = _length(frame)
        if length < 0:
            findings.append(Finding(SPOILT, -1, place))
            continue
        sequence = sequence_of(frame)
        ahead = sequence - (first if expected is None else expected)
        of = keys.of(sequence) if ahead <= AHEAD else None
        authentic = of is not None and is_authentic(frame, length, of)
        if sequence in records:
            same = authentic and digests[sequence] == digest_of(frame, length)
            findings.append(Finding(REPEATED if same else FORGED, sequence, place))
            continue
        if not authentic:
            in_place = sequence == expected or (expected is None and place == 0)
            findings.append(Finding(ALTERED if in_place else FORGED, sequence, place))
            if in_place:
                expected, link = sequence + 1, None
            continue
        records[sequence] = Record(sequence, frame[1], data_of(frame, length))
        digests[sequence] = digest_of(frame, length)
        if expected is not None and sequence < expected:
            missing.discard(sequence)
            findings.append(Finding(REORDERED, sequence, place))
            continue
        if expected is not None and sequence > expected:
            missing.update(range(expected, sequence))
            link = None
        if link is not None and link != link_of(frame):
            findings.append(Finding(FORGED, sequence - 1, place - 1))
        expected, link = sequence + 1, digests[sequence]
    findings += [Finding(DROPPED, sequence, -1) for sequence in sorted(missing)]
    findings += _against(heads, expected or 0, digests)
    return Verdict([records[sequence] for sequence in sorted(records)], findings)


def _against(heads: Iterable[tuple[int, bytes]], expected: int, digests: dict[int, bytes]) -> Iterator[Finding]:
    for number, digest in heads:
        if number > expected:
            yield Finding(CUT, expected, -1)
        elif number and digests.get(number - 1, digest) != digest:
            yield Finding(FORGED, number - 1, -1)


def _length(frame: bytes) -> int:
    """Bytes of data of a whole record and nothing else, -1 for anything else."""
    if len(frame) < HEAD or len(frame) > frame_size(MAX_DATA):
        return -1
    length = length_of(frame)
    if length < 0 or len(frame) != frame_size(length) or not is_whole(frame, length):
        return -1
    return length if set(frame[_PACKED + length :]) <= {0xFF} else -1


def first_key(record: CredentialRecord) -> bytes:
    """The key of record 0 of a pump's log, as the pump itself makes it when it boots with an empty one."""
    return record.key(b"kvo audit")


def split(records: bytes) -> list[bytes]:
    """The records in an AUDIT fact, one behind the other, as `verify` takes them; what is none stays in one piece."""
    log: list[bytes] = []
    while records:
        length = length_of(records[:HEAD]) if len(records) >= HEAD else -1
        size = frame_size(length) if length >= 0 else len(records)
        log.append(records[:size])
        records = records[size:]
    return log


def read_log(store: Any) -> list[bytes]:
    """The whole records that a pump's store (hal.ports.Store) holds, oldest first, as `verify` takes them."""
    areas = Areas(store)
    numbered = []
    for area in (ports.AREA_AUDIT_A, ports.AREA_AUDIT_B):
        heading = areas.heading(area)
        if heading is not None:
            numbered.append((heading[0], area))
    log: list[bytes] = []
    for _, area in sorted(numbered):
        log += frames_in(store, area)
    return log


def frames_in(store: Any, area: int) -> Iterator[bytes]:
    """The whole records of an area, in the order in which they stand."""
    size = store.size(area)
    memory = bytearray(size)
    if store.read(area, 0, memory):
        return
    offset = records_at(size)
    while offset + HEAD <= size:
        length = length_of(memory[offset : offset + HEAD])
        end = offset + (frame_size(length) if length >= 0 else 0)
        if length < 0 or end > size or not is_whole(memory[offset:end], length):
            offset += 4
            continue
        yield bytes(memory[offset:end])
        offset = end

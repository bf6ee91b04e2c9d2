"""The trace: what a run's pump did, as canonical bytes of integers, hashed.

Two streams. `therapy` holds the drive, the delivery state, therapy's alarms and volumes;
`trust` holds the trust state and its alarms. A record is written when something changed (of
the drive: rate, direction, gate or relay; a volume never counts as a change) and once each
full second. Layout: docs/lockstep.md. The same programme and seed give the same hashes in
every home.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from hal import ports

VERSION = 1
SECOND_MS = 1000
# magic, version, stream
_HEADER = struct.Struct("<4sHH")
_MAGIC = b"KVOT"
_THERAPY_STREAM = 1
_TRUST_STREAM = 2
# The time is unbounded since power-on; all else fits a signed word.
_THERAPY = struct.Struct("<q11i")
_TRUST = struct.Struct("<q2i")


class TherapyRecord(NamedTuple):
    """One record of the stream `therapy`, in its order."""

    t_ms: int
    rate_mhz: int  # of the step generator, unsigned
    direction: int  # -1, 0, 1
    enable: int
    relay: int
    delivery: int
    therapy_alarms: int
    commanded_ul: int
    commanded_rest: int  # 1/3600 nL
    delivered_ul: int
    segment: int
    bolus: int


class TrustRecord(NamedTuple):
    """One record of the stream `trust`, in its order."""

    t_ms: int
    trust: int
    trust_alarms: int


class Trace:
    """Hashes what `observe` is shown. With `keep` the bytes stay for inspection."""

    __slots__ = ("_due_ms", "_last", "_last_trust", "_therapy", "_trust", "records", "therapy", "trust")

    def __init__(self, keep: bool = False) -> None:
        self.therapy: bytearray | None = bytearray() if keep else None
        self.trust: bytearray | None = bytearray() if keep else None
        self._therapy = hashlib.sha256()
        self._trust = hashlib.sha256()
        self._put(_HEADER.pack(_MAGIC, VERSION, _THERAPY_STREAM), _HEADER.pack(_MAGIC, VERSION, _TRUST_STREAM))
        self._last: tuple[int, ...] = ()
        self._last_trust: tuple[int, ...] = ()
        self._due_ms = 0  # the next full second
        self.records = 0

    def observe(self, ms: int, drive: ports.Drive, status: ports.Status) -> None:
        """Look at the pump after a turn that ended `ms` after power-on; write what is due."""
        seen = (
            drive.step_rate_mhz, drive.enable, drive.relay, status.delivery, status.therapy_alarms,
            status.segment, status.bolus, status.trust, status.trust_alarms,
        )  # fmt: skip
        if seen == self._last and ms < self._due_ms:
            return
        full_second = ms >= self._due_ms
        if full_second:
            self._due_ms = (ms // SECOND_MS + 1) * SECOND_MS
        therapy = trust = b""
        if full_second or seen[:7] != self._last[:7]:
            rate = seen[0]
            therapy = _THERAPY.pack(
                ms, abs(rate), (rate > 0) - (rate < 0), *seen[1:5],
                status.commanded_ul, status.commanded_rest, status.delivered_ul, *seen[5:7],
            )  # fmt: skip
        if full_second or seen[7:] != self._last[7:]:
            trust = _TRUST.pack(ms, *seen[7:])
        self._last = seen
        self.records += 1
        self._put(therapy, trust)

    def _put(self, therapy: bytes, trust: bytes) -> None:
        self._therapy.update(therapy)
        self._trust.update(trust)
        if self.therapy is not None and self.trust is not None:
            self.therapy += therapy
            self.trust += trust

    def digest(self) -> dict[str, str]:
        """SHA-256 of each stream so far, in hexadecimal."""
        return {"therapy": self._therapy.hexdigest(), "trust": self._trust.hexdigest()}

    @property
    def sha256(self) -> str:
        """One hash for both: SHA-256 of the two streams' digests."""
        return hashlib.sha256(self._therapy.digest() + self._trust.digest()).hexdigest()


def decode_therapy(data: bytes | bytearray) -> list[TherapyRecord]:
    """Records of a kept stream `therapy`; ValueError for bytes that are none."""
    return [TherapyRecord(*values) for values in _THERAPY.iter_unpack(_body(data, _THERAPY_STREAM, _THERAPY.size))]


def decode_trust(data: bytes | bytearray) -> list[TrustRecord]:
    """Records of a kept stream `trust`; ValueError for bytes that are none."""
    return [TrustRecord(*values) for values in _TRUST.iter_unpack(_body(data, _TRUST_STREAM, _TRUST.size))]


def _body(data: bytes | bytearray, stream: int, size: int) -> bytes:
    if bytes(data[: _HEADER.size]) != _HEADER.pack(_MAGIC, VERSION, stream):
        raise ValueError("not such a trace stream, or of another version")
    body = bytes(data[_HEADER.size :])
    if len(body) % size:
        raise ValueError("the trace stream ends within a record")
    return body

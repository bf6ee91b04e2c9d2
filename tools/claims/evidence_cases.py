"""What is done to evidence, by whom, and from which record on it must show. Written by hand from docs/evidence.md.

Each alteration is tried by everybody whom it is possible for: somebody with the file (an outsider); somebody at the
exporter, who counter-signs anew; a thief of the pump besides, who holds the audit's key that was in force afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from firmware.trust.audit_frame import MOST, digest_of, evidence_key, link_of, next_key, put
from firmware.trust.cbor import decode, encode
from firmware.trust.mac import hmac_sha256
from simulator.audit import sequence_of
from simulator.devices.cards import card_of
from tools.claims.evidence_scene import AUDIT_KEY, TAKEN_S, exporter, mended
from tools.evidence.body import audit_frames
from tools.evidence.container import LOCAL, Container, counter_signed

OUTSIDER, EXPORTER, THIEF = "an outsider", "somebody at the exporter", "a thief of pump and exporter"
_ABOUT, _JOURNAL, _DIGESTS, _HEAD, _AUDIT, _END, _MAC = 2, 3, 4, 5, 6, 7, 8
_AHEAD = 3  # records that the pump made until it was stolen


@dataclass(frozen=True, slots=True)
class Case:
    """`data`: the file. sequence: the record that a finding must name, -1 where no record was touched."""

    what: str
    who: str
    sequence: int
    data: bytes


class Parts:
    """The pump's evidence as a list that can be written in, and put together again."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.value: list[Any] = decode(container.evidence, 5, 1_024)
        self.log = [frame for _, area in self.value[_AUDIT] for frame in audit_frames(area)]
        sizes = [len(area) for _, area in self.value[_AUDIT]]
        self.used = sizes.index(max(sizes))

    def set_log(self, log: list[bytes]) -> None:
        """Put other records into the audit's area, and a head that fits them."""
        self.value[_AUDIT][self.used][1] = b"".join(log)
        if log and log[-1]:
            head = [sequence_of(log[-1]) + 1, digest_of(log[-1], int.from_bytes(log[-1][2:4], "little"))]
            self.value[_HEAD] = head
            self.value[_END] = [*head, head[0]]

    def encode(self) -> bytes:
        """The evidence with the MAC that it had."""
        return encode(self.value)

    def vouched(self, key_of: int) -> bytes:
        """The evidence with a MAC that a thief makes, who has the key for record `key_of`."""
        self.value[_END][2] = key_of
        covered = self.encode()[: -len(encode(self.value[_MAC]))]
        key = AUDIT_KEY
        for _ in range(key_of):
            key = next_key(key)
        self.value[_MAC] = hmac_sha256(evidence_key(key), hashlib.sha256(covered).digest())
        return self.encode()


Change = Callable[[Parts], None]


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def log_changes(count: int) -> Iterator[tuple[str, int, Callable[[list[bytes]], list[bytes]]]]:
    """What is done to records: name, the first that is concerned, how."""
    at = count // 2
    yield "a record altered", at, lambda log: [*log[:at], mended(_flip(log[at], 44)), *log[at + 1 :]]
    yield "a record left out", at, lambda log: log[:at] + log[at + 1 :]
    yield "the last records cut", at, lambda log: log[:at]
    yield "two records swapped", at, lambda log: [*log[:at], log[at + 1], log[at], *log[at + 2 :]]
    yield "a record repeated", at, lambda log: [*log[: at + 1], log[at], *log[at + 1 :]]
    yield "the first record altered", 0, lambda log: [mended(_flip(log[0], 44)), *log[1:]]
    yield "the first record left out", 0, lambda log: log[1:]
    yield "everything from a record on rewritten", at, lambda log: rewritten(log, at)


def rewritten(log: list[bytes], at: int) -> list[bytes]:
    """The records from `at` on made anew by whoever holds a later key; they fit in themselves."""
    key = AUDIT_KEY
    for _ in range(len(log) + _AHEAD):
        key = next_key(key)
    made = log[:at]
    link = link_of(log[at])
    for sequence in range(at, len(log)):
        frame = bytearray(MOST)
        size = put(frame, sequence, log[sequence][1], link, b"nothing happened", key)
        made.append(bytes(frame[:size]))
        link = digest_of(frame, len(b"nothing happened"))
    return made


def _journal(parts: Parts) -> None:
    held = parts.value[_JOURNAL][0]
    held[1] = _flip(held[1], len(held[1]) // 2)


def _revoked(parts: Parts) -> None:
    parts.value[_ABOUT][1] = [2]


def _digest(parts: Parts) -> None:
    parts.value[_DIGESTS][0][2] = bytes(32)


def _digests_gone(parts: Parts) -> None:
    parts.value[_DIGESTS] = []


def _rate(parts: Parts) -> None:
    parts.value[_ABOUT][9] = 0


def _head(parts: Parts) -> None:
    parts.value[_HEAD] = [parts.value[_HEAD][0], bytes(32)]


def _no_mac(parts: Parts) -> None:
    parts.value[_END][2] = -1
    parts.value[_MAC] = b""


# What is done to the rest of it. A thief can make these: they are of the moment in which he holds the pump.
OTHER_CHANGES: dict[str, Change] = {
    "the journal altered": _journal, "the credentials' state rewritten": _revoked, "a digest replaced": _digest,
    "the digests left out": _digests_gone, "the rate rewritten": _rate, "the audit's head replaced": _head,
    "the MAC taken out": _no_mac,
}  # fmt: skip


def cases(good: Container) -> Iterator[Case]:
    """Every alteration by everybody."""
    count = len(Parts(good).log)
    for what, sequence, how in log_changes(count):
        for who in (OUTSIDER, EXPORTER, THIEF):
            parts = Parts(good)
            parts.set_log(how(parts.log))
            evidence = parts.vouched(count + _AHEAD) if who == THIEF else parts.encode()
            yield Case(what, who, sequence, _file(good, evidence, who))
    for what, change in OTHER_CHANGES.items():
        for who in (OUTSIDER, EXPORTER):
            parts = Parts(good)
            change(parts)
            yield Case(what, who, -1, _file(good, parts.encode(), who))
    yield from _whole_file(good)


def _file(good: Container, evidence: bytes, who: str) -> bytes:
    if who == OUTSIDER:
        return Container(evidence, good.taken_s, good.how, good.exporter, good.signature).encode()
    return counter_signed(evidence, TAKEN_S, LOCAL, exporter()).encode()


def _whole_file(good: Container) -> Iterator[Case]:
    data = good.encode()
    yield Case("the file cut", OUTSIDER, -1, data[:-1])
    yield Case("the file cut in half", OUTSIDER, -1, data[: len(data) // 2])
    yield Case("bytes behind its end", OUTSIDER, -1, data + b"\0")
    yield Case("nothing left", OUTSIDER, -1, b"")
    yield Case("the signature replaced", OUTSIDER, -1, Container(
        good.evidence, good.taken_s, good.how, good.exporter, bytes(64)).encode())  # fmt: skip
    yield Case("another time of taking", OUTSIDER, -1, Container(
        good.evidence, good.taken_s + 1, good.how, good.exporter, good.signature).encode())  # fmt: skip
    other = counter_signed(good.evidence, TAKEN_S, LOCAL, card_of(9, 0))
    yield Case("another exporter", OUTSIDER, -1, other.encode())
    yield Case("another exporter in the site's name", OUTSIDER, -1, Container(
        good.evidence, good.taken_s, good.how, good.exporter, other.signature).encode())  # fmt: skip

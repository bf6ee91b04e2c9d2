"""One pump's audit, as a gateway collects it: each record verified, the chain held together and against the heads.

No I/O. A page is taken, written down by the caller, and kept; what is wrong is said once.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from firmware.trust.audit_frame import HEAD, digest_of, length_of, next_key, sequence_of
from simulator import audit, audit_records

HEADS = 64  # published heads that no record has been held against yet
DIGESTS = 512  # of records that a late head may be about
_CHAIN = b"kvo audit chain"


@dataclass(frozen=True)
class Page:
    """A page of the audit, judged. frames: authentic records in order; gap: records that went before they were
    collected; wrong: findings that nothing honest brings about; more: the pump has more.
    """

    frames: list[bytes]
    lines: list[dict[str, Any]]
    gap: int
    wrong: list[str]
    more: bool


class AuditChain:
    """`next`: sequence of the next record; `most`: records, as the longest head said; `is_broken`: it did not hold."""

    def __init__(self, key: bytes, before: dict[str, Any] | None = None) -> None:
        """`key`: of record 0, the site's; `before`: the last line that was written down, of a run before."""
        self.name = sha256(_CHAIN + key).hexdigest()[:16]  # of this chain: another first key begins another
        self.next = self.most = 0
        self.is_broken = False
        self._first, self._key = 0, key
        self._last = b""  # the newest record that was kept
        self._heads: dict[int, bytes] = {}
        self._digests: dict[int, bytes] = {}
        self._asked_most = 0  # records that there were when the page was asked for
        self._said: set[str] = set()
        if before and before.get("chain") == self.name:
            self._take_up(before)

    def _take_up(self, before: dict[str, Any]) -> None:
        self.is_broken = bool(before.get("broken"))
        try:
            frame = bytes.fromhex(before["frame"])
        except (KeyError, TypeError, ValueError):
            frame = b""
        if audit.verify([frame], self._key).findings:
            self.is_broken = True  # what was written down is not what was collected
            return
        self._go_on([frame])

    @property
    def is_behind(self) -> bool:
        """Whether the pump has said that there is more than was kept."""
        return self.most > self.next

    def asked(self) -> None:
        """The records from `next` on are asked for now."""
        self._asked_most = self.most

    def hear_head(self, count: int, digest: bytes) -> list[str]:
        """The pump publishes the head of its audit; what is wrong with it."""
        found = []
        if count < self.most:
            found.append(f"the head went back from {self.most} to {count} records: it was cut, or begun anew")
        elif self._known(count, digest) != digest:
            found.append(f"the head of {count} records is not that of the records that were told before")
        else:
            self.most = count
            self._heads[count] = digest
            for old in sorted(self._heads)[:-HEADS]:
                del self._heads[old]
        return self._once(found)

    def _known(self, count: int, digest: bytes) -> bytes:
        """What the digest of `count` records is, as heads or records have told; `digest` where they have not."""
        return self._heads.get(count) or self._digests.get(count - 1) or digest

    def take(self, since: int, records: bytes, on: int) -> Page | None:
        """Judge a page from `since` on, with `on` where to go on (0: the end); None where that is not what is due."""
        if since != self.next:
            return None
        log = audit.split(records)
        expected = self.next or (0 if log and _sequence(log[0]) == 0 else None)
        held = [self._last] if self._last else []
        start = self.next - 1 if held else expected
        judged = self._verify([*held, *log], start)
        frames = {_sequence(frame): frame for frame in log}
        fresh = [record for record in judged.records if record.sequence >= self.next]
        lowest = fresh[0].sequence if fresh else self.next
        gone = [one for one in judged.findings if one.what == audit.DROPPED and one.sequence < lowest]
        wrong = [one for one in judged.findings if one not in gone and one.what != audit.CUT]
        says = self._once([str(one) for one in wrong])
        reached = fresh[-1].sequence + 1 if fresh else self.next
        if not on and reached < self._asked_most:
            says += self._once([f"cut off at record {reached}: its head told of {self._asked_most}"])
        lines = [self._line(record, frames[record.sequence]) for record in fresh]
        gap = lowest - self.next if fresh else 0
        return Page([frames[record.sequence] for record in fresh], lines, gap, says, bool(on))

    def _verify(self, log: list[bytes], start: int | None) -> audit.Verdict:
        return audit.verify(log, self._key, self._first, start, self._heads.items())

    def _line(self, record: audit.Record, frame: bytes) -> dict[str, Any]:
        try:
            says = str(audit_records.decode(record))
        except ValueError as short:
            says = str(short)
        return {
            "sequence": record.sequence, "kind": record.kind, "name": record.name, "says": says, "chain": self.name,
            "broken": self.is_broken, "frame": frame.hex(),
        }  # fmt: skip

    def keep(self, page: Page) -> None:
        """It was written down: go on behind it."""
        self._go_on(page.frames)

    def last_line(self) -> dict[str, Any]:
        """What to write down where something is wrong and no record came with it."""
        return {"sequence": self.next - 1, "says": "the audit does not hold", "chain": self.name, "broken": True,
                "frame": self._last.hex()}  # fmt: skip

    def _go_on(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._digests[sequence_of(frame)] = digest_of(frame, length_of(frame))
        for old in sorted(self._digests)[:-DIGESTS]:
            del self._digests[old]
        if frames:
            self._last = frames[-1]
            self.next = sequence_of(self._last) + 1
            self.most = max(self.most, self.next)
            for _ in range(self.next - 1 - self._first):
                self._key = next_key(self._key)
            self._first = self.next - 1
        self._heads = {count: digest for count, digest in self._heads.items() if count > self.next}

    def _once(self, found: list[str]) -> list[str]:
        fresh = [one for one in found if one not in self._said]
        self._said.update(fresh)
        self.is_broken = self.is_broken or bool(fresh)
        return fresh


def _sequence(frame: bytes) -> int:
    return sequence_of(frame) if len(frame) >= HEAD else -1

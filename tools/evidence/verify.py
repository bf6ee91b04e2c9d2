"""Verifies evidence away from the pump: by the first key of its audit, and by the key of the site's exporter.

Whoever holds neither can change nothing unseen. Whoever took the pump has the audit's key in force: with it he can make
what comes after, and no record, and no evidence, of before. What was published (heads) finds a log that he cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from firmware.trust import audit as kinds
from firmware.trust.audit_frame import evidence_key, next_key
from firmware.trust.mac import equal, hmac_sha256
from firmware.trust.recovery import EXPORTED, LINKED
from simulator import audit
from simulator.audit import Finding, Record
from simulator.audit_records import decode
from tools.evidence.body import Body, read_body
from tools.evidence.container import Container, read_container

# What may be wrong with a file as a whole, beside what simulator.audit finds in its records.
NO_FILE = "no evidence"  # cut, lengthened, or not in the one encoding
NO_SIGNATURE = "not counter-signed by the site's exporter"
NO_MAC = "not vouched for"  # the pump had no key
WRONG_MAC = "not what the pump handed out"  # rewritten, or by another audit's key
OTHER_PUMP = "of another pump"
OTHER_NONCE = "not what was asked for now"  # another taking
BROKEN_LINK = "does not go on where the evidence before it ended"
AHEAD = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. `sequence`: the audit's record from which on nothing is sure, -1: of no record."""

    what: str
    sequence: int = -1
    where: str = ""

    def __str__(self) -> str:
        place = f" (from record {self.sequence} on)" if self.sequence >= 0 else ""
        return f"{self.what}{place}{f': {self.where}' if self.where else ''}"


@dataclass(frozen=True, slots=True)
class Result:
    """What evidence is worth. `sound`: nothing was found. `body` None: nothing could be read."""

    problems: list[Problem]
    body: Body | None = None
    container: Container | None = None
    records: list[Record] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether it is what the pump handed out, whole."""
        return not self.problems

    @property
    def sure_until(self) -> int:
        """The first record that is not sure, or one past the last."""
        named = [one.sequence for one in self.problems if one.sequence >= 0]
        return min(named) if named else (self.body.head[0] if self.body is not None else 0)


@dataclass(frozen=True, slots=True)
class Expected:
    """What evidence is held against. audit_key: the first key of the pump's audit; exporter: a point, 33 bytes.

    pump_id, nonce, before: None where nobody says. start: the record that it should begin with, None: wherever it
    begins, since a pump keeps the last ones. heads: (records, SHA-256) that the pump published. before: SHA-256
    of the evidence that was taken before a recovery, and how many records that audit had.
    """

    audit_key: bytes
    exporter: bytes
    pump_id: str | None = None
    nonce: bytes | None = None
    heads: tuple[tuple[int, bytes], ...] = ()
    before: tuple[bytes, int] | None = None
    start: int | None = None


Verify = Callable[[bytes, Expected], Result]


def verify(data: bytes, expected: Expected) -> Result:
    """Hold a file of evidence against what is expected of it."""
    container = read_container(data)
    body = None if container is None else read_body(container.evidence)
    if container is None or body is None:
        return Result([Problem(NO_FILE, where="cut off, lengthened or rewritten")], None, container)
    problems = [
        *signature_problems(container, expected), *identity_problems(body, expected), *mac_problems(body, expected),
    ]  # fmt: skip
    found = audit.verify(body.audit, expected.audit_key, start=expected.start, heads=heads_of(body, expected))
    problems += [Problem(one.what, one.sequence, _where(one)) for one in found.findings]
    problems += link_problems(found.records, expected)
    return Result(problems, body, container, found.records)


def signature_problems(container: Container, expected: Expected) -> Iterable[Problem]:
    """Whether the site's exporter signed these very bytes."""
    from simulator.site.cards import signed_by

    right = container.exporter == expected.exporter
    if not right or not signed_by(expected.exporter, container.signed, container.signature):
        yield Problem(NO_SIGNATURE)


def identity_problems(body: Body, expected: Expected) -> Iterable[Problem]:
    """Whether it is of this pump, and of this taking."""
    if expected.pump_id is not None and body.pump_id != expected.pump_id:
        yield Problem(OTHER_PUMP, where=body.pump_id or "it knew no name")
    if expected.nonce is not None and body.nonce != expected.nonce:
        yield Problem(OTHER_NONCE)


def mac_problems(body: Body, expected: Expected) -> Iterable[Problem]:
    """Whether the pump vouched for it, by the key that follows from the site's."""
    if body.key_of < 0:
        yield Problem(NO_MAC, where="its audit had no key: blanked, or never begun")
        return
    if body.key_of > AHEAD:
        yield Problem(WRONG_MAC, where=f"record {body.key_of:,}")
        return
    if body.key_of != body.end[0]:  # whoever has a later key knows of later records
        yield Problem(audit.CUT, min(body.end[0], body.key_of))
    key = expected.audit_key
    for _ in range(body.key_of):
        key = next_key(key)
    if not equal(hmac_sha256(evidence_key(key), body.covered), body.mac):
        yield Problem(WRONG_MAC)


def heads_of(body: Body, expected: Expected) -> list[tuple[int, bytes]]:
    """The heads that the records are held against: the pump's when the audit was read, and those published."""
    heads = [body.head] if body.head[0] else []
    if body.end[0] == body.head[0]:
        heads.append(body.end)
    return [*heads, *expected.heads]


def link_problems(records: list[Record], expected: Expected) -> Iterable[Problem]:
    """Whether an audit that was begun anew names the head of the one before."""
    if expected.before is None:
        return
    digest, records_before = expected.before
    steps = [decode(one).values for one in records if one.kind == kinds.AUDIT_RECOVERY]
    named = any(one["what"] == EXPORTED and one["digest"] == digest for one in steps)
    follows = any(one["what"] == LINKED and one["number"] >= records_before for one in steps)
    if not named or not follows:
        yield Problem(BROKEN_LINK, 0)


def _where(one: Finding) -> str:
    return f"place {one.place} in the log" if one.place >= 0 else ""

"""Evidence for `evidence`: an incident from attack to restored, what was taken of it verified, and altered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from firmware.therapy import tables as t
from firmware.trust import audit as kinds
from firmware.trust.audit_frame import next_key
from simulator.audit_records import decode
from tools.claims.evidence_cases import Case, cases
from tools.claims.evidence_mutants import EXPORTERS, VERIFIERS, exporting
from tools.claims.evidence_scene import (
    AUDIT_KEY,
    NEXT_AUDIT_KEY,
    NONCE,
    Scene,
    exporter,
    recovery_cards,
)
from tools.claims.registry import Outcome, Report, claim
from tools.evidence.body import read_body
from tools.evidence.container import Container
from tools.evidence.take import take
from tools.evidence.verify import Expected, Verify, verify

_SHOWN = 20
_AFTER_MS = 10_000
_TOLD = (kinds.AUDIT_BOOT, kinds.AUDIT_LOGIN, kinds.AUDIT_PROGRAMME, kinds.AUDIT_REFUSED, kinds.AUDIT_TRUST,
         kinds.AUDIT_KEYS, kinds.AUDIT_RECOVERY)  # fmt: skip
_FRAGMENT = 8


@dataclass(frozen=True)
class Subject:
    """What is tried: the shipped verifier and exporter, or another."""

    verify: Verify = verify
    make_service: Any = None


@dataclass
class Incident:
    """What came of it. `expected`: what the evidence is held against; `after`: of the audit that was begun anew."""

    scene: Scene
    evidence: Container
    later: Container
    expected: Expected
    after: Expected
    wrong: list[str]


def incident(make_service: Any = None) -> Incident:
    """Attack, isolation, evidence, recovery, and evidence once more, while norepinephrine runs."""
    scene = Scene(make_service)
    wrong: list[str] = []

    def expect(holds: bool, otherwise: str) -> None:
        if not holds:
            wrong.append(otherwise)

    rate = scene.rate_ul_h
    begun_ul, begun_ms = scene.world.delivered_ul(), scene.world.clock.ms
    scene.attack()
    expect(scene.trust == t.TR_ISOLATED, "the pump is not isolated")
    expect(scene.gatekeeper.keyring is None, "keys are in use though it is isolated")
    scene.turn_key()
    evidence = scene.recover()
    scene.run(_AFTER_MS)
    expect(scene.trust == t.TR_NORMAL, f"the pump is {t.TRUST_NAMES[scene.trust]} after the recovery")
    record = scene.gatekeeper.credentials.record
    keys = scene.next_keys()
    expect(record is not None and record.encode() == keys.record, "the pump has other keys than it was given")
    expect(scene.gatekeeper.keyring is not None, "the pump hears nobody after the recovery")
    passed_h = (scene.world.clock.ms - begun_ms) / 3_600_000
    given_ul = scene.world.delivered_ul() - begun_ul
    expect(scene.rate_ul_h == rate, "the rate changed")
    expect(abs(given_ul - rate * passed_h) < max(0.05 * rate * passed_h, 30), f"{given_ul:.0f} µL were given")
    scene.isolate_again()
    later, _ = take(scene.line(), exporter(), 0, NONCE)
    pump = scene.record.pump_id.hex()
    head = decoded_head(evidence)
    return Incident(
        scene, evidence, later, Expected(AUDIT_KEY, exporter().public, pump, NONCE, tuple(scene.heads), start=0),
        Expected(
            NEXT_AUDIT_KEY, exporter().public, pump, NONCE,
            before=(hashlib.sha256(evidence.evidence).digest(), head), start=0,
        ),
        wrong,
    )  # fmt: skip


def decoded_head(evidence: Container) -> int:
    """How many records the audit had."""
    body = read_body(evidence.evidence)
    return -1 if body is None else body.head[0]


def judge(subject: Subject, found: Incident) -> list[str]:
    """What is wrong with honest evidence, and with what tells of it."""
    wrong = list(found.wrong)
    for name, container, expected in (
        ("the evidence", found.evidence, found.expected), ("that of the new audit", found.later, found.after),
    ):  # fmt: skip
        result = subject.verify(container.encode(), expected)
        wrong += [f"{name}: {one}" for one in result.problems]
    told = {decode(one).kind for one in verify(found.evidence.encode(), found.expected).records}
    wrong += [f"the evidence does not tell of kind {kind}" for kind in _TOLD if kind not in told]
    for container, first in ((found.evidence, AUDIT_KEY), (found.later, NEXT_AUDIT_KEY)):
        data = container.encode()
        for name, secret in secrets_of(found.scene, container, first).items():
            if any(secret[at : at + _FRAGMENT] in data for at in range(len(secret) - _FRAGMENT + 1)):
                wrong.append(f"{name} is in the evidence")
    return wrong


def secrets_of(scene: Scene, container: Container, first: bytes) -> dict[str, bytes]:
    """What must be in no evidence: the pump's keys, of the audit that in force then, and what PINs are checked by."""
    body = read_body(container.evidence)
    key = first
    for _ in range(max(0 if body is None else body.key_of, 0)):
        key = next_key(key)
    now = scene.gatekeeper.credentials.record or scene.record
    found = {"the pump's key": scene.record.pump_key, "its next key": now.pump_key, "the audit's key": key}
    for one in scene.record.people:
        found[f"the verifier of {one.number}"] = one.verifier
    return found


def missed(subject: Subject, found: Incident) -> tuple[int, list[str]]:
    """How many alterations were tried, and those that passed, or were laid to another record."""
    tried, wrong = 0, []
    others = [
        ("another taking's", found.evidence, _asked(found.expected)),
        ("the old audit's under the new key", found.evidence, found.after),
        ("a new audit that follows nothing", found.later, _following(found.after)),
        ("one of which a later head was published", found.evidence, _published(found.expected)),
    ]  # fmt: skip
    for case in cases(found.evidence):
        tried += 1
        wrong += _miss(case, subject.verify(case.data, found.expected))
    pump = replace(found.expected, pump_id="00" * 8)
    for name, container, expected in [*others, ("of another name", found.evidence, pump)]:
        tried += 1
        if subject.verify(container.encode(), expected).sound:
            wrong.append(f"{name}: taken")
    return tried, wrong


def _miss(case: Case, result: Any) -> list[str]:
    name = f"{case.what}, by {case.who}"
    if result.sound:
        return [f"{name}: taken"]
    readable = result.body is not None
    if case.sequence >= 0 and readable and not any(one.sequence == case.sequence for one in result.problems):
        return [f"{name}: not laid to record {case.sequence} but {[str(one) for one in result.problems[:3]]}"]
    return []


def _asked(expected: Expected) -> Expected:
    return replace(expected, nonce=bytes(16))


def _following(expected: Expected) -> Expected:
    return replace(expected, before=(bytes(32), 0))


def _published(expected: Expected) -> Expected:
    return replace(expected, heads=((1_000, bytes(32)),))


def _mutants() -> dict[str, Any]:
    verifiers = {name: partial(Subject, VERIFIERS[name]) for name in VERIFIERS}
    exporters = {name: partial(Subject, verify, exporting(EXPORTERS[name])) for name in EXPORTERS}
    return {**verifiers, **exporters}


_HONEST: list[Incident] = []  # the shipped exporter's, made once for all verifiers


def _incident(subject: Subject) -> Incident:
    if subject.make_service is not None:
        return incident(subject.make_service)
    if not _HONEST:
        _HONEST.append(incident())
    return _HONEST[0]


@claim(
    "evidence",
    "A pump that gives norepinephrine is attacked, isolates itself, hands out its evidence, is given other keys with "
    "two cards and is normal again, at the same rate throughout; its evidence verifies away from it, holds no secret, "
    "and whatever is altered, cut, left out or rewritten in it shows, and from which record on.",
    mutants=_mutants(),
)
def evidence_claim(deep: bool, subject: Subject | None, report: Report) -> Outcome:
    """One incident; every alteration by whoever could make it. `deep`: each byte of the file changed besides."""
    of = Subject() if subject is None else subject
    found = _incident(of)
    wrong = judge(of, found)
    tried, passed = missed(of, found)
    wrong += passed
    if deep and subject is None:
        data = found.evidence.encode()
        for place in range(len(data)):
            tried += 1
            changed = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
            if of.verify(changed, found.expected).sound:
                wrong.append(f"byte {place} changed: taken")
            if place % 200 == 0:
                report(place, len(data))
    figure = f"{tried:,} alterations of {len(found.evidence.evidence):,} bytes, {len(wrong)} wrong"
    data_out = {"tried": tried, "bytes": len(found.evidence.evidence), "wrong": wrong[:_SHOWN]}
    return Outcome(not wrong and tried >= 10, figure, data_out)


__all__ = ["Incident", "Subject", "evidence_claim", "incident", "recovery_cards"]

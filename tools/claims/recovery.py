"""Evidence for `recovery`: who is refused and by which code, and power that goes anywhere in a recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from firmware.therapy import tables as t
from firmware.trust import audit as kinds
from firmware.trust.audit_store import SOUND
from firmware.trust.credentials import WHOLE, Credentials
from firmware.trust.recovery import NO_CARDS, REASONS, REFUSED, Recovery
from hal import ports
from simulator import audit
from simulator.asked import people
from simulator.audit_records import decode
from simulator.power import AFTER, BEFORE, TORN, WATCHDOG, Cut, Operation
from simulator.trust_client import make_record
from tools.claims.evidence_scene import AUDIT_KEY, NEXT_AUDIT_KEY, NONCE, Scene, exporter, recovery_cards
from tools.claims.registry import Outcome, Report, claim
from tools.evidence.take import take
from tools.provision import recover as rc
from tools.provision.install import InstallProblem, PumpRefused

_BOOT_MS = 8_000
_OFF_MS = 3_000
_SETTLE_MS = 12_000
_SHOWN = 20
_EVERY = 6
Act = Callable[[Scene], None]


# Who is refused.


def _ready(scene: Scene) -> None:
    """Up to the cards."""
    line = scene.line()
    rc.begin(line)
    take(line, exporter(), 0, NONCE)


def _sign(scene: Scene, *cards: Any, keys: Any = None) -> None:
    _ready(scene)
    keys = scene.next_keys() if keys is None else keys
    rc.put(scene.line(), keys)
    for number, card in cards:
        rc.sign(scene.line(), number, card, keys.digest)
    rc.end(scene.line(), keys)


def _no_evidence(scene: Scene) -> None:
    rc.begin(scene.line())
    rc.sign(scene.line(), 1, recovery_cards()[0], scene.next_keys().digest)


def _altered_evidence(scene: Scene) -> None:
    rc.begin(scene.line())
    line = scene.line()
    line.ask(f"show {{}} {NONCE.hex()}", "ok")
    line.ask(f"kept {{}} {bytes(32).hex()}", "ok")


def _other_record(scene: Scene) -> None:
    """The cards sign for one record, another is put in its place."""
    _ready(scene)
    keys, other = scene.next_keys(2), scene.next_keys(7)
    for number, card in enumerate(recovery_cards(), 1):
        rc.sign(scene.line(), number, card, keys.digest)
    rc.put(scene.line(), other)
    rc.end(scene.line(), other)


def _old_answer(scene: Scene) -> None:
    """A card's answer to an earlier question."""
    _ready(scene)
    what = scene.next_keys().digest
    line = scene.line()
    (asked,) = line.ask(f"ask {{}} 1 {what.hex()}", "is", 2, 1)
    answer = recovery_cards()[0].sign(bytes.fromhex(asked))[4:].hex()
    line.ask(f"ask {{}} 1 {what.hex()}", "is", 2, 1)
    line.ask(f"sign {{}} 1 {answer}", "ok", rc.CARD_S)


def _no_question(scene: Scene) -> None:
    _ready(scene)
    scene.line().ask(f"sign {{}} 1 {bytes(64).hex()}", "ok", rc.CARD_S)


def _other_pump(scene: Scene) -> None:
    _sign_both(scene, rc.NewKeys(make_record(8, people(), epoch=9).encode(), NEXT_AUDIT_KEY))


def _sign_both(scene: Scene, keys: Any = None) -> None:
    _sign(scene, *enumerate(recovery_cards(), 1), keys=keys)


_FIRST, _SECOND = recovery_cards()
_OLD = recovery_cards(4)
# What is tried, and the word that must answer it.
REFUSALS: dict[str, tuple[str, Act]] = {
    "one card twice": ("twice", lambda s: _sign(s, (1, _FIRST), (2, _FIRST))),
    "a card of another site, or an old one": ("card", lambda s: _sign(s, (1, _OLD[0]))),
    "one card alone": ("cards", lambda s: _sign(s, (1, _FIRST))),
    "no card": ("cards", lambda s: _sign(s)),
    "no evidence": ("evidence", _no_evidence),
    "evidence that did not arrive": ("evidence", _altered_evidence),
    "a record that the cards have not seen": ("cards", _other_record),
    "an answer to an earlier question": ("card", _old_answer),
    "an answer to no question": ("ask", _no_question),
    "another pump's record": ("pump", _other_pump),
    "the old key": ("oldkey", lambda s: _sign_both(s, s.next_keys(seed=1))),
    "the old epoch": ("oldepoch", lambda s: _sign_both(s, s.next_keys(epoch=1))),
    "cards before the recovery has begun": ("state", lambda s: rc.sign(s.line(), 1, _FIRST, bytes(32))),
}


def isolated(make_service: Any = None, whole: bool = False) -> Scene:
    """A pump that infuses and is isolated, its key switch turned; `whole`: by its audit, its credentials stand."""
    scene = Scene(make_service)
    if whole:
        scene.spoil_audit()
    else:
        scene.attack()
    scene.turn_key()
    return scene


def refused(name: str, make_service: Any) -> list[str]:
    """What is wrong with how a case is answered."""
    expected, act = REFUSALS[name]
    scene = isolated(make_service, whole=expected.startswith("old"))
    rate, record = scene.rate_ul_h, scene.record.encode()
    said = "taken"
    try:
        act(scene)
    except PumpRefused as no:
        said = no.code
    except InstallProblem as problem:
        said = str(problem)
    scene.run(2_000)
    wrong = [] if said == expected else [f"{name}: {said}, not {expected}"]
    if said != "taken" and scene.trust < t.TR_ISOLATED:
        wrong.append(f"{name}: the pump is {t.TRUST_NAMES[scene.trust]}")
    if expected not in told_refused(scene):
        wrong.append(f"{name}: not audited")
    if scene.rate_ul_h != rate:
        wrong.append(f"{name}: the rate is {scene.rate_ul_h} µL/h")
    held = Credentials(scene.store)
    if held.read() == WHOLE and held_bytes(held) != record:
        wrong.append(f"{name}: the keys were replaced")
    return wrong


def held_bytes(held: Any) -> bytes:
    """The bytes of a record that stands."""
    made: bytes = held.record.encode()
    return made


def shut(make_service: Any) -> list[str]:
    """Without the key switch nothing is answered but that it is shut."""
    scene = isolated(make_service)
    scene.turn_key(False)
    try:
        rc.begin(scene.line())
    except InstallProblem as problem:
        wrong = [] if "key switch" in str(problem) else [f"without the key switch: {problem}"]
        scene.run(2_000)
        return wrong + ([] if "shut" in told_refused(scene) else ["without the key switch: not audited"])
    return ["without the key switch: taken"]


def told_refused(scene: Scene) -> list[str]:
    """The words of what the audit says was refused in a recovery."""
    told = [decode(one).values for one in audit.verify(audit.read_log(scene.store), AUDIT_KEY).records
            if one.kind == kinds.AUDIT_RECOVERY]  # fmt: skip
    return [REASONS[one["code"]].decode() for one in told if one["what"] == REFUSED]


# Power.


def operations(make_service: Any, whole: bool) -> list[Operation]:
    """The store operations of a whole recovery, from its first line on."""
    scene = isolated(make_service, whole)
    log: list[Operation] = []
    scene.store.supply.log = log
    scene.recover()
    scene.run(2_000)
    return log


def cut(number: int, operation: Operation, make_service: Any, whole: bool) -> tuple[bool, list[str]]:
    """Lose power at one operation, and recover again: whether it was cut, and what is wrong."""
    scene = isolated(make_service, whole)
    where = (BEFORE, TORN, AFTER)[number % 3]
    off_ms = WATCHDOG if number // _EVERY % 2 else _OFF_MS
    scene.store.supply.arm(Cut(number + 1, where, number * 7 % max(operation.size, 1), number, off_ms))
    name = f"operation {number} ({operation.kind}, area {operation.area}), {where}"
    with contextlib.suppress(InstallProblem):
        scene.recover()
    scene.run(2_000)
    was_cut = not scene.store.supply.armed
    scene.store.supply.arm()
    scene.run(_BOOT_MS)
    return was_cut, [f"{name}: {one}" for one in _after(scene)]


def _after(scene: Scene) -> Iterator[str]:
    """What is wrong once power is back, and after the recovery is done again."""
    keys = scene.next_keys()
    held = Credentials(scene.store)
    done = held.read() == WHOLE and held_bytes(held) == keys.record and scene.trust < t.TR_ISOLATED
    if not done:
        scene.until(lambda: scene.trust >= t.TR_ISOLATED)
        try:
            scene.recover()
        except InstallProblem as problem:
            yield f"it cannot be done again: {problem}"
            return
    scene.run(_SETTLE_MS)
    if scene.trust != t.TR_NORMAL:
        yield f"the pump is {t.TRUST_NAMES[scene.trust]} afterwards"
    if held.read() != WHOLE or held_bytes(held) != keys.record:
        yield "it has other keys than it was given"
    if scene.status.delivery not in (t.ST_INFUSING,):
        yield f"it is {t.DELIVERY_NAMES[scene.status.delivery]}"
    log = audit.read_log(scene.store)
    verdict = audit.verify(log, NEXT_AUDIT_KEY, start=0)
    if verdict.findings:
        yield f"its new audit: {verdict.findings[0]}"
    linked = [one for one in verdict.records if one.kind == kinds.AUDIT_RECOVERY and decode(one).values["what"] == 5]
    if not linked:
        yield "its new audit names no old one"
    memory = b"".join(scene.area(area) for area in (ports.AREA_KEYS_A, ports.AREA_KEYS_B))
    if scene.record.pump_key in memory:
        yield "the old key is in the store"
    if scene.gatekeeper.audit._audit.chain.state != SOUND:
        yield "the audit does not hold"


# Mutants.


class AnyCards(Recovery):
    """Takes a record that no card has signed."""

    def _why_not(self, record: Any, data: bytes) -> bytes:
        reason: bytes = super()._why_not(record, data)
        return b"" if reason == NO_CARDS else reason


class AnyCard(Recovery):
    """Whoever signs is a card."""

    def _settle(self) -> None:
        check: Any = self._check
        check.holds = True
        super()._settle()


class NoEvidenceFirst(Recovery):
    """Asks for no evidence."""

    def _ready_for_cards(self) -> bytes:
        self._kept = self._kept or bytes(32)
        reason: bytes = super()._ready_for_cards()
        return reason


class OldKeys(Recovery):
    """Takes the old key and an old epoch."""

    def _why_not(self, record: Any, data: bytes) -> bytes:
        found, self.credentials.record = self.credentials.record, None
        reason: bytes = super()._why_not(record, data)
        self.credentials.record = found
        return reason


class AnswersForAnother(Recovery):
    """A question may be answered again."""

    def _ask(self, number: bytes, card: int, what: bytes) -> bytes:
        before = self._digest
        said: bytes = super()._ask(number, card, what)
        self._digest = before or self._digest
        return said


class Unmarked(Recovery):
    """Writes no mark before it erases."""

    def _mark(self) -> bytes:
        return b""

    def _close(self) -> bytes:
        self._marks.open(0, bytes(32), bytes(32), self._agreed[0])
        closed: bytes = super()._close()
        return closed


class KeepsTheAudit(Recovery):
    """Lets the audit go on as it was, whoever may have its key."""

    def _stands(self) -> bool:
        return True


MUTANTS: dict[str, Any] = {
    "keys without cards": AnyCards, "whoever signs is a card": AnyCard, "keys without evidence": NoEvidenceFirst,
    "the old key is taken": OldKeys, "a question that stands for ever": AnswersForAnother,
    "no mark before the first erase": Unmarked, "the audit goes on": KeepsTheAudit,
}  # fmt: skip


@claim(
    "recovery",
    "An isolated pump takes other keys from its local port alone, with the key switch turned, its evidence handed "
    "out and both recovery cards; everything else is refused by a code of its own and audited; and power that goes at "
    "any store operation of it leaves a pump that goes on dosing and can be recovered again.",
    mutants={name: partial(MUTANTS.get, name) for name in MUTANTS},
)
def recovery_claim(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every refusal; power cut at one operation in four of a recovery (`deep`: at each, in both kinds of isolation)."""
    wrong = shut(subject)
    for name in REFUSALS:
        wrong += refused(name, subject)
        if wrong and subject is not None:
            break
    cuts = 0
    for whole in (False, True) if deep else (False,):
        log = [] if wrong and subject is not None else operations(subject, whole)
        for number, operation in enumerate(log):
            if not deep and number % _EVERY:
                continue
            was_cut, found = cut(number, operation, subject, whole)
            cuts += was_cut
            wrong += found
            report(number, len(log))
            if found and subject is not None:
                break
    enough = cuts >= 7 or subject is not None
    figure = f"{len(REFUSALS) + 1} refused, power cut at {cuts} operations, {len(wrong)} wrong"
    return Outcome(enough and not wrong, figure, {"cuts": cuts, "wrong": wrong[:_SHOWN]})

"""Evidence that the stored audit tells what happened and who did it, and that a flood neither wears it nor fills it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from firmware.main import audit_for
from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.trust import audit as kinds
from firmware.trust import facts as f
from firmware.trust import noting, roles, verdict
from firmware.trust.audit import Audit
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.noting import Allowance, Noting
from firmware.trust.request import Request
from firmware.trust.seconds import Seconds
from firmware.trust.verdict import CODES, NOTE_S, Tally
from hal import ports
from hal.ports import FIELD_TITRATE_MILLI
from simulator import audit
from simulator.asked import BIOMED, NURSE, OPEN_DOSES, PHARMACIST, PHYSICIAN, AskedPump
from simulator.audit_records import Entry, decode
from simulator.trust_client import digest_of
from tools.claims.forgery_scene import SOFT_MILLI, credentials
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import OPEN_DRUG, open_library

DAY_S = 86_400
# What a day of every flood at once may write: two allowances, and each of 23 refusals each hour and six times at first.
MOST_A_DAY = 2 * (DAY_S // noting.EVERY_S + noting.BURST) + 23 * (24 + 6)
_ENTRIES = {
    ports.FIELD_DRUG: OPEN_DRUG, ports.FIELD_CARE_AREA: 1, ports.FIELD_MODE: layout.MODE_CONTINUOUS,
    ports.FIELD_DOSE_MILLI: OPEN_DOSES.base, ports.FIELD_VTBI_UL: 100_000,
}  # fmt: skip
GLASS = 4711  # whoever breaks it
Told = list[tuple[int, dict[str, Any]]]


def play(pump: AskedPump) -> Told:
    """All that is audited, once, on a pump that has been told the time; what the log has to tell of it, in order."""
    told: Told = [(kinds.AUDIT_BOOT, {"count": 1, "trust": t.TR_NORMAL})]

    def tells(record: int, /, **values: Any) -> None:
        told.append((record, values))

    def asked(who: Any, kind: int, arguments: dict[int, Any], code: int = verdict.OK) -> bytes:
        message = pump.request(who, kind, arguments)
        got = pump.send(message)
        if got != code:
            raise ValueError(f"request {kind} came to {got}, {code} expected")
        pump.run(1_500)
        return digest_of(message)

    def pressed(key: int, value: int = 0) -> None:
        pump.press(key, value)
        pump.run(1_500)

    def titrated(dose_milli: int) -> None:
        pressed(ports.KEY_FIELD + FIELD_TITRATE_MILLI, dose_milli)
        pressed(ports.KEY_CONFIRM)

    pump.log_in(NURSE, "1111")
    tells(kinds.AUDIT_LOGIN_REFUSED, operator=NURSE, times=1)
    pump.log_in(NURSE)
    tells(kinds.AUDIT_LOGIN, operator=NURSE)
    digest = asked(PHARMACIST, roles.KIND_PREPARE, _ENTRIES)
    tells(kinds.AUDIT_REQUEST, kind=roles.KIND_PREPARE, role=roles.PHARMACIST, operator=PHARMACIST, digest=digest)
    pressed(ports.KEY_PROGRAMME)
    pressed(ports.KEY_CONFIRM)
    tells(kinds.AUDIT_CONFIRMED, what=2, operator=NURSE, dose_milli=OPEN_DOSES.base, digest=digest)
    pressed(ports.KEY_START)
    tells(kinds.AUDIT_PROGRAMME, what=noting.STARTED, operator=NURSE, drug=OPEN_DRUG)
    titration = {FIELD_TITRATE_MILLI: OPEN_DOSES.honest}
    digest = asked(PHYSICIAN, roles.KIND_TITRATE, titration)
    tells(kinds.AUDIT_REQUEST, kind=roles.KIND_TITRATE, operator=PHYSICIAN, argument=OPEN_DOSES.honest, digest=digest)
    pressed(ports.KEY_CONFIRM)
    tells(kinds.AUDIT_CONFIRMED, what=4, operator=NURSE, dose_milli=OPEN_DOSES.honest, digest=digest)
    tells(kinds.AUDIT_PROGRAMME, what=noting.CHANGED, operator=NURSE, rate_ul_h=OPEN_DOSES.honest)
    titrated(OPEN_DOSES.base)
    tells(kinds.AUDIT_CONFIRMED, what=3, operator=NURSE, dose_milli=OPEN_DOSES.base, digest=bytes(16))
    tells(kinds.AUDIT_PROGRAMME, what=noting.CHANGED, rate_ul_h=OPEN_DOSES.base)
    digest = asked(PHARMACIST, roles.KIND_TITRATE, titration, verdict.REFUSED_FORBIDDEN)
    tells(kinds.AUDIT_REFUSED, code=verdict.REFUSED_FORBIDDEN, kind=roles.KIND_TITRATE, operator=PHARMACIST,
          role=roles.PHARMACIST, times=1, digest=digest)  # fmt: skip
    asked(NURSE, roles.KIND_STOP, {})
    tells(kinds.AUDIT_REQUEST, kind=roles.KIND_STOP, operator=NURSE)
    asked(BIOMED, roles.KIND_AUDIT, {1: 3})
    tells(kinds.AUDIT_EXPORT, kind=roles.KIND_AUDIT, since=3, operator=BIOMED)
    asked(BIOMED, roles.KIND_AUDIT, {1: 0})  # the same person, once more: nothing to tell
    asked(pump.service, roles.KIND_REVOKE, {1: PHYSICIAN})
    tells(kinds.AUDIT_EPOCH, epoch=pump.record.epoch, operator=PHYSICIAN)
    pump.send(bytes(range(1, 60)))
    pump.run(1_500)
    tells(kinds.AUDIT_REFUSED, code=verdict.REFUSED_MALFORMED, times=1)
    tells(kinds.AUDIT_TRUST, before=t.TR_NORMAL, after=t.TR_SUSPECT)
    for times in (1, 1, 1):
        pump.log_in(NURSE, "2222")
        tells(kinds.AUDIT_LOGIN_REFUSED, operator=NURSE, times=times)
    pump.break_glass(GLASS)
    tells(kinds.AUDIT_GLASS, begun=1, operator=GLASS)
    pressed(ports.KEY_PAUSE)
    pressed(ports.KEY_STANDBY)
    tells(kinds.AUDIT_PROGRAMME, what=noting.ENDED, drug=OPEN_DRUG)
    pump.controller.mailbox.post(t.EV_COMPROMISED)
    pump.run(1_500)
    tells(kinds.AUDIT_TRUST, before=t.TR_SUSPECT, after=t.TR_ISOLATED)
    tells(kinds.AUDIT_KEYS, what=noting.KEYS_WIPED)
    return told


def scene(make_audit: Callable[[Any], Any]) -> list[str]:
    """What is wrong with the log that one such run leaves."""
    library = open_library(upper_soft=SOFT_MILLI, policy=layout.POLICY_SUSTAIN)
    pump = AskedPump(credentials(), library, make_gatekeeper=lambda board: Gatekeeper(board, make_audit(board.store)))
    told = play(pump)
    heads = [(fact.body[1], fact.body[2]) for fact in pump.reader.facts if fact.kind == f.HEAD]
    log = audit.verify(audit.read_log(pump.board.store), audit.first_key(pump.record), start=0, heads=heads)
    wrong = [str(finding) for finding in log.findings]
    entries = [decode(record) for record in log.records]
    for place, (kind, values) in enumerate(told):
        if place >= len(entries):
            wrong.append(f"record {place} is missing: {audit.NAMES[kind]} {values}")
            break
        if not _is(entries[place], kind, values):
            wrong.append(f"{entries[place]}; expected {audit.NAMES[kind]} {values}")
            break
    if not wrong and len(entries) > len(told):
        wrong.append(f"more than happened: {entries[len(told)]}")
    return wrong


def _is(entry: Entry, kind: int, values: dict[str, Any]) -> bool:
    return entry.kind == kind and all(entry.values.get(name) == value for name, value in values.items())


class Counted:
    """In place of a chain: counts what it is given."""

    chain = None

    def __init__(self) -> None:
        self.noted = 0

    def note(self, kind: int, data: bytes) -> int:
        """Count it."""
        self.noted += 1
        return ports.OK


class _Flickers:
    """A pump whose link somebody ends and restores each second."""

    def __init__(self) -> None:
        self.status = ports.Status()
        self.now = 0

    def trust(self) -> int:
        """Never the same twice."""
        self.now ^= t.TR_OFFLINE
        return self.now

    def confirmed(self) -> int:
        """Nobody is there."""
        return 0

    def override_ul_h(self) -> int:
        """Nothing was changed."""
        return -1

    def drug(self) -> int:
        """None is in use."""
        return 0

    def glass(self) -> int:
        """It is whole."""
        return -1


def flood(kind: type[Noting], make_tally: Callable[[], Tally]) -> int:
    """How many records a day makes with, each second, one of every refusal, a request that is accepted, a lost link."""
    counted, seconds = Counted(), Seconds(0)
    one = kind(counted)
    one.meet(_Flickers(), seconds)
    tally = make_tally()
    request: Any = Request()
    request.arguments, request.kind, request.digest = {}, roles.KIND_PAUSE, bytes(16)
    for second in range(1, DAY_S + 1):
        seconds.now_s = second
        for code in range(CODES):
            tally.add(code, second)
            times = tally.notable(code, second)
            if times:
                one.note(code, request, times)
        one.look()
    return counted.noted


class _AlwaysAllowed(Allowance):
    """Notes whatever comes."""

    def take(self, now_s: int) -> bool:
        return True


class NotesAll(Noting):
    """No allowance for whoever asks."""

    def __init__(self, audit: Any) -> None:
        super().__init__(audit)
        self._accepted = self._trusting = _AlwaysAllowed()


class EachTenSeconds(Tally):
    """A refusal is noted each ten seconds, however long they go on."""

    def notable(self, code: int, now_s: int) -> int:
        if code:
            self._wait_s[code] = NOTE_S
        return super().notable(code, now_s)


def _without(*names: str) -> Callable[[Any], Any]:
    """An audit that does not do some of it."""
    nothing = {name: lambda self, *arguments: None for name in names}
    kind = type("Without", (Noting,), nothing)
    return lambda store: kind(Audit(store))


class AsksNobody(Noting):
    """Does not know which request it was that a person confirmed."""

    def note(self, code: int, request: Any, times: int) -> None:
        super().note(code, request, times)
        self._asked = bytes(16)


class NotesReading(Noting):
    """Each answer to whoever reads the log is a record too."""

    def _note_reading(self, kind: int, operator: int, since: int) -> None:
        self._reading = 0
        super()._note_reading(kind, operator, since)


SCENES: dict[str, Callable[[Any], Any]] = {
    "logins are not noted": _without("login"),
    "revocations are not noted": _without("revoked"),
    "wiped keys are not noted": _without("wiped"),
    "programmes are not looked at": _without("_look_at_programme"),
    "the trust state is not looked at": _without("_note_trust"),
    "the request that was confirmed is not named": lambda store: AsksNobody(Audit(store)),
    "each answer to a reader is noted": lambda store: NotesReading(Audit(store)),
}
FLOODS: dict[str, tuple[type[Noting], Callable[[], Tally]]] = {
    "no allowance": (NotesAll, Tally),
    "each refusal each ten seconds": (Noting, EachTenSeconds),
}


@claim(
    "audit-tells",
    "A provisioned pump's stored audit tells, in order, its boot, logins and wrong PINs, requests and refusals, what a "
    "person confirmed and of which request, programme, glass, revocation, trust and wiped keys, each with who it was, "
    "and nothing else; and a day of every flood at once writes no more records than it may.",
    mutants={name: partial(str, name) for name in (*SCENES, *FLOODS)},
)
def audit_tells(deep: bool, subject: str | None, report: Report) -> Outcome:
    """One run held against a list written by hand, and one day of a flood; there is nothing more to do where `deep`."""
    wrong = [] if subject in FLOODS else scene(SCENES.get(subject or "", audit_for))
    written = 0
    if subject not in SCENES:
        written = flood(*FLOODS.get(subject or "", (Noting, Tally)))
        if written > MOST_A_DAY:
            wrong.append(f"a day's flood writes {written:,} records, {MOST_A_DAY:,} at most")
    figure = wrong[0] if wrong else f"nothing missing, nothing besides; {written:,} records from a day's flood"
    return Outcome(not wrong, figure, {"wrong": wrong, "flood": written, "most": MOST_A_DAY})

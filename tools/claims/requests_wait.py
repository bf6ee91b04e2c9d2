"""Evidence that what is accepted from afar changes no dose: it waits for a person, or rings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.remote import Remote
from firmware.trust import roles as r
from firmware.trust import verdict as v
from hal import ports
from hal.ports import FIELD_TITRATE_MILLI
from simulator.asked import NOW_S, NURSE, OPEN_DOSES, PHYSICIAN, AskedPump
from simulator.trust_client import digest_of
from tools.claims.forgery_scene import credentials, infusing
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import OPEN_DRUG

# Longer than a titration waits, and prepared entries do; long enough for a second and for deep runs to differ.
WATCHED_MS = 150_000
DEEP_MS = 650_000
_ENTRIES = {
    ports.FIELD_DRUG: OPEN_DRUG, ports.FIELD_CARE_AREA: 1, ports.FIELD_MODE: layout.MODE_CONTINUOUS,
    ports.FIELD_DOSE_MILLI: OPEN_DOSES.base, ports.FIELD_VTBI_UL: 100_000,
}  # fmt: skip
Ask = Callable[[AskedPump], int | None]


@dataclass(frozen=True)
class Case:
    """What is asked in which state; `taken`: a person's confirm afterwards is felt."""

    name: str
    state: int
    ask: Ask
    taken: bool = False


def _titration(dose_milli: int) -> Ask:
    return lambda pump: pump.ask(NURSE, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: dose_milli})


def _plain(kind: int, **arguments: int) -> Ask:
    values = {int(key[1:]): value for key, value in arguments.items()}
    return lambda pump: pump.ask(NURSE, kind, values)


def _by_service(kind: int, argument: int) -> Ask:
    return lambda pump: pump.ask(pump.service, kind, {1: argument})


def _approved(pump: AskedPump) -> int | None:
    request = pump.request(NURSE, r.KIND_TITRATE, {FIELD_TITRATE_MILLI: OPEN_DOSES.past_soft})
    pump.send(request)
    return pump.ask(PHYSICIAN, r.KIND_APPROVE, {1: digest_of(request)})


def _later_epoch(pump: AskedPump) -> int | None:
    request = pump.request(pump.service, r.KIND_EPOCH, {1: pump.record.epoch + 1})
    later = credentials()
    later.epoch = pump.record.epoch + 1
    pump.reader.record = later  # the answer is under the new key already
    return pump.send(request)


CASES = (
    Case("a raise", t.ST_INFUSING, _titration(OPEN_DOSES.forged), taken=True),
    Case("a decrease", t.ST_INFUSING, _titration(OPEN_DOSES.base // 2), taken=True),
    Case("a raise that two people agree on", t.ST_INFUSING, _approved, taken=True),
    Case("a pause", t.ST_INFUSING, _plain(r.KIND_PAUSE)),
    Case("a stop", t.ST_INFUSING, _plain(r.KIND_STOP)),
    Case("a raise while it is paused", t.ST_PAUSED, _titration(OPEN_DOSES.forged)),
    Case("a prescription", t.ST_STANDBY, lambda pump: pump.ask(NURSE, r.KIND_PREPARE, _ENTRIES)),
    Case("the log", t.ST_INFUSING, _plain(r.KIND_LOG, _1=0)),
    Case("the alarms", t.ST_INFUSING, _plain(r.KIND_ALARMS)),
    Case("the status", t.ST_INFUSING, _plain(r.KIND_STATUS)),
    Case("the time", t.ST_INFUSING, _by_service(r.KIND_TIME, NOW_S + 100)),
    Case("a revocation", t.ST_INFUSING, _by_service(r.KIND_REVOKE, NURSE)),
    Case("a new session", t.ST_INFUSING, _by_service(r.KIND_EPOCH, 3)),
    Case("a new epoch", t.ST_INFUSING, _later_epoch),
)


def _pump_in(state: int, mutant: type | None) -> AskedPump:
    pump = infusing()
    if mutant is not None:
        pump.app.remote.__class__ = mutant
    if state != t.ST_INFUSING:
        pump.press(ports.KEY_PAUSE)
    if state == t.ST_STANDBY:
        pump.press(ports.KEY_STANDBY)
    pump.run(1_000)
    return pump


def _confirmed(pump: AskedPump) -> str:
    """The therapy stream once a person has confirmed twice, whatever waits."""
    for _ in range(2):
        pump.press(ports.KEY_CONFIRM)
        pump.run(500)
    pump.run(2_000)
    return pump.trace.digest()["therapy"]


def judge(case: Case, watched_ms: int, mutant: type | None = None) -> list[str]:
    """What is wrong with one case, mutants of `Remote` included."""
    asked, quiet = _pump_in(case.state, mutant), _pump_in(case.state, mutant)
    wrong = []
    if asked.state != case.state:
        wrong.append(f"the pump is {t.DELIVERY_NAMES[asked.state]}")
    code = case.ask(asked)
    if code != v.OK:
        wrong.append(f"answered by {code}")
    quiet.run(asked.board.clock.ms - quiet.board.clock.ms)
    for pump in (asked, quiet):
        pump.run(5_000)
    if case.taken:
        changed = _confirmed(_again(case, mutant)) != _confirmed(_pump_in(case.state, mutant))
        if not changed:
            wrong.append("a person's confirm is not felt")
    for pump in (asked, quiet):
        pump.run(watched_ms)
    if asked.trace.digest()["therapy"] != quiet.trace.digest()["therapy"]:
        wrong.append("the dose is another, and nobody has confirmed")
    if asked.status.offered_milli >= 0:
        wrong.append("what was asked for never ends")
    return [f"{case.name}: {what}" for what in wrong]


def _again(case: Case, mutant: type | None) -> AskedPump:
    pump = _pump_in(case.state, mutant)
    case.ask(pump)
    pump.run(2_000)
    return pump


def rings() -> list[str]:
    """A pause rings MEDIUM and a stop HIGH, each until a person acknowledges it."""
    wrong = []
    for kind, alarm, priority in (
        (r.KIND_PAUSE, al.AL_PAUSE_ASKED, al.PRIORITY_MEDIUM), (r.KIND_STOP, al.AL_STOP_ASKED, al.PRIORITY_HIGH),
    ):  # fmt: skip
        pump = _pump_in(t.ST_INFUSING, None)
        pump.ask(NURSE, kind)
        pump.run(30_000)
        if not pump.controller.alarms.is_shown(alarm) or pump.status.priority != priority or not pump.status.lamp:
            wrong.append(f"alarm {alarm} does not ring")
        pump.press(ports.KEY_ACKNOWLEDGE)
        if pump.controller.alarms.is_shown(alarm):
            wrong.append(f"alarm {alarm} stays after an acknowledgement")
    return wrong


class TakesAtOnce(Remote):
    """A titration needs nobody's confirm."""

    __slots__ = ()

    def titrate(self, dose_milli: int) -> int:
        message = int(super().titrate(dose_milli))
        self._programming._offer(dose_milli)
        return message


class ApprovalConfirms(Remote):
    """The second person's agreement is taken for the bedside's."""

    __slots__ = ()

    def release(self) -> int:
        message = int(super().release())
        dose_milli = self._programming.prepared.titrate_milli
        for _ in range(2):
            self._programming._offer(dose_milli)
        return message


class StopStops(Remote):
    """Who asks for a stop gets one."""

    __slots__ = ()

    def ring(self, stop: bool) -> int:
        self._controller.dose.hold(False, 0)
        self._controller.delivery.force(t.ST_PAUSED)
        return int(super().ring(stop))


class PreparedOpens(Remote):
    """Prepared entries open programming by themselves."""

    __slots__ = ()

    def prepare(self, fields: Any, steps: Any) -> int:
        message = int(super().prepare(fields, steps))
        self._controller.delivery.force(t.ST_PROGRAMMING)
        return message


@claim(
    "requests-wait",
    "Every kind of request that is accepted leaves therapy's trace as it would have been without it, until a person at "
    "the bedside confirms; a titration is over after two minutes; a pause asked for rings medium and a stop high.",
    mutants={
        "a titration is taken at once": lambda: TakesAtOnce,
        "an approval confirms": lambda: ApprovalConfirms,
        "a stop asked for is a stop": lambda: StopStops,
        "prepared entries open programming": lambda: PreparedOpens,
    },
)
def requests_wait(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each case beside the same pump unasked, for two and a half minutes, deep: eleven."""
    wrong: list[str] = []
    for done, case in enumerate(CASES, 1):
        wrong += judge(case, DEEP_MS if deep else WATCHED_MS, subject)
        report(done, len(CASES))
    if subject is None:
        wrong += rings()
    figure = f"{len(CASES)} kinds of requests accepted, {len(wrong)} felt, or not where a person had confirmed"
    figure += f": {'; '.join(wrong[:2])}" if wrong else ""
    return Outcome(not wrong, figure, {"wrong": wrong[:20], "cases": [case.name for case in CASES]})

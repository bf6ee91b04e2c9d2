"""Evidence that nothing rises before it is stored."""

from __future__ import annotations

from random import Random
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from hal.compat import MASK
from simulator.ideal import IdealPump, prescription
from tools.claims.registry import Outcome, Report, claim


def grants_at_once(pump: IdealPump) -> None:
    """A mutant: every record counts as stored as soon as it is written down."""
    outbox = pump.controller.outbox
    emit = outbox.emit

    def emit_and_pretend(*arguments: int) -> int:
        seq = emit(*arguments)
        pump.app.readings.stored_seq = MASK >> 1
        return seq

    pretends: Any = Pretends(outbox, emit_and_pretend)
    pump.controller.outbox = pretends


class Pretends:
    """An outbox whose records are stored by saying so."""

    def __init__(self, outbox: Any, emit: Any) -> None:
        self._outbox = outbox
        self.emit = emit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)


_RAISES = ("start", "resume", "titrate", "bolus")


def _ask(pump: IdealPump, what: str) -> None:
    if what == "titrate":
        pump.app.therapy.offer_titration(pump.controller.dose.profile.rate_ul_h * 2)
        pump.tick()
    elif what == "bolus":
        pump.press(ports.KEY_CLINICIAN_BOLUS)
    else:
        pump.press(ports.KEY_START)


def _prepared(what: str) -> IdealPump:
    pump = IdealPump()
    rx: Any = prescription(60_000)
    rx.clinician_ul, rx.clinician_ul_h = 500, 300_000
    if what == "start":
        pump.press(ports.KEY_PROGRAMME)
        pump.app.therapy.offer_prescription(rx)
        return pump
    pump.start(rx)
    pump.run(1_000)
    if what == "resume":
        pump.press(ports.KEY_PAUSE)
        pump.run(500)
    return pump


def raises_without_store(what: str, delay_ticks: int, weaken: Any = None) -> str:
    """Ask for a raise while the store fails for `delay_ticks`; return what went wrong, or ''."""
    pump = _prepared(what)
    if weaken:
        weaken(pump)
    before = pump.app.drive.step_rate_mhz
    pump.board.store.rc = ports.ERR_BUSY
    _ask(pump, what)
    for _ in range(delay_ticks):
        pump.tick()
        if pump.app.drive.step_rate_mhz > before + 60_000:
            return f"{what} rose before it was stored"
    pump.board.store.rc = ports.OK
    pump.run(500)
    rose = pump.app.drive.step_rate_mhz > before + 60_000
    late = delay_ticks > 10
    if late and rose:
        return f"{what} rose from a grant that was dropped"
    if late and not pump.controller.alarms.is_shown(al.AL_STORE):
        return f"{what} was dropped and nobody was told"
    if delay_ticks < 8 and not rose:
        return f"{what} was stored in time and did not rise"
    return ""


@claim(
    "write-ahead",
    "A failing or slow store never lets the drive rise: a start, a resume, a titration upward and a bolus wait for "
    "their record, and are dropped with an alarm after a second.",
    mutants={"counts as stored at once": lambda: grants_at_once},
)
def write_ahead(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every raise against stores that are late by 0 to 30 ticks, and stops meanwhile."""
    findings, cases = [], 0
    delays = range(31) if deep else (0, 3, 7, 11, 15, 30)
    for what in _RAISES:
        for delay in delays:
            finding = raises_without_store(what, delay, subject)
            cases += 1
            if finding:
                findings.append(finding)
    random = Random(3)
    for _ in range(200 if deep else 20):  # a stop between asking and storing wins
        pump = _prepared("titrate")
        if subject:
            subject(pump)
        pump.board.store.rc = ports.ERR_FAILED
        _ask(pump, "titrate")
        for _ in range(random.randrange(0, 9)):
            pump.tick()
        pump.press(ports.KEY_STOP)
        pump.board.store.rc = ports.OK
        pump.run(2_000)
        cases += 1
        if pump.state != t.ST_PAUSED or pump.app.drive.step_rate_mhz:
            findings.append("a stop lost against a grant")
    return Outcome(not findings, f"{cases} raises, {len(findings)} too early", {"findings": findings})

"""What no fault of the catalogue strikes: arithmetic, checks that join later, people, time, memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.selfcheck import COMPROMISED, CYCLE_TICKS, DOUBT, INTACT, NONE, Frame
from firmware.trust.memory import LOW_BYTES, MemoryWatch
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools import detector_table as table
from tools.checked_arithmetic import Checked
from tools.claims.detector_cases import Weaken, told

_TICK_MS = 100
_V = ports.HEAD_VOLUMETRIC


def _wrong_answers() -> dict[str, tuple[str, str, Any]]:
    """Function that computes wrongly: (where it is used, its name, what it is now)."""
    known, dosing, volume = ("firmware.therapy." + name for name in ("known", "dosing", "volume"))
    return {
        "ticks_diff": (known, "ticks_diff", lambda a, b: a - b),
        "ticks_add": (known, "ticks_add", lambda a, b: a + b),
        "step_rate_mhz": (known, "step_rate_mhz", lambda rate, step: -(-rate * 1_000_000 // step)),
        "lease_units": (known, "lease_units", lambda rate: rate * 3_000),
        "Volume.add": (volume, "Volume.add", lambda self, units: setattr(self, "ul", self.ul + units // 3_600_000)),
        "Quota.cap": (volume, "Quota.cap", lambda self, units: units),
        "Dosing.add": (dosing, "Dosing.add", lambda self, units: self.commanded.add(units)),
    }


def arithmetic_is_checked() -> Iterator[str]:
    """Each function goes wrong while a pump infuses, in modules of their own; what was wrong."""
    for name, (module, path, wrong) in _wrong_answers().items():
        checked = Checked()
        tour = checked.load("tools.device.tour")
        pump = tour.Pump(lambda therapy, *arguments: therapy.tick(*arguments), _V, 0)
        tour.start(pump, tour.prescription(_V, 0, 60_000, 3))
        owner: Any = checked.load(module)
        *parents, last = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, last, wrong)
        pump.may_fail = True
        if pump.controller.delivery.state != t.ST_INFUSING:
            yield f"{name}: the pump does not infuse"
        pump.run(CYCLE_TICKS)
        if pump.controller.delivery.state != t.ST_FAILED:
            yield f"{name} computes wrongly, and nothing is noticed"


def later_checks_join(weaken: Weaken | None) -> Iterator[str]:
    """A check that joins and then fails is found within the cycle, with its own verdict."""
    for verdict, state, trust in ((COMPROMISED, t.ST_KVO, t.TR_ISOLATED), (DOUBT, t.ST_FAILED, t.TR_NORMAL)):
        pump = _ideal(weaken)
        answer = [INTACT]
        pump.controller.detectors.frame.register(lambda answer=answer: answer[0], verdict)
        pump.run(2 * CYCLE_TICKS * _TICK_MS)
        if pump.state != t.ST_INFUSING:
            yield "a check that passes was taken for one that fails"
        answer[0] = INTACT ^ 4
        pump.run(CYCLE_TICKS * _TICK_MS)
        if (pump.state, pump.controller.trust.state) != (state, trust):
            yield f"verdict {verdict}: {t.DELIVERY_NAMES[pump.state]}"
    frame = Frame(pump.controller.delivery, pump.controller.trust)
    joined = sum(frame.register(lambda: INTACT, DOUBT) for _ in range(CYCLE_TICKS))
    if joined >= CYCLE_TICKS or any(frame.tick() != NONE for _ in range(CYCLE_TICKS)):
        yield "the cycle takes more checks than it has room for"


def _ideal(weaken: Weaken | None, head: int = _V) -> IdealPump:
    pump = IdealPump(head)
    if weaken is not None:
        weaken(pump.app)
    pump.start(prescription(60_000, head=head))
    pump.run(1_000)
    return pump


def _door(pump: IdealPump, wait_ms: int = 1_000) -> None:
    """An alarm, a stop, an acknowledgement and a start."""
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    pump.run(500)
    pump.board.sensed.flags &= ~ports.RF_DOOR_OPEN
    pump.run(wait_ms)
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(500)


def sequence_is_noticed(weaken: Weaken | None) -> Iterator[str]:
    """The third start after the same alarm waits for an acknowledgement of its own."""
    pump = _ideal(weaken)
    _door(pump)
    _door(pump)
    if pump.state != t.ST_INFUSING or told(pump.status):
        yield "a second alarm is held against it"
    _door(pump)
    if pump.state != t.ST_STOPPED or told(pump.status) != [al.AL_SEQUENCE]:
        yield "a third start after the same alarm"
    pump.press(ports.KEY_START)
    pump.run(500)
    if pump.state != t.ST_STOPPED:
        yield "a start without an acknowledgement"
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(500)
    if pump.state != t.ST_INFUSING or told(pump.status):
        yield "acknowledged, and not started again"
    pump = _ideal(weaken)
    for _ in range(4):
        _door(pump, wait_ms=310_000)
    if pump.state != t.ST_INFUSING:
        yield "alarms five minutes apart are taken for a sequence"


def late_ticks_are_told(weaken: Weaken | None) -> Iterator[str]:
    """A tick later than a lease is told; one no later leaves no trace."""
    for late_ms, expected in ((2_000, []), (table.LATE_MS, []), (table.LATE_MS + 1, [al.AL_LATE])):
        pump = _ideal(weaken)
        pump.tick(late_ms)
        if told(pump.status) != expected or pump.state != t.ST_INFUSING:
            yield f"a tick of {late_ms} ms: {told(pump.status)}"


def memory_is_told(weaken: Weaken | None) -> Iterator[str]:
    """Little memory: comms goes first, then people are told, and nothing of it touches the dose."""
    free = [LOW_BYTES]
    pump = _ideal(None)
    app = pump.app
    app.memory = MemoryWatch(app.supervisor, app.controller.mailbox, pump.board.clock.ticks_ms(), lambda: free[0])
    if weaken is not None:
        weaken(app)
    pump.run(10_000)
    if told(pump.status):
        yield "enough memory is told of as little"
    free[0] -= 1
    pump.run(table.BY_NAME["memory"].within_ms or 0)
    if told(pump.status) != [al.AL_MEMORY] or not app.supervisor.falls:
        yield "little memory is not told of"
    free[0] = LOW_BYTES
    pump.run(70_000)
    if told(pump.status) or pump.state != t.ST_INFUSING:
        yield "the alarm outlasts its cause"
    for shortage in (MemoryError, RecursionError):
        app.programming = _Runs(shortage)  # type: ignore[assignment]
        pump.press(ports.KEY_PROGRAMME)
        pump.run(1_000)
        if pump.state != t.ST_INFUSING or told(pump.status) != [al.AL_MEMORY]:
            yield f"{shortage.__name__} outside the tick: {told(pump.status)}"


class _Runs:
    """Programming that runs out of heap or stack."""

    def __init__(self, shortage: type[Exception]) -> None:
        self._shortage = shortage

    def key(self, readings: ports.Readings) -> None:
        """As ever, but."""
        raise self._shortage

"""Evidence that each physical hazard stops the motor and keeps it stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.heads import backoff_ul
from firmware.therapy.interlocks import Interlocks
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import becomes

_NORMAL = ports.RF_MAINS | ports.RF_LINK_UP


class BlindToPressure(Interlocks):
    """A mutant: pressure is read as nothing."""

    __slots__ = ()

    def check(self, r: ports.Readings, moved: int, elapsed_ms: int) -> int:
        r.down_mmhg = r.up_mmhg = 0
        return super().check(r, moved, elapsed_ms)


class ForgetsTheDoor(Interlocks):
    """A mutant: flags are not judged."""

    __slots__ = ()

    def _judge_flags(self, flags: int) -> None:
        return


def _set(name: str, value: int) -> Callable[[ports.Readings], None]:
    return lambda sensed: setattr(sensed, name, value)


def _flag(flag: int) -> Callable[[ports.Readings], None]:
    return lambda sensed: setattr(sensed, "flags", _NORMAL | flag)


# (head, what happens, the alarm, ticks until the motor must stand: slow sensors take a second,
# a bubble as long as its volume takes to pass, 100 µL at 60 mL/h)
_V, _S = ports.HEAD_VOLUMETRIC, ports.HEAD_SYRINGE
HAZARDS = {
    "downstream occlusion": (_V, _set("down_mmhg", 530), al.AL_OCCLUSION_DOWN, 1),
    "upstream occlusion": (_V, _set("up_mmhg", -60), al.AL_OCCLUSION_UP, 1),
    "air": (_V, _flag(ports.RF_AIR), al.AL_AIR, 61),
    "door": (_V, _flag(ports.RF_DOOR_OPEN), al.AL_DOOR, 1),
    "set taken out": (_V, _flag(ports.RF_CLAMP_OPEN), al.AL_NOT_LOADED, 1),
    "motor fault": (_V, _flag(ports.RF_MOTOR_FAULT), al.AL_MOTOR, 1),
    "heat": (_V, _set("temperature_dc", 551), al.AL_HEAT, 1),
    "syringe: occlusion": (_S, _set("down_mmhg", 530), al.AL_OCCLUSION_DOWN, 1),
    "syringe: clamp": (_S, _flag(ports.RF_CLAMP_OPEN), al.AL_NOT_LOADED, 1),
    "syringe: plunger": (_S, _flag(ports.RF_PLUNGER_OFF), al.AL_NOT_LOADED, 1),
    "syringe: empty": (_S, _set("reservoir_ul", 499), al.AL_EMPTY, 11),
    "syringe: another size": (_S, _set("size_um", 21_000), al.AL_NOT_LOADED, 11),
}


def _calm(sensed: ports.Readings, head: int) -> None:
    sensed.down_mmhg = sensed.up_mmhg = 0
    sensed.flags = _NORMAL
    sensed.temperature_dc = 250
    sensed.reservoir_ul = 30_000 if head == _S else -1
    sensed.size_um = 26_720 if head == _S else -1


def stops_and_holds(name: str, weaken: Callable[[IdealPump], None] | None = None) -> str:
    """Run into the hazard, try to restart, clear it, restart; return what was wrong, or ''."""
    head, happen, alarm, ticks = HAZARDS[name]
    pump = IdealPump(head=head)
    sensed = pump.board.sensed
    _calm(sensed, head)
    pump.start(prescription(60_000, head=head))
    pump.run(3_000)
    if pump.state != t.ST_INFUSING:
        return "it never infused"
    if weaken:
        weaken(pump)
    happen(sensed)
    for _ in range(ticks):
        pump.tick()
    if pump.state != t.ST_STOPPED:
        return f"not stopped within {ticks} ticks"
    wrong = _stands(pump, head)
    if wrong:
        return wrong
    if not pump.controller.alarms.is_shown(alarm) or pump.status.priority != al.PRIORITY_HIGH:
        return "no high alarm"
    pump.press(ports.KEY_START)
    pump.run(1_000)
    if pump.state != t.ST_STOPPED:
        return "restarted into the hazard"
    _calm(sensed, head)
    pump.run(1_500)
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(500)
    return "" if pump.state == t.ST_INFUSING else "a person could not restart it"


def _stands(pump: IdealPump, head: int) -> str:
    """The motor stands, or only backs off from an occlusion, to the head's bound."""
    stopped_at = pump.board.position
    for _ in range(300):
        pump.tick()
        if pump.app.drive.step_rate_mhz > 0:
            return "the motor runs on"
    back_ul = (stopped_at - pump.board.position) * pump.controller.dose.dosing.step_volume / 3_600_000
    if pump.app.drive.step_rate_mhz or not 0 <= back_ul <= backoff_ul(head):
        return f"backed off by {back_ul:.1f} µL"
    return ""


def start_is_refused(name: str) -> str:
    """A hazard that is there before the start keeps the pump from starting."""
    head, happen, _, _ = HAZARDS[name]
    pump = IdealPump(head=head)
    _calm(pump.board.sensed, head)
    happen(pump.board.sensed)
    pump.run(2_000)
    if name in ("air", "syringe: another size"):
        return ""  # known only once fluid moves, or once a syringe has been prescribed
    pump.start(prescription(60_000, head=head))
    return "started into the hazard" if pump.state == t.ST_INFUSING else ""


@claim(
    "interlocks",
    "Each physical hazard (occlusion, air, door, set or syringe out of place, empty, heat, motor) stops the motor, "
    "alarms HIGH, and blocks every start until it is gone and a person restarts.",
    mutants={
        "blind to pressure": becomes("interlocks", BlindToPressure),
        "flags not judged": becomes("interlocks", ForgetsTheDoor),
    },
)
def interlocks(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every hazard, mid-infusion and before the start."""
    findings = {}
    for name in HAZARDS:
        wrong = stops_and_holds(name, subject) or start_is_refused(name)
        if wrong:
            findings[name] = wrong
    return Outcome(not findings, f"{len(HAZARDS)} hazards, {len(findings)} not held", {"findings": findings})

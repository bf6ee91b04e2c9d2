"""Evidence that alarms have the priorities of the policy and behave as IEC 60601-1-8 asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools.claims.registry import Outcome, Report, claim

_H, _M, _L = al.PRIORITY_HIGH, al.PRIORITY_MEDIUM, al.PRIORITY_LOW

# Written by hand from the fail-safe policy, not from the table that the firmware reads:
# whatever stops or cannot sustain flow is HIGH; (priority, latches, rises to HIGH).
EXPECTED = {
    al.AL_OCCLUSION_DOWN: (_H, True, False),
    al.AL_OCCLUSION_UP: (_H, True, False),
    al.AL_AIR: (_H, True, False),
    al.AL_DOOR: (_H, True, False),
    al.AL_NOT_LOADED: (_H, True, False),
    al.AL_EMPTY: (_H, True, False),
    al.AL_HEAT: (_H, True, False),
    al.AL_MOTOR: (_H, True, False),
    al.AL_FREE_FLOW: (_H, True, False),
    al.AL_DOUBT: (_H, True, False),
    al.AL_SELF_TEST: (_H, True, False),
    al.AL_STOPPED_BY_POLICY: (_H, False, False),
    al.AL_END_SUSTAINED: (_H, False, False),
    al.AL_COMPLETE: (_H, False, False),
    al.AL_KVO: (_M, False, False),
    al.AL_LIMIT: (_M, False, False),
    al.AL_RESERVOIR_LOW: (_L, False, True),
    al.AL_BATTERY_LOW: (_L, False, True),
    al.AL_ON_BATTERY: (_L, False, False),
    al.AL_PAUSED: (_M, False, True),
    al.AL_STORE: (_M, True, False),
    al.AL_VOLUME_LOST: (_M, True, False),
    al.AL_LIBRARY: (_H, False, False),
    al.AL_INACTIVITY: (_L, False, False),
    al.AL_NEAR_END: (_L, False, False),
    al.AL_RESUMED: (_M, True, False),
    al.AL_WAITS: (_H, False, False),
    al.AL_FLOW_LOW: (_H, False, False),
    al.AL_SEQUENCE: (_H, True, False),
    al.AL_LATE: (_L, True, False),
    al.AL_OFFLINE: (_L, False, False),
    al.AL_EPISODE: (_M, True, False),
    al.AL_HOSTILE: (_L, False, False),
    al.AL_ISOLATED: (_M, True, False),
    al.AL_COMMS_HELD: (_L, False, False),
    al.AL_BREAK_GLASS: (_M, True, False),
    al.AL_MEMORY: (_M, False, False),
    al.AL_CLOCK: (_L, False, False),
    al.AL_LOG_LOST: (_M, True, False),
}

Make = Callable[[], al.Alarms]


class NeverLatches(al.Alarms):
    """A mutant: an alarm goes with its condition."""

    __slots__ = ()

    def clear(self, code: int) -> None:
        super().clear(code)
        self.acknowledge()


class NeverRises(al.Alarms):
    """A mutant: nothing escalates, and the audio pause never ends."""

    __slots__ = ()

    def second(self, seconds: int) -> None:
        return


class SilencesNewAlarms(al.Alarms):
    """A mutant: a new alarm stays silent in an audio pause."""

    __slots__ = ()

    def raise_(self, code: int) -> None:
        silence = self.silence_s
        super().raise_(code)
        self.silence_s = silence


def code_behaves(code: int, make: Make) -> str:
    """Priority, latching and escalation of one alarm."""
    priority, latches, rises = EXPECTED[code]
    alarms = make()
    alarms.raise_(code)
    if (alarms.top, alarms.priority) != (code, priority):
        return f"alarm {code}: priority {alarms.priority}, {priority} expected"
    for _ in range(al.ESCALATE_S + 1):
        alarms.second(1)
    if alarms.priority != (_H if rises else priority):
        return f"alarm {code}: priority {alarms.priority} after {al.ESCALATE_S} s"
    alarms.clear(code)
    if alarms.is_shown(code) != latches:
        return f"alarm {code}: {'not ' if latches else ''}shown when its cause is gone"
    alarms.acknowledge()
    if alarms.is_shown(code):
        return f"alarm {code}: stays after an acknowledgement"
    alarms.raise_(code)
    alarms.acknowledge()
    return "" if alarms.is_shown(code) else f"alarm {code}: acknowledged away while its cause is there"


def audio_pause_behaves(make: Make) -> list[str]:
    """At most two minutes, ended by a new alarm, never before there is one; the lamp stays."""
    wrong = []
    alarms = make()
    alarms.pause_audio()
    if alarms.silence_s:
        wrong.append("silence before any alarm")
    alarms.raise_(al.AL_KVO)
    alarms.pause_audio()
    if not 0 < alarms.silence_s <= 120 or alarms.priority != _M:
        wrong.append("an audio pause that is none, or too long, or darkens the lamp")
    alarms.raise_(al.AL_AIR)
    if alarms.silence_s:
        wrong.append("a new alarm is silent in an audio pause")
    alarms.pause_audio()
    for _ in range(120):
        alarms.second(1)
    if alarms.silence_s:
        wrong.append("an audio pause of more than two minutes")
    return wrong


def pump_tells() -> list[str]:
    """What people are told by a pump: a reminder in a pause, and what cannot sustain flow is HIGH."""
    wrong = []
    pump = IdealPump()
    pump.start(prescription(60_000))
    pump.press(ports.KEY_PAUSE)
    pump.run(119_000)
    if pump.controller.alarms.is_shown(al.AL_PAUSED):
        wrong.append("reminded of a pause too early")
    pump.run(3_000)
    if not pump.controller.alarms.is_shown(al.AL_PAUSED) or pump.state != t.ST_PAUSED:
        wrong.append("no reminder of a pause, or it ended by itself")
    pump.run(301_000)
    if pump.status.priority != _H:
        wrong.append("a forgotten pause does not escalate")
    for policy, alarm, priority in (
        (layout.POLICY_SUSTAIN, al.AL_END_SUSTAINED, _H),
        (layout.POLICY_KVO, al.AL_KVO, _M),
        (layout.POLICY_STOP, al.AL_COMPLETE, _H),
    ):
        pump = IdealPump()
        pump.start(prescription(60_000, vtbi_ul=100, policy=policy))
        pump.run(10_000)
        if (pump.status.alarm, pump.status.priority) != (alarm, priority):
            wrong.append(f"policy {policy}: alarm {pump.status.alarm} at the end of the volume")
    return wrong


@claim(
    "alarms",
    "Every alarm has the priority that the fail-safe policy gives it, latches or not as listed, escalates where it "
    "is left alone, and an audio pause lasts two minutes at most and never hides a new alarm.",
    mutants={
        "never latches": lambda: NeverLatches,
        "never escalates": lambda: NeverRises,
        "new alarms silenced": lambda: SilencesNewAlarms,
    },
)
def alarms(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each code against a hand-written table; the audio pause; a whole pump."""
    make = subject or al.Alarms
    codes = [*range(al.THERAPY_CODES), *range(al.TRUST_BASE, al.TRUST_BASE + al.TRUST_CODES)]
    findings = [] if set(codes) == set(EXPECTED) else ["an alarm is missing from the expected table"]
    findings += [wrong for code in codes if (wrong := code_behaves(code, make))]
    findings += audio_pause_behaves(make)
    findings += pump_tells()
    return Outcome(not findings, f"{len(codes)} alarms, {len(findings)} off", {"findings": findings})

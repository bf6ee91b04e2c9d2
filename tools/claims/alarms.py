"""Evidence that alarms have the priorities of the policy and behave as IEC 60601-1-8 asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools import alarm_replay, annunciation
from tools.alarm_table import EXPECTED, FIRST
from tools.claims import alarm_mutants as mutants
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import becomes

_H, _M, _L = al.PRIORITY_HIGH, al.PRIORITY_MEDIUM, al.PRIORITY_LOW

Make = Callable[[], IdealPump]


def code_behaves(code: int, alarms: al.Alarms) -> str:
    """Priority, latching and escalation of one alarm."""
    priority, latches, rises_s = EXPECTED[code]
    alarms.raise_(code)
    if (alarms.top, alarms.priority) != (code, priority):
        return f"alarm {code}: priority {alarms.priority}, {priority} expected"
    for second in range(1, 1_900):
        alarms.second(1)
        if alarms.priority != (_H if 0 < rises_s <= second else priority):
            return f"alarm {code}: priority {alarms.priority} after {second} s"
    if code < al.TRUST_BASE:
        alarms.escalate(code)
    if alarms.priority != (_H if rises_s else priority):
        return f"alarm {code}: priority {alarms.priority} when it is told to rise"
    alarms.clear(code)
    if alarms.is_shown(code) != latches:
        return f"alarm {code}: {'not ' if latches else ''}shown when its cause is gone"
    alarms.acknowledge()
    if alarms.is_shown(code):
        return f"alarm {code}: stays after an acknowledgement"
    alarms.raise_(code)
    alarms.acknowledge()
    if alarms.priority != priority:
        return f"alarm {code}: priority {alarms.priority} when it is back"
    return "" if alarms.is_shown(code) else f"alarm {code}: acknowledged away while its cause is there"


def order_holds(alarms: al.Alarms) -> list[str]:
    """Of any two, whichever came first, the more urgent is shown."""
    wrong = []
    for first in FIRST:
        for second in FIRST:
            if first == second:
                continue
            alarms.raise_(first)
            alarms.raise_(second)
            urgent = min(first, second, key=lambda code: (-EXPECTED[code][0], FIRST.index(code)))
            if alarms.top != urgent:
                wrong.append(f"of alarms {first} and {second}, {alarms.top} is shown")
            alarms.clear(first)
            alarms.clear(second)
            alarms.acknowledge()
    return wrong


def audio_pause_behaves(logged: alarm_replay.LoggedAlarms) -> list[str]:
    """At most two minutes, ended by a new alarm or one that is back, never of the unheard; the lamp stays."""
    wrong = []
    alarms = logged.alarms
    alarms.pause_audio()
    if alarms.silence_s:
        wrong.append("silence before any alarm")
    alarms.raise_(al.AL_KVO)
    alarms.pause_audio()
    if alarms.silence_s:
        wrong.append("an alarm is silenced in the tick in which it came")
    logged.tick()
    alarms.pause_audio()
    if not 0 < alarms.silence_s <= 120 or alarms.priority != _M:
        wrong.append("an audio pause that is none, or too long, or darkens the lamp")
    alarms.raise_(al.AL_AIR)
    if alarms.silence_s:
        wrong.append("a new alarm is silent in an audio pause")
    alarms.clear(al.AL_AIR)
    logged.tick()
    alarms.pause_audio()
    alarms.raise_(al.AL_AIR)
    if alarms.silence_s:
        wrong.append("a latched alarm whose cause is back is silent in an audio pause")
    logged.tick()
    alarms.pause_audio()
    for _ in range(120):
        alarms.second(1)
    if alarms.silence_s:
        wrong.append("an audio pause of more than two minutes")
    return wrong


def alarming(pump: IdealPump, priority: int) -> IdealPump:
    """A pump that runs and gives one alarm of `priority`, by its own sensors."""
    pump.start(prescription(60_000, vtbi_ul=1_000 if priority == _M else 0))
    pump.run(1_000)
    if priority == _H:
        pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    elif priority == _L:
        pump.board.sensed.flags &= ~ports.RF_MAINS
    while pump.status.priority != priority:
        pump.tick()
    return pump


def sampled(pump: IdealPump, seconds: int) -> tuple[list[int], list[int]]:
    """Lamp and tone at each tick, from now on."""
    lamps, tones = [pump.status.lamp], [pump.status.tone_hz]
    for _ in range(seconds * 10):
        pump.tick()
        lamps.append(pump.status.lamp)
        tones.append(pump.status.tone_hz)
    return lamps, tones


def output_behaves(make: Make, seconds: int) -> list[str]:
    """Lamp and sound of each priority, sampled; an audio pause in between."""
    wrong = []
    for priority in (_H, _M, _L):
        pump = alarming(make(), priority)
        lamps, tones = sampled(pump, seconds)
        wrong += annunciation.lamp_faults(priority, lamps) + annunciation.sound_faults(priority, tones)
        pump.press(ports.KEY_AUDIO_PAUSE)
        if not pump.status.silenced:
            wrong.append(f"priority {priority}: an audio pause is not shown")
        lamps, tones = sampled(pump, 118)
        wrong += annunciation.lamp_faults(priority, lamps)
        if any(tones):
            wrong.append(f"priority {priority}: sound in an audio pause")
        pump.run(3_000)
        _, tones = sampled(pump, 60)
        wrong += annunciation.sound_faults(priority, tones, first=1)
        if pump.status.silenced:
            wrong.append(f"priority {priority}: the audio pause does not end")
    return wrong


def a_short_alarm_is_heard_out(make: Make) -> list[str]:
    """A burst that has begun is played to its end; a more urgent one cuts in."""
    wrong = []
    pump = alarming(make(), _L)
    tones = [pump.status.tone_hz]
    pump.board.sensed.flags |= ports.RF_MAINS
    for _ in range(30):
        pump.tick()
        tones.append(pump.status.tone_hz)
    if len([run for run in annunciation.runs(tones) if run.value]) != 2:
        wrong.append("a burst breaks off with its alarm")
    pump = alarming(make(), _L)
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    pump.tick()
    if (pump.status.lamp, pump.status.tone_hz) != (ports.LAMP_RED, 523):
        wrong.append("a more urgent alarm waits for its turn")
    return wrong


def pump_tells(make: Make) -> list[str]:
    """What people are told by a pump: a reminder in a pause, and what cannot sustain flow is HIGH."""
    wrong = []
    pump = make()
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
        pump = make()
        pump.start(prescription(60_000, vtbi_ul=100, policy=policy))
        pump.run(10_000)
        if (pump.status.alarm, pump.status.priority) != (alarm, priority):
            wrong.append(f"policy {policy}: alarm {pump.status.alarm} at the end of the volume")
    return wrong


def logged(make: Make) -> alarm_replay.LoggedAlarms:
    """A pump's alarms and their log, apart from the pump."""
    controller = make().controller
    return alarm_replay.LoggedAlarms(controller.alarms, controller.alarm_log)


def log_is_true(make: Make, histories: int) -> list[str]:
    """Random histories of all alarms, read back from their records; then a store that fails."""

    wrong = [said for seed in range(histories) if (said := alarm_replay.history(seed, logged(make), 400))]
    return wrong + alarm_replay.gap(logged(make))


@claim(
    "alarms",
    "Every alarm has the priority that the fail-safe policy gives it, latches or not as listed and escalates where it "
    "is left alone; of two, the more urgent is shown. Lamp and sound, sampled, keep to IEC 60601-1-8: colour, flash, "
    "melody, pulses, rests. An audio pause lasts two minutes at most, darkens no lamp and never hides a new alarm. The "
    "log tells each change, and where it has a gap.",
    mutants={
        "never latches": becomes("alarms", mutants.NeverLatches),
        "never escalates": becomes("alarms", mutants.NeverRises),
        "new alarms silenced": becomes("alarms", mutants.SilencesNewAlarms),
        "first come, first shown": becomes("alarms", mutants.FirstCome),
        "twice the speed": becomes("annunciator", mutants.Hasty),
        "five pulses, once": becomes("annunciator", mutants.PlaysOnce),
        "a pause darkens the lamp": becomes("annunciator", mutants.DarkPause),
        "a sound is cut off": becomes("annunciator", mutants.CutsOff),
        "causes not recorded": becomes("alarm_log", mutants.NotesMasksAlone),
        "records lost in silence": becomes("alarm_log", mutants.LosesInSilence),
    },
)
def alarms(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each code and pair against hand-written tables; two minutes of output each (ten where `deep`); the log."""

    def make() -> IdealPump:
        pump = IdealPump()
        if subject:
            subject(pump)
        return pump

    codes = [*range(al.THERAPY_CODES), *range(al.TRUST_BASE, al.TRUST_BASE + al.TRUST_CODES)]
    findings = [] if set(codes) == set(EXPECTED) == set(FIRST) else ["an alarm is missing from the expected tables"]
    findings += [wrong for code in codes if (wrong := code_behaves(code, make().controller.alarms))]
    findings += order_holds(make().controller.alarms)
    findings += audio_pause_behaves(logged(make))
    findings += output_behaves(make, 600 if deep else 120)
    findings += a_short_alarm_is_heard_out(make)
    findings += pump_tells(make)
    histories = 2_000 if deep else 40
    findings += log_is_true(make, histories)
    figure = f"{len(codes)} alarms, 3 priorities sampled, {histories} histories of the log, {len(findings)} off"
    return Outcome(not findings, figure, {"findings": findings})

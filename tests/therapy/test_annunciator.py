"""Lamp and sounder between the ideal ticks: late, early, broken, interrupted."""

import random

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import annunciator as an
from firmware.therapy import tables as t
from hal import ports
from hal.compat import MASK, ticks_add
from simulator.ideal import IdealPump, prescription
from tools import annunciation

NOTES = {262: "c", 294: "d", 330: "e", 392: "g", 523: "C"}


def notes(tones):
    return "".join(NOTES[run.value] for run in annunciation.runs(tones) if run.value)


def alarmed(code):
    alarms = al.Alarms()
    alarms.raise_(code)
    return alarms


@pytest.mark.parametrize(("code", "melody"), [(al.AL_AIR, "CdgCdCdgCd"), (al.AL_KVO, "Cdg"), (al.AL_OFFLINE, "ec")])
def test_ticks_that_come_a_little_early_or_late_skip_no_pulse(code, melody):
    chance = random.Random(5)
    annunciator, status, alarms = an.Annunciator(), ports.Status(), alarmed(code)
    tones = []
    for tick in range(240):
        annunciator.show(status, ticks_add(MASK - 9_000, tick * 100 + chance.randint(-24, 24)), alarms)
        tones.append(status.tone_hz)
    bursts = -(-240 * 100 // an.period_ms(alarms.priority))
    assert notes(tones) == melody * bursts


def test_a_late_tick_leaves_the_rhythm_as_it_was():
    annunciator, status, alarms = an.Annunciator(), ports.Status(), alarmed(al.AL_AIR)
    annunciator.show(status, 0, alarms)
    annunciator.show(status, 2_000, alarms)  # a stall
    assert status.tone_hz == an.tone_hz(al.PRIORITY_HIGH, 2_000) == 392
    annunciator.show(status, 8_000, alarms)
    assert status.tone_hz == 523  # the next burst begins on time


def test_a_finer_panel_reads_the_same_melody():
    for priority, expected in annunciation.EXPECTED.items():
        fine = [an.tone_hz(priority, ms) for ms in range(0, an.burst_ms(priority), 5)]
        assert notes(fine) == expected.melody
        assert fine[0] and fine[-1]


def test_a_fallen_priority_keeps_the_rest_of_the_lower_one():
    annunciator, status, alarms = an.Annunciator(), ports.Status(), alarmed(al.AL_COMPLETE)
    alarms.raise_(al.AL_KVO)
    tones, lamps = [], []
    for tick in range(240):
        if tick == 10:
            alarms.clear(al.AL_COMPLETE)
        annunciator.show(status, tick * 100, alarms)
        tones.append(status.tone_hz)
        lamps.append(status.lamp)
    assert notes(tones) == "CdgCdCdgCd" + "Cdg"  # the high burst to its end, then the medium one in its time
    assert lamps[10:18] == [ports.LAMP_YELLOW] * 8  # the lamp changes at once
    gap = annunciation.bursts(tones)[1][0].start_ms - 2_700
    assert 2_500 <= gap <= 30_000


def test_a_broken_annunciator_is_loud_and_red():
    pump = IdealPump()
    pump.controller.annunciator._burst_ms = None
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    pump.start(prescription(10_000))
    pump.controller.alarms.raise_(al.AL_DOUBT)
    pump.tick()
    pump.controller.annunciator._lamp_ms = None
    pump.tick()
    assert (pump.status.lamp, pump.status.tone_hz) == (ports.LAMP_RED, 523)
    assert pump.state == t.ST_PROGRAMMING  # and no reason to touch the motor


def test_a_tick_that_raises_is_told_by_lamp_and_sound_even_in_a_pause():
    pump = IdealPump()
    pump.start(prescription(60_000))
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    pump.run(1_000)
    pump.press(ports.KEY_AUDIO_PAUSE)
    assert pump.status.silenced == 1
    pump.controller.dose.profile = None
    pump.controller.interlocks = None
    lamps, tones = [], []
    for _ in range(600):
        pump.tick()
        lamps.append(pump.status.lamp)
        tones.append(pump.status.tone_hz)
    assert pump.state == t.ST_FAILED
    assert annunciation.lamp_faults(3, lamps) == annunciation.sound_faults(3, tones) == []


def test_lamps_and_melodies_differ_from_each_other():
    melodies = [expected.melody for expected in annunciation.EXPECTED.values()]
    assert len(set(melodies)) == 3
    assert [an.lamp(priority, 0) for priority in range(4)] == [
        ports.LAMP_DARK, ports.LAMP_CYAN, ports.LAMP_YELLOW, ports.LAMP_RED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lamps", "fault"),
    [
        ([1, 1, 1, 0, 0, 0, 0, 0, 0, 0] * 10, "a flash every 1000 ms"),
        ([1, 1, 1, 1, 0] * 10, "lit 400 of 500 ms"),
        ([1] * 50, "does not flash"),
        ([2, 2, 0, 0, 0] * 10, "colours [2]"),
    ],
)
def test_a_wrong_lamp_is_measured_as_wrong(lamps, fault):
    assert any(fault in said for said in annunciation.lamp_faults(3, lamps))


@pytest.mark.parametrize(
    ("tones", "fault"),
    [
        (([523, 0, 294, 0, 392] + [0] * 75) * 3, "plays Cdg"),
        (([523] * 3 + [0] + [294] * 3 + [0] + [392] * 3 + [0] * 75) * 3, "pulses of [300] ms"),
        ([523, 0, 294, 0, 392] + [0] * 400, "1 bursts"),
    ],
)
def test_a_wrong_sound_is_measured_as_wrong(tones, fault):
    assert any(fault in said for said in annunciation.sound_faults(3, tones))

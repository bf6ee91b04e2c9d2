"""How an infusion ends, by drug policy: volume, time, rolling limit, reservoir, a pause that is forgotten.

Written by hand from the fail-safe policy (docs/design.md), not from the firmware's tables. A cell is
the delivery state afterwards, the rate in µL/h, the alarm shown first and its priority.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealPump, prescription

RATE, KVO, BOLUS = 100_000, 1_000, 300_000
HIGH, MEDIUM = al.PRIORITY_HIGH, al.PRIORITY_MEDIUM

GOES_ON = ("infusing", RATE, al.AL_END_SUSTAINED, HIGH)
KEEPS_OPEN = ("kvo", KVO, al.AL_KVO, MEDIUM)
IS_OVER = ("complete", 0, al.AL_COMPLETE, HIGH)
IS_OFF = ("stopped", 0, al.AL_EMPTY, HIGH)
LIMITED = ("kvo", KVO, al.AL_LIMIT, MEDIUM)

POLICIES = {
    "sustain": (layout.POLICY_SUSTAIN, KVO),
    "basal": (layout.POLICY_BASAL, KVO),
    "basal, no KVO": (layout.POLICY_BASAL, 0),
    "kvo": (layout.POLICY_KVO, KVO),
    "kvo at rate 0": (layout.POLICY_KVO, 0),
    "stop": (layout.POLICY_STOP, KVO),
}
#                  volume over  time over    rolling limit  reservoir empty
MATRIX = {
    "sustain":       (GOES_ON,    GOES_ON,    GOES_ON,       IS_OFF),
    "basal":         (KEEPS_OPEN, KEEPS_OPEN, LIMITED,       IS_OFF),
    "basal, no KVO": (IS_OVER,    IS_OVER,    IS_OVER,       IS_OFF),
    "kvo":           (KEEPS_OPEN, KEEPS_OPEN, LIMITED,       IS_OFF),
    "kvo at rate 0": (IS_OVER,    IS_OVER,    IS_OVER,       IS_OFF),
    "stop":          (IS_OVER,    IS_OVER,    IS_OVER,       IS_OFF),
}  # fmt: skip
ENDS = ("volume", "time", "limit", "reservoir")


def running(end, policy, kvo_ul_h, bolus):
    """A pump that runs towards `end`, alone or with a bolus on top."""
    rx = prescription(RATE, policy=policy, head=ports.HEAD_SYRINGE)
    rx.kvo_ul_h = kvo_ul_h
    rx.clinician_ul, rx.clinician_ul_h = 50_000, BOLUS
    if end == "volume":
        rx.vtbi_ul = 1_000
    elif end == "time":
        rx.seg_duration_s[0] = 20
    elif end == "limit":
        rx.window_s, rx.window_hard_ul = 36_000, 500
        rx.clinician_ul, rx.clinician_ul_h = 300, 30_000  # slow: the limit comes while it runs
    pump = IdealPump(ports.HEAD_SYRINGE)
    pump.board.sensed.reservoir_ul = 900 if end == "reservoir" else 60_000
    pump.start(rx)
    pump.run(1_000)
    if bolus:
        pump.press(ports.KEY_CLINICIAN_BOLUS)
        pump.tick()
        assert pump.state == t.ST_BOLUS
    return pump


def outcome(pump):
    return t.DELIVERY_NAMES[pump.state], pump.status.rate_ul_h, pump.status.alarm, pump.status.priority


@pytest.mark.parametrize("bolus", [False, True], ids=["infusing", "bolus"])
@pytest.mark.parametrize("column", range(4), ids=ENDS)
@pytest.mark.parametrize("name", MATRIX)
def test_the_end_is_the_policys(name, column, bolus):
    policy, kvo = POLICIES[name]
    pump = running(ENDS[column], policy, kvo, bolus)
    if ENDS[column] == "reservoir":
        pump.run(20_000)
    else:
        for _ in range(3_000):
            if pump.status.alarm in (al.AL_END_SUSTAINED, al.AL_KVO, al.AL_COMPLETE, al.AL_LIMIT):
                break
            pump.tick()
        pump.run(3_000)
    assert outcome(pump) == MATRIX[name][column]


def test_a_limit_is_told_beside_what_it_led_to():
    for name in MATRIX:
        pump = running("limit", *POLICIES[name], False)
        pump.run(30_000)
        assert pump.controller.alarms.is_shown(al.AL_LIMIT)


@pytest.mark.parametrize("name", MATRIX)
def test_an_end_lasts_until_a_person_comes(name):
    pump = running("volume", *POLICIES[name], False)
    pump.run(600_000)
    assert outcome(pump) == MATRIX[name][0]
    pump.board.sensed.reservoir_ul = 490  # a drug that goes on at its rate, or keeps a vein open, ends with its syringe
    pump.run(2_000)
    state, rate, *_ = MATRIX[name][0]
    assert outcome(pump)[:2] == (("stopped", 0) if rate else (state, 0))
    assert pump.status.priority == HIGH


@pytest.mark.parametrize("name", MATRIX)
def test_a_pause_is_recalled_after_two_minutes_and_never_ends_by_itself(name):
    pump = running("none", *POLICIES[name], False)
    pump.press(ports.KEY_PAUSE)
    pump.run(118_000)
    assert pump.status.priority == al.PRIORITY_NONE
    pump.run(3_000)
    assert outcome(pump) == ("paused", 0, al.AL_PAUSED, MEDIUM)
    pump.press(ports.KEY_AUDIO_PAUSE)
    pump.run(118_000)
    assert pump.status.silenced == 1
    pump.run(3_000)
    assert pump.status.silenced == 0  # it comes back
    for _ in range(7_200):
        pump.tick(1_000)
    assert outcome(pump) == ("paused", 0, al.AL_PAUSED, HIGH)
    assert pump.app.drive.step_rate_mhz == 0
    pump.press(ports.KEY_START)
    pump.run(500)
    assert (pump.state, pump.status.priority) == (t.ST_INFUSING, al.PRIORITY_NONE)


MOVES = st.lists(st.tuples(st.integers(100, 150_000), st.integers(1, 20)), max_size=5)


@given(
    first=st.integers(100, 150_000), moves=MOVES, kvo=st.integers(0, 5_000),
    policy=st.sampled_from([layout.POLICY_BASAL, layout.POLICY_KVO]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_kvo_never_exceeds_the_programmed_rate(first, moves, kvo, policy):
    """Whatever was titrated before the end, and however soon before it."""
    pump = IdealPump(ports.HEAD_SYRINGE)
    pump.board.sensed.reservoir_ul = 60_000
    rx = prescription(first, policy=policy, head=ports.HEAD_SYRINGE)
    rx.kvo_ul_h = kvo
    pump.start(rx)
    rate = first
    for new, ticks in moves:
        pump.app.therapy.offer_titration(new)
        pump.run(ticks * 100 + 100)  # a raise waits a tick for its record
        rate = new
    pump.controller.dose.vtbi.allow(1)
    for _ in range(60):
        pump.tick(1_000)
    assert pump.status.rate_ul_h <= min(rate, kvo)
    if kvo:
        assert outcome(pump) == ("kvo", min(rate, kvo), al.AL_KVO, MEDIUM)
    else:
        assert outcome(pump) == IS_OVER


def test_kvo_is_heard_until_it_is_left():
    pump = running("volume", *POLICIES["kvo"], False)
    pump.run(60_000)
    assert outcome(pump) == KEEPS_OPEN
    pump.press(ports.KEY_ACKNOWLEDGE)
    assert outcome(pump) == KEEPS_OPEN  # its cause is still there
    pump.press(ports.KEY_STOP)
    assert (pump.state, pump.status.priority) == (t.ST_PAUSED, al.PRIORITY_NONE)

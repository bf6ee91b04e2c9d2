"""What is left, in time: the arithmetic against fractions, the walk through a programme against the programme."""

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.therapy import alarms as al
from firmware.therapy import estimate, layout
from firmware.therapy import tables as t
from firmware.therapy.prescription import Prescription
from firmware.therapy.profile import Profile
from hal import ports
from simulator.ideal import IdealPump, prescription

MONTH_S = 2_592_000


@given(ul=st.integers(-5, 10**9), rate=st.integers(0, 1_200_000))
def test_a_volume_lasts_its_whole_seconds(ul, rate):
    expected = MONTH_S if rate == 0 and ul > 0 else min(int(Fraction(max(ul, 0) * 3600, max(rate, 1))), MONTH_S)
    assert estimate.volume_s(ul, rate) == expected


SEGMENTS = st.lists(
    st.tuples(st.integers(3_600, 600_000), st.integers(0, 400), st.integers(1, 30)), min_size=1, max_size=8
)


@given(segments=SEGMENTS, cycles=st.integers(1, 3), vtbi=st.integers(1, 20_000) | st.just(-1))
@example(segments=[(21_601, 12, 1), (3_601, 0, 7)], cycles=1, vtbi=13)  # volume and time of a segment end in one second
@settings(max_examples=150, deadline=None)
def test_a_programme_ends_when_it_was_said_to(segments, cycles, vtbi):
    """Forecast at each second of a run, by rates that hold: exact to two seconds a segment."""
    rx = Prescription()
    rx.cycles = cycles
    for rate, volume, seconds in segments:
        rx.add(layout.KIND_HOLD, rate, volume, seconds)
    profile = Profile()
    profile.begin(rx)
    left = vtbi * 3_600_000
    forecasts = []
    while not profile.done and left != 0 and len(forecasts) < 2_000:
        if vtbi > 0:
            forecasts.append(estimate.programme_s(profile, profile.rate_ul_h, left // 3_600_000))
        else:
            forecasts.append(estimate.programme_s(profile, profile.rate_ul_h, -1))
        for _ in range(10):
            if not profile.done:
                units = profile.advance(100)
                left = max(left - units, 0) if vtbi > 0 else left
    slack = 2 + 2 * len(segments) * cycles
    for second, forecast in enumerate(forecasts):
        if forecast < MONTH_S:
            assert abs(second + forecast - len(forecasts)) <= slack
    if len(segments) * cycles <= 18:
        assert forecasts[0] < MONTH_S


def test_a_programme_without_an_end_has_none():
    rx = prescription(60_000)
    profile = Profile()
    profile.begin(rx)
    assert estimate.programme_s(profile, 60_000, -1) == MONTH_S
    assert estimate.programme_s(profile, 60_000, 1_000) == 60
    assert estimate.programme_s(Profile(), 60_000, 1_000) == MONTH_S


def on_battery(pump, permille, seconds):
    pump.board.sensed.flags &= ~ports.RF_MAINS
    pump.board.sensed.battery_permille = permille
    for _ in range(seconds):
        pump.tick(1_000)
    return pump.status.battery_min


def test_a_battery_is_unknown_on_mains_and_until_its_gauge_has_moved():
    pump = IdealPump()
    assert pump.status.battery_min == -1
    assert on_battery(pump, 900, 120) == -1
    for permille in range(899, 890, -1):
        shown = on_battery(pump, permille, 36)
    assert shown == 534  # 891 ‰ at 36 s a permille, to a sixteenth of a second
    pump.board.sensed.flags |= ports.RF_MAINS
    pump.tick(1_000)
    assert pump.status.battery_min == -1
    assert on_battery(pump, 500, 1) == 300  # the pace of last time


def test_a_charged_or_changed_battery_is_measured_anew():
    pump = IdealPump()
    for permille in range(300, 280, -1):
        on_battery(pump, permille, 10)
    assert on_battery(pump, 800, 1) == 800 * 10 // 60
    for permille in range(800, 770, -1):
        shown = on_battery(pump, permille, 40)
    assert shown == pytest.approx(771 * 40 / 60, rel=0.25)


def test_a_nearly_empty_battery_is_high_even_if_nothing_else_is_known():
    pump = IdealPump()
    on_battery(pump, 49, 1)
    assert (pump.status.alarm, pump.status.priority) == (al.AL_BATTERY_LOW, al.PRIORITY_LOW)
    on_battery(pump, 9, 1)
    assert (pump.status.alarm, pump.status.priority) == (al.AL_BATTERY_LOW, al.PRIORITY_HIGH)
    pump.board.sensed.flags |= ports.RF_MAINS
    pump.run(1_000)
    assert pump.status.alarm == al.NONE


def test_a_gauge_that_stands_still_does_not_keep_a_low_battery_low_for_ever():
    pump = IdealPump()
    on_battery(pump, 45, 1_790)
    assert pump.status.priority == al.PRIORITY_LOW
    on_battery(pump, 45, 20)
    assert pump.status.priority == al.PRIORITY_HIGH


def syringe_pump(held_ul, rate=10_000, **fields):
    pump = IdealPump(ports.HEAD_SYRINGE)
    pump.board.sensed.reservoir_ul = held_ul
    rx = prescription(rate, head=ports.HEAD_SYRINGE, policy=layout.POLICY_SUSTAIN)
    for name, value in fields.items():
        setattr(rx, name, value)
    pump.start(rx)
    pump.run(2_000)
    return pump


def test_a_fresh_syringe_counts_at_once():
    pump = syringe_pump(1_400)
    assert pump.controller.alarms.is_shown(al.AL_RESERVOIR_LOW)
    pump.board.sensed.reservoir_ul = 50_000
    pump.run(2_000)
    assert not pump.controller.alarms.is_shown(al.AL_RESERVOIR_LOW)
    assert pump.status.reservoir_min in (296, 297)  # 49.5 mL, less what was pumped since


def test_a_bolus_counts_by_its_volume_and_not_by_its_rate():
    pump = syringe_pump(10_000, clinician_ul=1_000, clinician_ul_h=100_000)
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    pump.run(2_000)
    assert pump.state == t.ST_BOLUS
    assert pump.status.reservoir_min in (50, 51)  # 8.5 mL at 10 mL/h
    assert not pump.controller.alarms.is_shown(al.AL_RESERVOIR_LOW)


def test_a_syringe_that_is_empty_stays_empty_through_the_noise_of_its_sensor():
    pump = syringe_pump(520)
    sensed = pump.board.sensed
    sensed.reservoir_ul = 495
    pump.run(1_500)
    assert pump.state == t.ST_STOPPED
    pump.press(ports.KEY_AUDIO_PAUSE)
    for noisy in (505, 480, 530, 499):
        sensed.reservoir_ul = noisy
        pump.run(1_000)
        assert pump.status.silenced == 1  # it is not a new alarm each second
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_STOPPED
    sensed.reservoir_ul = 30_000
    pump.run(1_000)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_INFUSING


@pytest.mark.parametrize("by", ["volume", "time"])
def test_an_end_that_is_sustained_is_no_longer_near(by):
    rx = prescription(60_000, vtbi_ul=2_000 if by == "volume" else 0, policy=layout.POLICY_SUSTAIN)
    rx.seg_duration_s[0] = 120 if by == "time" else 0
    pump = IdealPump()
    pump.start(rx)
    pump.run(5_000)
    assert pump.controller.alarms.is_shown(al.AL_NEAR_END)
    pump.run(120_000)
    assert (pump.status.alarm, pump.status.reservoir_min) == (al.AL_END_SUSTAINED, -1)
    assert not pump.controller.alarms.is_shown(al.AL_NEAR_END)


def test_nothing_is_left_to_say_while_nothing_flows():
    pump = syringe_pump(20_000)
    pump.press(ports.KEY_PAUSE)
    pump.run(1_000)
    assert pump.status.reservoir_min == -1


def test_low_battery_and_low_reservoir_leave_the_rate():
    pump = syringe_pump(1_020)
    on_battery(pump, 5, 30)
    pump.board.sensed.reservoir_ul = 505
    pump.run(2_000)
    for code in (al.AL_RESERVOIR_LOW, al.AL_BATTERY_LOW):
        assert pump.controller.alarms.priority_of(code) == al.PRIORITY_HIGH
    assert (pump.state, pump.status.rate_ul_h) == (t.ST_INFUSING, 10_000)

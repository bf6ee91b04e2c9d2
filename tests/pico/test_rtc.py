"""The clock: round trip, what is no time, what fails."""

import calendar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.ports import ERR_FAILED, ERR_RANGE, OK
from tests.pico.desk import desk

EPOCH = calendar.timegm((2020, 1, 1, 0, 0, 0))
END = calendar.timegm((2054, 1, 1, 0, 0, 0)) - EPOCH


def _rtc():
    from hal.pico.i2c_bus import Bus
    from hal.pico.rtc import Ds3231

    return Ds3231(Bus())


@settings(max_examples=80, deadline=None)
@given(seconds=st.integers(0, END - 10))
def test_set_and_read_back(seconds):
    with desk() as d:
        rtc = _rtc()
        assert rtc.set(seconds) == OK
        assert rtc.read_s() == seconds
        d.pass_ms(3000)
        assert rtc.read_s() == seconds + 3


@settings(max_examples=80, deadline=None)
@given(seconds=st.integers(0, END - 1))
def test_what_another_program_has_set_is_read(seconds):
    with desk() as d:
        d.rtc.set_unix(EPOCH + seconds)
        assert _rtc().read_s() == seconds


@pytest.mark.parametrize("year", [2000, 2019, 2054, 2099, 2100, 2150])
def test_years_that_do_not_count_are_none(year):
    with desk() as d:
        d.rtc.set_unix(calendar.timegm((year, 6, 1, 0, 0, 0)))
        assert _rtc().read_s() == -1


def test_never_set_and_battery_lost_are_none():
    with desk() as d:
        rtc = _rtc()
        assert rtc.read(d.readings) == OK
        assert d.readings.rtc_s == -1
        assert rtc.set(1_000_000) == OK
        d.rtc.lose_power()
        assert rtc.read_s() == 1_000_000
        d.rtc.battery = False
        d.rtc.lose_power()
        d.pass_ms(500)
        assert rtc.read_s() == -1


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (0, 0x60), (0, 0x0A), (1, 0x60), (2, 0x24), (2, 0x40), (2, 0x53), (4, 0x00), (4, 0x32), (5, 0x00),
        (5, 0x13), (5, 0x81), (6, 0xA0),
    ],
)  # fmt: skip
def test_what_no_clock_holds_is_none(register, value):
    with desk() as d:
        d.rtc.set_unix(EPOCH + 5_000_000)
        d.rtc.garble(register, value)
        assert _rtc().read_s() == -1


@pytest.mark.parametrize(("hour", "register"), [(0, 0x52), (1, 0x41), (11, 0x51), (12, 0x72), (13, 0x61), (23, 0x71)])
def test_a_clock_of_twelve_hours_is_understood(hour, register):
    with desk() as d:
        d.rtc.set_unix(EPOCH)
        d.rtc.garble(2, register)
        assert _rtc().read_s() == hour * 3600


@pytest.mark.parametrize("seconds", [-1, END, END + 5])
def test_a_time_out_of_range_is_refused(seconds):
    with desk():
        assert _rtc().set(seconds) == ERR_RANGE


def test_a_clock_that_falls_silent_keeps_its_value_for_a_second_then_has_none():
    with desk() as d:
        d.rtc.set_unix(EPOCH + 77)
        rtc = _rtc()
        assert rtc.read(d.readings) == OK
        d.rtc.present = False
        seen = []
        for _ in range(4):
            d.pass_ms(500)
            assert rtc.read(d.readings) == ERR_FAILED
            seen.append(d.readings.rtc_s)
        assert seen == [77, 77, -1, -1]
        assert rtc.set(5) == ERR_FAILED
        assert rtc.read_s() == -1


def test_the_turn_asks_twice_a_second_only():
    with desk() as d:
        d.rtc.set_unix(EPOCH)
        rtc = _rtc()
        asked = 0
        for turn in range(100):
            before = d.chip.us
            if turn % 2:
                rtc.read(d.readings)
            else:
                rtc.read_s()
            asked += d.chip.us != before
            assert d.chip.us - before <= 2000
            d.pass_ms(100)
        assert 17 <= asked <= 20

"""Three witnesses of time: which of clock and RTC is wrong, by the turns."""

import pytest

from firmware.therapy.pace import CLOCK_WRONG, OK, RTC_WRONG, Pace


def verdict(seconds, clock=1.0, rtc=1.0, turns=1.0, leap_s=0, at_s=5):
    """What is said within `seconds` of real time, each running at its own speed; the RTC leaps at `at_s`."""
    pace = Pace()
    said = []
    read = 0
    for turn in range(1, int(seconds * 10 * turns) + 1):
        real_ms = turn * 100 / turns
        now = int(real_ms * clock)
        rtc_s = 1_000_000 + int(real_ms * rtc) // 1000 + (leap_s if real_ms >= at_s * 1000 else 0)
        said.append(pace.tick(rtc_s, now - read))
        read = now
    return next((one for one in said if one), OK)


@pytest.mark.parametrize(
    ("expected", "how"),
    [
        (OK, {}),
        (OK, {"turns": 0.3}),  # a slow loop, or calls that block
        (OK, {"clock": 1.0005, "turns": 0.5}),  # ten times the drift of a crystal
        (CLOCK_WRONG, {"clock": 2.0}),
        (CLOCK_WRONG, {"clock": 0.5}),
        (CLOCK_WRONG, {"clock": 0.0}),
        (CLOCK_WRONG, {"clock": 1.1}),
        (RTC_WRONG, {"rtc": 0.0}),
        (RTC_WRONG, {"rtc": 3.0}),
        (RTC_WRONG, {"leap_s": 3600}),
        (RTC_WRONG, {"leap_s": -3600}),
        (RTC_WRONG, {"leap_s": 30}),
    ],
)
def test_two_bear_each_other_out(expected, how):
    assert verdict(120, **how) == expected


def test_without_an_rtc_only_a_clock_that_stands_is_found():
    pace = Pace()
    assert [pace.tick(-1, 200) for _ in range(1000)] == [OK] * 1000
    assert CLOCK_WRONG in [pace.tick(-1, 0) for _ in range(20)]


def test_a_stall_of_any_length_is_neither_wrong():
    pace = Pace()
    rtc_s, clock = 50, 0
    for stall_ms in (100, 5_000, 100, 70_000, 100, 3_600_000, 100, 100):
        clock += stall_ms
        assert pace.tick(rtc_s + clock // 1000, stall_ms) == OK


def test_a_twice_as_fast_clock_is_found_within_three_seconds():
    assert verdict(3, clock=2.0) == CLOCK_WRONG

"""The guardian's arithmetic: volumes that may yet be given, a prescription in time, the rolling window.

The right numbers are made here by plain fractions of whole seconds, not by therapy's profile.
"""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy import layout
from firmware.therapy.allowance import BUCKETS, LEASE_MS, Allowance, Course, Rolling
from firmware.therapy.layout import KIND_HOLD, KIND_RAMP, KIND_SPREAD
from firmware.therapy.prescription import Prescription

UL = 3_600_000
STEP = 225_000


def left(allowance):
    return allowance._ul * UL + allowance._rest


def allowed(ul, rest=0):
    allowance = Allowance()
    allowance.put(ul, rest)
    return allowance


# Allowances.


def test_a_lease_lasts_three_seconds():
    assert LEASE_MS == 3_000


def test_nothing_is_permitted_until_something_is():
    allowance = Allowance()
    assert allowance.spent()
    assert allowance.grant(1) == 0


def test_nought_permits_any_volume():
    allowance = Allowance()
    allowance.allow(0)
    assert allowance.grant(10**9) == 10**9
    assert not allowance.spent()
    allowance.give_steps(5, STEP)
    assert left(allowance) == 0
    allowance.allow(1)
    assert allowance.limited
    assert allowance.grant(UL + 1) == UL


def test_a_new_volume_has_no_rest_of_the_old():
    allowance = allowed(3, 77)
    allowance.allow(2)
    assert left(allowance) == 2 * UL


def test_nothing_more_is_nothing_more():
    allowance = Allowance()
    allowance.allow(0)
    allowance.none()
    assert allowance.spent()
    assert allowance.grant(5) == 0


def test_a_rest_is_not_spent():
    assert not allowed(0, 1).spent()
    assert not allowed(1, 0).spent()
    assert allowed(0, 0).spent()


@given(ul=st.integers(0, 400), rest=st.integers(0, UL - 1), parts=st.lists(st.integers(0, 600_000_000), max_size=12))
def test_what_is_granted_is_what_is_left_or_less(ul, rest, parts):
    allowance = allowed(ul, rest)
    due = ul * UL + rest
    for part in parts:
        assert allowance.grant(part) == min(part, due)
        due -= min(part, due)
        assert left(allowance) == due
        assert allowance.spent() == (due == 0)


SLICE = 600_000_000  # the largest: half a second at 1,200 mL/h, 166.7 µL


@pytest.mark.parametrize("ul", [0, 100, 149, 150, 151, 160, 166])
def test_no_slice_is_granted_beyond_what_is_left(ul):
    assert allowed(ul, 5).grant(SLICE) == ul * UL + 5


@pytest.mark.parametrize("ul", [100, 149, 150, 151, 160, 166])
def test_no_slice_is_granted_beyond_the_rolling_limit(ul):
    window = rolling(limit_ul=ul)
    assert window.grant(SLICE) == ul * UL
    assert window.grant(SLICE) == 0


def test_what_is_reckoned_to_the_unit_fits_one_word():
    from firmware.therapy import allowance

    assert SLICE // UL < allowance._FEW_UL
    assert (allowance._FEW_UL + 1) * UL < 2**30


@pytest.mark.parametrize("steps", [-1, -15, -16])
def test_steps_taken_below_nothing_leave_nothing(steps):
    allowance = allowed(0, 7)
    allowance.give_steps(steps, STEP)
    assert left(allowance) == 0
    assert allowance.spent()


@given(steps=st.integers(-20_000, 20_000), ul=st.integers(0, 3_000))
def test_steps_given_back_add_up_and_never_go_below_nothing(steps, ul):
    allowance = allowed(ul, 7)
    allowance.give_steps(steps, STEP)
    assert left(allowance) == max(ul * UL + 7 + steps * STEP, 0)
    assert 0 <= allowance._rest < UL


class Pieces(Allowance):
    """Remembers the pieces in which it was moved."""

    __slots__ = ("pieces",)

    def _move(self, units):
        self.pieces.append(units)
        super()._move(units)


@pytest.mark.parametrize("steps", [2_000, 2_001, 4_000, 4_001, -2_000, -2_001, -4_001])
def test_steps_are_given_back_in_pieces_that_fit_one_word(steps):
    allowance = Pieces()
    allowance.put(1_000, 0)
    allowance.pieces = []
    allowance.give_steps(steps, STEP)
    assert sum(allowance.pieces) == steps * STEP
    assert len(allowance.pieces) == -(-abs(steps) // 2_000)
    assert max(map(abs, allowance.pieces)) <= 2_000 * STEP < 2**30 - UL


# The course.


def rx_of(*segments, cycles=1, policy=layout.POLICY_KVO):
    rx = Prescription()
    rx.policy = policy
    rx.cycles = cycles
    for segment in segments:
        rx.add(*segment)
    return rx


def course_of(rx):
    course = Course()
    course.begin(rx)
    return course


def ramp(first, last, seconds):
    whole, rest = divmod(last - first, seconds)
    return KIND_RAMP, first, 0, seconds, whole, rest, last


def spread(units_s, seconds):
    """`units_s` µL/h·s over `seconds`: a rate and a rest that is spread."""
    rate, rest = divmod(units_s, seconds)
    return KIND_SPREAD, rate, 0, seconds, 0, rest, rate


def rate_at(segment, second):
    kind, rate, _, seconds, step, rest, _ = segment
    if kind == KIND_RAMP:
        return rate + second * step + second * rest // seconds
    return rate + (second + 1) * rest // seconds - second * rest // seconds


def pass_second(course, ticks=10):
    return sum(course.pass_ms(course.rate_ul_h, 1000 // ticks) for _ in range(ticks))


@given(
    first=st.integers(0, 5_000), last=st.integers(0, 5_000), seconds=st.integers(1, 40),
    units_s=st.integers(0, 100_000), long=st.integers(1, 40),
)  # fmt: skip
def test_each_second_has_the_rate_of_its_stair(first, last, seconds, units_s, long):
    segments = ramp(first, last, seconds), spread(units_s, long), (KIND_HOLD, 321, 0, 5, 0, 0, 321)
    course = course_of(rx_of(*segments))
    for segment in segments[:2]:
        given_s = 0
        for second in range(segment[3]):
            assert course.rate_ul_h == rate_at(segment, second)
            given_s += course.rate_ul_h
            assert pass_second(course) == rate_at(segment, second) * 1000
        if segment[0] == KIND_SPREAD:
            assert given_s == units_s  # the volume ends on time, to the unit
    for _ in range(5):
        assert pass_second(course) == 321_000
    assert pass_second(course) == 0  # over: what goes on is the policy's
    assert course.rate_ul_h == 321


def test_a_segment_without_end_goes_on():
    course = course_of(rx_of((KIND_HOLD, 700, 0, 0)))
    for _ in range(100):
        assert pass_second(course) == 700_000


def test_a_segment_ends_with_its_volume_to_the_unit():
    course = course_of(rx_of((KIND_HOLD, 3_600, 2, 0), (KIND_HOLD, 50, 0, 0)))
    total = 0
    for _ in range(20):
        total += course.pass_ms(course.rate_ul_h, 100)
    assert total == 2 * UL
    assert course.rate_ul_h == 3_600 or course.rate_ul_h == 50
    course = course_of(rx_of((KIND_HOLD, 3_600, 2, 0), (KIND_HOLD, 50, 0, 0)))
    for _ in range(19):
        course.pass_ms(3_600, 100)
        assert course.rate_ul_h == 3_600
    course.pass_ms(3_600, 100)
    assert course.rate_ul_h == 50
    assert course.ms == 0
    assert course.pass_ms(50, 100) == 5_000


def test_what_is_over_the_volume_is_not_permitted():
    course = course_of(rx_of((KIND_HOLD, 3_600, 1, 0), (KIND_HOLD, 50, 0, 0)))
    assert course.pass_ms(3_600, 700) == 700 * 3_600
    assert course.pass_ms(3_600, 300) == 300 * 3_600
    assert course.rate_ul_h == 50
    course = course_of(rx_of((KIND_HOLD, 3_600, 1, 0), (KIND_HOLD, 50, 0, 0)))
    course.pass_ms(3_600, 999)
    assert course.pass_ms(36_000, 100) == UL - 999 * 3_600


def test_whichever_comes_first_volume_or_time():
    course = course_of(rx_of((KIND_HOLD, 3_600, 100, 3), (KIND_HOLD, 50, 0, 0)))
    for _ in range(3):
        assert course.rate_ul_h == 3_600
        pass_second(course)
    assert course.rate_ul_h == 50
    assert not course.left.limited


def test_a_segment_begins_with_a_second_of_its_own():
    course = course_of(rx_of((KIND_HOLD, 3_600, 1, 0), (KIND_HOLD, 50, 0, 2), (KIND_HOLD, 60, 0, 0)))
    course.pass_ms(3_600, 700)
    course.pass_ms(3_600, 300)
    assert (course.rate_ul_h, course.ms) == (50, 0)
    pass_second(course)
    assert course.rate_ul_h == 50
    for _ in range(9):
        course.pass_ms(50, 100)
        assert course.rate_ul_h == 50
    course.pass_ms(50, 100)
    assert course.rate_ul_h == 60


def test_cycles_repeat_the_segments_and_end_with_the_last_dose():
    course = course_of(rx_of((KIND_HOLD, 3_600, 0, 2), (KIND_HOLD, 36, 0, 3), cycles=3))
    rates = []
    for _ in range(14):
        rates.append(course.rate_ul_h)
        pass_second(course)
    assert rates[:12] == [3_600, 3_600, 36, 36, 36] * 2 + [3_600, 3_600]
    assert course.pass_ms(3_600, 100) == 0  # no wait after the last dose


def test_segments_that_run_once_all_run():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), (KIND_HOLD, 20, 0, 1), (KIND_HOLD, 30, 0, 1)))
    assert [pass_second(course) for _ in range(4)] == [10_000, 20_000, 30_000, 0]


def test_a_single_segment_in_cycles():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), cycles=2))
    assert [pass_second(course) for _ in range(3)] == [10_000, 10_000, 0]


def test_a_sustained_drug_goes_on_at_its_rate():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), policy=layout.POLICY_SUSTAIN))
    assert [pass_second(course) for _ in range(4)] == [10_000] * 4
    ends = course_of(rx_of(ramp(10, 20, 2), policy=layout.POLICY_SUSTAIN))
    assert [pass_second(ends) for _ in range(4)] == [10_000, 15_000, 15_000, 15_000]


def test_an_override_holds_with_no_end():
    course = course_of(rx_of((KIND_HOLD, 3_600, 1, 5), (KIND_HOLD, 50, 0, 0)))
    course.override(7_200)
    assert (course.rate_ul_h, course.highest_ul_h, course.override_ul_h) == (7_200, 7_200, 7_200)
    assert not course.left.limited
    for _ in range(20):
        assert pass_second(course) == 7_200_000


def test_an_override_begins_what_was_over_again():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1)))
    pass_second(course)
    assert pass_second(course) == 0
    course.override(5)
    assert pass_second(course) == 5_000


def test_the_highest_rate_follows_an_override_on_a_ramp_too():
    for rate in (700, 0):
        course = course_of(rx_of(ramp(100, 900, 4)))
        course.override(rate)
        assert course.highest_ul_h == rate


def test_a_second_has_a_thousand_milliseconds():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), (KIND_HOLD, 20, 0, 0)))
    course.pass_ms(10, 999)
    assert (course.rate_ul_h, course.ms) == (10, 999)
    course.pass_ms(10, 1)
    assert (course.rate_ul_h, course.ms) == (20, 0)
    course.pass_ms(20, 1000)
    assert course.ms == 0


def test_an_override_of_nought_holds_too():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), (KIND_HOLD, 20, 0, 0)))
    course.override(0)
    assert [pass_second(course) for _ in range(3)] == [0, 0, 0]
    assert course.rate_ul_h == 0


def test_the_highest_rate_is_the_last_that_was_programmed_to_be_held():
    course = course_of(rx_of(ramp(100, 900, 4), (KIND_HOLD, 400, 0, 1), (KIND_HOLD, 0, 0, 1), (KIND_HOLD, 1, 0, 0)))
    assert course.highest_ul_h == 0  # a ramp's stairs are none
    for _ in range(4):
        pass_second(course)
    assert course.highest_ul_h == 400
    pass_second(course)
    assert (course.rate_ul_h, course.highest_ul_h) == (0, 400)
    pass_second(course)
    assert course.highest_ul_h == 1


def test_a_new_prescription_begins_with_none_of_the_old():
    course = course_of(rx_of((KIND_HOLD, 900, 5, 0)))
    course.override(1_000)
    course.pass_ms(1_000, 300)
    course.begin(rx_of((KIND_HOLD, 0, 0, 1), (KIND_HOLD, 7, 0, 0), cycles=2))
    assert (course.rate_ul_h, course.highest_ul_h, course.override_ul_h, course.ms) == (0, 0, -1, 0)
    assert course.lease_ul_h() == 0
    assert pass_second(course) == 0
    assert course.rate_ul_h == 7
    ended = course_of(rx_of((KIND_HOLD, 10, 0, 1)))
    pass_second(ended)
    ended.begin(rx_of((KIND_HOLD, 10, 0, 0)))
    assert pass_second(ended) == 10_000


def test_cycles_are_counted_anew():
    course = course_of(rx_of((KIND_HOLD, 10, 0, 1), cycles=3))
    pass_second(course)
    course.begin(rx_of((KIND_HOLD, 10, 0, 1), cycles=3))
    assert [pass_second(course) for _ in range(4)] == [10_000, 10_000, 10_000, 0]


def test_a_lease_reckons_with_the_rate_of_a_moment_ago():
    course = course_of(rx_of((KIND_HOLD, 900, 0, 1), (KIND_HOLD, 100, 0, 1), (KIND_HOLD, 500, 0, 0)))
    assert course.lease_ul_h() == 900
    pass_second(course)
    assert course.rate_ul_h == 100
    assert course.lease_ul_h() == 900
    course.pass_ms(100, 100)
    assert course.lease_ul_h() == 100
    for _ in range(9):
        course.pass_ms(100, 100)
    assert course.lease_ul_h() == 500


def test_before_a_prescription_there_is_no_rate():
    course = Course()
    assert (course.rate_ul_h, course.override_ul_h, course.highest_ul_h, course.ms) == (0, -1, 0, 0)
    assert course.lease_ul_h() == 0


# Taking up what the journal says.


def past(**values):
    fields = {
        "cycle": 0, "index": 0, "second": 0, "ms": 0, "left_ul": 0, "left_rest": 0, "override_ul_h": -1,
        "programmed_ul_h": 0, "done": False,
    }  # fmt: skip
    return SimpleNamespace(**(fields | values))


def restored(rx, **values):
    course = Course()
    course.restore(rx, past(**values))
    return course


def follows(one, other, seconds):
    """Whether two courses permit the same from here on."""
    for _ in range(seconds):
        assert one.rate_ul_h == other.rate_ul_h
        assert pass_second(one) == pass_second(other)


@given(
    first=st.integers(0, 3_000), last=st.integers(0, 3_000), seconds=st.integers(2, 30), units_s=st.integers(0, 60_000),
    at=st.integers(0, 29), which=st.integers(0, 1),
)  # fmt: skip
def test_a_course_taken_up_goes_on_as_if_nothing_had_been(first, last, seconds, units_s, at, which):
    at %= seconds
    rx = rx_of(ramp(first, last, seconds), spread(units_s, seconds), (KIND_HOLD, 9, 0, 0))
    course = course_of(rx)
    for _ in range(which * seconds + at):
        pass_second(course)
    again = restored(rx, index=which, second=at)
    assert again.lease_ul_h() == again.rate_ul_h == course.rate_ul_h
    follows(again, course, 2 * seconds + 3)


def test_a_course_is_taken_up_within_its_second_and_its_volume():
    rx = rx_of((KIND_HOLD, 3_600, 9, 0), (KIND_HOLD, 50, 0, 0))
    course = restored(rx, ms=400, left_ul=0, left_rest=UL // 2)
    assert course.ms == 400
    assert course.left.limited
    assert course.pass_ms(3_600, 400) == 3_600 * 400
    assert course.pass_ms(3_600, 400) == UL // 2 - 3_600 * 400
    assert course.rate_ul_h == 50


def test_a_course_without_a_volume_takes_none_up():
    course = restored(rx_of((KIND_HOLD, 3_600, 0, 5)), left_ul=0, left_rest=0, second=3)
    assert [pass_second(course) for _ in range(3)] == [3_600_000, 3_600_000, 0]


def test_a_course_is_taken_up_in_its_cycle():
    rx = rx_of((KIND_HOLD, 10, 0, 1), (KIND_HOLD, 20, 0, 1), cycles=2)
    course = restored(rx, cycle=1)
    assert [pass_second(course) for _ in range(2)] == [10_000, 0]
    course = restored(rx, cycle=0, index=1)
    assert [pass_second(course) for _ in range(3)] == [20_000, 10_000, 0]


def test_an_override_is_taken_up_and_one_of_nought_too():
    rx = rx_of((KIND_HOLD, 3_600, 2, 0), (KIND_HOLD, 50, 0, 0))
    for rate in (900, 0):
        course = restored(rx, override_ul_h=rate, left_ul=1)
        assert (course.rate_ul_h, course.override_ul_h) == (rate, rate)
        assert [pass_second(course) for _ in range(3)] == [rate * 1000] * 3
    assert restored(rx, override_ul_h=-1, left_ul=1).rate_ul_h == 3_600


def test_what_was_over_stays_over():
    rx = rx_of((KIND_HOLD, 3_600, 0, 5))
    assert pass_second(restored(rx, done=True)) == 0
    assert pass_second(restored(rx, done=True, override_ul_h=7)) == 0


def test_the_highest_rate_is_taken_up():
    rx = rx_of(ramp(100, 900, 4))
    assert restored(rx, programmed_ul_h=700).highest_ul_h == 700
    assert restored(rx_of((KIND_HOLD, 800, 0, 0)), programmed_ul_h=700).highest_ul_h == 800


# The rolling window.


def rolling(window_s=600, limit_ul=100):
    window = Rolling()
    window.begin(window_s, limit_ul)
    return window


def test_the_guardian_counts_one_bucket_fewer_than_therapy():
    from firmware.therapy import bolus

    assert bolus.BUCKETS == BUCKETS + 1 == 62


def test_no_limit_permits_everything():
    window = rolling(limit_ul=0)
    assert window.grant(10**9) == 10**9
    window.begin(600, 1)
    assert window.grant(UL) == UL  # nothing was counted


@pytest.mark.parametrize("limit", [10, 149, 150, 151, 152, 5_000])
def test_a_limit_is_kept_to_the_unit(limit):
    window = rolling(limit_ul=limit)
    total = 0
    for _ in range(limit * 2 // 3 + 3):
        total += window.grant(2 * UL + 1)
    assert total == limit * UL
    assert window.grant(1) == 0


def test_what_was_counted_past_the_limit_permits_nothing():
    window = rolling(limit_ul=10)
    window.count(12 * UL + 5)
    assert window.grant(1) == 0
    window = rolling(limit_ul=10)
    window.count(10 * UL + 5)
    assert window.grant(1) == 0
    window = rolling(limit_ul=10)
    window.count(9 * UL + 5)
    assert window.grant(2 * UL) == UL - 5


def test_what_leaves_the_window_may_be_given_again():
    window = rolling(window_s=600, limit_ul=100)  # a bucket is ten seconds
    assert window.grant(100 * UL) == 100 * UL
    for _ in range(60 * 10):
        window.second(1)
        assert window.grant(UL) == 0
    for _ in range(9):
        window.second(1)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(100 * UL) == 100 * UL


@pytest.mark.parametrize(("window_s", "span_s"), [(0, 1), (1, 1), (60, 1), (61, 2), (120, 2), (121, 3), (3600, 60)])
def test_a_bucket_is_a_sixtieth_of_the_window_rounded_up(window_s, span_s):
    window = rolling(window_s=window_s)
    window.count(UL)
    window.second(span_s * BUCKETS - 1)
    window.count(0)
    assert window.grant(100 * UL) == 99 * UL
    window = rolling(window_s=window_s)
    window.count(UL)
    window.second(span_s * BUCKETS)
    assert window.grant(101 * UL) == 100 * UL


def test_long_quiet_empties_the_window():
    window = rolling(window_s=60, limit_ul=100)
    window.grant(100 * UL)
    window.second(10_000)
    assert window.grant(100 * UL) == 100 * UL
    window.second(60)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(100 * UL) == 100 * UL


def test_window_after_window_counts_its_own():
    window = rolling(window_s=60, limit_ul=100)
    for _ in range(5):
        assert window.grant(200 * UL) == 100 * UL
        window.second(60)
        assert window.grant(UL) == 0
        window.second(1)


def test_another_span_begins_with_nothing():
    window = rolling(600, 100)
    window.grant(UL // 2)
    window.second(7)
    window.begin(6_000, 1)
    assert window.grant(2 * UL) == UL
    window.second(100 * 60 + 99)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(UL) == UL


def test_what_is_taken_up_replaces_what_was_counted():
    window = rolling(600, 100)
    window.grant(70 * UL)
    window.second(35)
    window.restore(600, 100, kept(10, 20))
    assert window.grant(200 * UL) == 70 * UL
    window.second(10 * 60)
    assert window.grant(200 * UL) == 20 * UL
    window.second(10)
    assert window.grant(200 * UL) == 80 * UL


def test_the_same_span_keeps_what_was_counted_and_another_does_not():
    window = rolling(600, 100)
    window.grant(70 * UL + 9)
    window.second(5)
    window.begin(599, 90)  # the same buckets
    assert window.grant(100 * UL) == 20 * UL - 9
    window.second(5)
    window.begin(6_000, 90)
    assert window.grant(100 * UL) == 90 * UL
    window.second(100)  # one bucket of the new span: the age began anew
    window.second(100 * 60 - 1)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(UL) == UL


def kept(*buckets, age_s=0):
    return SimpleNamespace(buckets=list(buckets) + [0] * (62 - len(buckets)), bucket_age_s=age_s)


def test_what_the_journal_kept_counts_bucket_by_bucket():
    window = Rolling()
    window.restore(600, 100, kept(10, 20, 30))
    assert window.grant(100 * UL) == 40 * UL  # into the newest bucket
    window.second(10 * 58)
    assert window.grant(UL) == 0
    window.second(10)
    assert window.grant(100 * UL) == 30 * UL
    window.second(10)
    assert window.grant(100 * UL) == 20 * UL
    window.second(10)
    assert window.grant(100 * UL) == 50 * UL


def test_the_newest_bucket_is_as_old_as_it_was():
    window = Rolling()
    window.restore(600, 100, kept(100, age_s=7))
    window.second(10 * 60 + 2)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(UL) == UL


def test_no_bucket_is_older_than_its_span():
    window = Rolling()
    window.restore(600, 100, kept(100, age_s=500))
    window.second(10 * 60)
    assert window.grant(UL) == 0
    window.second(1)
    assert window.grant(UL) == UL


def test_one_bucket_of_the_journal_is_left_out():
    window = Rolling()
    window.restore(600, 100, SimpleNamespace(buckets=[1] * 62, bucket_age_s=0))
    assert window.grant(100 * UL) == 39 * UL


@given(parts=st.lists(st.tuples(st.integers(0, 30_000_000), st.integers(0, 25)), max_size=40))
def test_what_is_counted_is_what_was_given_in_the_window(parts):
    window = rolling(window_s=600, limit_ul=20)
    now = 0
    given_at = []
    for units, seconds in parts:
        granted = window.grant(units)
        assert 0 <= granted <= units
        given_at.append((now // 10, granted))
        recent = sum(units for bucket, units in given_at if bucket > now // 10 - BUCKETS)
        # A rest below a microlitre stays behind: it is counted with what comes next.
        assert recent <= 20 * UL + UL
        window.second(seconds)
        now += seconds

"""Volumes in two words, and quotas with their complements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy.volume import ONE_WORD_UL, UNITS_PER_UL, Counted, Quota, Volume
from hal.compat import MASK

UNITS = st.integers(-600_000_000, 603_600_000)


def total(one):
    return one.ul * UNITS_PER_UL + one.rest


class Largest(Volume):
    """A volume that remembers the largest piece it was handed."""

    __slots__ = ("largest",)

    def add(self, units):
        self.largest = max(getattr(self, "largest", 0), abs(units))
        super().add(units)


def test_a_microlitre_is_3_600_000_units_and_one_word_holds_what_it_says():
    assert UNITS_PER_UL == 3_600_000
    assert (ONE_WORD_UL + 1) * UNITS_PER_UL < 2**30


@given(parts=st.lists(UNITS, max_size=20))
def test_a_volume_is_the_sum_and_clears_to_nothing(parts):
    volume = Volume()
    assert total(volume) == 0
    for part in parts:
        volume.add(part)
    assert total(volume) == sum(parts)
    assert 0 <= volume.rest < UNITS_PER_UL
    volume.clear()
    assert (volume.ul, volume.rest) == (0, 0)


@given(steps=st.integers(-20_000, 20_000), step_volume=st.sampled_from([25_702, 126_167, 225_000]))
def test_steps_are_added_in_pieces_that_fit(steps, step_volume):
    volume = Largest()
    volume.add_steps(steps, step_volume)
    assert total(volume) == steps * step_volume
    assert getattr(volume, "largest", 0) < 2**30 - UNITS_PER_UL


@pytest.mark.parametrize("steps", [3_999, 4_000, 4_001, 8_000, 8_001, 1, -1, -3_999, -4_000, -4_001, -8_001])
def test_steps_at_the_edge_of_a_piece(steps):
    volume = Volume()
    volume.add_steps(steps, 225_000)
    assert total(volume) == steps * 225_000


@pytest.mark.parametrize("steps", [20_000, -20_000])
def test_each_piece_is_as_large_as_fits(steps):
    pieces = []

    class Listed(Volume):
        __slots__ = ()

        def add(self, units):
            pieces.append(units)

    Listed().add_steps(steps, 225_000)
    assert len(pieces) == 5  # 4,000 steps each: a long stall costs few turns of the loop


# A volume held against a counter.

STEP = 225_000


def counted(count=7):
    volume = Counted()
    volume.add(123_456)
    volume.mark(count)
    return volume


def test_a_volume_fresh_from_the_shelf_agrees_with_a_counter_at_nought():
    volume = Counted()
    assert volume.agrees(0, STEP)
    volume.add_steps(9, STEP)
    assert volume.agrees(9, STEP)


@given(parts=st.lists(st.integers(-3_000, 9_000), min_size=1, max_size=10), start=st.integers(0, MASK))
def test_a_volume_that_follows_its_counter_agrees_and_one_step_off_does_not(parts, start):
    volume = counted(start)
    count = start
    for part in parts:
        volume.add_steps(part, STEP)
        count = (count + part) & MASK
        assert not volume.agrees((count + 1) & MASK, STEP)
        assert not volume.agrees((count - 1) & MASK, STEP)
        assert volume.agrees(count, STEP)


@pytest.mark.parametrize("name", ["ul", "rest"])
@pytest.mark.parametrize("bit", range(22))
def test_a_bit_that_flips_in_a_counted_volume_shows(name, bit):
    volume = counted()
    volume.add_steps(100, STEP)
    setattr(volume, name, getattr(volume, name) ^ 1 << bit)
    assert not volume.agrees(107, STEP)
    assert not volume.agrees(107, STEP)


def test_half_the_counters_range_later_a_volume_still_agrees():
    volume = counted(0)
    count = 0
    for _ in range(9):
        volume.ul += 2**26 * STEP // UNITS_PER_UL  # 2**26 steps, a whole number of microlitres
        count = (count + 2**26) & MASK
        assert volume.agrees(count, STEP)


# Quotas.


def left(quota):
    return quota.ul * UNITS_PER_UL + quota.rest


def limited(ul, rest=0):
    quota = Quota()
    quota.put(ul, rest)
    return quota


def test_no_bound_takes_everything():
    quota = Quota()
    assert not quota.limited
    assert quota.cap(10**9) == 10**9
    quota.take(10**9)
    assert not quota.spent()
    assert quota.intact()
    assert left(quota) == 0


def test_nought_sets_no_bound_and_one_does():
    quota = Quota()
    quota.allow(1)
    assert quota.limited
    assert quota.cap(UNITS_PER_UL + 1) == UNITS_PER_UL
    quota.allow(0)
    assert not quota.limited


def test_stopped_is_spent():
    quota = Quota()
    quota.allow(5)
    quota.stop()
    assert quota.spent()
    assert quota.cap(1) == 0
    assert quota.intact()


@given(ul=st.integers(0, 100_000), rest=st.integers(0, UNITS_PER_UL - 1), units=st.integers(0, 603_600_000))
def test_a_cap_is_what_is_left_or_less(ul, rest, units):
    quota = limited(ul, rest)
    assert quota.cap(units) == min(units, ul * UNITS_PER_UL + rest)


@given(ul=st.integers(0, 100_000), rest=st.integers(0, UNITS_PER_UL - 1), parts=st.lists(UNITS, max_size=10))
def test_taking_counts_exactly_and_volume_and_complement_alike(ul, rest, parts):
    quota = limited(ul, rest)
    due = ul * UNITS_PER_UL + rest
    for part in parts:
        quota.take(part)
        due = max(due - part, 0)
        assert left(quota) == due
        assert quota.intact()
        assert quota.spent() == (due == 0)


@pytest.mark.parametrize(("ul", "rest"), [(0, 0), (0, 10), (5, 0), (5, 10), (199, 10), (200, 10)])
def test_what_is_left_may_be_given_to_the_unit(ul, rest):
    assert limited(ul, rest).cap(ul * UNITS_PER_UL + rest + 1) == ul * UNITS_PER_UL + rest + (ul >= ONE_WORD_UL)


@pytest.mark.parametrize("more", [1, 2, UNITS_PER_UL, 3 * UNITS_PER_UL])
def test_taking_more_than_is_left_leaves_nothing(more):
    for ul, rest in ((0, 5), (1, 0), (3, 7)):
        quota = limited(ul, rest)
        quota.take(ul * UNITS_PER_UL + rest + more)
        assert (quota.ul, quota.rest) == (0, 0)
        assert quota.intact()


def test_a_part_of_a_microlitre_is_not_spent():
    assert not limited(0, 1).spent()
    assert not limited(1, 0).spent()
    assert limited(0, 0).spent()


@pytest.mark.parametrize("bit", range(30))
def test_a_bit_that_flips_in_a_quota_shows(bit):
    for name in ("ul", "_complement"):
        quota = limited(500, 10)
        setattr(quota, name, getattr(quota, name) ^ 1 << bit)
        assert not quota.intact()


@pytest.mark.parametrize("rest", [-1, UNITS_PER_UL])
def test_a_rest_that_is_none_shows(rest):
    quota = limited(500, 10)
    quota._rest = rest
    assert not quota.intact()


def test_the_largest_rest_is_one():
    assert limited(5, UNITS_PER_UL - 1).intact()
    assert limited(5, 0).intact()

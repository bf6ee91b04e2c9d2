"""Dosing by itself: commanded volume, the steps that carry it, the lease, and what it knows of its own slips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy.dosing import LEASE_MS, LEASE_UNITS, SLICE_MS, Dosing, lease_units, step_rate_mhz
from firmware.therapy.volume import UNITS_PER_UL
from hal.compat import MASK, ticks_diff
from hal.ports import Drive

STEP = 225_000
STEPS = st.sampled_from([25_702, 37_154, 64_670, 83_213, 126_167, 225_000])
RATES = st.integers(0, 1_200_000)


def begun(position=0, step_volume=STEP):
    dosing = Dosing()
    dosing.begin(step_volume, position)
    return dosing


def commanded(dosing):
    return dosing.commanded.ul * UNITS_PER_UL + dosing.commanded.rest


def driven(dosing, rate_ul_h, lease=None, behind=0):
    """The drive after `dosing` was asked for a rate with the motor `behind` steps."""
    drive = Drive()
    lease = lease_units(rate_ul_h) if lease is None else lease
    dosing.drive(drive, rate_ul_h, lease, (dosing.steps - behind) & MASK)
    return drive


def test_the_figures_are_those_of_the_design():
    assert (SLICE_MS, LEASE_MS, LEASE_UNITS) == (500, 3000, 100 * UNITS_PER_UL)


@pytest.mark.parametrize(
    ("rate_ul_h", "units"),
    [(0, 0), (1, 3_000), (119_999, 359_997_000), (120_000, LEASE_UNITS), (1_200_000, LEASE_UNITS)],
)
def test_a_lease_is_three_seconds_or_a_tenth_of_a_millilitre(rate_ul_h, units):
    assert lease_units(rate_ul_h) == units


@given(rate_ul_h=RATES, step_volume=STEPS)
def test_the_step_rate_is_the_quotient_rounded_down(rate_ul_h, step_volume):
    assert step_rate_mhz(rate_ul_h, step_volume) == rate_ul_h * 1_000_000 // step_volume


@given(parts=st.lists(st.integers(0, 603_600_000), max_size=30), position=st.integers(0, MASK), step_volume=STEPS)
def test_steps_are_the_floor_of_the_commanded_volume(parts, position, step_volume):
    dosing = begun(position, step_volume)
    for part in parts:
        dosing.add(part)
        assert dosing.intact()
    assert commanded(dosing) == sum(parts)
    assert ticks_diff(dosing.steps, position) == sum(parts) // step_volume
    assert dosing.past_lease() == sum(parts) // step_volume  # no lease has been given


def test_a_step_is_taken_when_it_is_full_and_not_before():
    dosing = begun()
    dosing.add(STEP - 1)
    assert dosing.steps == 0
    dosing.add(1)
    assert dosing.steps == 1
    dosing.add(STEP - 1)
    assert dosing.steps == 1


def test_a_new_therapy_begins_at_nothing():
    dosing = begun(100)
    dosing.add(7 * STEP + 5)
    driven(dosing, 1000)
    dosing.lost.add(3)
    dosing.begin(126_167, 900)
    assert (commanded(dosing), dosing.lost.ul, dosing.lost.rest, dosing.steps) == (0, 0, 0, 900)
    assert dosing.step_volume == 126_167
    assert dosing.past_lease() == 0
    assert dosing.intact()
    dosing.add(126_166)
    assert dosing.steps == 900
    dosing.add(1)
    assert dosing.steps == 901


def test_a_new_therapy_bends_no_rate_of_the_one_before():
    dosing = begun()
    driven(dosing, 1_000, behind=10)
    dosing.begin(126_167, 0)
    assert driven(dosing, 1_000).step_rate_mhz == step_rate_mhz(1_000, 126_167)


def test_at_no_rate_nothing_of_an_old_bend_moves_the_motor():
    for end in (lambda dosing: dosing.begin(STEP, 0), lambda dosing: dosing.halt(Drive())):
        for behind in (10, -10):
            dosing = begun()
            driven(dosing, 1_000, behind=behind)
            end(dosing)
            for still in (1, -1):
                assert driven(dosing, 0, behind=still).step_rate_mhz == 0
            assert driven(dosing, 0, behind=30).step_rate_mhz == 30_000


@pytest.mark.parametrize("step_volume", [25_702, 37_154, 64_670, 83_213, 126_167, 225_000])
def test_the_slowest_bent_rate_is_asked_for_to_the_millihertz(step_volume):
    slowest = min(
        (step_rate_mhz(rate, step_volume) - bend * 1000, rate, bend)
        for bend in range(2, 51)
        for rate in range(bend * step_volume // 1000 - 30, bend * step_volume // 1000 + 30)
        if step_rate_mhz(rate, step_volume) > bend * 1000
    )
    asked, rate, bend = slowest
    assert driven(begun(1000, step_volume), rate, behind=-bend).step_rate_mhz == asked


def test_half_the_counters_range_later_it_still_knows_itself():
    """The comparison begins anew each time it holds, or the count's wrap would be taken for a fault."""
    dosing = begun(0, 25_702)
    made = 0
    while made <= 2**29 + 100_000:
        dosing.add(1_000_000_000)
        made += 1_000_000_000 // 25_702
        assert dosing.intact()


def test_an_object_fresh_from_the_shelf_is_whole():
    dosing = Dosing()
    assert dosing.intact()
    assert dosing.past_lease() == 0
    assert driven(dosing, 0).step_rate_mhz == 0
    dosing.add(UNITS_PER_UL)
    assert dosing.steps == 1  # a microlitre a step until a head says otherwise


# The lease.


@given(parts=st.lists(st.integers(0, 10_000_000), min_size=1, max_size=10), lease=st.integers(0, LEASE_UNITS))
def test_the_generator_may_run_to_the_floor_of_what_is_due_at_the_leases_end(parts, lease):
    dosing = begun(5)
    for part in parts:
        dosing.add(part)
    drive = driven(dosing, 1_000, lease)
    assert drive.step_end == 5 + (sum(parts) + lease) // STEP
    assert dosing.past_lease() == dosing.steps - drive.step_end
    assert (drive.enable, drive.relay) == (1, 1)


def test_what_is_missed_past_a_lease_is_forfeit_and_counted_as_lost():
    dosing = begun()
    driven(dosing, 60_000, lease=4 * STEP)
    dosing.add(9 * STEP + 7)
    assert dosing.past_lease() == 5
    assert dosing.forfeit() == 5
    assert commanded(dosing) == 4 * STEP + 7
    assert dosing.lost.ul * UNITS_PER_UL + dosing.lost.rest == 5 * STEP
    assert dosing.steps == 4
    assert dosing.past_lease() == 0
    assert dosing.intact()


@given(ahead=st.integers(-9_000, 9_000))
def test_what_the_counter_says_becomes_the_commanded_volume(ahead):
    dosing = begun(MASK - 5)
    dosing.add(20_000 * STEP // 100 + 11)
    before, steps = commanded(dosing), dosing.steps
    dosing.rebase((steps + ahead) & MASK)
    assert commanded(dosing) == before + ahead * STEP
    assert ticks_diff(dosing.steps, steps) == ahead
    assert dosing.past_lease() == 0
    assert dosing.intact()


def test_standing_elsewhere_moves_no_volume():
    dosing = begun()
    dosing.add(3 * STEP)
    dosing.stand(777)
    assert (dosing.steps, dosing.past_lease(), commanded(dosing)) == (777, 0, 3 * STEP)
    assert dosing.intact()


# The bend: a count that strays by more than a step is brought back, by at most fifty steps a second.


def test_a_count_within_a_step_leaves_the_rate_alone():
    for behind in (-1, 0, 1):
        assert driven(begun(100), 60_000, behind=behind).step_rate_mhz == step_rate_mhz(60_000, STEP)


@pytest.mark.parametrize(
    ("behind", "bend"), [(2, 2), (50, 50), (51, 50), (900, 50), (-2, -2), (-50, -50), (-51, -50), (-900, -50)]
)
def test_a_strayed_count_bends_the_rate(behind, bend):
    rate = step_rate_mhz(60_000, STEP)
    assert driven(begun(1000), 60_000, behind=behind).step_rate_mhz == rate + bend * 1000


def test_a_bend_lasts_until_the_count_is_back_and_is_not_renewed():
    dosing = begun(1000)
    rate = step_rate_mhz(60_000, STEP)
    assert driven(dosing, 60_000, behind=5).step_rate_mhz == rate + 5_000
    assert driven(dosing, 60_000, behind=3).step_rate_mhz == rate + 5_000
    assert driven(dosing, 60_000, behind=1).step_rate_mhz == rate + 5_000
    assert driven(dosing, 60_000, behind=0).step_rate_mhz == rate
    assert driven(dosing, 60_000, behind=-5).step_rate_mhz == rate - 5_000
    assert driven(dosing, 60_000, behind=-1).step_rate_mhz == rate - 5_000
    assert driven(dosing, 60_000, behind=1).step_rate_mhz == rate
    assert driven(dosing, 60_000, behind=0).step_rate_mhz == rate


def test_a_bend_that_has_gone_too_far_turns_round():
    dosing = begun(1000)
    rate = step_rate_mhz(60_000, STEP)
    driven(dosing, 60_000, behind=5)
    assert driven(dosing, 60_000, behind=-7).step_rate_mhz == rate - 7_000
    assert driven(dosing, 60_000, behind=6).step_rate_mhz == rate + 6_000


def test_a_motor_that_was_ahead_is_held_until_it_is_one_behind():
    """Either way it ends at or behind the commanded volume, never before it."""
    dosing = begun(1000)
    rate = step_rate_mhz(60_000, STEP)
    driven(dosing, 60_000, behind=-5)
    assert driven(dosing, 60_000, behind=0).step_rate_mhz == rate - 5_000
    assert driven(dosing, 60_000, behind=1).step_rate_mhz == rate


def test_another_rate_begins_unbent():
    dosing = begun(1000)
    driven(dosing, 60_000, behind=5)
    assert driven(dosing, 70_000, behind=1).step_rate_mhz == step_rate_mhz(70_000, STEP)


def test_a_motor_is_never_bent_backwards():
    assert driven(begun(1000), 1_000, behind=-40).step_rate_mhz == 0
    dosing = begun(1000)
    assert driven(dosing, 450, behind=-2).step_rate_mhz == 0  # exactly the rate of two steps a second
    assert driven(begun(1000), 451, behind=-2).step_rate_mhz == 4


def test_a_halt_asks_for_no_motion_and_keeps_power():
    dosing = begun(1000)
    drive = driven(dosing, 60_000, behind=5)
    dosing.add(STEP)
    dosing.halt(drive)
    assert (drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay) == (0, 1001, 0, 1)
    assert dosing.past_lease() == 0
    assert dosing.intact()
    assert driven(dosing, 60_000, behind=1).step_rate_mhz == step_rate_mhz(60_000, STEP)


def test_after_a_halt_no_rate_is_in_force():
    dosing = begun(1000)
    driven(dosing, 60_000)
    dosing.halt(Drive())
    assert driven(dosing, 0).step_rate_mhz == 0
    assert dosing.intact()


# What it knows of itself.


def running():
    dosing = begun(3)
    dosing.add(5 * STEP + 1234)
    driven(dosing, 60_000)
    assert dosing.intact()
    return dosing


@pytest.mark.parametrize("name", ["ul", "rest"])
@pytest.mark.parametrize("bit", range(30))
def test_a_bit_that_flips_in_the_volume_shows(name, bit):
    dosing = running()
    setattr(dosing.commanded, name, getattr(dosing.commanded, name) ^ 1 << bit)
    assert not dosing.intact()
    assert not dosing.intact()  # and is not taken for how it always was


@pytest.mark.parametrize("name", ["steps", "_step_rest", "_rate_ul_h", "_rate_mhz", "step_volume"])
@pytest.mark.parametrize("bit", range(4, 30))
def test_a_bit_that_flips_in_the_steps_shows(name, bit):
    dosing = running()
    setattr(dosing, name, getattr(dosing, name) ^ 1 << bit)
    assert not dosing.intact()


@pytest.mark.parametrize("rest", [-1, STEP, STEP + 5])
def test_a_remainder_that_is_none_shows_even_where_the_sum_is_right(rest):
    dosing = running()
    dosing.commanded.rest += rest - dosing._step_rest
    dosing._step_rest = rest
    assert not dosing.intact()


def test_a_remainder_of_nought_is_one():
    dosing = begun()
    dosing.add(STEP)
    assert dosing.intact()


def test_a_slip_of_one_step_or_one_unit_shows():
    for change in (-1, 1):
        dosing = running()
        dosing.steps += change
        assert not dosing.intact()
        dosing = running()
        dosing.commanded.rest += change
        assert not dosing.intact()
        dosing = running()
        dosing._rate_mhz += change
        assert not dosing.intact()


@given(parts=st.lists(st.integers(0, 603_600_000), min_size=1, max_size=20), step_volume=STEPS)
def test_what_held_before_is_the_measure_of_what_holds_now(parts, step_volume):
    dosing = begun(0, step_volume)
    for part in parts:
        dosing.add(part)
        assert dosing.intact()
        dosing.steps = (dosing.steps + 1) & MASK
        assert not dosing.intact()
        dosing.steps = (dosing.steps - 1) & MASK
        assert dosing.intact()

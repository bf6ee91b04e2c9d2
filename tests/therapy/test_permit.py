"""What a prescription permits, to the unit: a step here holds one unit, so that positions are volumes."""

import pytest

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.layout import KIND_HOLD
from firmware.therapy.permit import LATE_MS, SHORT_S, SLACK_STEPS, Permit
from firmware.therapy.prescription import Prescription
from hal.compat import MASK
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC

UL = 3_600_000
RATE = 36_000
FAR = 2**28


def rx_of(*segments, **fields):
    rx = Prescription()
    for name, value in ({"policy": layout.POLICY_KVO} | fields).items():
        setattr(rx, name, value)
    for segment in segments or ((KIND_HOLD, RATE, 0, 0),):
        rx.add(*segment)
    return rx


def begun(*segments, head=HEAD_VOLUMETRIC, step=1, count=0, far=FAR, **fields):
    permit = Permit(head)
    permit.begin(rx_of(*segments, **fields), step, count)
    permit.end = count + far
    return permit


def left(allowance):
    return allowance._ul * UL + allowance._rest


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_BOLUS])
@pytest.mark.parametrize("ms", [1, 100, 499, 500, 501, 999, 1_000, 1_001, 2_999, 3_000])
def test_rate_times_time_is_permitted_to_the_unit(state, ms):
    permit = begun()
    permit.pass_ms(state, ms)
    assert permit.steps == RATE * ms
    assert not permit.short


def test_a_lease_of_time_at_most():
    for ms in (3_001, 60_000):
        permit = begun()
        permit.pass_ms(t.ST_INFUSING, ms)
        assert permit.steps == RATE * 3_000
    permit = begun()
    permit.pass_ms(t.ST_INFUSING, 0)
    permit.pass_ms(t.ST_INFUSING, -1)
    assert permit.steps == 0


def test_what_makes_no_whole_step_is_kept():
    permit = begun(step=225_000, count=MASK)
    for tick in range(1, 50):
        permit.pass_ms(t.ST_INFUSING, 3)
        assert permit.steps == (MASK + RATE * 3 * tick // 225_000) & MASK
        assert permit.cap(0) == (permit.steps + SLACK_STEPS) & MASK
        assert permit.cap(225_000 - RATE * 3 * tick % 225_000) == permit.cap(0) + 1 & MASK
        assert permit.cap(224_999 - RATE * 3 * tick % 225_000) == permit.cap(0)


def test_a_full_step_is_one():
    permit = begun(step=RATE * 10)
    permit.pass_ms(t.ST_INFUSING, 10)
    assert permit.steps == 1


def test_rates_change_within_a_tick_where_the_second_ends():
    permit = begun((KIND_HOLD, 100, 0, 1), (KIND_HOLD, 9, 0, 0))
    permit.pass_ms(t.ST_INFUSING, 700)
    permit.pass_ms(t.ST_INFUSING, 1_000)
    assert permit.steps == 100 * 1_000 + 9 * 700


def test_a_lease_is_three_seconds_or_a_tenth_of_a_millilitre():
    for rate, units in ((1, 3_000), (119_999, 359_997_000), (120_000, 360_000_000), (1_200_000, 360_000_000)):
        assert begun((KIND_HOLD, rate, 0, 0)).lease_units(t.ST_INFUSING) == units


def test_half_a_lease_is_tolerated():
    permit = begun(step=225_000)
    assert [permit.tolerance(lease) for lease in (0, 449_999, 450_000, 360_000_000)] == [4, 4, 5, 804]


# Beginning, standing, going on.


def worn():
    """A permit in which nothing is as it was at first."""
    permit = begun(step=225_000, count=50, far=1)
    permit.pass_ms(t.ST_INFUSING, 300)
    permit.patient.allow(5)
    permit.clinician.allow(5)
    permit.end = 7_000
    permit.pass_ms(t.ST_INFUSING, 2)
    return permit


def test_a_new_prescription_begins_with_nothing_of_the_old():
    permit = worn()
    permit.begin(rx_of(vtbi_ul=20, window_s=600, window_hard_ul=90), 1, 900)
    assert (permit.steps, permit.end, permit.step) == (900, 900, 1)
    assert permit.cap(0) == 904
    assert permit.patient.spent()
    assert permit.clinician.spent()
    assert left(permit.volume) == 20 * UL
    assert permit.rolling._limit_ul == 90


@pytest.mark.parametrize("again", ["stand", "prime"])
def test_where_it_stands_nothing_is_left_over(again):
    permit = worn()
    if again == "stand":
        permit.stand(600)
    else:
        permit.prime(225_000, 600)
    assert (permit.steps, permit.end) == (600, 600)
    assert permit.cap(224_999) == 604  # no part of a step
    assert (permit._due, permit._lost) == (0, 0)


def test_what_is_taken_up_is_what_was_left():
    from types import SimpleNamespace

    past = SimpleNamespace(
        cycle=0, index=0, second=0, ms=0, left_ul=0, left_rest=0, override_ul_h=-1, programmed_ul_h=RATE, done=False,
        vtbi_ul=3, vtbi_rest=77, bucket_age_s=0, buckets=[5] + [0] * 61,
    )  # fmt: skip
    permit = Permit(HEAD_VOLUMETRIC)
    permit.restore(rx_of(kvo_ul_h=700), 1, past)
    permit.stand(0)
    permit.end = FAR
    permit.pass_ms(t.ST_INFUSING, 100)
    assert permit.steps == RATE * 100
    permit.keep_open()
    assert permit.lease_units(t.ST_KVO) == 2_100_000
    permit = worn()
    permit.restore(rx_of(vtbi_ul=500, window_s=600, window_hard_ul=90), 1, past)
    assert permit.step == 1
    assert permit.patient.spent()
    assert permit.clinician.spent()
    assert left(permit.volume) == 3 * UL + 77
    assert permit.rolling.grant(200 * UL) == 85 * UL
    permit = worn()
    permit.restore(rx_of(), 1, past)
    assert not permit.volume.limited


@pytest.mark.parametrize("off", range(-5, 6))
def test_what_was_not_pumped_is_still_to_be_given(off):
    permit = begun((KIND_HOLD, RATE, 300, 0), (KIND_HOLD, 1, 0, 0), step=225_000, count=1_000, vtbi_ul=200)
    permit.pass_ms(t.ST_INFUSING, 1_000)
    assert permit.steps == 1_160
    permit.resume(1_160 - off)
    moved = off if abs(off) > 2 else 0
    assert permit.steps == 1_160 - moved
    assert permit.end == permit.steps
    assert left(permit.volume) == 190 * UL + moved * 225_000
    assert left(permit.course.left) == 290 * UL + moved * 225_000


# What falls behind.


@pytest.mark.parametrize("state", [t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO, t.ST_PRIMING])
def test_what_was_not_pumped_by_the_leases_end_never_will_be(state):
    permit = begun((KIND_HOLD, RATE, 300, 0), (KIND_HOLD, 1, 0, 0), vtbi_ul=200, kvo_ul_h=RATE, far=10)
    permit._prime.allow(100)
    permit.keep_open()
    permit.pass_ms(state, 100)
    assert permit.steps == permit.end == 10
    given_back = 10 if state in (t.ST_INFUSING, t.ST_BOLUS) else 0
    assert left(permit.volume) == 200 * UL - given_back
    assert left(permit.course.left) == 300 * UL - given_back


def test_a_tick_is_late_after_a_tenth_of_a_millilitre_at_the_fastest_rate():
    assert LATE_MS * 1_200_000 == 100 * UL


def test_what_reaches_the_leases_end_is_not_missed():
    permit = begun(far=RATE * 100)
    permit.pass_ms(t.ST_INFUSING, 100)
    assert permit.steps == RATE * 100
    assert permit._lost == 0


@pytest.mark.parametrize(("ms", "counted"), [(LATE_MS, True), (LATE_MS + 1, False)])
def test_what_a_stall_costs_is_no_shortfall(ms, counted):
    permit = begun(far=0)
    permit.pass_ms(t.ST_INFUSING, ms)
    assert (permit._lost > 0) == counted


@pytest.mark.parametrize(("more", "short"), [(0, False), (1, True)])
def test_a_shortfall_of_a_lease_four_steps_and_a_twentieth_is_borne(more, short):
    permit = begun(far=RATE * 200_000)
    for _ in range(4):
        permit.end = permit.steps + FAR
        permit.pass_ms(t.ST_INFUSING, 250)
    due = RATE * 1_000 + RATE * 300
    borne = due // 20 + RATE * 3_000 + 4
    permit._lost = borne + more - RATE * 300  # as earlier stretches of it would have left it
    permit.end = permit.steps
    permit.pass_ms(t.ST_INFUSING, 300)
    assert permit.short == short


@pytest.mark.parametrize("step", [1, 225_000])
def test_shortfalls_add_up(step):
    permit = begun(far=0, step=step)
    for tick in range(1, 60):
        permit.pass_ms(t.ST_INFUSING, 100)
        due = RATE * 100 // step * tick
        assert permit.short == (due > due // 20 + RATE * 3_000 // step + 4)


def test_one_step_missed_is_missed():
    permit = begun(far=RATE * 100 - 1)
    permit.pass_ms(t.ST_INFUSING, 100)
    assert permit.steps == RATE * 100 - 1
    assert permit._lost == 1


@pytest.mark.parametrize("seconds", [[299, 1], [300], [150, 150], [1_000]])
def test_the_account_is_closed_after_five_minutes(seconds):
    permit = begun(far=0)
    permit.pass_ms(t.ST_INFUSING, 100)
    for place, passed in enumerate(seconds):
        assert permit._lost == RATE * 100
        assert permit._due == RATE * 100
        permit.second(passed)
        assert (permit._lost == 0) == (place == len(seconds) - 1)
    assert (permit._due, permit._lost) == (0, 0)
    permit.pass_ms(t.ST_INFUSING, 100)
    permit.second(SHORT_S - 1)
    assert permit._lost > 0
    permit.second(1)
    assert permit._lost == 0


def test_the_window_hears_of_the_seconds():
    permit = begun(window_s=60, window_hard_ul=10)
    assert permit.rolling.grant(20 * UL) == 10 * UL
    permit.second(60)
    assert permit.rolling.grant(UL) == 0
    permit.second(1)
    assert permit.rolling.grant(20 * UL) == 10 * UL


# KVO and priming.


def test_kvo_runs_at_its_rate_and_counts():
    permit = begun(kvo_ul_h=1_000, window_s=60, window_hard_ul=1)
    permit.patient.allow(9)
    permit.clinician.allow(9)
    permit.keep_open()
    assert permit.patient.spent()
    assert permit.clinician.spent()
    assert permit.lease_units(t.ST_KVO) == 3_000_000
    for _ in range(2):
        permit.pass_ms(t.ST_KVO, 1_700)
    assert permit.steps == 3_400_000
    assert permit.rolling.grant(UL) == UL - 3_400_000


@pytest.mark.parametrize(("programmed", "kvo"), [(1_001, 1_000), (1_000, 1_000), (999, 999), (0, 0)])
def test_kvo_is_never_above_the_programmed_rate(programmed, kvo):
    permit = begun((KIND_HOLD, programmed, 0, 0), kvo_ul_h=1_000)
    permit.keep_open()
    assert permit.lease_units(t.ST_KVO) == kvo * 3_000


@pytest.mark.parametrize(
    ("head", "rate", "lease", "ul"),
    [(HEAD_SYRINGE, 100_000, 300_000_000, 2_000), (HEAD_VOLUMETRIC, 600_000, 360_000_000, 20_000)],
)
def test_one_prime(head, rate, lease, ul):
    permit = Permit(head)
    permit.prime(225_000, 0)
    assert permit.step == 225_000
    permit.prime(1, 0)
    permit.end = FAR
    assert permit.lease_units(t.ST_PRIMING) == lease
    permit.pass_ms(t.ST_PRIMING, 100)
    assert permit.steps == rate * 100
    assert left(permit._prime) == ul * UL - rate * 100
    permit.prime(1, 0)
    assert left(permit._prime) == ul * UL
    permit._prime.put(0, 7)
    permit.end = FAR
    permit.pass_ms(t.ST_PRIMING, 100)
    assert permit.steps == 7


# Boluses.


def with_boluses(patient=0, clinician=0, rate=RATE, head=HEAD_VOLUMETRIC, **fields):
    values = {"patient_ul_h": 72_000, "clinician_ul_h": 90_000} | fields
    permit = begun((KIND_HOLD, rate, 0, 0), head=head, **values)
    for allowance, units in ((permit.patient, patient), (permit.clinician, clinician)):
        allowance.put(units // UL, units % UL)
    return permit


@pytest.mark.parametrize(
    ("patient", "clinician", "extra"), [(UL, 0, 72_000), (0, UL, 90_000), (UL, UL, 72_000), (0, 0, 0), (1, 0, 72_000)]
)
def test_the_patients_bolus_comes_first(patient, clinician, extra):
    permit = with_boluses(patient, clinician)
    assert permit.lease_units(t.ST_BOLUS) == min((RATE + extra) * 3_000, 360_000_000)
    permit.pass_ms(t.ST_BOLUS, 10)
    given_units = min(extra * 10, patient or clinician)
    assert permit.steps == RATE * 10 + given_units
    assert left(permit.patient) == max(patient - extra * 10, 0)
    assert left(permit.clinician) == (clinician if patient else max(clinician - extra * 10, 0))


@pytest.mark.parametrize(("head", "most"), [(HEAD_SYRINGE, 150_000), (HEAD_VOLUMETRIC, 1_200_000)])
def test_no_bolus_is_faster_than_the_head(head, most):
    for rate, extra in ((most - 72_001, 72_000), (most - 72_000, 72_000), (most - 71_999, 71_999), (most, 0)):
        permit = with_boluses(patient=10 * UL, rate=rate, head=head)
        permit.pass_ms(t.ST_BOLUS, 10)
        assert permit.steps == (rate + extra) * 10


def test_volume_and_window_bound_base_and_bolus():
    permit = with_boluses(patient=10 * UL, vtbi_ul=1)
    permit.pass_ms(t.ST_BOLUS, 100)
    assert permit.steps == UL
    permit = with_boluses(patient=10 * UL, window_s=60, window_hard_ul=1)
    permit.pass_ms(t.ST_BOLUS, 100)
    assert permit.steps == UL
    permit = with_boluses(patient=10 * UL, vtbi_ul=1, window_s=60, window_hard_ul=1, policy=layout.POLICY_SUSTAIN)
    permit.pass_ms(t.ST_BOLUS, 100)
    assert permit.steps == (RATE + 72_000) * 100


def test_without_a_prescription_there_is_no_kvo():
    permit = Permit(HEAD_VOLUMETRIC)
    permit.keep_open()
    assert permit.lease_units(t.ST_KVO) == 0


def test_a_prime_is_over_with_its_volume_and_no_sooner():
    permit = Permit(HEAD_VOLUMETRIC)
    permit.prime(1, 0)
    permit.end = FAR
    for _ in range(1_199):  # 20 mL at 600 mL/h
        permit.pass_ms(t.ST_PRIMING, 100)
        assert not permit.primed()
    permit.pass_ms(t.ST_PRIMING, 100)
    assert permit.primed()
    permit.prime(1, 0)
    assert not permit.primed()

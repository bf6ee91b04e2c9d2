"""Properties of the firmware alone, over histories that hypothesis invents."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy import layout
from firmware.therapy.prescription import Prescription
from firmware.therapy.volume import UNITS_PER_UL, Quota, Volume
from hal.compat import HALF, MASK, ticks_add, ticks_diff
from tools.claims.dosing import sequence_is_exact
from tools.claims.limits import hard_limit_holds, presses

RATES = st.integers(100, 1_200_000)
MOVES = st.lists(
    st.tuples(st.sampled_from(["run", "pause", "titrate"]), RATES, st.integers(1, 30)), min_size=1, max_size=6
)


@given(moves=MOVES, start=st.integers(0, MASK))
@settings(max_examples=40, deadline=None)
def test_commanded_volume_is_the_rational_sum_of_rate_and_time(moves, start):
    assert sequence_is_exact(moves, start=start)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_no_press_shortens_a_lock_out_or_overfills_the_window(seed):
    broken, _ = presses(seed, 3_000)
    assert not broken


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_no_dose_passes_a_hard_limit(seed):
    assert not hard_limit_holds(seed)


@given(parts=st.lists(st.integers(-600_000_000, 603_600_000), max_size=50))
def test_a_volume_in_two_words_is_the_sum(parts):
    volume = Volume()
    for part in parts:
        volume.add(part)
    assert volume.ul * UNITS_PER_UL + volume.rest == sum(parts)
    assert 0 <= volume.rest < UNITS_PER_UL


@given(ul=st.integers(1, 1000), parts=st.lists(st.integers(1, 603_600_000), max_size=50))
def test_a_quota_gives_exactly_what_it_holds(ul, parts):
    quota = Quota()
    quota.allow(ul)
    given_units = 0
    for part in parts:
        granted = quota.cap(part)
        quota.take(granted)
        given_units += granted
    assert given_units == min(sum(parts), ul * UNITS_PER_UL)
    assert quota.spent() == (given_units == ul * UNITS_PER_UL)


@given(a=st.integers(0, MASK), d=st.integers(-HALF + 1, HALF - 1))
def test_ticks_differ_by_what_was_added_across_the_wrap(a, d):
    assert ticks_diff(ticks_add(a, d), a) == d
    assert 0 <= ticks_add(a, d) <= MASK


def unsigned(code):
    return {"B": 2**8 - 1, "H": 2**16 - 1, "I": 2**32 - 1}[code]


@given(data=st.data(), count=st.integers(0, layout.SEGMENTS))
@settings(max_examples=50)
def test_a_prescription_comes_back_from_its_bytes(data, count):
    rx = Prescription()
    for name, code in layout.PRESCRIPTION[1:]:
        if name != "segments":
            setattr(rx, name, data.draw(st.integers(0, unsigned(code))))
    for index in range(count):
        rx.add(index % 3, index * 1000, index, index + 1, -index, index, 7)
    other = Prescription()
    encoded = rx.encode()
    assert other.decode(encoded)
    assert other.encode() == encoded


@given(position=st.integers(0, 200), bit=st.integers(0, 7))
def test_no_altered_byte_of_a_prescription_is_accepted(position, bit):
    rx = Prescription()
    rx.add(layout.KIND_HOLD, 1000, 0, 0)
    data = bytearray(rx.encode())
    data[position % len(data)] ^= 1 << bit
    assert not Prescription().decode(bytes(data))
    assert not Prescription().decode(bytes(data[: position % len(data)]))

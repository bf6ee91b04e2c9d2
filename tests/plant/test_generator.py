"""The step generator, against rational arithmetic and against what a PIO would do."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hal.compat import MASK
from simulator.noise import Noise
from simulator.plant.generator import MICRO, StepGenerator

RATES = st.integers(-5_400_000, 5_400_000)
FAR = 1 << 28


@given(st.lists(st.tuples(RATES, st.integers(1, 90_000)), min_size=1, max_size=12))
def test_position_is_the_rational_sum_of_rate_and_time(moves):
    generator = StepGenerator()
    ms = 0
    due = Fraction(0)
    for rate, duration in moves:
        generator.change(ms, rate, (generator.count(ms) + (FAR if rate > 0 else -FAR)) & MASK)
        ms += duration
        due += Fraction(rate, 1000) * Fraction(duration, 1000)
        assert Fraction(generator.micro(ms), MICRO) == due
        assert generator.count(ms) == due.__floor__()


@given(st.integers(1, 5_400_000), st.integers(0, 5_000), st.integers(0, 100_000))
def test_it_stops_by_itself_at_the_lease_across_the_counters_wrap(rate, steps, late):
    generator = StepGenerator()
    generator.base = (MASK - 100) * MICRO
    generator.change(0, rate, (MASK - 100 + steps) & MASK)
    reached = -(-steps * MICRO // rate)
    assert generator.count(reached + late) == MASK - 100 + steps
    assert not generator.running(reached + late)


def test_an_end_behind_stops_it_where_it_is_and_never_moves_it_back():
    generator = StepGenerator()
    generator.change(0, 10_000, 1_000)
    assert generator.micro(10_050) == 100_500_000
    assert not generator.renew(10_050, 50)
    generator.change(10_050, 10_000, 50)
    assert generator.micro(10_050) == generator.micro(20_000) == 100_500_000


def test_a_lease_renewed_in_time_is_no_change_and_one_renewed_late_is():
    generator = StepGenerator()
    generator.change(0, 10_000, 10)
    assert generator.renew(500, 20)
    assert generator.count(1_900) == 19
    assert generator.count(5_000) == 20
    assert generator.renew(5_000, 20)
    assert not generator.renew(5_000, 30)


def test_the_fence_holds_only_what_goes_forward():
    generator = StepGenerator()
    generator.change(0, 10_000, 1_000)
    generator.set_fence(7 * MICRO)
    assert generator.count(60_000) == 7
    assert generator.fenced(60_000)
    generator.change(60_000, -10_000, -1_000 & MASK)
    assert generator.count(61_000) == -3
    assert not generator.fenced(61_000)


@given(st.integers(0, 2**31), st.integers(0, 9), st.lists(st.integers(0, 10**7), min_size=2, max_size=20))
def test_noise_is_a_pure_function_of_seed_channel_and_tick(seed, channel, ticks):
    forward = [Noise(seed, channel, 2.0).at(tick) for tick in ticks]
    noise = Noise(seed, channel, 2.0)
    backward = [noise.at(tick) for tick in reversed(ticks)]
    assert forward == backward[::-1]


def test_noise_differs_by_seed_and_channel_and_has_its_spread():
    def draw(seed, channel):
        noise = Noise(seed, channel, 2.0)
        return [noise.at(tick) for tick in range(5_000)]

    values = draw(1, 1)
    assert values != draw(2, 1) != draw(1, 2)
    assert abs(sum(values) / len(values)) < 0.2
    assert 1.7 < (sum(value * value for value in values) / len(values)) ** 0.5 < 2.3

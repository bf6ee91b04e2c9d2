"""The step generator on PIO: every step counted, no step lost or added, whatever the moment of a renewal."""

import pytest

from hal.compat import MASK
from hal.pico import pins
from hal.stubs import Chip, installed
from simulator.plant.generator import StepGenerator
from tests.pico.wiring import Bench

FAST_MHZ = 5_836_000  # 150 mL/h through the smallest syringe
CYCLES_US = 25  # of the generator's clock


class Driven:
    """A generator alone, and each STEP edge with its direction."""

    def __init__(self, chip):
        from hal.pico.generator import Generator

        self.chip = chip
        self.made = 0
        self.edges = []  # µs
        self.highs = []  # cycles
        chip.wire(pins.GATE).set(1)
        chip.wire(pins.STEP).watchers.append(self._step)
        self.generator = Generator()
        self.period = chip.pio.machines[0].period

    def _step(self, level):
        moment = self.chip.pio.machines[0].woke // self.period
        if level:
            self.made += -1 if self.chip.wire(pins.DIR).level() else 1
            self.edges.append(self.chip.us)
            self._up = moment
        else:
            self.highs.append(moment - self._up)

    def run_cycles(self, cycles):
        """So many cycles of the generator's own clock, which are less than a µs."""
        self.chip.pio.run_to(self.chip.pio.now + cycles * self.period)

    def settle(self, ms=20):
        """Catch the chip's clock up, and let it come to rest."""
        self.chip.us = -(-self.chip.pio.now // self.chip.pio.units)
        self.chip.advance(ms * 1000)


@pytest.fixture
def driven():
    with installed(Chip()) as chip:
        yield Driven(chip)


@pytest.mark.parametrize("rate_mhz", [794, 1_000, 3_333, 19_000, 39_631, 250_000, 1_000_000, FAST_MHZ])
def test_its_rate_is_never_above_what_is_asked_and_hardly_below(driven, rate_mhz):
    driven.generator.drive(rate_mhz, 1 << 28, 1)
    seconds = 1 if rate_mhz > 300_000 else 60
    driven.chip.advance(seconds * 1_000_000)
    first, last = driven.edges[0], driven.edges[-1]
    made_mhz = (len(driven.edges) - 1) * 1_000_000_000 / (last - first)
    assert made_mhz <= rate_mhz * (1 + 2 / (last - first))
    assert made_mhz >= rate_mhz * 0.9995
    assert driven.generator.count() == driven.made


def test_both_programs_fit_one_block_and_leave_the_other_to_the_radio(driven):
    from hal.pico.encoder import Encoder

    Encoder()
    assert [bin(used).count("1") for used in driven.chip.pio.used] == [30, 0]


def test_rates_that_no_head_has_stand_still(driven):
    for rate_mhz in (1, 23, -23, 20_000_001, MASK):
        driven.generator.drive(rate_mhz, 1000 if rate_mhz > 0 else -1000 & MASK, 1)
        driven.chip.advance(200_000)
    assert driven.made == 0


def test_it_stops_by_itself_at_the_end_and_stays(driven):
    driven.generator.drive(1_000_000, 37, 1)
    driven.chip.stall(10_000_000)
    assert driven.made == driven.generator.count() == 37
    assert not driven.generator.is_shut()


def test_pulses_are_as_long_as_a_driver_needs(driven):
    driven.generator.drive(FAST_MHZ, 50, 1)
    driven.settle()
    assert min(driven.highs) >= 2 * CYCLES_US  # the slowest driver named in docs/bench.md wants 1 µs
    assert len(driven.highs) == 50


SWEEP_MHZ = 20_000_000
PERIOD = 1_250  # cycles, at that rate


@pytest.mark.parametrize("cycle", range(60))
def test_a_read_at_any_cycle_of_an_edge_is_one_of_two_neighbours(driven, cycle):
    driven.generator.drive(SWEEP_MHZ, 1, 1)
    driven.run_cycles(PERIOD - 80 + cycle)
    assert driven.generator.count() in (0, 1)
    driven.generator.drive(SWEEP_MHZ, 0, 1)  # taken back: counts below zero for one cycle
    for _ in range(90):
        driven.run_cycles(1)
        assert driven.generator.count() in (0, 1)
    driven.settle()
    assert driven.generator.count() == driven.made


def test_renewals_keep_the_pace(driven):
    """Ten a second, with 3 µs for each call, cost less than a step in a thousand."""
    driven.chip.pio.call_cost = 3 * driven.chip.pio.units
    for _ in range(10):
        driven.generator.drive(FAST_MHZ, driven.generator.count() + 20_000 & MASK, 1)
        driven.chip.advance(100_000)
    assert driven.generator.count() == driven.made
    assert FAST_MHZ / 1_000 * 0.999 < driven.made <= FAST_MHZ / 1_000


def test_a_new_rate_keeps_the_part_of_a_step_that_is_done(driven):
    """As the simulator's generator does, to a thousandth of a step."""
    ideal = StepGenerator()
    driven.generator.drive(1_000, 1 << 28, 1)
    ideal.change(0, 1_000, 1 << 28)
    for second, rate_mhz in enumerate((3_700, 800, 150_000, 2_500, 90_000), start=1):
        driven.chip.advance(second * 777_000 - driven.chip.us)
        ideal.change(second * 777, rate_mhz)
        driven.generator.drive(rate_mhz, 1 << 28, 1)
        assert abs(driven.made - ideal.count(second * 777)) <= 1
    driven.chip.advance(60_000_000)
    assert driven.made == pytest.approx(ideal.count(driven.chip.us // 1000), abs=4)


def test_backwards_it_counts_down_and_comes_back(driven):
    driven.generator.drive(1_000_000, 100, 1)
    driven.chip.advance(1_000_000)
    driven.generator.drive(-1_000_000, 60, 1)
    driven.chip.advance(10_000)
    assert 60 < driven.generator.count() < 100
    assert driven.generator.count() == driven.made
    driven.chip.advance(1_000_000)
    assert driven.made == driven.generator.count() == 60
    driven.generator.drive(-1_000_000, -40 & MASK, 1)
    driven.chip.advance(1_000_000)
    assert driven.generator.count() == -40 & MASK
    driven.generator.drive(500_000, 5, 1)
    driven.chip.advance(1_000_000)
    assert driven.made == driven.generator.count() == 5


def test_the_counter_wraps_at_2_to_the_30(driven):
    driven.generator._end = MASK - 10  # as if it had made so many
    driven.generator.drive(1_000_000, 20, 1)
    driven.chip.advance(1_000_000)
    assert (driven.made, driven.generator.count()) == (31, 20)


def test_an_end_behind_stops_it_where_it_is(driven):
    driven.generator.drive(1_000_000, 1000, 1)
    driven.chip.advance(500_400)
    at = driven.made
    driven.generator.drive(1_000_000, 17, 1)
    driven.chip.advance(1_000_000)
    assert driven.made == driven.generator.count()
    assert at <= driven.made <= at + 1


# The gate.


@pytest.mark.parametrize("cycle", range(0, PERIOD, 29))
def test_the_gate_ends_motion_within_microseconds(driven, cycle):
    driven.generator.drive(FAST_MHZ, 1 << 20, 1)
    driven.chip.advance(10_000)
    driven.run_cycles(cycle * 3)
    begun = len(driven.edges)
    driven.chip.wire(pins.GATE).set(0)
    driven.settle()
    assert len(driven.edges) == begun
    assert driven.generator.is_shut()
    assert driven.generator.count() == driven.made
    assert driven.chip.wire(pins.STEP).level() == 0


def test_a_gate_that_was_shut_for_a_microsecond_is_shut(driven):
    driven.generator.drive(1_000, 1 << 20, 1)
    driven.chip.advance(10_000)
    driven.chip.wire(pins.GATE).set(0)
    driven.chip.advance(1)
    driven.chip.wire(pins.GATE).set(1)
    driven.chip.advance(5_000_000)
    assert driven.made == 0
    assert driven.generator.is_shut()


def test_only_a_rising_edge_of_enable_opens_it_and_only_once_the_cause_is_gone(driven):
    gate, generator, chip = driven.chip.wire(pins.GATE), driven.generator, driven.chip
    generator.drive(1_000_000, 1_000_000, 1)
    chip.advance(100_000)
    gate.set(0)
    chip.advance(100_000)
    made = driven.made
    gate.set(1)
    for _ in range(5):
        generator.drive(1_000_000, 1_000_000, 1)  # enable holds: no edge
        chip.advance(100_000)
    assert (driven.made, generator.is_shut()) == (made, True)
    gate.set(0)
    generator.drive(0, 0, 0)
    chip.advance(100_000)
    generator.drive(1_000_000, 1_000_000, 1)  # an edge, but the cause is there
    chip.advance(100_000)
    assert (driven.made, generator.is_shut()) == (made, True)
    gate.set(1)
    generator.drive(0, 0, 0)
    chip.advance(100_000)
    generator.drive(1_000_000, made + 50, 1)
    chip.advance(1_000_000)
    assert (driven.made, generator.count(), generator.is_shut()) == (made + 50, made + 50, False)


def test_a_gate_shut_at_rest_is_told_too(driven):
    driven.chip.advance(1_000)
    driven.chip.wire(pins.GATE).set(0)
    driven.chip.advance(1_000)
    assert driven.generator.is_shut()


def test_without_enable_it_stands_and_the_driver_is_off():
    with installed(Bench().chip) as chip:
        driven = Driven(chip)
        driven.generator.drive(1_000_000, 1000, 0)
        chip.advance(1_000_000)
        assert (driven.made, chip.wire(pins.DRIVER_OFF).level()) == (0, 1)


def test_a_machine_that_does_not_answer_leaves_the_last_count_and_says_so(driven):
    driven.generator.drive(1_000_000, 10, 1)
    driven.chip.advance(1_000_000)
    machine = driven.chip.pio.machines[0]
    machine.join = 1  # the receive FIFO is gone
    assert driven.generator.count() == 10
    assert not driven.generator.answers

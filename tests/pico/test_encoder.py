"""The encoder on PIO: every edge counted, both ways, and no count made of a jitter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.compat import MASK
from hal.pico import pins
from hal.stubs import Chip, installed

QUADRATURE = ((0, 0), (1, 0), (1, 1), (0, 1))


class Turned:
    """An encoder whose shaft stands at `at`, in edges."""

    def __init__(self, chip, at=0):
        from hal.pico.encoder import Encoder

        self.chip = chip
        self.at = at
        self._show()
        self.encoder = Encoder()
        chip.advance(10)
        # The first falling edge of each track is where its counter begins.
        self.turn(8)
        self.turn(-8)
        self.zero = self.encoder.count()

    def turn(self, edges, us=3):
        for _ in range(abs(edges)):
            self.at += 1 if edges > 0 else -1
            self._show()
            self.chip.advance(us)

    def count(self):
        return (self.encoder.count() - self.zero & MASK) // 4

    def _show(self):
        a, b = QUADRATURE[self.at % 4]
        self.chip.wire(pins.ENCODER_A).set(a)
        self.chip.wire(pins.ENCODER_B).set(b)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3), st.lists(st.integers(-30, 30), max_size=12), st.integers(1, 3))
def test_it_counts_what_the_shaft_turned(start, turns, us):
    with installed(Chip()) as chip:
        shaft = Turned(chip, start)
        for edges in turns:
            shaft.turn(edges, us)
        assert shaft.count() == sum(turns) & MASK >> 2


@pytest.mark.parametrize("start", range(4))
def test_a_track_that_jitters_at_its_edge_counts_nothing(start):
    with installed(Chip()) as chip:
        shaft = Turned(chip, start)
        for _ in range(500):
            shaft.turn(1, 1)
            shaft.turn(-1, 1)
        assert shaft.count() == 0


@pytest.mark.parametrize("cycle", range(12))
def test_read_at_any_cycle_of_an_edge_it_is_one_of_two_neighbours(cycle):
    with installed(Chip()) as chip:
        shaft = Turned(chip)
        period = chip.pio.machines[1].period
        for _ in range(20):
            before = shaft.count()
            shaft.at += 1
            shaft._show()
            chip.pio.run_to(chip.pio.now + cycle * period)
            assert shaft.count() in (before, before + 1)
            chip.us = -(-chip.pio.now // chip.pio.units)
            chip.advance(3)
            assert shaft.count() == before + 1


def test_it_counts_on_while_no_python_runs():
    with installed(Chip()) as chip:
        shaft = Turned(chip)
        for index in range(1000):
            chip.at(chip.us + 1 + 300 * index, lambda: shaft.turn(1, 0))
        chip.stall(400_000)
        assert shaft.count() == 1000


def test_a_machine_that_does_not_answer_leaves_the_last_count_and_says_so():
    with installed(Chip()) as chip:
        shaft = Turned(chip)
        shaft.turn(5)
        assert shaft.count() == 5
        chip.pio.machines[2].join = 1
        shaft.turn(5)
        assert shaft.count() == 5
        assert not shaft.encoder.answers

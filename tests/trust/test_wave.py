"""The waveform: each turn's pressure and steps, while somebody has asked for them."""

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.wave import SAMPLES, WV_PRESSURE, WV_STEPS, Wave
from hal.compat import HALF, MASK
from hal.ports import Readings
from simulator.asked import NURSE
from tests.trust.test_requests import running


def words(data):
    return list(struct.unpack(f"<{len(data) // 2}h", data))


def pieces(pump):
    return [fact.body for fact in pump.reader.facts if fact.kind == f.WAVE]


def test_it_is_told_while_it_was_asked_for_and_no_longer():
    pump = running()
    pump.run(20_000)
    assert pieces(pump) == []
    assert pump.ask(NURSE, r.KIND_WAVE, {1: 25}) == v.OK
    pump.board.sensed.down_mmhg = 37
    begun = pump.board.position
    pump.run(60_000)
    told = pieces(pump)
    assert [len(words(piece[WV_PRESSURE])) for piece in told] == [SAMPLES, SAMPLES]
    assert words(told[1][WV_PRESSURE]) == [37] * SAMPLES
    steps = [step for piece in told for step in words(piece[WV_STEPS])]
    assert 0 < sum(steps) <= pump.board.position - begun
    assert pump.reader.gaps == 0


def test_whoever_asks_for_less_cuts_nobody_short_and_nought_is_nothing():
    pump = running()
    pump.ask(NURSE, r.KIND_WAVE, {1: 25})
    pump.ask(NURSE, r.KIND_WAVE, {1: 0})
    pump.run(40_000)
    assert len(pieces(pump)) == 2


@given(st.lists(st.tuples(st.integers(-2000, 70_000), st.integers(0, MASK)), min_size=SAMPLES, max_size=SAMPLES))
def test_a_sample_is_what_was_read_or_the_nearest_that_fits(samples):
    wave, readings = Wave(), Readings()
    wave.ask(100)
    told = None
    for pressure, count in samples:
        readings.down_mmhg, readings.step_count = pressure, count
        told = wave.look(readings, 5)
    assert words(told[WV_PRESSURE]) == [max(-0x8000, min(pressure, 0x7FFF)) for pressure, _ in samples]
    counts = [count for _, count in samples]
    moved = [(b - a + HALF & MASK) - HALF for a, b in pairwise(counts)]
    assert words(told[WV_STEPS]) == [0, *(max(-0x8000, min(steps, 0x7FFF)) for steps in moved)]

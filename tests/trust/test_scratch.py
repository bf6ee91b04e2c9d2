"""The scratch word: what it says after a reset, and that neither writer loses the other's mark."""

import pytest

from firmware.trust.scratch import COMMS_HELD, COMMS_POLLED, MAGIC, RESUME_OK, Marks
from simulator.devices.parts import SimScratch
from tests.trust.preempt import everywhere


def test_power_on_finds_nothing_and_leaves_a_warm_word():
    scratch = SimScratch()
    marks = Marks(scratch)
    assert (marks.warm, marks.found, scratch.word) == (False, 0, MAGIC)
    again = Marks(scratch)
    assert (again.warm, again.found) == (True, 0)


@pytest.mark.parametrize("word", [1, 7, MAGIC >> 1, MAGIC ^ 1 << 20, 2**30 - 1])
def test_a_word_of_somebody_else_is_no_reset(word):
    scratch = SimScratch()
    scratch.write(word)
    marks = Marks(scratch)
    assert (marks.warm, marks.found, marks.comms_is_held()) == (False, 0, False)


def test_a_reset_finds_the_marks_and_begins_without_them():
    scratch = SimScratch()
    marks = Marks(scratch)
    marks.of_turn(RESUME_OK, True)
    again = Marks(scratch)
    assert again.found == RESUME_OK
    assert scratch.word == MAGIC


@pytest.mark.parametrize("left", [COMMS_POLLED, COMMS_HELD, COMMS_POLLED | COMMS_HELD])
def test_comms_that_was_at_work_is_held_over_every_reset_until_it_is_let_go(left):
    scratch = SimScratch()
    scratch.write(MAGIC | left)
    for _ in range(3):
        marks = Marks(scratch)
        assert marks.comms_is_held()
        assert scratch.word == MAGIC | COMMS_HELD
    marks.of_loop(COMMS_HELD, False)
    assert scratch.word == MAGIC
    assert not Marks(scratch).comms_is_held()


@pytest.mark.parametrize("loop_sets", [False, True])
@pytest.mark.parametrize("turn_sets", [False, True])
def test_no_mark_is_lost_where_the_turn_pre_empts_the_loop(loop_sets, turn_sets):
    def make():
        scratch = SimScratch()
        marks = Marks(scratch)
        marks.of_loop(COMMS_POLLED, not loop_sets)
        marks.of_turn(RESUME_OK, not turn_sets)

        def verdict():
            return scratch.word == MAGIC | loop_sets * COMMS_POLLED | turn_sets * RESUME_OK

        return lambda: marks.of_loop(COMMS_POLLED, loop_sets), lambda: marks.of_turn(RESUME_OK, turn_sets), verdict

    verdicts = list(everywhere(make))
    assert len(verdicts) > 20
    assert all(verdicts)


def test_a_plain_read_and_write_would_lose_a_mark():
    """So that the test above can fail."""

    def make():
        scratch = SimScratch()

        def mark(bit):
            scratch.write(scratch.read() | bit)

        return lambda: mark(COMMS_POLLED), lambda: mark(RESUME_OK), lambda: scratch.word == COMMS_POLLED | RESUME_OK

    assert not all(everywhere(make))

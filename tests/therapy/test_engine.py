"""The engine by itself: first match, all guard bits, complement, checksums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy.engine import IGNORED, ROW, Machine, checksum, fold

# event, source, guard, destination, action
ROWS = bytes((
    1, 0, 3, 5, 7,
    1, 0, 1, 2, 8,
    1, 0, 0, 3, 9,
    2, 3, 0, 3, 0,
    1, 2, 0, 0, 4,
))  # fmt: skip


def stepped(state, event, guards, table=ROWS):
    machine = Machine(table, state)
    action = machine.step(event, guards)
    assert machine.intact()
    return action, machine.state


def test_the_first_row_whose_guards_all_hold_wins():
    assert stepped(0, 1, 3) == (7, 5)
    assert stepped(0, 1, 1) == (8, 2)
    assert stepped(0, 1, 2) == (9, 3)
    assert stepped(0, 1, 0) == (9, 3)
    assert stepped(0, 1, 255) == (7, 5)


def test_what_no_row_names_is_ignored_and_changes_nothing():
    assert stepped(0, 2, 255) == (IGNORED, 0)
    assert stepped(1, 1, 255) == (IGNORED, 1)
    assert stepped(3, 2, 0) == (0, 3)  # action 0 is not IGNORED
    assert stepped(2, 1, 0) == (4, 0)  # the last row is one too
    assert IGNORED == -1
    assert ROW == 5


def test_a_state_that_changed_by_itself_leads_nowhere():
    machine = Machine(ROWS, 0)
    machine.state = 2
    assert not machine.intact()
    assert machine.step(1, 0) == IGNORED
    assert machine.state == 2


def test_force_enters_a_state_past_the_table():
    machine = Machine(ROWS, 0)
    machine.state = 9
    machine.force(2)
    assert machine.intact()
    assert machine.step(1, 0) == 4


def test_a_copy_is_one_and_is_held_against_what_runs():
    machine = Machine(ROWS, 0)
    copy = machine.copy()
    assert copy == ROWS
    assert copy is not ROWS
    assert machine.runs(copy)
    copy[3] ^= 1
    assert not machine.runs(copy)


@given(data=st.binary(min_size=1, max_size=60), place=st.integers(0, 59), change=st.integers(1, 255))
def test_no_byte_that_changes_leaves_the_checksum(data, place, change):
    other = bytearray(data)
    other[place % len(data)] ^= change
    assert checksum(bytes(other)) != checksum(data)


def test_no_zero_more_and_no_exchange_leaves_the_checksum():
    assert checksum(b"") == 0
    assert checksum(b"\0") != checksum(b"")
    assert checksum(b"\1\2") != checksum(b"\2\1")


@given(data=st.binary(max_size=60))
def test_a_checksum_is_a_number_in_base_61_and_stays_small(data):
    total = 0
    for byte in data:
        assert 0 <= total * 61 + byte + 1 < 2**30
        total = fold(total, byte)
    assert checksum(data) == total
    assert total == sum((byte + 1) * 61**place for place, byte in enumerate(reversed(data))) % 16_777_213


@pytest.mark.parametrize("bit", range(8))
def test_a_complement_that_changed_shows_too(bit):
    machine = Machine(ROWS, 3)
    machine.complement ^= 1 << bit
    assert not machine.intact()
    assert machine.step(2, 0) == IGNORED

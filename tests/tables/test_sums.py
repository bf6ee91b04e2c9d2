"""The checksums that the running tables are held against are those of the tables as they are."""

from firmware.therapy import tables as t
from firmware.therapy.engine import Machine, checksum
from firmware.therapy.selfcheck import INTACT, TableCheck
from tools import table_sums


def test_the_checksums_are_current():
    assert table_sums.check(), "run `python -m tools.table_sums` and commit firmware/therapy/sums.py"


def test_a_missing_file_is_noticed_and_written(tmp_path):
    path = tmp_path / "sums.py"
    assert not table_sums.check(path)
    assert table_sums.check(table_sums.write(path))


def test_every_bit_of_the_tables_counts():
    for table in (t.DELIVERY, t.TRUST):
        right = checksum(table)
        for place in range(len(table)):
            for bit in range(8):
                wrong = bytearray(table)
                wrong[place] ^= 1 << bit
                assert checksum(wrong) != right


def test_a_table_that_is_not_the_one_that_was_written_is_found_at_boot():
    other = t.DELIVERY[:-5] + bytes((0, 0, 0, 0, 0))
    assert TableCheck(Machine(t.DELIVERY, t.ST_SELF_TEST), checksum(t.DELIVERY)).look() == INTACT
    assert TableCheck(Machine(other, t.ST_SELF_TEST), checksum(t.DELIVERY)).look() != INTACT


def test_a_state_that_changed_by_itself_is_led_nowhere():
    machine = Machine(t.DELIVERY, t.ST_STANDBY)
    assert machine.intact()
    machine.state = t.ST_INFUSING
    assert not machine.intact()
    assert machine.step(t.EV_STOP, 0) == -1
    machine.force(t.ST_FAILED)
    assert machine.intact()
    assert machine.state == t.ST_FAILED

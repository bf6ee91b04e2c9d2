"""The journal over a store with the semantics of flash: frames, areas, images, and what a bad store leaves."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy import records as rec
from firmware.therapy.journal import MAGIC, MAX_PAYLOAD, Journal, frame_size
from hal import ports
from hal.compat import crc32
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash

A, B = ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B
SIZE = 2_048


class Store(SimFlash):
    """A small one that can fail at a chosen call."""

    def __init__(self, size=SIZE):
        super().__init__(VirtualClock(), journal_bytes=size)
        self.fail_write_at = self.fail_erase = None
        self.drop_write_at = None
        self.garble_write_at = None
        self.fail_read_from = None  # offset
        self.reads = 0
        self.calls = 0

    def read(self, area, offset, into):
        self.reads += 1
        if self.fail_read_from is not None and offset >= self.fail_read_from:
            return ports.ERR_FAILED
        return super().read(area, offset, into)

    def write(self, area, offset, data):
        self.calls += 1
        if self.fail_write_at == self.calls:
            return ports.ERR_FAILED
        if self.drop_write_at == self.calls:
            return ports.OK
        if self.garble_write_at == self.calls:
            super().write(area, offset, bytes(data)[: len(data) // 2])
            return ports.OK
        return super().write(area, offset, data)

    def erase(self, area):
        return ports.ERR_FAILED if self.fail_erase else super().erase(area)

    def bytes(self, area):
        return bytes(self._areas[area])


def frames(store):
    """What a fresh journal finds."""
    found = []
    Journal(store).replay(lambda kind, payload: found.append((kind, payload)))
    return found


def of_kind(store, kind):
    return [payload for found, payload in frames(store) if found == kind]


def framed(kind, payload):
    head = struct.pack("<BBH", MAGIC, kind, len(payload)) + payload
    data = head + struct.pack("<I", crc32(head))
    return data + b"\xff" * (-len(data) % 4)


def record(number):
    return struct.pack("<I", number).ljust(rec.RECORD_SIZE, b"\x01")


def fill(journal, store, count, first=0):
    for number in range(first, first + count):
        assert journal.append(0, record(number)) == ports.OK


# Frames.


@pytest.mark.parametrize(("length", "size"), [(0, 8), (1, 12), (3, 12), (4, 12), (5, 16), (24, 32), (520, 528)])
def test_a_frame_is_its_payload_and_eight_bytes_to_a_multiple_of_four(length, size):
    assert frame_size(length) == size
    assert MAX_PAYLOAD == 520


def test_a_factory_fresh_store_is_numbered_and_not_worn():
    store = Store()
    assert Journal(store).append(0, record(1)) == ports.OK
    assert store.erases == 0
    assert store.bytes(A).startswith(framed(rec.REC_AREA, struct.pack("<I", 1)) + framed(0, record(1)) + b"\xff" * 20)
    assert store.bytes(B) == b"\xff" * SIZE


@pytest.mark.parametrize("at", [0, 3, 127, 128, 129, SIZE - 1])
def test_a_store_that_is_not_blank_is_erased_first(at):
    store = Store()
    store.flip(A, at, 3)
    assert Journal(store).append(0, record(1)) == ports.OK
    assert store.erases == 1
    assert of_kind(store, 0) == [record(1)]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 119, 120, 121, 127, 128, 129, 500, 519, 520])
def test_what_is_written_is_read_again(length):
    store = Store()
    payload = bytes(place % 251 for place in range(length))
    assert Journal(store).append(33, payload) == ports.OK
    assert frames(store)[1:] == [(33, payload)]


def test_what_is_too_long_is_refused_and_nothing_written():
    store = Store()
    journal = Journal(store)
    journal.append(0, record(1))
    before = store.bytes(A)
    assert journal.append(0, bytes(MAX_PAYLOAD + 1)) == ports.ERR_FULL
    assert store.bytes(A) == before


@given(lengths=st.lists(st.integers(0, 60), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_frames_come_back_in_order_and_the_next_goes_behind_them(lengths):
    store = Store()
    journal = Journal(store)
    wrote = []
    for place, length in enumerate(lengths):
        wrote.append((40 + place, bytes([place]) * length))
        assert journal.append(*wrote[-1]) == ports.OK
        if place % 3 == 0:
            journal = Journal(store)  # as after a reset; it reads before it writes
    assert [one for one in frames(store) if one[0] != rec.REC_AREA] == wrote


def test_a_payload_may_be_all_blank():
    store = Store()
    journal = Journal(store)
    journal.append(9, b"\xff" * 40)
    journal.append(0, record(2))
    assert frames(store)[1:] == [(9, b"\xff" * 40), (0, record(2))]


@pytest.mark.parametrize("at", range(32))
def test_a_byte_that_changed_costs_its_own_frame_alone(at):
    store = Store()
    journal = Journal(store)
    fill(journal, store, 3)
    store.flip(A, 12 + 32 + at, 1)
    found = frames(store)[1:]
    assert found[0] == (0, record(0))
    assert found[-1] == (0, record(2))
    assert (0, record(1)) not in found


def test_after_damage_the_next_frame_goes_behind_all_that_is_written():
    store = Store()
    fill(Journal(store), store, 3)
    store.flip(A, 12 + 64, 0)  # the last frame's magic byte
    fill(Journal(store), store, 1, first=7)
    assert of_kind(store, 0) == [record(0), record(1), record(7)]


def test_a_torn_tail_is_left_behind():
    """Bits cannot be set again: the next frame goes behind the last byte that is not blank."""
    store = Store()
    fill(Journal(store), store, 1)
    store.write(A, 12 + 32, framed(0, record(5))[:19])
    fill(Journal(store), store, 1, first=6)
    assert of_kind(store, 0) == [record(0), record(6)]
    assert store.bytes(A)[12 + 32 + 20 :].startswith(framed(0, record(6)))


@pytest.mark.parametrize("gap", [4, 100, 124, 128, 132, 300])
def test_frames_are_found_behind_a_blank_gap(gap):
    """A page that never landed lies blank between those that did."""
    store = Store()
    fill(Journal(store), store, 1)
    store.write(A, 12 + 32 + gap, framed(0, record(8)))
    assert of_kind(store, 0) == [record(0), record(8)]
    fill(Journal(store), store, 1, first=9)
    assert of_kind(store, 0) == [record(0), record(8), record(9)]
    assert store.bytes(A)[12 + 64 + gap :].startswith(framed(0, record(9)))


def test_a_length_past_the_end_is_no_frame():
    store = Store()
    fill(Journal(store), store, 1)
    bad = bytearray(framed(0, record(5)))
    bad[2:4] = struct.pack("<H", MAX_PAYLOAD + 1)
    store.write(A, 12 + 32, bytes(bad))
    last = SIZE - 16
    store.write(A, last, struct.pack("<BBH", MAGIC, 0, 24))
    assert of_kind(store, 0) == [record(0)]


def test_a_frame_may_end_with_the_area():
    store = Store()
    store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", 1)))
    store.write(A, SIZE - 32, framed(0, record(5)))
    store.write(A, SIZE - 12 - 32, framed(7, b"four"))
    assert frames(store)[1:] == [(7, b"four"), (0, record(5))]
    store = Store()
    store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", 1)))
    store.write(A, SIZE - 8, framed(6, b""))
    assert frames(store)[1:] == [(6, b"")]
    journal = Journal(store)
    assert journal.append(0, record(6)) == ports.OK
    assert store.bytes(B).startswith(framed(rec.REC_AREA, struct.pack("<I", 2)) + framed(0, record(6)))


def test_a_frame_of_the_largest_size_at_the_end():
    store = Store(2_052)
    store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", 1)))
    store.write(A, 2_052 - 528, framed(6, bytes(520)))
    assert frames(store)[1:] == [(6, bytes(520))]


# Areas.


def test_an_area_is_used_to_its_last_byte():
    store = Store(12 + 32 * 4)
    journal = Journal(store)
    fill(journal, store, 4)
    assert store.bytes(B)[:1] == b"\xff"
    fill(journal, store, 1, first=4)
    assert store.bytes(B).startswith(framed(rec.REC_AREA, struct.pack("<I", 2)) + framed(0, record(4)))
    assert of_kind(store, 0) == [record(number) for number in range(5)]
    fill(journal, store, 3, first=5)
    fill(journal, store, 1, first=8)
    assert store.bytes(A).startswith(framed(rec.REC_AREA, struct.pack("<I", 3)) + framed(0, record(8)))
    assert of_kind(store, 0) == [record(number) for number in range(4, 9)]


def test_older_and_newer_area_by_their_numbers():
    for a, b in ((1, 2), (2, 1), (7, 5), (0xFFFF, 0x1FFFF)):
        store = Store()
        store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", a)) + framed(50, b"a"))
        store.write(B, 0, framed(rec.REC_AREA, struct.pack("<I", b)) + framed(50, b"b"))
        assert of_kind(store, 50) == ([b"a", b"b"] if b > a else [b"b", b"a"])
        journal = Journal(store)
        assert journal.append(51, b"c") == ports.OK
        assert (framed(51, b"c") in store.bytes(B)) == (b > a)


def test_an_area_without_a_number_is_not_read():
    store = Store()
    store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", 4)) + framed(50, b"a"))
    for content in (b"", framed(50, b"xxxx"), framed(rec.REC_AREA, b"short"), framed(rec.REC_AREA, b"12")):
        other = Store()
        other.load(A, store.bytes(A))
        other.load(B, content + framed(50, b"b"))
        assert of_kind(other, 50) == [b"a"]
        journal = Journal(other)
        journal.append(51, b"c")
        assert framed(51, b"c") in other.bytes(A)
    other = Store()
    other.load(B, store.bytes(A))
    assert of_kind(other, 50) == [b"a"]


def test_an_area_of_number_nought_is_none():
    store = Store()
    store.write(A, 0, framed(rec.REC_AREA, struct.pack("<I", 0)) + framed(50, b"a"))
    assert frames(store) == []


def images():
    return {
        rec.REC_PRESCRIPTION: b"P" * 40,
        rec.REC_MARK: b"MARK",
        rec.REC_WINDOW: b"W" * 20,
        rec.REC_PROGRESS: b"R" * rec.PROGRESS_SIZE,
    }


def test_a_new_area_begins_with_the_newest_images():
    store = Store()
    journal = Journal(store)
    for kind, payload in images().items():
        journal.append(kind, bytes(len(payload)))
        assert journal.append(kind, payload) == ports.OK
    number = 0
    while store.bytes(B)[:1] == b"\xff":
        fill(journal, store, 1, first=number)
        number += 1
    begin = framed(rec.REC_AREA, struct.pack("<I", 2)) + 2 * framed(rec.REC_PRESCRIPTION, b"P" * 40)
    for kind in (rec.REC_MARK, rec.REC_WINDOW, rec.REC_PROGRESS):
        begin += framed(kind, images()[kind])
    assert store.bytes(B).startswith(begin + framed(0, record(number - 1)))


def test_images_outlive_a_reset():
    store = Store()
    journal = Journal(store)
    for kind, payload in images().items():
        journal.append(kind, payload)
    number = 0
    while store.bytes(B)[:1] == b"\xff":
        journal = Journal(store)
        fill(journal, store, 1, first=number)
        number += 1
    for kind, payload in images().items():
        assert framed(kind, payload) in store.bytes(B)


def test_records_are_no_images():
    store = Store(12 + 32 * 4)
    journal = Journal(store)
    fill(journal, store, 5)
    assert store.bytes(B).startswith(framed(rec.REC_AREA, struct.pack("<I", 2)) + framed(0, record(4)) + b"\xff" * 8)


@pytest.mark.parametrize("reset", [False, True])
def test_of_a_boot_its_mark_is_an_image(reset):
    store = Store(12 + 12 + 20 + 32 * 4)
    journal = Journal(store)
    journal.append(rec.REC_MARK, struct.pack("<I", 6))
    journal.append(rec.REC_BOOT, struct.pack(rec.BOOT_FORMAT, 300, 7, 1))
    fill(journal, store, 2)
    if reset:
        journal = Journal(store)
    fill(journal, store, 3, first=2)
    begin = framed(rec.REC_AREA, struct.pack("<I", 2)) + framed(rec.REC_MARK, struct.pack("<I", 7))
    assert store.bytes(B).startswith(begin + framed(0, record(4)))


def test_no_erase_while_it_would_do_harm():
    store = Store(12 + 32 * 4)
    journal = Journal(store)
    fill(journal, store, 4)
    journal.may_erase = False
    before = store.bytes(A), store.bytes(B)
    assert journal.append(0, record(4)) == ports.ERR_BUSY
    assert (store.bytes(A), store.bytes(B)) == before
    journal.may_erase = True
    fill(journal, store, 1, first=4)
    assert of_kind(store, 0)[-1] == record(4)


def test_a_journal_may_erase_until_it_is_told_otherwise():
    assert Journal(Store()).may_erase


@pytest.mark.parametrize(("count", "turns"), [(5, False), (6, True)])
def test_an_area_three_quarters_full_is_turned_while_there_is_time(count, turns):
    store = Store(12 + 32 * 7 + 20)  # 256 bytes: three quarters are 192; five records end at 172, six at 204
    journal = Journal(store)
    fill(journal, store, count)
    journal.may_erase = False
    journal.prepare()
    assert store.bytes(B)[:1] == b"\xff"
    journal.may_erase = True
    journal.prepare()
    assert (store.bytes(B)[:1] != b"\xff") == turns


def test_exactly_three_quarters_is_not_past_them():
    store = Store(16 * 4)
    journal = Journal(store)
    journal.append(60, bytes(28))  # 12 + 36 of 64
    journal.prepare()
    assert store.bytes(B)[:1] == b"\xff"


def test_a_journal_that_was_never_used_has_nothing_to_turn():
    store = Store()
    Journal(store).prepare()
    assert store.bytes(A) == store.bytes(B) == b"\xff" * SIZE


# A store that fails.


def test_a_write_that_fails_is_told_and_the_next_goes_on():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.fail_write_at = store.calls + 1
    assert journal.append(0, record(1)) == ports.ERR_FAILED
    assert journal.append(0, record(2)) == ports.OK
    assert of_kind(store, 0) == [record(0), record(2)]
    assert store.bytes(A)[44:].startswith(framed(0, record(2)))  # nothing was written there: the place is used


def test_a_write_that_leaves_nothing_is_found_by_reading_back():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.drop_write_at = store.calls + 1
    assert journal.append(0, record(1)) == ports.ERR_FAILED
    assert journal.append(0, record(2)) == ports.OK
    assert store.bytes(A)[44:].startswith(framed(0, record(2)))


@pytest.mark.parametrize("length", [24, 200, 520])
def test_a_write_that_lands_in_part_is_found_and_left_behind(length):
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.garble_write_at = store.calls + 1
    assert journal.append(60, b"\x05" * length) == ports.ERR_FAILED
    assert journal.append(0, record(2)) == ports.OK
    assert of_kind(store, 0) == [record(0), record(2)]
    assert store.bytes(A)[44 + frame_size(length) :].startswith(framed(0, record(2)))


def test_a_write_that_is_refused_and_yet_lands_counts():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    real = store.write

    def write(area, offset, data):
        real(area, offset, data)
        return ports.ERR_BUSY

    store.write = write
    assert journal.append(0, record(1)) == ports.OK
    store.write = real
    assert of_kind(store, 0) == [record(0), record(1)]


def test_what_a_store_says_is_handed_on():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.write_rc = ports.ERR_ABSENT
    assert journal.append(0, record(1)) == ports.ERR_ABSENT


def test_what_cannot_be_read_back_does_not_count():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.read_rc = ports.ERR_FAILED
    assert journal.append(0, record(1)) == ports.ERR_FAILED


def test_what_did_not_count_is_no_image():
    store = Store(12 + 32 * 4)
    journal = Journal(store)
    journal.append(rec.REC_MARK, b"good")
    store.drop_write_at = store.calls + 1
    assert journal.append(rec.REC_MARK, b"lost") == ports.ERR_FAILED
    fill(journal, store, 5)
    assert framed(rec.REC_MARK, b"good") in store.bytes(B)
    assert framed(rec.REC_MARK, b"lost") not in store.bytes(B)


def test_a_store_that_does_not_answer_has_nothing():
    store = Store()
    fill(Journal(store), store, 2)
    store.read_rc = ports.ERR_FAILED
    assert frames(store) == []


def test_a_part_that_cannot_be_read_costs_what_is_in_it():
    store = Store()
    fill(Journal(store), store, 3)
    store.fail_read_from = 12 + 32 + 4  # the second record's payload
    assert frames(store)[1:] == [(0, record(0))]


def full(store):
    journal = Journal(store)
    fill(journal, store, 4)
    return journal


@pytest.mark.parametrize("fault", ["erase", "number", "image", "second image"])
def test_a_turn_that_fails_leaves_the_full_area_in_force_and_is_tried_again(fault):
    store = Store(512)
    journal = Journal(store)
    journal.append(rec.REC_PRESCRIPTION, b"P" * 40)
    journal.append(rec.REC_MARK, b"MARK")
    number = 0
    while 12 + 48 + 12 + 32 * (number + 1) <= 512:
        fill(journal, store, 1, first=number)
        number += 1
    if fault == "erase":
        store.fail_erase = True
    else:
        store.fail_write_at = store.calls + {"number": 1, "image": 2, "second image": 3}[fault]
    assert journal.append(0, record(900)) == ports.ERR_FAILED
    store.fail_erase, store.fail_write_at = False, None
    assert len(of_kind(store, 0)) == number, "everything is still there"
    calls, erases = store.calls, store.erases
    for _ in range(100):  # each attempt wears the flash: a hundred turns are sat out
        assert journal.append(0, record(901)) == ports.ERR_BUSY
    assert (store.calls, store.erases) == (calls, erases)
    assert journal.append(0, record(902)) == ports.OK
    assert of_kind(store, 0)[-1] == record(902)
    assert of_kind(store, rec.REC_MARK)[-1] == b"MARK"
    assert of_kind(store, rec.REC_PRESCRIPTION)[-2:] == [b"P" * 40] * 2
    assert framed(rec.REC_AREA, struct.pack("<I", 2)) == store.bytes(B)[:12]


def test_a_turn_that_succeeded_needs_no_patience():
    store = Store(12 + 32 * 4)
    journal = full(store)
    fill(journal, store, 12, first=4)  # three turns, none sat out
    assert of_kind(store, 0)[-1] == record(15)


def test_the_first_number_is_not_to_be_had_from_a_bad_store():
    store = Store()
    store.write_rc = ports.ERR_FAILED
    journal = Journal(store)
    assert journal.append(0, record(1)) == ports.ERR_FAILED
    store.write_rc = ports.OK
    for _ in range(100):
        assert journal.append(0, record(1)) == ports.ERR_BUSY
    assert journal.append(0, record(1)) == ports.OK
    assert of_kind(store, 0) == [record(1)]


def test_images_that_fill_a_new_area_leave_room_for_nothing_more():
    store = Store(128)
    journal = Journal(store)
    assert journal.append(rec.REC_PROGRESS, bytes(84)) == ports.OK
    assert journal.append(0, record(1)) in (ports.OK, ports.ERR_RANGE, ports.ERR_FAILED)


def test_what_has_been_written_is_counted_over_all_areas():
    store = Store(12 + 32 * 4)
    journal = Journal(store)
    assert journal.written(store.size(A)) == 0
    fill(journal, store, 1)
    assert journal.written(140) == 44
    fill(journal, store, 4, first=1)
    assert journal.written(140) == 140 + 44


def test_pumps_in_the_field_hold_frames_that_begin_with_this_byte():
    assert MAGIC == 0x4A


def test_what_begins_with_another_byte_is_no_frame():
    store = Store()
    fill(Journal(store), store, 1)
    bad = bytearray(framed(0, record(5)))
    bad[0] = MAGIC + 1
    bad[-4:] = struct.pack("<I", crc32(bytes(bad[:-4])))
    store.write(A, 44, bytes(bad))
    assert of_kind(store, 0) == [record(0)]


def test_nothing_is_written_into_a_part_that_cannot_be_read():
    store = Store()
    fill(Journal(store), store, 1)
    store.fail_read_from = 44 + 256
    journal = Journal(store)
    journal.replay(lambda kind, payload: None)
    store.fail_read_from = None
    fill(journal, store, 1, first=7)
    assert store.bytes(A)[44:] == b"\xff" * (SIZE - 44)
    assert of_kind(store, 0) == [record(0), record(7)]


@pytest.mark.parametrize("size", [140, 128, 132, 256, 300])
def test_a_fresh_store_of_any_size_is_blank(size):
    store = Store(size)
    fill(Journal(store), store, 1)
    assert store.erases == 0


@pytest.mark.parametrize("at", [0, 1, 4, 27, 31])
def test_a_byte_that_cannot_be_written_is_found(at):
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store._areas[A][44 + at] = 0
    assert journal.append(33, record(0x7F7F7F7F)) != ports.OK
    assert of_kind(store, 0) == [record(0)]


def test_where_it_is_not_known_what_stands_the_same_is_tried_again():
    store = Store()
    journal = Journal(store)
    fill(journal, store, 1)
    store.read_rc = ports.ERR_FAILED
    assert journal.append(0, record(1)) == ports.ERR_FAILED
    store.read_rc = ports.OK
    assert journal.append(0, record(1)) == ports.OK
    assert of_kind(store, 0) == [record(0), record(1)]

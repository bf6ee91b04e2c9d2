"""The credential record: checked to the last byte, whole whatever power does, gone when it is wiped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.trust import credentials as cr
from firmware.trust import roles as r
from firmware.trust.cbor import decode, encode
from hal import ports
from hal.host.files import FileStore
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.power import AFTER, BEFORE, PLACES, Cut, PowerLost
from simulator.trust_client import make_record, stored

AREAS = (ports.AREA_KEYS_A, ports.AREA_KEYS_B)
OLD = make_record(1, {7: (r.NURSE, "0427")})
NEW = make_record(1, {7: (r.NURSE, "0427")}, revoked=(5, 6))


def flash_with(*records):
    flash = SimFlash(VirtualClock(0))
    for area, record in zip(AREAS, records, strict=False):
        flash.load(area, record)
    return flash


def read(flash):
    kept = cr.Credentials(flash)
    return kept.read(), kept


def test_a_blank_store_is_not_provisioned():
    assert read(flash_with())[0] == cr.BLANK


def test_a_board_without_the_areas_is_not_provisioned():
    class Small(SimFlash):
        def size(self, area):
            return 0 if area in AREAS else super().size(area)

    assert read(Small(VirtualClock(0)))[0] == cr.BLANK


def test_a_record_comes_back_as_it_was_written():
    flash = flash_with()
    kept = cr.Credentials(flash)
    assert kept.write(OLD) == ports.OK and kept.mend() == ports.OK
    found, again = read(flash)
    assert found == cr.WHOLE and not again.behind
    assert again.record.encode() == OLD.encode()
    assert again.record.person(7).role == r.NURSE and again.record.person(8) is None


def test_files_of_a_pc_hold_it_too(tmp_path):
    kept = cr.Credentials(FileStore(tmp_path))
    assert kept.read() == cr.BLANK
    assert kept.write(OLD) == ports.OK and kept.mend() == ports.OK
    assert cr.Credentials(FileStore(tmp_path)).read() == cr.WHOLE


def test_the_newest_whole_copy_counts_and_the_other_is_mended():
    flash = flash_with(stored(OLD, 4), stored(NEW, 5))
    found, kept = read(flash)
    assert (found, kept.sequence, kept.behind) == (cr.WHOLE, 5, True)
    assert kept.record.revoked == [5, 6]
    assert kept.mend() == ports.OK
    flash.load(ports.AREA_KEYS_B, b"\x00" * 64)
    assert read(flash)[1].record.revoked == [5, 6]


def test_every_changed_bit_of_a_lone_copy_is_evidence():
    """But for a bit that is set in the first byte, as a write that is cut there leaves it: all the rest is checked."""
    data = stored(OLD)
    for place in range(len(data)):
        for bit in range(8):
            flash = flash_with(data)
            flash.flip(ports.AREA_KEYS_A, place, bit)
            set_first = place == 0 and not data[0] >> bit & 1
            assert read(flash)[0] == (cr.WHOLE if set_first else cr.BROKEN), (place, bit)


@pytest.mark.parametrize("length", [1, 13, 14, 60, 150])
def test_part_of_a_record_is_evidence(length):
    assert read(flash_with(stored(OLD)[:length]))[0] == cr.BROKEN


def test_a_store_that_does_not_answer_is_no_blank_one():
    flash = flash_with(stored(OLD), stored(OLD))
    flash.read_rc = ports.ERR_FAILED
    assert read(flash)[0] == cr.BROKEN


def test_the_check_sees_a_changed_copy_and_not_a_silent_store():
    flash = flash_with(stored(OLD), stored(OLD))
    _, kept = read(flash)
    assert kept.check()
    flash.read_rc = ports.ERR_BUSY
    assert kept.check()
    flash.read_rc = ports.OK
    kept.record.revoked.append(9)  # known, and not stored yet: no evidence
    assert kept.check()
    flash.flip(AREAS[kept._place], 100, 3)
    assert not kept.check()


def operations(work):
    """Kinds and sizes of the store operations that `work(credentials)` takes."""
    flash = flash_with(stored(OLD, 1), stored(OLD, 1))
    flash.supply.log = []
    kept = read(flash)[1]
    work(kept)
    return flash.supply.log


def after_cut(work, cut):
    flash = flash_with(stored(OLD, 1), stored(OLD, 1))
    kept = read(flash)[1]
    flash.supply.arm(cut)
    with pytest.raises(PowerLost):
        work(kept)
    return flash


def cuts_of(work):
    for number, operation in enumerate(operations(work), 1):
        places = range(operation.size) if operation.kind == "write" and operation.size < 1_000 else range(0, 4096, 511)
        for where in PLACES:
            for byte in places if where not in (BEFORE, AFTER) else (0,):
                yield Cut(number, where, byte, seed=byte)


def rewrite(kept):
    kept.write(NEW)
    kept.mend()


def test_whatever_power_does_to_a_rewrite_one_record_is_whole():
    tried = 0
    for cut in cuts_of(rewrite):
        flash = after_cut(rewrite, cut)
        found, kept = read(flash)
        assert found == cr.WHOLE, cut
        assert kept.record.encode() in (OLD.encode(), NEW.encode()), cut
        if kept.behind:
            assert kept.mend() == ports.OK
            assert not read(flash)[1].behind
        tried += 1
    assert tried > 700


def test_whatever_power_does_to_a_wipe_it_can_be_done_again_and_no_half_record_counts():
    for cut in cuts_of(lambda kept: kept.wipe()):
        flash = after_cut(lambda kept: kept.wipe(), cut)
        found, kept = read(flash)
        assert found != cr.WHOLE or kept.record.encode() == OLD.encode(), cut
        assert kept.wipe() == ports.OK
        assert read(flash)[0] == cr.BLANK


def test_a_wipe_leaves_no_key_in_store_or_record():
    flash = flash_with(stored(OLD), stored(OLD))
    _, kept = read(flash)
    record = kept.record
    flash.write_rc = ports.OK
    assert kept.wipe() == ports.OK
    for area in AREAS:
        into = bytearray(flash.size(area))
        flash.read(area, 0, into)
        assert OLD.pump_key not in bytes(into)
    assert record.pump_key == b"" and record.people == []


def test_what_the_store_refuses_changes_nothing():
    flash = flash_with(stored(OLD), stored(OLD))
    _, kept = read(flash)
    flash.write_rc = ports.ERR_BUSY
    assert kept.write(NEW) == ports.ERR_BUSY
    assert kept.wipe() == ports.ERR_BUSY
    flash.write_rc = ports.OK
    assert read(flash)[1].record.encode() == OLD.encode()


def test_a_flash_that_forgets_is_noticed():
    flash = flash_with()
    flash.forgets = True
    assert cr.Credentials(flash).write(OLD) == ports.ERR_FAILED


def changed(**values):
    fields = decode(OLD.encode(), 4)
    fields.update({int(key[1:]): value for key, value in values.items()})
    return encode(fields)


PERSON = [7, 1, bytes(16), bytes(32), 1000, bytes(33)]


@pytest.mark.parametrize(
    "data",
    [
        changed(_1=3), changed(_1=0), changed(_1=True), changed(_1=None), changed(_2=b"short"),
        changed(_3=b"k" * 31), changed(_4=-1), changed(_4=True),
        changed(_5=[2**31]), changed(_5=[-1]), changed(_5=list(range(65))), changed(_5={}), changed(_7=b"site"),
        changed(_7="x" * 65), changed(_8=2**31), changed(_9=1), encode([1, 2]), encode({1: 1}), b"", b"\xa0",
        changed(_6=[PERSON] * 25), changed(_6=[PERSON[:4]]), changed(_6=[[0, *PERSON[1:]]]),
        changed(_6=[[7, 0, *PERSON[2:]]]), changed(_6=[[7, 7, *PERSON[2:]]]),
        changed(_6=[[7, 1, bytes(15), *PERSON[3:]]]), changed(_6=[[7, 1, bytes(16), bytes(31), *PERSON[4:]]]),
        changed(_6=[[*PERSON[:4], 999, b""]]), changed(_6=[[*PERSON[:4], 20_001, b""]]), changed(_6=[PERSON[:5]]),
        changed(_6=[[*PERSON[:5], bytes(32)]]), changed(_6=[[*PERSON[:5], bytes(34)]]), changed(_6=[[*PERSON[:5], 0]]),
        changed(_6=[[*PERSON[:5], None]]), changed(_6=[[*PERSON, 1]]), changed(_1=1, _6=[PERSON]),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_is_none(data):
    assert not cr.Record().decode(data)


def test_what_can_be_is_one():
    assert cr.Record().decode(changed(_6=[PERSON, [*PERSON[:5], b""]]))
    assert cr.Record().decode(changed(_1=1, _6=[PERSON[:5]]))


def test_the_fullest_record_fits_and_is_read_back():
    numbers = range(2**31 - cr.MAX_PEOPLE - 1, 2**31 - 1)
    people = dict.fromkeys(numbers, (r.NURSE, "1234"))
    cards = dict.fromkeys(numbers, bytes(cr.CARD))
    record = make_record(3, people, revoked=tuple(range(2**31 - 65, 2**31 - 1)), cards=cards, epoch=2**31 - 1)
    record.site = "\U0001f3e5" * 64
    record.known_s = 2**31 - 1
    for one in record.people:
        one.iterations = cr.MAX_ITERATIONS
    assert (len(record.revoked), len(record.people)) == (cr.MAX_REVOKED, cr.MAX_PEOPLE)
    flash = flash_with()
    kept = cr.Credentials(flash)
    assert len(record.encode()) <= cr.MAX_RECORD
    assert kept.write(record) == ports.OK
    assert read(flash)[1].record.encode() == record.encode()


def test_a_record_from_before_cards_goes_on_as_it_is():
    old = make_record(4, {7: (r.NURSE, "1234")})
    old.version = cr.CARDLESS
    flash = flash_with(stored(old, 3), stored(old, 3))
    _, kept = read(flash)
    assert (kept.found, kept.record.version, kept.record.people[0].card) == (cr.WHOLE, cr.CARDLESS, b"")
    assert kept.check() and not kept.behind
    kept.record.revoked.append(8)
    assert kept.write(kept.record) == ports.OK
    assert read(flash)[1].record.version == cr.CARDLESS


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise(data):
    cr.Record().decode(data)
    read(flash_with(data, data[::-1]))


@given(st.binary(min_size=14, max_size=300))
def test_nothing_that_begins_like_a_record_raises(data):
    read(flash_with(cr.MAGIC + data[4:]))


def first(kept):
    kept.read()
    kept.write(OLD)
    kept.mend()


def cuts_of_a_first_write():
    flash = flash_with()
    flash.supply.log = []
    first(cr.Credentials(flash))
    for number, operation in enumerate(flash.supply.log, 1):
        for where in PLACES:
            for byte in range(0, operation.size, 3) if where not in (BEFORE, AFTER) else (0,):
                yield Cut(number, where, byte, seed=byte)


def cut_off(flash, cut):
    flash.supply.arm(cut)
    with pytest.raises(PowerLost):
        first(cr.Credentials(flash))
    flash.supply.arm()


def test_whatever_power_does_to_a_first_write_the_pump_is_blank_or_provisioned():
    found = []
    for cut in cuts_of_a_first_write():
        flash = flash_with()
        cut_off(flash, cut)
        found.append(read(flash)[0])
        assert found[-1] in (cr.BLANK, cr.WHOLE), cut
        first(cr.Credentials(flash))
        again, kept = read(flash)
        assert again == cr.WHOLE and not kept.behind, cut
        assert kept.record.encode() == OLD.encode()
    assert found.count(cr.BLANK) > 60 and found.count(cr.WHOLE) > 60


def test_a_second_cut_in_a_first_write_leaves_no_evidence_either():
    cuts = [cut for cut in cuts_of_a_first_write() if cut.byte % 41 == 0]
    for one in cuts:
        for other in cuts[::7]:
            flash = flash_with()
            cut_off(flash, one)
            if read(flash)[0] != cr.BLANK:
                continue
            flash.supply.arm(other)
            try:
                first(cr.Credentials(flash))
            except PowerLost:
                flash.supply.arm()
            assert read(flash)[0] in (cr.BLANK, cr.WHOLE), (one, other)


def test_a_first_byte_that_is_none_of_ours_is_evidence():
    data = stored(OLD)
    for byte in range(255):
        found = read(flash_with(bytes([byte]) + data[1:]))[0]
        assert found == (cr.WHOLE if byte & data[0] == data[0] else cr.BROKEN), byte
    assert read(flash_with(b"\xff" + data[1:]))[0] == cr.BLANK
    assert read(flash_with(b"\xff" + data[1:], data))[0] == cr.WHOLE
    assert read(flash_with(b"\xff" + data[1:], data[:-1]))[0] == cr.BROKEN

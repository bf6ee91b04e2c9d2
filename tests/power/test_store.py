"""What power leaves in the store when it goes: torn bytes, reordered pages, half-erased sectors."""

import pytest

from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import ERASE_MS, SimFlash
from simulator.devices.parts import SimCounter
from simulator.power import AFTER, BEFORE, ERASED, PAGE, REORDERED, SECTOR, TORN, Cut, PowerLost, Supply

AREA = ports.AREA_JOURNAL_A
DATA = bytes(range(1, 41))


def content(store, offset=0, size=40):
    into = bytearray(size)
    assert store.read(AREA, offset, into) == ports.OK
    return bytes(into)


def cut_write(cut, data=DATA, offset=0, store=None):
    store = store or SimFlash(VirtualClock())
    store.supply.arm(cut)
    with pytest.raises(PowerLost) as lost:
        store.write(AREA, offset, data)
    assert lost.value.cut == cut
    return content(store, offset, len(data))


def is_between(byte, before, after):
    """Whether each bit of `byte` is that of before or that of after."""
    return (byte ^ before) & (byte ^ after) == 0


def test_a_cut_before_leaves_nothing_and_one_after_leaves_all():
    assert cut_write(Cut(where=BEFORE)) == b"\xff" * len(DATA)
    assert cut_write(Cut(where=AFTER)) == DATA


@pytest.mark.parametrize("at", range(len(DATA)))
def test_a_torn_write_ends_inside_its_byte(at):
    torn = set()
    for seed in range(20):
        left = cut_write(Cut(where=TORN, byte=at, seed=seed))
        assert left[:at] == DATA[:at]
        assert set(left[at + 1 :]) <= {ERASED}
        assert is_between(left[at], ERASED, DATA[at])
        torn.add(left[at])
    assert len(torn) > 4, "the torn byte follows the seed"


def test_a_page_lands_in_any_order_and_pages_one_by_one():
    data = bytes(7 + place % 200 for place in range(3 * PAGE))
    offset = 40  # so that the pages' ends lie within
    at = PAGE + 100
    partly = set()
    for seed in range(30):
        left = cut_write(Cut(where=REORDERED, byte=at, seed=seed), data, offset)
        first, last = PAGE - offset, 2 * PAGE - offset
        assert left[:first] == data[:first], "the page before is done"
        assert set(left[last:]) <= {ERASED}, "the page behind is not begun"
        page = left[first:last]
        landed = [place for place in range(PAGE) if page[place] == data[first + place]]
        assert sum(not is_between(byte, ERASED, data[first + place]) for place, byte in enumerate(page)) == 0
        if landed and landed != list(range(len(landed))):
            partly.add(seed)
    assert len(partly) > 20, "bytes land out of order"


def test_a_cut_sets_no_bit_in_a_write():
    for where in (TORN, REORDERED):
        for seed in range(50):
            store = SimFlash(VirtualClock())
            store.write(AREA, 0, b"\x0f" * len(DATA))
            left = cut_write(Cut(where=where, byte=seed % len(DATA), seed=seed), store=store)
            assert all(byte & 0xF0 == 0 for byte in left)


def test_the_end_of_an_erase_is_ragged():
    before = bytes(place * 7 & 0x7F for place in range(4 * SECTOR))
    sectors = []
    for seed in range(20):
        clock = VirtualClock()
        store = SimFlash(clock)
        store.load(AREA, before)
        store.supply.arm(Cut(where=TORN, byte=2 * SECTOR + 5, seed=seed))
        with pytest.raises(PowerLost):
            store.erase(AREA)
        left = content(store, 0, 4 * SECTOR)
        assert left[: 2 * SECTOR] == bytes([ERASED]) * (2 * SECTOR)
        assert left[3 * SECTOR :] == before[3 * SECTOR :]
        sectors.append(left[2 * SECTOR : 3 * SECTOR])
        assert 0 < clock.ms < ERASE_MS
    assert len(set(sectors)) == 20
    assert not any(sector in (before[2 * SECTOR : 3 * SECTOR], bytes([ERASED]) * SECTOR) for sector in sectors)
    fell = [any(old & ~new for old, new in zip(before[2 * SECTOR :], sector, strict=False)) for sector in sectors]
    assert 0 < sum(fell) < 20, "a part may clear bits before it sets them"


def test_an_erase_is_cut_before_and_after_too():
    for where, byte in ((BEFORE, 0x55), (AFTER, ERASED)):
        store = SimFlash(VirtualClock())
        store.load(AREA, b"\x55" * 100)
        store.supply.arm(Cut(where=where))
        with pytest.raises(PowerLost):
            store.erase(AREA)
        assert set(content(store, 0, 100)) == {byte}


def test_a_secure_counter_advances_whole_or_not_at_all():
    for where, count in ((BEFORE, 0), (TORN, 0), (AFTER, 1)):
        supply = Supply()
        counter = SimCounter(supply)
        supply.arm(Cut(where=where))
        with pytest.raises(PowerLost):
            counter.advance()
        assert counter.read() == count


def test_cuts_are_counted_over_all_operations_each_from_the_one_before():
    supply = Supply()
    store, counter = SimFlash(VirtualClock(), supply), SimCounter(supply)
    supply.log = []
    store.write(AREA, 0, b"a")
    supply.arm(Cut(3), Cut(2, off_ms=7))
    assert (store.write(AREA, 1, b"a"), counter.advance()) == (ports.OK, ports.OK)
    with pytest.raises(PowerLost):
        store.erase(AREA)
    store.write(AREA, 2, b"a")
    assert supply.armed == 1
    with pytest.raises(PowerLost) as lost:
        counter.advance()
    assert lost.value.cut.off_ms == 7
    assert (supply.armed, supply.operations) == (0, 6)
    assert [operation.kind for operation in supply.log] == ["write", "write", "advance", "erase", "write", "advance"]
    store.write(AREA, 3, b"a")


def test_what_is_refused_is_no_operation():
    store = SimFlash(VirtualClock())
    store.supply.arm(Cut())
    store.rc = ports.ERR_BUSY
    assert store.write(AREA, 0, b"a") == ports.ERR_BUSY
    assert store.erase(AREA) == ports.ERR_BUSY
    store.rc = ports.OK
    assert store.write(AREA, -1, b"a") == ports.ERR_RANGE
    assert store.supply.operations == 0


@pytest.mark.parametrize("wrong", [{"where": "somewhere"}, {"operation": 0}, {"off_ms": -2}])
def test_a_cut_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="no such cut"):
        Cut(**wrong)

"""Store and counter in the Pico's flash: NOR semantics, somebody else's bytes left alone, power cut at any byte."""

import pytest

from firmware.therapy.journal import Journal
from hal import ports
from hal.stubs import Chip, installed
from hal.stubs.chip import ChipReset
from hal.stubs.flash import SECTOR, STORAGE, FlashMemory

SECTORS = 41
ABSENT = (12, 13, 14)  # slots are files
AREAS = [area for area in range(ports.AREA_LIBRARY, ports.AREA_LIBRARY_B + 1) if area not in ABSENT]


def first_address(flash):
    return flash.base - SECTORS * SECTOR


def open_region():
    from hal.pico.flash_store import Region

    return Region()


def open_store():
    from hal.pico.flash_store import FlashStore

    return FlashStore(open_region())


def open_counter():
    from hal.pico.counter import FlashCounter

    return FlashCounter(open_region())


def test_sizes_are_whole_sectors_and_lie_one_behind_the_other(chip):
    from hal.pico import flash_store

    store = open_store()
    assert [store.size(area) // SECTOR for area in AREAS] == [4, 5, 5, 4, 4, 1, 1, 6, 1, 1, 1, 1, 4]
    place = 3  # behind the header and the counter
    for area in AREAS:
        assert flash_store._PLACES[2 * area] == place
        place += store.size(area) // SECTOR
    assert place == SECTORS
    assert [store.size(area) for area in (*ABSENT, 16, -1)] == [0] * 5


@pytest.fixture
def chip():
    with installed(Chip()) as chip:
        yield chip


@pytest.mark.parametrize("area", AREAS)
def test_it_keeps_what_is_written_across_pages_and_boots(chip, area):
    data = bytes(range(256)) * 3
    store = open_store()
    assert store.write(area, 100, data) == ports.OK
    into = bytearray(len(data))
    assert open_store().read(area, 100, into) == ports.OK
    assert into == data
    beside = bytearray(100)
    store.read(area, 0, beside)
    assert beside == b"\xff" * 100


def test_areas_do_not_reach_into_each_other_nor_into_the_file_system(chip):
    store = open_store()
    for area in AREAS:
        assert store.write(area, 0, bytes((area,)) * store.size(area)) == ports.OK
    for area in AREAS:
        into = bytearray(store.size(area))
        store.read(area, 0, into)
        assert into == bytes((area,)) * len(into)
    flash = chip.flash
    assert flash.data[flash.base :] == b"\xff" * (len(flash.data) - flash.base)
    assert flash.data[flash.image : first_address(flash)].count(0xFF) == first_address(flash) - flash.image


def test_a_write_only_clears_bits_and_says_when_that_was_not_enough(chip):
    store = open_store()
    assert store.write(0, 8, b"\xf0") == ports.OK
    assert store.write(0, 8, b"\x90") == ports.OK
    assert store.write(0, 8, b"\x0f") == ports.ERR_FAILED
    into = bytearray(1)
    store.read(0, 8, into)
    assert into == b"\x00"
    assert store.erase(0) == ports.OK
    store.read(0, 8, into)
    assert into == b"\xff"


@pytest.mark.parametrize(
    ("area", "offset", "length"),
    [
        (0, -1, 4), (0, 32 * 1024, 1), (1, 20 * 1024 - 3, 4), (3, 16 * 1024, 1), (5, 4096, 1), (6, 4095, 2),
        (12, 0, 1), (-1, 0, 1),
    ],
)  # fmt: skip
def test_out_of_range_is_refused(chip, area, offset, length):
    store = open_store()
    assert store.read(area, offset, bytearray(length)) == ports.ERR_RANGE
    assert store.write(area, offset, bytes(length)) == ports.ERR_RANGE


def test_an_erase_stalls_the_chip_for_each_sector_that_is_not_blank(chip):
    store = open_store()
    store.write(ports.AREA_JOURNAL_A, 0, b"\0")
    store.write(ports.AREA_JOURNAL_A, 2 * SECTOR, b"\0")
    chip.flash.erase_us = 400_000
    before = chip.us
    assert store.erase(ports.AREA_JOURNAL_A) == ports.OK
    assert chip.us - before == 800_000
    before = chip.us
    assert store.erase(ports.AREA_JOURNAL_A) == ports.OK
    assert chip.us == before


def test_a_dead_part_is_a_code_and_no_exception(chip):
    store, counter = open_store(), open_counter()
    store.write(0, 0, b"\0")
    chip.flash.dead = True
    assert store.write(0, 1, b"\0") == ports.ERR_FAILED
    assert store.erase(0) == ports.ERR_FAILED
    assert counter.advance() == ports.ERR_FAILED


@pytest.mark.parametrize("sector", [0, 1, 9, 20, 30])
def test_what_is_somebody_elses_is_refused_and_left_as_it_is(chip, sector):
    flash = chip.flash
    flash.data[first_address(flash) + sector * SECTOR + 77] = 0x12
    before = bytes(flash.data)
    store, counter = open_store(), open_counter()
    assert store.write(0, 0, b"\0") == ports.ERR_ABSENT
    assert store.read(0, 0, bytearray(1)) == ports.ERR_ABSENT
    assert store.erase(0) == ports.ERR_ABSENT
    assert (counter.read(), counter.advance()) == (-1, ports.ERR_FAILED)
    assert flash.data == before


def test_an_image_that_grew_over_it_is_refused(chip):
    open_store().write(0, 0, b"\0")
    flash = chip.flash
    flash.data[first_address(flash) : first_address(flash) + 12] = b"\x4b" * 12
    assert open_store().write(0, 1, b"\0") == ports.ERR_ABSENT


def test_the_counter_counts_from_boot_to_boot(chip):
    for count in range(60):
        counter = open_counter()
        assert counter.read() == count
        assert counter.advance() == ports.OK
    assert open_counter().read() == 60


def test_the_counter_turns_to_its_other_sector_and_back(chip):
    """One bit a count: 30,720 counts a sector. The last ones before each turn are counted, the rest set."""
    counter = open_counter()
    counter.advance()
    total = 1
    for _ in range(3):
        done = 8 * (SECTOR - 256)
        sector = counter._newest()
        start = first_address(chip.flash) + sector * SECTOR + 256
        chip.flash.data[start : start + SECTOR - 256] = bytes(SECTOR - 257) + b"\x07"
        total = counter._base(sector) + done - 3
        for _ in range(6):
            assert counter.read() == total
            assert counter.advance() == ports.OK
            total += 1
        assert counter._newest() != sector
    assert counter.read() == total
    assert counter.read() > 3 * 30_000


def cut(chip, after, work):
    """Run `work` with power lost after so many flash bytes; whether it was."""

    def gone():
        chip.lose_power()
        raise ChipReset

    chip.flash.cut_after, chip.flash.on_cut = after, gone
    try:
        work()
    except ChipReset:
        return True
    finally:
        chip.flash.cut_after = None
    return False


@pytest.mark.parametrize("cleared", [0, 5, 8 * (SECTOR - 256) - 1, 8 * (SECTOR - 256)])
def test_the_counter_survives_a_cut_at_any_byte(cleared):
    """It is the old count or the new one, never less and never none."""
    chip = Chip()
    with installed(chip):
        open_counter().advance()
    start = first_address(chip.flash) + SECTOR + 256
    chip.flash.data[start : start + cleared // 8] = bytes(cleared // 8)
    if cleared % 8:
        chip.flash.data[start + cleared // 8] = 0xFF >> cleared % 8
    before = bytes(chip.flash.data)
    count = 1 + cleared
    after = 0
    was_cut = True
    while was_cut:
        chip.flash.data[:] = before
        with installed(chip):
            counter = open_counter()
            assert counter.read() == count
            was_cut = cut(chip, after, counter.advance)
        with installed(chip):
            found = open_counter()
            assert found.read() in (count, count + 1), after
            assert found.advance() == ports.OK
            assert found.read() in (count + 1, count + 2)
        after += step(after)


def step(after):
    """Each byte that holds something, and some of the ones beside it in its page."""
    return 1 if after % 256 < 16 else 40


def test_a_first_count_that_is_cut_off_is_no_count_and_no_fault():
    after = 0
    was_cut = True
    while was_cut:
        chip = Chip()
        with installed(chip):
            was_cut = cut(chip, after, lambda: open_counter().advance())
        with installed(chip):
            counter = open_counter()
            if counter.read() == 0:
                assert counter.advance() == ports.OK
            assert counter.read() == 1, after
        after += step(after)


def test_the_journal_lives_on_it_through_cuts():
    """Whatever write or erase is cut, the last record that was answered OK is there at the next boot."""
    chip = Chip()
    written = 0
    for round_ in range(60):
        with installed(chip):
            journal = Journal(open_store())
            found = []
            journal.replay(lambda kind, payload, found=found: found.append(payload))
            numbers = [int.from_bytes(payload, "little") for payload in found if len(payload) == 200]
            assert not written or max(numbers) >= written, round_

            def append(journal=journal):
                nonlocal written
                while True:
                    if journal.append(0, (written + 1).to_bytes(4, "little") + bytes(196)) == ports.OK:
                        written += 1

            assert cut(chip, 3_001 + 977 * round_ % 9_000, append)
    assert written > 300


def test_below_a_rom_partition_it_lies_below_that_and_leaves_it_alone():
    rom = 40 * SECTOR
    chip = Chip()
    chip.flash = FlashMemory(storage=STORAGE - rom, rom=rom)  # what the partition takes, the file system gives
    flash = chip.flash
    flash.data[flash.base - rom : flash.base] = b"R" * rom
    with installed(chip):
        store = open_store()
        for area in AREAS:
            assert store.write(area, 0, bytes([area])) == ports.OK
        assert open_store().read(ports.AREA_KEYS_B, 0, into := bytearray(1)) == ports.OK
        assert into[0] == ports.AREA_KEYS_B
    assert flash.data[flash.base - rom : flash.base] == b"R" * rom
    assert flash.data[first_address(flash) - rom :].startswith(b"KVO store")


def test_without_a_rom_partition_there_is_no_call_for_one(chip):
    import vfs

    assert not hasattr(vfs, "rom_ioctl"), "as on MicroPython's own images"
    chip.flash.rom = 8 * SECTOR
    assert vfs.rom_ioctl(1) == 1 and vfs.rom_ioctl(2, 0).ioctl(4, 0) == 8 and vfs.rom_ioctl(9, 0) < 0

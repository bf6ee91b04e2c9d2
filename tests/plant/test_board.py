"""The simulated board: contracts matched, sensors quantised, devices with the manners of real ones."""

import pytest

from hal import ports
from hal.compat import MASK
from simulator.clock import NEAR_WRAP_MS, VirtualClock
from simulator.devices.board import SimBoard
from simulator.devices.flash import ERASE_MS, SIZES, SimFlash
from simulator.plant import Plant, PlantConfig


def make(head=ports.HEAD_VOLUMETRIC, seed=1):
    clock = VirtualClock()
    return SimBoard(clock, Plant(PlantConfig(head=head, syringe=5), seed), seed)


def read(board, ms=100):
    board.clock.advance(ms)
    readings = ports.Readings()
    board.read(readings)
    return readings


def drive(board, rate_mhz, enable=1, relay=1):
    asked = ports.Drive()
    asked.step_rate_mhz, asked.enable, asked.relay = rate_mhz, enable, relay
    asked.step_end = (board.plant.generator.count(board.clock.ms) + 100_000) & MASK
    board.write(asked)


def test_the_clock_wraps_a_little_after_power_on():
    clock = VirtualClock(NEAR_WRAP_MS)
    clock.advance(64_999)
    assert clock.ticks_ms() == MASK
    clock.advance(1)
    assert (clock.ticks_ms(), clock.ms) == (0, 65_000)


def test_it_has_every_port_with_every_method():
    board = make()
    for name, contract in (
        ("clock", ports.Clock), ("rtc", ports.Rtc), ("store", ports.Store), ("link", ports.Link),
        ("watchdog", ports.Watchdog), ("entropy", ports.Entropy), ("counter", ports.SecureCounter),
        ("identity", ports.Identity),
    ):  # fmt: skip
        methods = [method for method, what in vars(contract).items() if callable(what)]
        if not board.link.blocks_ms:  # nobody dials
            methods = [method for method in methods if (name, method) not in (("link", "open"), ("link", "close"))]
        assert all(callable(getattr(getattr(board, name), method)) for method in methods), name
    assert board.head == ports.HEAD_VOLUMETRIC


def test_pressure_is_a_converters_count_with_noise_that_repeats():
    values = [read(board).down_mmhg for board in [make()] for _ in range(200)]
    assert values == [read(board).down_mmhg for board in [make()] for _ in range(200)]
    assert values != [read(board).down_mmhg for board in [make(seed=2)] for _ in range(200)]
    assert all(abs(value - 8) < 6 for value in values)
    assert len(set(values)) > 3


def test_looking_less_often_senses_the_same():
    often, seldom = make(), make()
    for board in (often, seldom):
        drive(board, 20_000)
    for _ in range(299):
        read(often)
    one, other = read(often), read(seldom, 30_000)
    for name in ports.Readings.__slots__:
        assert getattr(one, name) == getattr(other, name), name


def test_the_converter_ends_at_1500_mmhg():
    board = make()
    drive(board, 5_000_000)
    board.plant.disturb("occlude_downstream", 0)
    assert read(board, 10_000).down_mmhg <= 1500


def test_one_key_a_tick_in_their_order():
    board = make()
    board.press(ports.KEY_FIELD + ports.FIELD_DRUG, 7)
    board.press(ports.KEY_CONFIRM)
    first = read(board)
    assert (first.key, first.key_value) == (ports.KEY_FIELD + ports.FIELD_DRUG, 7)
    assert read(board).key == ports.KEY_CONFIRM
    assert read(board).key == ports.KEY_NONE


def test_the_stop_key_stops_the_motor_without_the_firmware():
    board = make()
    drive(board, 40_000)
    board.clock.advance(1_000)
    board.press(ports.KEY_STOP)
    at_stop = board.plant.generator.micro(1_000)
    readings = read(board)
    assert readings.flags & ports.RF_GATE_SHUT
    assert readings.flags & ports.RF_STOP_HELD
    drive(board, 40_000)
    assert board.plant.generator.micro(60_000) == at_stop
    assert not read(board, 1_000).flags & ports.RF_STOP_HELD


@pytest.mark.parametrize(
    ("disturbance", "flag"),
    [
        ("door_open", ports.RF_DOOR_OPEN), ("clamp_open", ports.RF_CLAMP_OPEN), ("plunger_off", ports.RF_PLUNGER_OFF),
        ("air", ports.RF_AIR), ("key_switch_on", ports.RF_KEY_SWITCH), ("sensor_fault_on", ports.RF_SENSOR_FAULT),
    ],
)  # fmt: skip
def test_what_befalls_the_plant_is_sensed_at_the_next_tick(disturbance, flag):
    board = make()
    assert not read(board).flags & flag
    board.plant.disturb(disturbance, board.clock.ms)
    assert read(board).flags & flag


def test_a_sensor_that_does_not_answer_leaves_the_last_good_value():
    board = make()
    readings = ports.Readings()
    drive(board, 1_000_000)
    board.clock.advance(1_000)
    board.read(readings)
    last = readings.down_mmhg
    board.plant.disturb("sensor_fault_on", 1_000)
    board.plant.disturb("occlude_downstream", 1_000)
    board.clock.advance(5_000)
    board.read(readings)
    assert readings.down_mmhg == last


def test_each_head_has_its_own_sensors():
    syringe, volumetric = read(make(ports.HEAD_SYRINGE)), read(make())
    assert syringe.size_um == 26_720
    assert syringe.reservoir_ul == pytest.approx(50_000, abs=80)
    assert (volumetric.size_um, volumetric.reservoir_ul) == (-1, -1)


def test_flash_writes_only_clear_bits():
    store = SimFlash(VirtualClock())
    assert store.write(ports.AREA_JOURNAL_A, 10, b"\xf0") == ports.OK
    assert store.write(ports.AREA_JOURNAL_A, 10, b"\x0f") == ports.ERR_FAILED
    byte = bytearray(1)
    assert store.read(ports.AREA_JOURNAL_A, 10, byte) == ports.OK
    assert byte == b"\x00", "the bits that could be cleared are"


def test_a_flash_erase_takes_time_and_sets_everything():
    clock = VirtualClock()
    store = SimFlash(clock)
    store.write(ports.AREA_JOURNAL_B, 0, bytes(64))
    assert store.erase(ports.AREA_JOURNAL_B) == ports.OK
    assert clock.ms == ERASE_MS
    into = bytearray(SIZES[ports.AREA_JOURNAL_B])
    store.read(ports.AREA_JOURNAL_B, 0, into)
    assert set(into) == {0xFF}


def test_flash_refuses_what_is_out_of_range_and_what_it_is_told_to():
    clock = VirtualClock()
    store = SimFlash(clock)
    assert store.write(ports.AREA_LIBRARY, 32 * 1024 - 1, b"ab") == ports.ERR_RANGE
    assert store.read(9, 0, bytearray(1)) == ports.ERR_RANGE
    assert store.erase(9) == ports.ERR_RANGE
    store.rc = ports.ERR_BUSY
    assert store.write(ports.AREA_JOURNAL_A, 0, b"a") == ports.ERR_BUSY
    store.rc, store.write_ms = ports.OK, 30
    assert store.write(ports.AREA_JOURNAL_A, 0, b"a") == ports.OK
    assert clock.ms == 30


def test_nothing_passes_a_link_that_is_down():
    board = make()
    into = bytearray(8)
    board.link.deliver(b"abc")
    assert board.link.receive(into) == 3
    board.plant.disturb("link_down", 0)
    board.link.deliver(b"lost")
    assert board.link.receive(into) == 0
    assert board.link.send(b"x", 1) == 0
    assert not read(board).flags & ports.RF_LINK_UP


def test_the_small_parts_keep_their_word():
    board, twin = make(), make()
    assert board.counter.read() == 0
    board.counter.advance()
    assert board.counter.read() == 1
    one, other = bytearray(16), bytearray(16)
    board.entropy.fill(one)
    twin.entropy.fill(other)
    assert one == other != bytearray(16)
    before = board.rtc.read_s()
    board.clock.advance(5_000)
    assert board.rtc.read_s() == before + 5
    assert board.identity.present() == -1
    board.watchdog.feed()
    assert board.watchdog.fed_ms == 5_000

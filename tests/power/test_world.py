"""Worlds whose pump loses its power or is reset: what goes, what stays, and that the rest goes on."""

import dataclasses

import pytest

from firmware.app import App
from firmware.therapy import tables as t
from firmware.trust.scratch import COMMS_POLLED, MAGIC
from hal import ports
from hal.compat import MASK
from simulator.bench import Bench
from simulator.clock import NEAR_WRAP_MS
from simulator.devices.parts import WATCHDOG_MS
from simulator.files.programme import find_programme, load_programme
from simulator.files.timeline import Event
from simulator.homes import HomeError, micropython
from simulator.power import AFTER, BEFORE, TORN, WATCHDOG, Cut, PowerLost
from simulator.snapshot import Snapshot
from simulator.standins.gatekeeper import ScriptedGatekeeper
from simulator.world import BOOT_MS, START_MS, World

AT_MS = 60_000
OFF_MS = 5_000


@pytest.fixture(scope="module")
def programme():
    """Nothing happens in it but what a test does."""
    return dataclasses.replace(load_programme(find_programme("norepinephrine-8h")), events=())


def feeds(board):
    """A firmware that feeds its watchdog each turn."""
    app = App(board, ScriptedGatekeeper())
    turn = app.turn

    def step():
        board.watchdog.feed()
        turn()

    app.step = step
    return app


def infusing(programme, **options):
    world = World(programme, seed=3, **options)
    world.run(AT_MS)
    assert world.status.delivery == t.ST_INFUSING
    return world


def through_darkness(world, off_ms):
    """Run to the first turn after the boot."""
    assert world.is_dark
    begun = world.clock.ms
    while world.is_dark:
        world.tick()
    assert off_ms + START_MS <= world.clock.ms - begun <= off_ms + START_MS + 200
    world.tick()


def test_a_pump_without_power_drives_and_shows_nothing(programme):
    world = infusing(programme)
    firmware = world.home
    world.power_cut(OFF_MS)
    at = world.plant.generator.micro(AT_MS)
    pressure = world.plant.down_mmhg(AT_MS)
    through_darkness(world, OFF_MS)
    assert world.home is not firmware
    assert world.plant.generator.micro(world.clock.ms) == at
    assert world.plant.down_mmhg(world.clock.ms) < pressure, "the line relaxes meanwhile"
    assert (world.drive.relay, world.status.delivery) == (0, t.ST_SELF_TEST)


@pytest.mark.parametrize("near_wrap", [False, True])
def test_counters_and_the_clock_begin_anew_where_the_world_goes_on(programme, near_wrap):
    world = infusing(programme, near_wrap=near_wrap)
    before = world.plant.generator.count(AT_MS)
    assert before > 10
    world.power_cut(OFF_MS)
    through_darkness(world, OFF_MS)
    readings = ports.Readings()
    world.board.read(readings)
    assert (readings.step_count, readings.encoder_count, readings.drips) == (0, 0, 0)
    assert world.plant.generator.count(world.clock.ms) == before
    assert world.clock.ms > AT_MS + OFF_MS
    start = NEAR_WRAP_MS if near_wrap else 0
    assert start < world.clock.ticks_ms() < start + 300
    asked = ports.Drive()
    asked.step_rate_mhz, asked.enable, asked.relay, asked.step_end = 100_000, 1, 1, 7
    world.board.write(asked)
    world.clock.advance(10_000)
    world.board.read(readings)
    assert readings.step_count == 7, "a lease is counted from the same beginning"


def test_a_watchdogs_reset_keeps_the_scratch_word_and_a_loss_of_power_does_not(programme):
    for reset, word in (
        (lambda world: world.power_cut(100), 0),
        (lambda world: world.watchdog_reset(), 6),
        (lambda world: world.watchdog_reset(comms=True), 6 | MAGIC | COMMS_POLLED),
    ):
        world = infusing(programme)
        world.board.scratch.write(6)
        reset(world)
        assert world.board.scratch.read() == word


def test_the_clock_that_survives_power_goes_on_unless_its_battery_is_flat(programme):
    world = infusing(programme)
    before = world.board.rtc.read_s()
    world.power_cut(OFF_MS)
    world.run(AT_MS + OFF_MS)
    assert world.board.rtc.read_s() == before + OFF_MS // 1000
    world.board.rtc.battery_flat = True
    world.watchdog_reset()
    assert world.board.rtc.read_s() > before
    world.power_cut(OFF_MS)
    assert world.board.rtc.read_s() == -1
    world.board.rtc = None
    readings = ports.Readings()
    world.board.read(readings)
    assert readings.rtc_s == -1


def test_the_timeline_goes_on_and_programming_is_not_done_again(programme):
    events = (
        Event(AT_MS + 2_000, "temperature", 300),
        Event(AT_MS + 3_000, "press", 0, ((ports.KEY_PROGRAMME, 0),), "a person opens programming"),
    )
    world = infusing(dataclasses.replace(programme, events=events), make_app=forgets)
    world.power_cut(OFF_MS)
    world.run(AT_MS + 4_000)
    assert world.plant.temperature_dc == 300
    world.run(AT_MS + OFF_MS + START_MS + BOOT_MS - 200)
    assert world.status.delivery == t.ST_STANDBY
    world.run(AT_MS + OFF_MS + START_MS + BOOT_MS + 10_000)
    assert world.status.delivery == t.ST_PROGRAMMING, "the key of the timeline, and no other"


def forgets(board):
    """A firmware that finds nothing at boot."""
    for area in (ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B):
        board.store.load(area, b"\xff" * board.store.size(area))
    board.counter.value = 0
    return App(board, ScriptedGatekeeper())


def test_a_key_on_its_way_is_lost_and_stop_waits_for_no_self_test(programme):
    world = infusing(programme)
    world.board.press(ports.KEY_PAUSE)
    world.press(ports.KEY_AUDIO_PAUSE)
    world.watchdog_reset()
    through_darkness(world, 0)
    world.tick()
    assert world.home.step.__self__.readings.key == ports.KEY_NONE, "a person waits until the pump is ready"
    world.board.press(ports.KEY_STOP)
    world.tick()
    assert world.home.step.__self__.readings.key == ports.KEY_STOP


def test_the_watchdog_bites_only_once_it_was_fed_and_then_not(programme):
    world = infusing(programme, make_app=feeds)
    world.run(AT_MS + 60_000)
    assert not world.is_dark
    begun = world.clock.ms
    moved = world.plant.generator.micro(begun + 3_100)
    world.hang(60_000)
    while not world.is_dark:
        world.tick()
    assert WATCHDOG_MS <= world.clock.ms - begun <= WATCHDOG_MS + 100
    assert world.plant.generator.micro(world.clock.ms) <= moved, "the lease had ended"
    through_darkness(world, 0)
    assert "the watchdog resets the pump" in [what for _, what in world.happened]
    world.run(world.clock.ms + 20_000)
    assert not world.is_dark


def test_a_hang_shorter_than_the_watchdog_passes(programme):
    world = infusing(programme, make_app=feeds)
    world.hang(8_000)
    world.run(AT_MS + 20_000)
    assert world.status.delivery == t.ST_INFUSING
    assert len(world.happened) == 1


def swallows(board):
    """A firmware that catches every Exception of its turn, the store's included."""
    app = App(board, ScriptedGatekeeper())
    turn = app.turn

    def step():
        try:
            turn()
        except Exception:
            step.swallowed = True

    step.swallowed = False
    app.step = step
    return app


@pytest.mark.parametrize("where", [BEFORE, TORN, AFTER])
def test_a_cut_in_a_store_operation_ends_the_turn_whatever_the_firmware_catches(programme, where):
    world = infusing(programme, make_app=swallows)
    step = world.home.step
    world.board.supply.arm(Cut(where=where, byte=9, off_ms=OFF_MS))
    world.press(ports.KEY_PAUSE)
    world.tick()
    assert world.is_dark
    assert not step.swallowed
    through_darkness(world, OFF_MS)
    assert issubclass(PowerLost, BaseException)
    assert not issubclass(PowerLost, Exception)


class WritesAtBoot(App):
    """A firmware with something to store while it boots."""

    def __init__(self, board):
        board.store.write(ports.AREA_JOURNAL_B, 0, b"boot")
        super().__init__(board, ScriptedGatekeeper())


def test_power_may_go_again_while_it_boots(programme):
    world = infusing(programme, make_app=WritesAtBoot)
    world.board.supply.arm(Cut(off_ms=1_000), Cut(off_ms=WATCHDOG), Cut(where=AFTER, off_ms=3_000))
    world.press(ports.KEY_PAUSE)
    world.tick()
    while world.is_dark:
        world.tick()
    assert world.board.supply.armed == 0
    assert [what for _, what in world.happened] == [
        "power is lost for 1 s", "the watchdog resets the pump", "power is lost for 3 s",
    ]  # fmt: skip


def real_home():
    try:
        micropython.interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))


def cut_and_reset(programme, home):
    with World(programme, seed=3, home=home, near_wrap=True) as world:
        world.run(AT_MS)
        world.board.supply.arm(Cut(where=TORN, byte=11, seed=5, off_ms=OFF_MS))
        world.press(ports.KEY_PAUSE)
        world.run(AT_MS + 20_000)
        world.watchdog_reset(comms=True)
        world.run(AT_MS + 40_000)
        return world.trace.digest(), world.happened, world.clock.ticks_ms()


def test_both_homes_come_back_with_the_same_trace(programme):
    real_home()
    ours, theirs = cut_and_reset(programme, "cpython"), cut_and_reset(programme, "micropython")
    assert ours == theirs
    assert len(ours[1]) == 2


async def test_the_books_are_kept_through_a_loss_of_power(programme):
    async with Bench(programme, seed=3, make_app=forgets) as pump:
        await pump.until(pump.is_infusing)
        await pump.sleep(60)
        begun_s, prescribed_ul = pump.now_s, pump.result().prescribed_ml * 1000
        rate_ul_h = pump.world.status.rate_ul_h
        pump.world.power_cut(30_000)
        await pump.until(lambda: pump.world.is_dark)
        assert (pump.rate_ml_h, pump.alarms) == (0, [])
        await pump.until(lambda: not pump.world.is_dark)
        await pump.sleep(0.5)
        result = pump.result()
        missed_ul = result.prescribed_ml * 1000 - prescribed_ul
        assert missed_ul == pytest.approx((pump.now_s - begun_s) * rate_ul_h / 3600, rel=0.05), "nobody ordered a stop"
        await pump.sleep(30)
        result = pump.result()
    assert [state for _, state, _ in result.states] == ["standby", "programming", "infusing", "self-test", "standby"]
    seconds = result.signals["t_s"]
    assert seconds == [float(second) for second in range(1, len(seconds) + 1)], "each second has its sample"
    assert (begun_s, "power is lost for 30 s") in result.disturbances


def test_a_snapshot_goes_on_as_the_world_does_and_leaves_it_alone(programme):
    world = infusing(programme, near_wrap=True)
    snapshot = Snapshot(world)
    one, other = snapshot.restore(), snapshot.restore()
    one.board.supply.arm(Cut(where=TORN, byte=3, off_ms=60_000))
    one.press(ports.KEY_PAUSE)
    one.run(AT_MS + 5_000)
    assert one.is_dark
    world.press(ports.KEY_PAUSE)
    other.press(ports.KEY_PAUSE)
    for alike in (world, other):
        alike.run(AT_MS + 30_000)
        assert alike.status.delivery == t.ST_PAUSED
    for name in ports.Status.__slots__:
        assert getattr(world.status, name) == getattr(other.status, name), name
    assert world.delivered_ul() == other.delivered_ul() != one.delivered_ul()
    areas = [bytearray(4096), bytearray(4096)]
    for alike, area in zip((world, other), areas, strict=True):
        alike.board.store.read(ports.AREA_JOURNAL_A, 0, area)
    assert areas[0] == areas[1] != bytearray(b"\xff" * 4096)
    assert other.clock.ticks_ms() == world.clock.ticks_ms() <= MASK


def test_a_snapshot_of_the_other_interpreter_is_refused(programme):
    real_home()
    with World(programme, home="micropython") as world, pytest.raises(HomeError, match="home cpython"):
        Snapshot(world)

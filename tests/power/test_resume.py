"""After a reset or a loss of power: what goes on by itself, what waits for a person, and what is never forgotten."""

import dataclasses

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal import ports
from simulator.files.programme import find_programme, load_programme
from simulator.world import World

AT_MS = 60_000
LIMIT_MS = 300_000  # of norepinephrine


def infusing(name="norepinephrine-8h", until_ms=AT_MS, **options):
    programme = dataclasses.replace(load_programme(find_programme(name)), events=())
    world = World(programme, seed=4, **options)
    world.run(until_ms)
    assert world.status.delivery == t.ST_INFUSING
    return world


def after(world, ms=5_000):
    """Delivery state and the alarm of a resume, `ms` after what has just been done."""
    world.run(world.clock.ms + ms)
    shown = [code for code in (al.AL_RESUMED, al.AL_WAITS) if world.status.therapy_alarms >> code & 1]
    return world.status.delivery, shown


GOES_ON = (t.ST_INFUSING, [al.AL_RESUMED])
WAITS = (t.ST_PAUSED, [al.AL_WAITS])


@pytest.mark.parametrize("near_wrap", [False, True])
@pytest.mark.parametrize("reset", ["power", "watchdog"])
def test_it_flows_again_within_two_seconds_of_the_boot(reset, near_wrap):
    world = infusing(near_wrap=near_wrap)
    rate = world.drive.step_rate_mhz
    if reset == "power":
        world.power_cut(1_000)
    else:
        world.watchdog_reset()
    while world.is_dark:
        world.tick()
    booted_ms = world.clock.ms
    while not world.drive.step_rate_mhz:
        world.tick()
    assert world.clock.ms - booted_ms <= 2_000
    assert abs(world.drive.step_rate_mhz - rate) <= 1_000
    assert after(world, 100) == GOES_ON


def test_it_goes_on_by_itself_twice_in_ten_minutes_and_no_more():
    world = infusing()
    for expected in (GOES_ON, GOES_ON, WAITS):
        world.watchdog_reset()
        assert after(world) == expected
    world.press(ports.KEY_START)
    assert after(world)[0] == t.ST_INFUSING
    world.run(world.clock.ms + 600_000)
    world.watchdog_reset()
    assert after(world) == GOES_ON


@pytest.mark.parametrize(("off_ms", "expected"), [(LIMIT_MS - 15_000, GOES_ON), (LIMIT_MS + 2_000, WAITS)])
def test_after_a_loss_of_power_the_drugs_limit_decides(off_ms, expected):
    world = infusing()
    world.power_cut(off_ms)
    assert after(world, off_ms + 5_000) == expected


@pytest.mark.parametrize("clock", ["absent", "flat", "set back"])
def test_without_a_clock_that_can_be_believed_it_waits(clock):
    world = infusing()
    if clock == "absent":
        world.board.rtc = None
    elif clock == "flat":
        world.board.rtc.battery_flat = True
    else:
        world.board.rtc.offset_s = -3_600
    world.power_cut(1_000)
    assert after(world) == WAITS
    assert bool(world.status.trust_alarms >> al.AL_CLOCK - al.TRUST_BASE & 1) == (clock == "set back")
    world.watchdog_reset()
    assert after(world) == WAITS, "what waits goes on waiting"


def test_a_watchdogs_reset_needs_no_clock():
    world = infusing()
    world.board.rtc = None
    world.watchdog_reset()
    assert after(world) == GOES_ON


@pytest.mark.parametrize("reset", ["power", "watchdog"])
def test_a_pause_stays_one_until_a_person_starts_it(reset):
    world = infusing()
    world.press(ports.KEY_PAUSE)
    world.run(AT_MS + 1_000)
    if reset == "power":
        world.power_cut(1_000)
    else:
        world.watchdog_reset()
    assert after(world, 60_000) == WAITS
    world.press(ports.KEY_START)
    assert after(world) == (t.ST_INFUSING, [])


def test_a_stop_counts_even_if_the_watchdog_bites_before_it_is_stored():
    world = infusing()
    world.board.store.write_rc = ports.ERR_BUSY
    world.press(ports.KEY_STOP)
    world.run(AT_MS + 500)
    assert world.status.delivery == t.ST_PAUSED
    world.watchdog_reset()
    world.board.store.write_rc = ports.OK
    assert after(world) == WAITS


@pytest.mark.parametrize("off_s", [1, 30])
def test_a_lock_out_is_not_shortened_by_time_without_power(off_s):
    world = infusing("morphine-pca")
    world.press(ports.KEY_PATIENT_BOLUS)
    world.run(AT_MS + 20_000)
    assert world.status.bolus == ports.KEY_PATIENT_BOLUS
    left_s = world.status.lockout_s
    world.power_cut(off_s * 1000)
    assert after(world, off_s * 1000 + 10_000)[0] == t.ST_INFUSING
    assert world.status.bolus == 0, "an interrupted bolus is forfeited"
    assert world.status.lockout_s >= left_s - 10
    world.press(ports.KEY_PATIENT_BOLUS)
    world.run(world.clock.ms + 2_000)
    assert world.status.bolus == 0
    world.run(world.clock.ms + 480_000)
    world.press(ports.KEY_PATIENT_BOLUS)
    world.run(world.clock.ms + 2_000)
    assert world.status.bolus == ports.KEY_PATIENT_BOLUS, "and ends at last"


def test_a_pca_that_is_cut_off_from_help_gives_no_basal_after_a_loss_of_power():
    for reset, expected in (("power", WAITS), ("watchdog", GOES_ON)):
        world = infusing("morphine-pca")
        world.disturb("compromised")
        world.run(AT_MS + 2_000)
        if reset == "power":
            world.power_cut(1_000)
        else:
            world.watchdog_reset()
        assert after(world) == expected


def test_a_store_that_was_written_back_is_not_gone_on_from():
    world = infusing(until_ms=30_000)
    areas = {}
    for area in (ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B):
        areas[area] = bytearray(world.board.store.size(area))
        world.board.store.read(area, 0, areas[area])
    world.watchdog_reset()
    assert after(world) == GOES_ON
    for area, data in areas.items():
        world.board.store.load(area, bytes(data))
    world.power_cut(1_000)
    assert after(world) == WAITS


def test_a_store_that_is_gone_altogether_is_no_therapy():
    world = infusing()
    for area in (ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B):
        world.board.store.load(area, b"\xff" * world.board.store.size(area))
    world.power_cut(1_000)
    assert after(world)[0] == t.ST_STANDBY


def test_volume_goes_on_from_where_it_was():
    world = infusing(until_ms=600_000)
    left = world.status.vtbi_ul
    for _ in range(2):
        world.power_cut(1_000)
        assert after(world) == GOES_ON
    rate = world.status.rate_ul_h
    assert left - world.status.vtbi_ul <= rate * (2 * 13 + 13) / 3600, "at most 13 s of each are uncertain"
    assert world.status.vtbi_ul <= left

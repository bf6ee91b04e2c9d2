"""What the faults of the board do to the pump that runs on it."""

import pytest

from firmware.therapy import tables as t
from hal import ports
from simulator.bench import Bench
from simulator.homes import HomeError
from tests.faults.pumps import SYRINGE, VOLUMETRIC, bare, infusing


def flowed(world, seconds=10):
    """µL that the head has moved in the next seconds."""
    before = world.plant.pumped_ul(world.clock.ms)
    world.run(world.clock.ms + seconds * 1000)
    return world.plant.pumped_ul(world.clock.ms) - before


def readings(world):
    """Readings of the board as it is now."""
    r = ports.Readings()
    world.board.read(r)
    return r


def test_a_stuck_sensor_holds_and_a_silent_board_does_not_add_up_an_offset():
    with infusing(VOLUMETRIC) as world:
        world.inject("down_pressure_stuck")
        held = readings(world).down_mmhg
        world.disturb("occlude_downstream")
        world.run(world.clock.ms + 5_000)
        assert readings(world).down_mmhg == held
        world.clear("down_pressure_stuck")
        assert world.status.delivery == t.ST_INFUSING
        world.inject("sensors_silent")
        world.inject("down_pressure_offset", by=100)
        first = readings(world).down_mmhg
        assert readings(world).down_mmhg == first


@pytest.mark.parametrize(
    ("name", "share"), [("generator_stuck", 0), ("relay_open", 0), ("gate_stuck_shut", 0), ("generator_half", 0.5)]
)
def test_the_drive_moves_less(name, share):
    with infusing(VOLUMETRIC) as world:
        whole = flowed(world)
        world.inject(name)
        world.run(world.clock.ms + 200)
        assert flowed(world, 3) <= whole * 0.3 * max(share, 0.01) * 1.2


def test_a_generator_that_runs_away_knows_no_lease():
    with infusing(SYRINGE) as world:
        world.inject("generator_runs_away")
        world.run(world.clock.ms + 100)
        world.clock.advance(2_000)
        assert world.plant.generator.rate_mhz > 0 and world.plant.generator.running(world.clock.ms)


def test_a_dead_gate_lets_stop_pass_and_a_jammed_one_holds():
    with infusing(VOLUMETRIC) as world:
        world.inject("gate_dead")
        world.plant.disturb("stop_held", world.clock.ms)
        assert not world.plant.gate_is_shut(world.clock.ms)
        world.plant.disturb("stop_released", world.clock.ms)
        world.clear("gate_dead")
        world.inject("gate_stuck_shut")
        assert world.plant.gate_is_shut(world.clock.ms)
        assert flowed(world, 2) == 0


def test_blind_air_detection_sees_nothing_and_stops_nothing():
    with infusing(VOLUMETRIC) as world:
        world.inject("air_blind")
        world.inject("air_bubble", volume=5_000)
        assert flowed(world, 60) > 1_000
        assert world.status.delivery == t.ST_INFUSING


def test_a_stall_takes_time_and_no_more():
    with infusing(VOLUMETRIC) as world:
        before = world.clock.ms
        world.inject("stall_2s")
        assert world.clock.ms == before + 2_000
        world.run(world.clock.ms + 1_000)
        assert world.status.lost_ul == 0 and world.status.delivery == t.ST_INFUSING


def test_a_clock_that_jumps_back_ends_the_therapy():
    with infusing() as world:
        world.inject("clock_jumps")
        world.run(world.clock.ms + 300)
        assert world.status.delivery == t.ST_FAILED


def test_a_store_that_fails_drops_the_grant():
    with infusing() as world:
        world.press(ports.KEY_PAUSE)
        world.run(world.clock.ms + 500)
        world.inject("store_fails")
        world.press(ports.KEY_START)
        world.run(world.clock.ms + 2_000)
        assert world.status.delivery == t.ST_PAUSED


def test_keys_that_are_dead_leave_stop_to_the_gate():
    with infusing() as world:
        world.inject("keys_dead")
        world.press(ports.KEY_STOP)
        world.run(world.clock.ms + 300)
        assert world.status.delivery == t.ST_INFUSING
        assert world.plant.gate_is_shut(world.clock.ms)


def test_comms_that_hangs_leaves_the_turns():
    with infusing() as world:
        world.inject("comms_hangs_at_once")
        assert flowed(world, 60) > 800
        assert not world.is_dark, "the turns feed the watchdog"
        assert world.status.delivery == t.ST_INFUSING


def test_broken_dosing_moves_more_and_a_wrong_mind_can_be_set_right():
    with infusing() as world:
        whole = flowed(world, 20)
        world.inject("dosing_doubles")
        world.run(world.clock.ms + 1_000)
        world.clear("dosing_doubles")
        world.run(world.clock.ms + 5_000)
        assert whole > 0 and not world.faults.active


def test_a_fault_of_memory_is_refused_where_nobody_can_reach_in():
    with infusing() as world:
        del world.home.app
        with pytest.raises(HomeError, match="use home cpython"):
            world.inject("steps_flipped")
        world.inject("relay_open")


def test_a_reset_heals_memory_and_not_code_and_a_dark_pump_can_be_struck():
    with infusing() as world:
        world.inject("dosing_doubles")
        broken = type(world.home.app.controller.dose.dosing)
        world.inject("delivered_flipped")
        world.inject("watchdog_reset")
        assert world.is_dark
        world.inject("tick_raises")
        world.inject("steps_flipped")
        while world.is_dark:
            world.tick()
        assert type(world.home.app.controller.dose.dosing) is broken
        assert set(world.faults.active) == {"dosing_doubles", "tick_raises"}
        world.faults.clear_all()
        world.run(world.clock.ms + 2_000)
        assert world.status.delivery == t.ST_INFUSING


def test_a_watchdog_that_is_not_fed_bites_unless_it_is_dead():
    for dead in (False, True):
        with infusing() as world:
            if dead:
                world.inject("watchdog_dead")
            world.inject("turns_stop", last=20_000)
            world.run(world.clock.ms + 9_000)
            assert world.status.delivery == (t.ST_INFUSING if dead else t.ST_SELF_TEST)


def test_power_goes_short_long_and_in_the_midst_of_a_write():
    for name in ("power_lost_short", "power_lost_long", "power_torn", "watchdog_reset_comms"):
        with infusing() as world:
            world.inject(name)
            world.press(ports.KEY_PAUSE)
            world.run(world.clock.ms + 500)
            assert world.is_dark or name.startswith("watchdog")
            world.run(world.clock.ms + 3_700_000)
            assert not world.is_dark and not world.faults.active


async def test_the_bench_injects_and_clears():
    async with Bench("failing-sensors") as pump:
        await pump.until(pump.is_infusing, within_s=30)
        pump.faults.inject("down_pressure_offset", by="500 mmHg")
        assert pump.faults.active == {"down_pressure_offset": {"by": 500}}
        await pump.alarm("downstream occlusion", within_s=1)
        pump.faults.clear("down_pressure_offset")
        assert pump.faults.active == {}
        pump.faults.door_open()
        await pump.alarm("door open", within_s=1)
        assert "down pressure offset: over" in [text for _, text in pump.world.happened]


def test_bare_programmes_have_nothing_that_happens():
    with infusing() as world:
        assert bare(world.programme).events == () and world.happened == []

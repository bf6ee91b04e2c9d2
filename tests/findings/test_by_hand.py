"""What somebody at the bare board's keys has found: on the simulator's pump, as it failed before."""

import pytest

from firmware.therapy import tables as t
from hal import ports
from simulator.files.programme import find_programme, load_programme
from simulator.world import World


@pytest.fixture
def world():
    with World(load_programme(find_programme("norepinephrine-8h")), journal_bytes=4096) as made:
        made.run(60_000)
        yield made


def test_after_a_stall_the_pump_starts_again(world):
    world.disturb("motor_stall_on")
    world.run(400_000)
    assert world.status.delivery == t.ST_STOPPED
    world.disturb("motor_stall_off")
    world.run(401_000)
    world.press(ports.KEY_ACKNOWLEDGE)
    world.press(ports.KEY_START)
    world.run(500_000)
    assert (world.status.delivery, world.status.therapy_alarms) == (t.ST_INFUSING, 0)


def test_a_boot_long_ago_is_no_counter_put_back(world):
    world.watchdog_reset()
    world.run(3_000_000)  # by now both areas have been turned, and the boot's own record is gone
    assert world.board.store.erases >= 2
    world.watchdog_reset()
    world.run(world.clock.ms + 5_000)
    assert (world.status.delivery, world.status.trust) == (t.ST_INFUSING, t.TR_NORMAL)

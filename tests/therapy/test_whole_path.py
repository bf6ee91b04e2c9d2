"""The firmware on an ideal board: from start to the end of the volume."""

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealPump, prescription


def test_an_infusion_ends_exactly_at_its_volume_and_keeps_the_vein_open():
    pump = IdealPump()
    rx = prescription(120_000, vtbi_ul=20_000)
    pump.start(rx)
    pump.run(599_000)
    assert pump.state == t.ST_INFUSING
    pump.run(2_000)
    assert pump.state == t.ST_KVO
    assert pump.controller.dose.vtbi.spent()
    assert pump.status.rate_ul_h == 1000


def test_a_sustained_drug_goes_on_at_its_rate_with_a_high_alarm():
    pump = IdealPump()
    pump.start(prescription(120_000, vtbi_ul=1_000, policy=layout.POLICY_SUSTAIN))
    pump.run(60_000)
    assert pump.state == t.ST_INFUSING
    assert pump.status.rate_ul_h == 120_000
    assert pump.status.alarm == al.AL_END_SUSTAINED
    assert pump.status.priority == al.PRIORITY_HIGH


def test_steps_are_the_floor_of_the_volume():
    pump = IdealPump()
    pump.start(prescription(7_777))
    for _ in range(500):
        pump.tick()
        dosing = pump.controller.dose.dosing
        units = dosing.commanded.ul * 3_600_000 + dosing.commanded.rest
        assert (dosing.steps - pump.board.position) in (-1, 0, 1)
        assert units // dosing.step_volume == dosing.steps


def test_stop_stops_at_once_and_start_resumes_only_when_stored():
    pump = IdealPump()
    pump.start(prescription(100_000))
    pump.run(5_000)
    pump.press(ports.KEY_STOP)
    assert pump.state == t.ST_PAUSED
    assert pump.app.drive.step_rate_mhz == 0
    pump.board.store.rc = ports.ERR_FAILED
    pump.press(ports.KEY_START)
    pump.run(2_000)
    assert pump.state == t.ST_PAUSED
    assert pump.status.message == msg.STORE
    assert pump.app.drive.step_rate_mhz == 0
    pump.board.store.rc = ports.OK
    pump.press(ports.KEY_START)
    pump.run(200)
    assert pump.state == t.ST_INFUSING


@pytest.mark.parametrize("trouble", ["pressure", "door", "air", "heat"])
def test_a_hazard_stops_the_motor_and_blocks_the_restart_until_it_is_gone(trouble):
    pump = IdealPump()
    sensed = pump.board.sensed
    pump.start(prescription(100_000))
    pump.run(5_000)
    if trouble == "pressure":
        sensed.down_mmhg = 600
    elif trouble == "heat":
        sensed.temperature_dc = 560
    else:
        sensed.flags |= ports.RF_DOOR_OPEN if trouble == "door" else ports.RF_AIR
    pump.run(10_000)
    assert pump.state == t.ST_STOPPED
    assert pump.status.priority == al.PRIORITY_HIGH
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_STOPPED
    sensed.down_mmhg = 0
    sensed.temperature_dc = 250
    sensed.flags = ports.RF_MAINS | ports.RF_LINK_UP
    pump.run(1_000)
    pump.press(ports.KEY_ACKNOWLEDGE)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_INFUSING


def test_a_stall_past_the_lease_is_lost_and_never_caught_up():
    pump = IdealPump()
    pump.start(prescription(600_000))
    pump.run(5_000)
    before = pump.status.commanded_ul
    pump.tick(10_000)
    assert pump.status.commanded_ul - before <= 101
    pump.run(1_000)
    assert pump.controller.alarms.is_shown(al.AL_VOLUME_LOST)
    assert pump.status.commanded_ul - before <= 101 + 600_000 // 3600 + 1


def test_an_exception_in_the_tick_cuts_the_motor_power():
    pump = IdealPump()
    pump.start(prescription(100_000))
    pump.controller.dose.profile = None
    pump.tick()
    assert pump.state == t.ST_FAILED
    assert pump.app.drive.relay == 0
    assert pump.app.drive.step_rate_mhz == 0


def test_a_counter_that_stands_anywhere_at_boot_is_no_doubt():
    pump = IdealPump()
    pump.board.position = 123_456_789
    pump.app = type(pump.app)(pump.board, pump.app.gatekeeper)
    pump.controller = pump.app.controller
    pump.run(2_000)
    assert pump.state == t.ST_STANDBY

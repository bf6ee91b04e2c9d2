"""What a person may do at the bedside, in which trust state, and what they are told."""

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from hal import ports
from simulator.ideal import IdealPump, prescription
from tools.claims.setups import programmed, started

CONTINUOUS = ((ports.FIELD_DOSE_MILLI, 20_000), (ports.FIELD_VTBI_UL, 100_000))


def isolated(policy=layout.POLICY_SUSTAIN):
    pump = started(programmed(layout.MODE_CONTINUOUS, *CONTINUOUS, policy=policy))
    pump.run(1_000)
    assert pump.controller.mailbox.post(t.EV_COMPROMISED)
    pump.run(1_000)
    assert pump.status.trust == t.TR_ISOLATED
    return pump


def titrate(pump, dose_milli):
    pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, dose_milli)
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)


def test_isolated_a_decrease_is_free_and_a_raise_needs_key_switch_and_credentials():
    pump = isolated()
    titrate(pump, 10_000)
    assert pump.status.rate_ul_h == 10_000
    titrate(pump, 15_000)
    assert (pump.status.rate_ul_h, pump.status.message) == (10_000, msg.KEY_NEEDED)
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    titrate(pump, 15_000)
    assert (pump.status.rate_ul_h, pump.status.message) == (10_000, msg.GLASS)
    pump.controller.operator = 4  # authenticated: what the trusted side will set
    titrate(pump, 15_000)
    assert pump.status.rate_ul_h == 15_000


def test_break_glass_takes_the_key_switch_a_number_and_three_deliberate_seconds():
    pump = isolated()
    pump.press(ports.KEY_GLASS_ON)
    assert pump.status.message == msg.KEY_NEEDED
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    pump.press(ports.KEY_GLASS_ON)
    assert pump.status.message == msg.MISSING
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, 4711)
    pump.press(ports.KEY_GLASS_ON)
    pump.run(2_700)
    pump.press(ports.KEY_GLASS_OFF)
    pump.run(1_000)
    assert not pump.controller.glass.broken
    pump.press(ports.KEY_GLASS_ON)
    pump.run(3_000)
    assert pump.controller.glass.broken
    assert pump.controller.alarms.is_shown(al.AL_BREAK_GLASS)
    titrate(pump, 30_000)
    assert pump.status.rate_ul_h == 30_000
    assert pump.status.trust == t.TR_ISOLATED


@pytest.mark.parametrize("way", ["key switch turned back", "left alone"])
def test_break_glass_ends_by_itself_and_its_alarm_stays(way):
    pump = isolated()
    pump.break_glass(4711)
    assert pump.controller.glass.broken
    if way == "left alone":
        pump.run(181_000)
    else:
        pump.board.sensed.flags &= ~ports.RF_KEY_SWITCH
        pump.run(200)
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    assert not pump.controller.glass.broken
    assert pump.controller.alarms.is_shown(al.AL_BREAK_GLASS)
    titrate(pump, 30_000)
    assert (pump.status.rate_ul_h, pump.status.message) == (20_000, msg.GLASS)


def test_there_is_no_glass_to_break_while_the_security_layer_is_whole():
    pump = started(programmed(layout.MODE_CONTINUOUS, *CONTINUOUS))
    pump.break_glass(4711)
    assert not pump.controller.glass.broken
    assert not pump.controller.alarms.is_shown(al.AL_BREAK_GLASS)


@pytest.mark.parametrize("trust_event", [None, t.EV_LINK_LOST, t.EV_HOSTILE, t.EV_COMPROMISED])
def test_stop_and_restart_at_the_same_rate_need_nothing_in_any_trust_state(trust_event):
    pump = started(programmed(layout.MODE_CONTINUOUS, *CONTINUOUS, policy=layout.POLICY_SUSTAIN))
    if trust_event is not None:
        pump.controller.mailbox.post(trust_event)
    pump.run(1_000)
    pump.press(ports.KEY_STOP)
    assert pump.state == t.ST_PAUSED
    assert pump.app.drive.step_rate_mhz == 0
    pump.press(ports.KEY_START)
    pump.run(300)
    assert (pump.state, pump.status.rate_ul_h) == (t.ST_INFUSING, 20_000)


def test_a_soft_limit_asks_once_more_and_a_hard_limit_never_yields():
    limits = {"upper_soft": 15_000, "upper_hard": 30_000}
    pump = programmed(layout.MODE_CONTINUOUS, *CONTINUOUS, **limits)
    assert pump.status.message == msg.CONFIRM_SOFT
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.state == t.ST_PROGRAMMING
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.READY
    started(pump)
    titrate(pump, 30_001)
    assert (pump.status.rate_ul_h, pump.status.message) == (20_000, msg.HARD_LIMIT)


def test_a_changed_field_withdraws_what_was_confirmed():
    pump = programmed(layout.MODE_CONTINUOUS, *CONTINUOUS)
    assert pump.status.message == msg.READY
    pump.press(ports.KEY_FIELD + ports.FIELD_DOSE_MILLI, 900_000)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert (pump.state, pump.status.message) == (t.ST_PROGRAMMING, msg.MISSING)


def test_without_a_library_nothing_is_programmed():
    pump = IdealPump()
    pump.controller.library_ok = False
    pump.press(ports.KEY_PROGRAMME)
    assert (pump.state, pump.status.message) == (t.ST_STANDBY, msg.LIBRARY)


def test_a_hostile_flood_ends_in_ten_quiet_minutes_and_tells_once():
    pump = IdealPump()
    pump.start(prescription(10_000))
    for _ in range(50):
        pump.controller.mailbox.post(t.EV_HOSTILE)
        pump.tick()
    assert pump.status.trust == t.TR_SUSPECT
    pump.run(598_000)
    assert pump.status.trust == t.TR_SUSPECT
    pump.run(3_000)
    assert (pump.status.trust, pump.status.rate_ul_h) == (t.TR_NORMAL, 10_000)


def test_programming_forgets_what_was_entered_before_without_taking_memory():
    """Where memory is short a new object may not be had, and the last patient's entries would stay."""
    pump = IdealPump()
    request = pump.app.programming._request
    for key in (ports.KEY_PROGRAMME, ports.KEY_CANCEL):
        request.enter(ports.FIELD_WEIGHT_G, 70_000)
        request.enter(ports.FIELD_STEP_DOSE_MILLI, 5)
        pump.press(key)
        assert pump.app.programming._request is request
        assert (request.get(ports.FIELD_WEIGHT_G), request.steps) == (-1, [])


@pytest.mark.parametrize("key", range(256))
def test_no_key_breaks_a_pump(key):
    pump = IdealPump()
    for value in (0, -1, 2**31):
        pump.press(key, value)
    pump.start(prescription(10_000))
    for value in (0, -1, 2**31):
        pump.press(key, value)
    assert pump.state != t.ST_FAILED

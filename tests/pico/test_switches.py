"""Switches, Stop, door and air."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.pico import pins
from hal.ports import ERR_FAILED, OK
from tests.pico.desk import IN_PLACE, TURN_MS, desk

SAFE = ports.RF_MAINS


def _switches(d, head=ports.HEAD_SYRINGE, turns=2):
    from hal.pico.i2c_bus import Bus
    from hal.pico.switches import Switches

    switches = Switches(Bus(), head)
    for _ in range(turns):
        switches.read(d.readings)
        d.pass_ms(TURN_MS)
    return switches


def test_all_in_place():
    with desk() as d:
        _switches(d)
        assert d.readings.flags == SAFE
        assert d.readings.key == ports.KEY_NONE


@pytest.mark.parametrize(
    ("bit", "flag"),
    [
        (pins.SWITCH_KEY, ports.RF_KEY_SWITCH), (pins.SWITCH_CLAMP, ports.RF_CLAMP_OPEN),
        (pins.SWITCH_PLUNGER, ports.RF_PLUNGER_OFF), (pins.SWITCH_MAINS, ports.RF_MAINS),
        (pins.SWITCH_MOTOR_FAULT, ports.RF_MOTOR_FAULT),
    ],
)  # fmt: skip
def test_each_contact_is_one_flag(bit, flag):
    with desk() as d:
        switches = _switches(d)
        d.closed ^= 1 << bit
        for _ in range(2):
            switches.read(d.readings)
        assert d.readings.flags == SAFE ^ flag


def test_a_broken_cable_tells_of_all_that_is_unsafe():
    with desk() as d:
        switches = _switches(d)
        d.closed = 0
        assert switches.read(d.readings) == OK
        assert d.readings.flags == ports.RF_CLAMP_OPEN | ports.RF_PLUNGER_OFF


@settings(max_examples=80, deadline=None)
@given(contacts=st.lists(st.integers(0, 31), min_size=1, max_size=30))
def test_safe_takes_two_turns_and_unsafe_one(contacts):
    with desk() as d:
        switches = _switches(d, turns=0)
        before = 0
        settled = 0
        for closed in contacts:
            d.closed = closed
            switches.read(d.readings)
            settled = closed & (before | settled)
            before = closed
            flags = d.readings.flags
            assert bool(flags & ports.RF_CLAMP_OPEN) == (not settled & 2)
            assert bool(flags & ports.RF_KEY_SWITCH) == bool(settled & 1)
            assert bool(flags & ports.RF_MOTOR_FAULT) == bool(closed & 16)


def test_a_silent_expander_leaves_what_was_and_the_pins_go_on():
    with desk() as d:
        switches = _switches(d)
        d.closed = 0
        d.switches.present = False
        d.chip.wire(pins.STOP).set(0)
        assert switches.read(d.readings) == ERR_FAILED
        assert d.readings.flags == SAFE | ports.RF_STOP_HELD
        assert d.readings.key == ports.KEY_STOP


def test_a_wire_to_a_pin_that_is_cut_is_stop_door_and_air():
    with desk() as d:
        switches = _switches(d, ports.HEAD_VOLUMETRIC)
        for pin in (pins.STOP, pins.DOOR, pins.AIR):
            d.chip.wire(pin).set(None)
        switches.read(d.readings)
        assert d.readings.flags == SAFE | ports.RF_STOP_HELD | ports.RF_DOOR_OPEN | ports.RF_AIR


def test_flags_of_others_stay():
    with desk() as d:
        others = ports.RF_LINK_UP | ports.RF_GATE_SHUT | ports.RF_SENSOR_FAULT
        d.readings.flags = others
        _switches(d)
        assert d.readings.flags == SAFE | others


@pytest.mark.parametrize("us", [5, 40_000, 250_000])
def test_stop_however_short_is_one_key(us):
    with desk() as d:
        switches = _switches(d)
        d.chip.wire(pins.STOP).set(0)
        d.chip.advance(us)
        d.chip.wire(pins.STOP).set(1)
        keys = []
        for _ in range(4):
            switches.read(d.readings)
            keys.append(d.readings.key)
            d.pass_ms(TURN_MS)
        assert keys == [ports.KEY_STOP, 0, 0, 0]


def test_stop_that_is_held_is_one_key_and_a_flag():
    with desk() as d:
        switches = _switches(d)
        d.chip.wire(pins.STOP).set(0)
        keys = []
        for _ in range(5):
            d.pass_ms(TURN_MS)
            switches.read(d.readings)
            keys.append(d.readings.key)
            assert d.readings.flags & ports.RF_STOP_HELD
        assert keys == [ports.KEY_STOP, 0, 0, 0, 0]


def test_door_and_air_are_the_volumetric_heads():
    for head, seen in ((ports.HEAD_VOLUMETRIC, ports.RF_DOOR_OPEN | ports.RF_AIR), (ports.HEAD_SYRINGE, 0)):
        with desk() as d:
            switches = _switches(d, head)
            d.chip.wire(pins.DOOR).set(0)
            d.chip.wire(pins.AIR).set(0)
            d.closed = IN_PLACE & ~(1 << pins.SWITCH_PLUNGER)
            switches.read(d.readings)
            off = ports.RF_PLUNGER_OFF if head == ports.HEAD_SYRINGE else 0
            assert d.readings.flags == SAFE | seen | off


def test_an_expander_that_lost_power_is_all_inputs_again():
    with desk() as d:
        switches = _switches(d)
        d.switches.latch = 0  # all driven low: everything would look closed
        switches.read(d.readings)
        assert d.readings.flags == SAFE

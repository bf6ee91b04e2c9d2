"""The bus: what fails, fails with a code and in bounded time, and comes back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.pico import pins
from hal.ports import ERR_FAILED, OK
from tests.pico.desk import desk

FAULTS = st.lists(st.sampled_from([None, None, "nak", "hold"]), max_size=60)


def test_a_device_that_refuses_once_is_asked_again():
    with desk() as d:
        from hal.pico.i2c_bus import Bus

        bus = Bus()
        plan = iter(["nak"])
        d.rtc.plan = lambda: next(plan, None)
        assert bus.read_register(pins.RTC_ADDRESS, 0, bytearray(7)) == OK
        assert bus.failures == 1


def test_a_device_that_is_not_there_costs_two_tries_and_no_more():
    with desk() as d:
        from hal.pico.i2c_bus import Bus

        bus = Bus()
        before = d.chip.us
        assert bus.write(0x50, b"\x00") == ERR_FAILED
        assert bus.failures == 2
        assert d.chip.us - before < 500


def test_a_held_line_costs_one_time_out_then_nothing_until_it_is_freed():
    with desk() as d:
        from hal.pico.i2c_bus import REST_MS, TIMEOUT_US, Bus

        bus = Bus()
        plan = iter(["hold"])
        d.keypad.plan = lambda: next(plan, None)
        before = d.chip.us
        assert bus.read(pins.KEYPAD_ADDRESS, bytearray(1)) == ERR_FAILED
        assert TIMEOUT_US <= d.chip.us - before <= TIMEOUT_US + 10
        before = d.chip.us
        assert bus.write(pins.DISPLAY_ADDRESS, b"\x00\xae") == ERR_FAILED
        assert d.chip.us == before
        d.pass_ms(REST_MS)
        assert bus.write(pins.DISPLAY_ADDRESS, b"\x00\xae") == OK
        assert bus.freed == 1
        assert not d.keypad.holding


def test_a_clock_stretched_past_the_time_out_is_a_time_out():
    with desk() as d:
        from hal.pico.i2c_bus import TIMEOUT_US, Bus

        bus = Bus()
        d.rtc.stretch_us = TIMEOUT_US // 2
        before = d.chip.us
        assert bus.read_register(pins.RTC_ADDRESS, 0, bytearray(7)) == OK
        assert d.chip.us - before > TIMEOUT_US // 2
        d.rtc.stretch_us = TIMEOUT_US
        assert bus.read_register(pins.RTC_ADDRESS, 0, bytearray(7)) == ERR_FAILED


@settings(max_examples=40, deadline=None)
@given(faults=FAULTS)
def test_whatever_fails_nothing_raises_a_turn_stays_short_and_all_comes_back(faults):
    with desk() as d:
        from hal.pico.display import Display
        from hal.pico.i2c_bus import Bus
        from hal.pico.keypad import Keypad
        from hal.pico.rtc import Ds3231
        from hal.pico.switches import Switches

        d.rtc.set_unix(1_700_000_000)
        bus = Bus()
        switches, keypad, rtc = Switches(bus, ports.HEAD_SYRINGE), Keypad(bus), Ds3231(bus)
        display = Display(bus, keypad.entry)
        plan = iter(faults)
        for device in d.devices:
            device.plan = lambda: next(plan, None)
        status = ports.Status()
        for _turn in range(60):
            before = d.chip.us
            for driver in (switches, keypad, rtc):
                driver.read(d.readings)
            assert d.chip.us - before <= 10_000, "a turn's part of the bus"
            display.show(status)
            for _ in range(4):
                before = d.chip.us
                display.idle(d.now_ms())
                assert d.chip.us - before <= 9_000
                keypad.idle(d.now_ms())
                d.pass_ms(20)
        assert [driver.read(d.readings) for driver in (switches, keypad, rtc)] == [OK, OK, OK]
        passed_s = d.readings.rtc_s - (1_700_000_000 - 1_577_836_800)
        assert 0 <= (d.chip.us - d.began_us) // 1_000_000 - passed_s <= 1
        assert d.readings.flags & (ports.RF_CLAMP_OPEN | ports.RF_PLUNGER_OFF) == 0
        for _ in range(80):
            display.idle(d.now_ms())
            d.pass_ms(20)
        assert d.display.visible()


@pytest.mark.parametrize("name", ["keypad", "switches", "rtc", "display"])
def test_a_part_that_is_missing_is_a_code_for_its_driver_alone(name):
    with desk() as d:
        from hal.pico.display import Display
        from hal.pico.i2c_bus import Bus
        from hal.pico.keypad import Keypad
        from hal.pico.rtc import Ds3231
        from hal.pico.switches import Switches

        bus = Bus()
        getattr(d, name).present = False
        switches, keypad, rtc = Switches(bus, ports.HEAD_SYRINGE), Keypad(bus), Ds3231(bus)
        display = Display(bus, keypad.entry)
        codes = {}
        for _ in range(6):
            codes = {
                "switches": switches.read(d.readings), "keypad": keypad.read(d.readings),
                "rtc": rtc.read(d.readings), "display": display.idle(d.now_ms()),
            }  # fmt: skip
            d.pass_ms(500)
        assert {part for part, code in codes.items() if code} == {name}

"""Lamp and sounder: what the firmware times, the driver passes on unchanged."""

import pytest

from firmware.therapy import annunciator
from firmware.therapy.alarms import PRIORITY_HIGH, PRIORITY_LOW, PRIORITY_MEDIUM
from hal import ports
from hal.pico import pins
from hal.ports import ERR_RANGE, OK
from tests.pico.desk import TURN_MS, desk

LAMPS = {ports.LAMP_RED: pins.LAMP_RED, ports.LAMP_YELLOW: pins.LAMP_YELLOW, ports.LAMP_CYAN: pins.LAMP_CYAN}


def _lit(d):
    return [lamp for lamp, pin in LAMPS.items() if d.chip.wire(pin).level()]


@pytest.mark.parametrize("lamp", [*LAMPS, ports.LAMP_DARK, 99])
def test_one_colour_or_none_and_what_is_unknown_is_red(lamp):
    with desk() as d:
        from hal.pico.lamp import Lamp

        driver = Lamp()
        assert _lit(d) == []
        status = ports.Status()
        for before in LAMPS:
            status.lamp = before
            driver.show(status)
            status.lamp = lamp
            driver.show(status)
            assert _lit(d) == ([] if lamp == ports.LAMP_DARK else [ports.LAMP_RED if lamp == 99 else lamp])


@pytest.mark.parametrize("priority", [PRIORITY_HIGH, PRIORITY_MEDIUM, PRIORITY_LOW])
def test_a_melody_reaches_the_piezo_note_by_note_within_its_turn(priority):
    with desk() as d:
        from hal.pico.lamp import Lamp
        from hal.pico.sounder import Sounder

        lamp, sounder = Lamp(), Sounder()
        status = ports.Status()
        for turn in range(300):
            ms = turn * TURN_MS
            status.lamp = annunciator.lamp(priority, ms)
            status.tone_hz = annunciator.tone_hz(priority, ms)
            before = d.chip.us
            lamp.show(status)
            assert sounder.show(status) == OK
            assert d.chip.us == before
            hz, duty = d.chip.wire(pins.SOUNDER).pwm
            assert (hz if duty else 0) == status.tone_hz
            assert duty in (0, 32_768)
            assert _lit(d) == ([status.lamp] if status.lamp else [])
            d.pass_ms(TURN_MS)


@pytest.mark.parametrize("hz", [-5, 1, 99, 10_001, 1 << 29])
def test_a_note_that_cannot_be_played_is_heard_all_the_same(hz):
    with desk() as d:
        from hal.pico.sounder import FALLBACK_HZ, Sounder

        sounder = Sounder()
        status = ports.Status()
        status.tone_hz = hz
        assert sounder.show(status) == ERR_RANGE
        assert d.chip.wire(pins.SOUNDER).pwm == (FALLBACK_HZ, 32_768)
        status.tone_hz = 0
        assert sounder.show(status) == OK
        assert d.chip.wire(pins.SOUNDER).pwm[1] == 0


def test_sounder_and_red_lamp_share_a_slice_and_do_not_meddle():
    """GP14 and GP15 are one PWM slice: the lamp is a plain output."""
    with desk() as d:
        from hal.pico.lamp import Lamp
        from hal.pico.sounder import Sounder

        Lamp()
        Sounder()
        assert d.chip.wire(pins.LAMP_RED).function == "out"
        assert d.chip.wire(pins.SOUNDER).function == "pwm"

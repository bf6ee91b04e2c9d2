"""Pressure, plunger, battery and temperature: conversions, noise, wires that break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.ports import ERR_FAILED, OK
from hal.stubs.devices.voltage import Voltage
from tests.pico.desk import desk


def _counts(mmhg):
    """What the transducer gives: 10 % of the supply at −100 mmHg, 90 % at 1500."""
    return int(65_536 * (0.1 + 0.8 * (mmhg + 100) / 1600))


@settings(max_examples=60, deadline=None)
@given(mmhg=st.integers(-100, 1500), seed=st.integers(0, 1000))
def test_pressure_is_within_2_mmhg_through_a_noisy_converter(mmhg, seed):
    with desk() as d:
        from hal.pico.analogue import Analogue

        d.chip.analogue[0] = Voltage(d.chip, 0, lambda: _counts(mmhg), seed, wide=False)
        assert Analogue().read(d.readings) == OK
        assert abs(d.readings.down_mmhg - mmhg) <= 2


@settings(max_examples=60, deadline=None)
@given(mmhg=st.integers(-100, 1500), seed=st.integers(0, 1000))
def test_the_converters_wide_codes_cost_two_more(mmhg, seed):
    with desk() as d:
        from hal.pico.analogue import Analogue

        d.chip.analogue[0] = Voltage(d.chip, 0, lambda: _counts(mmhg), seed)
        Analogue().read(d.readings)
        assert abs(d.readings.down_mmhg - mmhg) <= 4


def test_noise_is_the_same_for_a_seed_and_another_for_another():
    def pressures(seed):
        with desk() as d:
            d.chip.analogue[0] = Voltage(d.chip, 0, lambda: 30_000, seed, noise=8)
            import machine

            adc = machine.ADC(26)
            return [adc.read_u16() for _ in range(50)]

    assert pressures(1) == pressures(1) != pressures(2)
    assert len(set(pressures(1))) > 3


def test_conversions_rise_with_their_counts_and_fit_small_integers():
    with desk():
        from hal.pico import analogue

        full = analogue.full_ul(26_720)
        assert abs(full - 56_074) <= 60  # π/4 · 26.72² · 100
        before = None
        for counts in range(0, 65_536, 7):
            now = (
                analogue.pressure_mmhg(counts), analogue.reservoir_ul(counts, full), -analogue.temperature_dc(counts)
            )  # fmt: skip
            if before:
                assert all(a <= b for a, b in zip(before, now, strict=True))
            before = now
        assert (analogue.PRESSURE_HIGH * 1600) < 1 << 30
        assert (65_535 // 4) * full < 1 << 30
        assert 65_535 * 3223 < 1 << 30
        assert 65_535 * (9900 // 4) < 1 << 30


@pytest.mark.parametrize(
    ("mv", "permille"), [(0, 0), (4900, 0), (6000, 0), (7640, 500), (8400, 1000), (9000, 1000), (6900, 50)]
)
def test_charge_by_the_cells_voltage(mv, permille):
    with desk() as d:
        from hal.pico.analogue import Analogue, battery_permille

        assert battery_permille(mv) == permille
        d.counts["battery"] = mv * 65_536 // 9900
        Analogue().read(d.readings)
        assert abs(d.readings.battery_permille - permille) <= 40
        assert d.readings.battery_mv == 0 if mv < 4990 else abs(d.readings.battery_mv - mv) <= 20


def test_charge_never_falls_as_the_voltage_rises():
    with desk():
        from hal.pico.analogue import battery_permille

        charges = [battery_permille(mv) for mv in range(4000, 9000)]
        assert charges == sorted(charges)


def test_the_chips_temperature():
    with desk():
        from hal.pico.analogue import temperature_dc

        for degrees in (-10, 0, 27, 60, 85):
            volts = 0.706 - (degrees - 27) * 0.001721  # RP2040 datasheet, 4.9.5
            assert abs(temperature_dc(int(volts / 3.3 * 65_536)) - degrees * 10) <= 3


@pytest.mark.parametrize("rail", [0, 65_535])
@pytest.mark.parametrize(("part", "field"), [("pressure", "down_mmhg"), ("plunger", "reservoir_ul")])
def test_a_broken_wire_leaves_the_last_good_value_and_says_so(rail, part, field):
    with desk() as d:
        from hal.pico.analogue import Analogue

        driver = Analogue(26_720)
        assert driver.read(d.readings) == OK
        good = getattr(d.readings, field)
        d.counts[part] = rail
        assert driver.read(d.readings) == ERR_FAILED
        assert getattr(d.readings, field) == good
        d.counts[part] = 40_000
        assert driver.read(d.readings) == OK
        assert getattr(d.readings, field) > good


def test_without_a_syringe_nothing_says_what_is_left():
    with desk() as d:
        from hal.pico.analogue import Analogue

        d.counts["plunger"] = 0
        assert Analogue().read(d.readings) == OK
        assert d.readings.reservoir_ul == -1


def test_a_turns_conversions_take_under_a_millisecond_of_the_converter():
    with desk() as d:
        from hal.pico.analogue import Analogue

        driver = Analogue(26_720)
        before = d.chip.us
        driver.read(d.readings)
        assert d.chip.us - before <= 100

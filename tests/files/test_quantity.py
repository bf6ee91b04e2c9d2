"""Quantities: exact, both ways, and refused where they are not."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy.layout import UNITS
from simulator.files import quantity
from simulator.files.yaml_source import Refusal

UNIT_NAMES = [row[0] for row in UNITS]


@given(st.integers(0, quantity.MAX_FIELD), st.integers(0, len(UNITS) - 1))
def test_a_dose_survives_the_way_out_and_back(milli, unit):
    dose = quantity.Dose(unit, milli)
    assert quantity.dose(str(dose)) == dose


@given(st.integers(0, quantity.MAX_VOLUME_UL))
def test_a_volume_survives_the_way_out_and_back(ul):
    assert quantity.volume_ul(f"{quantity.decimal(ul)} mL") == ul
    assert quantity.volume_ul(f"{ul} uL") == ul


@given(st.integers(0, 100), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_times_add_up(days, hours, minutes, seconds):
    text = f"{days} d {hours} h {minutes} min {seconds} s"
    assert quantity.duration_s(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@given(st.decimals(0, 10**6, places=6, allow_nan=False))
def test_a_dose_is_exact_or_refused_with_the_nearest(number):
    text = f"{number:f} mg/h"
    thousandths = Fraction(number) * 1000
    if thousandths.denominator == 1:
        assert quantity.dose(text).milli == thousandths
    else:
        with pytest.raises(Refusal, match="nearest"):
            quantity.dose(text)


@pytest.mark.parametrize(
    ("text", "per_ml"),
    [
        ("16 mg / 250 mL", 64_000),
        ("1 mg/mL", 1_000_000),
        ("10 mg/mL", 10_000_000),
        ("4.5 g / 100 mL", 45_000_000),
        ("400 ug / 100 mL", 4_000),
        ("30 units / 500 mL", 60),
        ("20 mmol / 100 mL", 200_000),
        ("25000 units / 0.25 L", 100_000),
    ],
)
def test_concentrations(text, per_ml):
    assert quantity.concentration(text).per_ml == per_ml


@pytest.mark.parametrize("micro", ["u", "\u00b5", "\u03bc"])
def test_both_micro_signs_are_read(micro):
    assert quantity.dose(f"0.1 {micro}g/kg/min") == quantity.Dose(UNIT_NAMES.index("ug/kg/min"), 100)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (quantity.volume_ul, "50"),
        (quantity.volume_ul, "50 kg"),
        (quantity.volume_ul, "-1 mL"),
        (quantity.volume_ul, "nan mL"),
        (quantity.volume_ul, "1e3 mL"),
        (quantity.volume_ul, "0.0001 mL"),
        (quantity.volume_ul, "1000001 mL"),
        (quantity.volume_ul, ["50 mL"]),
        (quantity.volume_ul, True),
        (quantity.volume_ul, "\u0665 mL"),
        (quantity.volume_ul, "1 " * 100),
        (quantity.dose, "0.1 ug/kg"),
        (quantity.dose, "inf mg/h"),
        (quantity.duration_s, "0.5 s"),
        (quantity.duration_s, "8 hours"),
        (quantity.duration_s, "8 h 30"),
        (quantity.concentration, "16 mg"),
        (quantity.concentration, "1 mg / 3 mL"),
        (quantity.concentration, "16 mL / 250 mL"),
        (quantity.pressure_mmhg, "20 mmHg"),
        (quantity.pressure_mmhg, "600 mmHg"),
        (quantity.weight_g, 0),
        (quantity.weight_g, "heavy"),
    ],
)
def test_what_is_no_quantity_is_refused(parse, text):
    with pytest.raises(Refusal):
        parse(text)


def test_a_weight_is_a_number_or_text():
    assert quantity.weight_g(70) == quantity.weight_g("70 kg") == 70_000
    assert quantity.weight_g(Decimal("72.5")) == 72_500

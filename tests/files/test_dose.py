"""The firmware's conversion of doses: floor, and -1 where a fact is missing."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.therapy import dose
from firmware.therapy.layout import UNITS
from tools.claims.units import exact_ul_h

CODES = {row[0]: code for code, row in enumerate(UNITS)}


def test_norepinephrine_by_hand():
    # 0.1 ug/kg/min × 70 kg × 60 min = 420 ug/h; at 64 ug/mL that is 6.5625 mL/h.
    assert dose.rate_ul_h(CODES["ug/kg/min"], 100, 70_000, 64_000) == 6_562
    assert dose.dose_milli(CODES["ug/kg/min"], 6_562, 70_000, 64_000) == 99


def test_plain_volume_needs_nothing():
    assert dose.rate_ul_h(CODES["mL/h"], 6_562, 0, 0) == 6_562
    assert dose.dose_milli(CODES["mL/h"], 6_562, 0, 0) == 6_562


def test_missing_facts_have_no_dose():
    for convert in (dose.rate_ul_h, dose.dose_milli):
        assert convert(len(UNITS), 1, 1, 1) == dose.NO_DOSE
        assert convert(-1, 1, 1, 1) == dose.NO_DOSE
        assert convert(CODES["ug/kg/min"], 100, 0, 64_000) == dose.NO_DOSE
        assert convert(CODES["mg/h"], 100, 0, 0) == dose.NO_DOSE
        assert convert(CODES["mg/h"], -1, 0, 1000) == dose.NO_DOSE


@given(
    st.sampled_from(sorted(CODES)),
    st.integers(0, 2**30 - 1),
    st.integers(300, 400_000),
    st.integers(1, 2**32 - 1),
)
def test_never_upward_and_back_again(name, milli, weight_g, concentration):
    rate = dose.rate_ul_h(CODES[name], milli, weight_g, concentration)
    exact = exact_ul_h(name, milli, weight_g, concentration)
    assert rate <= exact < rate + 1
    assert dose.dose_milli(CODES[name], rate, weight_g, concentration) <= milli

"""Published compartment models: exact in time, equal to an independent implementation, named as the libraries name."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from simulator.patient import DRUGS, OutOfReach, Parameters, Patient, PkModel, model_for
from simulator.patient.compartments import exponential
from simulator.patient.drugs import propofol_marsh

ADULT = Patient(70, 40, "m", 177)
LIBRARIES = sorted(Path("scenarios/libraries").glob("*.yaml"))


def _protocol(second: int) -> float:
    """A bolus of ten minutes, an hour of maintenance, then nothing (µg/s)."""
    return 100.0 if second < 600 else 10.0 if second < 4200 else 0.0


def _pytci(name: str):
    from PyTCI.models import alfentanil, dexmedetomidine, propofol, remifentanil

    return {
        "propofol": lambda: propofol.Schnider(40, 70, 177, "m"),
        "remifentanil": lambda: remifentanil.Minto(40, 70, 177, "m"),
        "alfentanil": lambda: alfentanil.Maitre(40, 70, 177, "m"),
        "dexmedetomidine": lambda: dexmedetomidine.Hannivoort(70),
    }[name]()


# PyTCI writes Schnider's set as rate constants rounded to three or four digits; ours keeps the clearances.
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("remifentanil", 1e-9), ("alfentanil", 1e-9), ("dexmedetomidine", 1e-9), ("propofol", 0.005)],
)
def test_agrees_with_pytci(name: str, tolerance: float) -> None:
    model = model_for(name, ADULT)
    theirs = _pytci(name)
    theirs.set_integrator("exact")
    # PyTCI's concentration is the dose's unit per litre: µg/L is ng/mL, mg/L is µg/mL.
    scale = 1e-3 if model.unit == "µg/mL" else 1.0
    for second in range(0, 7200, 10):
        model.advance(_protocol(second), 10.0)
        theirs.giveoverseconds(_protocol(second) * scale, 10)
        assert model.concentration == pytest.approx(theirs.x1, rel=tolerance)
        if model.effect_site is not None:
            assert model.effect_site == pytest.approx(theirs.xeo, rel=tolerance)


@pytest.mark.parametrize("name", sorted(DRUGS))
def test_one_jump_is_many_ticks(name: str) -> None:
    jump, ticks = model_for(name, ADULT), model_for(name, ADULT)
    for _ in range(3000):
        ticks.advance(50.0, 0.1)
    jump.advance(50.0, 300.0)
    assert jump.amounts == pytest.approx(ticks.amounts, rel=1e-9)
    assert (jump.effect_site is None) == (jump.parameters.ke0_per_min is None)
    if jump.effect_site is not None:
        assert jump.effect_site == pytest.approx(ticks.effect_site, rel=1e-9)


@pytest.mark.parametrize("name", sorted(DRUGS))
def test_steady_state_is_rate_over_clearance(name: str) -> None:
    model = model_for(name, ADULT)
    for _ in range(60):
        model.advance(1.0, 86_400.0)
    cleared_l_s = model.parameters.clearances_l_min[0] / 60
    assert model.amounts[0] / model.parameters.volumes_l[0] == pytest.approx(1.0 / cleared_l_s, rel=1e-6)
    if model.effect_site is not None:
        assert model.effect_site == pytest.approx(model.concentration, rel=1e-9)


@pytest.mark.parametrize("name", sorted(DRUGS))
def test_drug_is_neither_made_nor_kept(name: str) -> None:
    """What went in is what is there plus what was cleared; with no more going in it all leaves."""
    model = model_for(name, ADULT)
    model.advance(100.0, 0.5)
    assert sum(model.amounts) == pytest.approx(50.0, rel=0.03)
    assert sum(model.amounts) < 50.0
    peak = model.concentration
    for _ in range(365):
        model.advance(0.0, 86_400.0)
        assert 0 <= model.concentration < peak
    assert sum(model.amounts) == pytest.approx(0.0, abs=1e-9)


def test_one_compartment_is_the_textbook() -> None:
    model = PkModel(Parameters((10.0,), (0.5,), "made up"))
    model.advance(2.0, 600.0)
    assert model.concentration == pytest.approx(2.0 / (0.5 / 60) * (1 - math.exp(-0.5 / 10 * 10)), rel=1e-12)
    assert model.effect_site is None


def test_norepinephrine_falls_by_half_in_two_minutes() -> None:
    model = model_for("norepinephrine", ADULT)
    model.advance(0.1 * 70 / 60, 3600.0)
    before = model.concentration
    assert before == pytest.approx(7 / 3.0, rel=1e-6)  # 7 µg/min over 3 L/min, ng/mL
    model.advance(0.0, 120.0)
    assert model.concentration == pytest.approx(before / 2, rel=1e-9)


def test_marsh_grows_with_weight() -> None:
    light, heavy = (propofol_marsh(Patient(weight)) for weight in (50, 100))
    assert heavy.volumes_l == pytest.approx([2 * volume for volume in light.volumes_l])
    assert light.volumes_l == pytest.approx((0.228 * 50, 0.463 * 50, 2.893 * 50), rel=0.01)


def test_exponential_of_a_known_matrix() -> None:
    turn = exponential([[0.0, 1.0], [-1.0, 0.0]], math.pi / 2)
    assert turn[0] == pytest.approx([0.0, 1.0], abs=1e-14)
    assert turn[1] == pytest.approx([-1.0, 0.0], abs=1e-14)


def test_names_are_the_libraries() -> None:
    assert model_for("fentanyl pca", ADULT).source == model_for("Fentanyl", ADULT).source
    for stranger in ("sodium chloride 0.9%", "potassium chloride", "norepi", ""):
        assert model_for(stranger, ADULT) is None


def test_units_fit_the_shipped_libraries() -> None:
    """A drug that a library measures in units has a model in units, and no other has."""
    modelled = set()
    for library in LIBRARIES:
        for drug in yaml.safe_load(library.read_text(encoding="utf-8"))["drugs"]:
            model = model_for(drug["name"], ADULT)
            if model is not None:
                modelled.add(drug["name"].split()[0])
                assert ("units" in str(drug["concentration"])) == (model.unit == "units/L"), drug["name"]
    assert len(modelled) >= 10


def test_every_set_names_its_paper() -> None:
    for name in DRUGS:
        source = model_for(name, ADULT).source
        assert any(str(year) in source for year in range(1975, 2025)), name


@pytest.mark.parametrize(
    "field",
    [{"weight_kg": 0}, {"weight_kg": math.nan}, {"age_years": -1}, {"height_cm": 17}, {"sex": "x"}],
)
def test_unreasonable_patients_are_refused_by_name(field: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        Patient(**{"weight_kg": 70, **field})


def test_a_patient_beyond_a_set_has_no_curve() -> None:
    """Schnider's clearance falls below zero for a small child: no curve rather than a wrong one."""
    child = Patient(10, 1, "male", 75)
    assert child.sex == "m"
    assert model_for("propofol", child) is None
    with pytest.raises(OutOfReach):
        Parameters((1.0,), (-0.1,), "made up")


def test_time_goes_forward() -> None:
    model = model_for("morphine", ADULT)
    for step_s in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="forward"):
            model.advance(1.0, step_s)

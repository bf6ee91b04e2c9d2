"""Published parameter sets, one function each: what the paper gives, turned into volumes and clearances.

A set is here only when its figures were checked against a second public source (docs/pharmacokinetics.md
says which). They describe a typical adult; no set here knows how ill the simulated patient is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

from simulator.patient.compartments import OutOfReach, Parameters, PkModel
from simulator.patient.person import Patient

_LN2 = log(2)


def _from_rates(v1_l: float, k10: float, pairs: tuple[tuple[float, float], ...]) -> tuple[tuple, tuple]:
    """Volumes and clearances from rate constants (per minute): `pairs` holds (k12, k21), (k13, k31)."""
    volumes = (v1_l, *(v1_l * out / back for out, back in pairs))
    clearances = (v1_l * k10, *(v1_l * out for out, _ in pairs))
    return volumes, clearances


def propofol_schnider(p: Patient) -> Parameters:
    lean = p.lean_body_mass_kg()
    cl1 = 1.89 + 0.0456 * (p.weight_kg - 77) - 0.0681 * (lean - 59) + 0.0264 * (p.height_cm - 177)
    return Parameters(
        volumes_l=(4.27, 18.9 - 0.391 * (p.age_years - 53), 238.0),
        clearances_l_min=(cl1, 1.29 - 0.024 * (p.age_years - 53), 0.836),
        ke0_per_min=0.456,
        unit="µg/mL",
        source="Schnider 1998, Anesthesiology 88:1170; ke0 Schnider 1999, Anesthesiology 90:1502",
    )


def propofol_marsh(p: Patient) -> Parameters:
    volumes, clearances = _from_rates(0.228 * p.weight_kg, 0.119, ((0.112, 0.055), (0.042, 0.0033)))
    return Parameters(volumes, clearances, "Marsh 1991, Br J Anaesth 67:41", unit="µg/mL")


def remifentanil_minto(p: Patient) -> Parameters:
    age = p.age_years - 40
    lean = p.lean_body_mass_kg() - 55
    return Parameters(
        volumes_l=(5.1 - 0.0201 * age + 0.072 * lean, 9.82 - 0.0811 * age + 0.108 * lean, 5.42),
        clearances_l_min=(2.6 - 0.0162 * age + 0.0191 * lean, 2.05 - 0.0301 * age, 0.076 - 0.00113 * age),
        ke0_per_min=0.595 - 0.007 * age,
        source="Minto 1997, Anesthesiology 86:10",
    )


def fentanyl_shafer(_: Patient) -> Parameters:
    volumes, clearances = _from_rates(6.09, 0.0827, ((0.471, 0.102), (0.225, 0.006)))
    return Parameters(volumes, clearances, "Shafer 1990, Anesthesiology 73:1091")


def alfentanil_maitre(p: Patient) -> Parameters:
    older = max(0.0, p.age_years - 40)
    v1 = (0.111 if p.sex == "m" else 0.128) * p.weight_kg
    k31 = 0.0126 - 0.000113 * older
    return Parameters(
        volumes_l=(v1, v1 * 0.104 / 0.0673, v1 * 0.017 / k31),
        clearances_l_min=(0.356 - 0.00269 * older, v1 * 0.104, v1 * 0.017),
        ke0_per_min=0.77,
        source="Maitre 1987, Anesthesiology 66:3; ke0 Scott and Stanski 1987",
    )


def morphine_lotsch(_: Patient) -> Parameters:
    return Parameters((17.8, 87.3, 199.0), (1.255, 2.267, 0.325), "Lötsch 2002, Clin Pharmacol Ther 72:151")


def dexmedetomidine_hannivoort(p: Patient) -> Parameters:
    size = p.weight_kg / 70
    grown = size**0.75
    return Parameters(
        volumes_l=(1.78 * size, 30.3 * size, 52.0 * size),
        clearances_l_min=(0.686 * grown, 2.98 * grown, 0.602 * grown),
        source="Hannivoort 2015, Anesthesiology 123:357",
    )


def ketamine_domino(p: Patient) -> Parameters:
    volumes, clearances = _from_rates(0.063 * p.weight_kg, 0.438, ((0.592, 0.247), (0.590, 0.0146)))
    return Parameters(volumes, clearances, "Domino 1984, Clin Pharmacol Ther 36:645")


def midazolam_malacrida(p: Patient) -> Parameters:
    return Parameters(
        (3.1 * p.weight_kg,), (0.0063 * p.weight_kg,), "Malacrida 1992, Crit Care Med 20:1123 (intensive care)"
    )


def norepinephrine_beloeil(_: Patient) -> Parameters:
    # The paper's own point at SAPS II 20; weight did not matter. The volume follows from the half-life.
    clearance, half_life_min = 3.0, 2.0
    return Parameters(
        (clearance * half_life_min / _LN2,), (clearance,), "Beloeil 2005, Br J Anaesth 95:782 (SAPS II 20)"
    )


def epinephrine_abboud(p: Patient) -> Parameters:
    clearance_l_h = 127 * (p.weight_kg / 70) ** 0.60  # × (SAPS II / 50)^−0.67, at 50
    return Parameters((7.9,), (clearance_l_h / 60,), "Abboud 2009, Crit Care 13:R120 (SAPS II 50)")


def esmolol_sum(p: Patient) -> Parameters:
    return Parameters((3.43 * p.weight_kg,), (0.285 * p.weight_kg,), "Sum 1983, Clin Pharmacol Ther 34:427")


def vancomycin_thomson(p: Patient) -> Parameters:
    clearance_l_h = 2.99 * (1 + 0.0154 * (p.creatinine_clearance_ml_min() - 66))
    return Parameters(
        volumes_l=(0.675 * p.weight_kg, 0.732 * p.weight_kg),
        clearances_l_min=(clearance_l_h / 60, 2.28 / 60),
        unit="mg/L",
        source="Thomson 2009, J Antimicrob Chemother 63:1050",
    )


def heparin_kandrotas(p: Patient) -> Parameters:
    return Parameters(
        (0.068 * p.weight_kg,), (0.028,), "Kandrotas 1989, Ther Drug Monit 11:674 (haemodialysis)", unit="units/L"
    )


DRUGS: dict[str, Callable[[Patient], Parameters]] = {
    "alfentanil": alfentanil_maitre,
    "dexmedetomidine": dexmedetomidine_hannivoort,
    "epinephrine": epinephrine_abboud,
    "esmolol": esmolol_sum,
    "fentanyl": fentanyl_shafer,
    "heparin": heparin_kandrotas,
    "ketamine": ketamine_domino,
    "midazolam": midazolam_malacrida,
    "morphine": morphine_lotsch,
    "norepinephrine": norepinephrine_beloeil,
    "propofol": propofol_schnider,
    "remifentanil": remifentanil_minto,
    "vancomycin": vancomycin_thomson,
}


def model_for(drug_name: str, patient: Patient) -> PkModel | None:
    """A model of the drug that the name begins with ('fentanyl pca' is fentanyl), empty.

    None where we have no set, or the set cannot describe this patient (a clearance below zero, say).
    """
    words = drug_name.lower().replace("-", " ").split()
    make = DRUGS.get(words[0]) if words else None
    if make is None:
        return None
    try:
        return PkModel(make(patient))
    except OutOfReach:
        return None

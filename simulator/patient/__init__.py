"""Where the drug goes: published compartment models of the shipped drugs.

`model_for('norepinephrine', Patient(70))` gives a `PkModel`, or None for a drug without a set here (fluids,
electrolytes, drugs whose figures we could not check). docs/pharmacokinetics.md lists them with their sources.
"""

from simulator.patient.compartments import OutOfReach, Parameters, PkModel
from simulator.patient.drugs import DRUGS, model_for
from simulator.patient.person import Patient

__all__ = ["DRUGS", "OutOfReach", "Parameters", "Patient", "PkModel", "model_for"]

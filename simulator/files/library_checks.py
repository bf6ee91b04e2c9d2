"""What must hold within one drug of a library: units that fit, limits in order, a sane policy.

Each check raises Refusal with the key it concerns.
"""

from firmware.therapy import dose as doses
from firmware.therapy.heads import MIN_RATE_UL_H
from firmware.therapy.layout import UNITS
from simulator.files.quantity import UNIT_CODES, Dose, decimal, unit_kind
from simulator.files.yaml_source import Refusal

ORDER = ("lower_hard", "lower_soft", "typical", "upper_soft", "upper_hard")


def check_drug(drug, lightest_g, fastest_ul_h):
    """Refuse a drug that contradicts itself. lightest_g: 0 where the library names no lightest patient."""
    _check_units(drug)
    _check_order(drug)
    _check_bolus(drug)
    _check_policy(drug)
    _check_kvo(drug, lightest_g)
    _check_rates(drug, lightest_g, fastest_ul_h)


def _check_units(drug):
    kind = unit_kind(UNIT_CODES[drug.unit])
    if kind == "volume" and drug.concentration is not None:
        what = "a dose in mL/h takes no concentration"
        raise Refusal(what, "remove it, or give the dose in a unit of mass, units or moles", "concentration")
    if kind != "volume" and drug.concentration is None:
        raise Refusal(f"a dose in {drug.unit} needs a concentration", "add 'concentration: 16 mg / 250 mL'", "unit")
    if drug.concentration is not None and drug.concentration.kind != kind:
        what = f"the concentration is in {drug.concentration.kind}, the dose unit {drug.unit} in {kind}"
        raise Refusal(what, "give both in the same kind of unit", "concentration")
    for name in ORDER:
        limit = getattr(drug.dose, name)
        if limit is not None and limit.unit != UNIT_CODES[drug.unit]:
            what = f"{name} is in {UNITS[limit.unit][0]}, the drug's unit is {drug.unit}"
            raise Refusal(what, f"write it in {drug.unit}", "dose", name)


def _ascending(limits, what, show):
    """Refuse limits out of order. Absent ones are passed over; a limit of 0 would mean none."""
    below = None
    for name in ORDER:
        value = getattr(limits, name)
        if value is None:
            continue
        if (value.milli if isinstance(value, Dose) else value) == 0 and name.startswith(("upper", "lower_hard")):
            raise Refusal(
                f"{what} limit {name} is 0, which means none", "leave the key out, or write a limit", what, name
            )
        if below and value < below[1]:
            said = f"{what} limits are out of order: {name} {show(value)} is below {below[0]} {show(below[1])}"
            remedy = "let lower_hard <= lower_soft <= typical <= upper_soft <= upper_hard"
            raise Refusal(said, remedy, what, name)
        below = (name, value)


def _ml(value):
    return f"{decimal(value)} mL"


def _check_order(drug):
    _ascending(drug.dose, "dose", str)
    _ascending(drug.vtbi, "vtbi", _ml)


def _check_bolus(drug):
    bolus = drug.bolus
    if bolus is None:
        return
    if bolus.typical == 0 or bolus.rate_hard == 0:
        raise Refusal("a bolus of 0 is none", "remove 'bolus', or write its volume and rate", "bolus")
    if bolus.upper_soft is not None and not bolus.typical <= bolus.upper_soft <= bolus.upper_hard:
        raise Refusal("bolus limits are out of order", "let typical <= upper_soft <= upper_hard", "bolus", "upper_soft")
    if bolus.typical > bolus.upper_hard:
        what = f"typical bolus {_ml(bolus.typical)} is above upper_hard {_ml(bolus.upper_hard)}"
        raise Refusal(f"bolus limits are out of order: {what}", "let typical <= upper_hard", "bolus", "typical")
    if drug.window is not None and drug.window.volume < bolus.upper_hard:
        what = "the rolling limit holds less than one bolus at its hard limit"
        raise Refusal(what, "raise the window's volume or lower the bolus", "window", "volume")


def _check_policy(drug):
    pca = "pca" in drug.modes
    if pca and (drug.bolus is None or not drug.bolus.lockout_lower_hard or drug.window is None):
        what = "mode pca needs a bolus, its lockout_lower_hard and a window (the rolling limit)"
        raise Refusal(what, "add them, or take pca out of 'modes'", "modes")
    if drug.window is not None and (drug.window.period == 0 or drug.window.volume == 0):
        raise Refusal("a rolling limit of 0 is none", "remove 'window', or write its period and volume", "window")
    if drug.policy == "basal" and not pca:
        raise Refusal("policy basal is for PCA alone", "write policy kvo, stop or sustain", "policy")
    if "loading" in drug.modes and not drug.loading_rate_hard:
        raise Refusal("mode loading needs loading_rate_hard", "add 'loading_rate_hard: 150 mL/h'", "modes")
    if drug.loading_rate_hard and "loading" not in drug.modes:
        raise Refusal(
            "loading_rate_hard without mode loading", "add loading to 'modes' or remove it", "loading_rate_hard"
        )
    if drug.policy == "sustain" and drug.window:
        what = "a rolling limit would end what policy sustain keeps going"
        raise Refusal(what, "remove 'window', or choose another policy", "window")


def _check_kvo(drug, lightest_g):
    """A KVO rate is a dose of the drug: at the lightest patient it must not pass a hard limit."""
    if not drug.kvo:
        return
    if drug.policy in ("sustain", "stop"):
        what = f"policy {drug.policy} never runs at a KVO rate"
        raise Refusal(what, "remove 'kvo', or choose policy kvo", "kvo")
    if drug.kvo < MIN_RATE_UL_H:
        raise Refusal("the KVO rate is below what a head can run", f"at least {decimal(MIN_RATE_UL_H)} mL/h", "kvo")
    unit = UNIT_CODES[drug.unit]
    if UNITS[unit][2] and not lightest_g:
        what = f"a KVO rate of a drug dosed in {drug.unit} needs a weight to be checked at"
        raise Refusal(what, "add 'lightest_patient_kg' to the library", "kvo")
    per_ml = drug.concentration.per_ml if drug.concentration else 0
    fastest = doses.rate_ul_h(unit, drug.dose.upper_hard.milli, lightest_g, per_ml)
    if drug.kvo > fastest:
        what = f"the KVO rate {decimal(drug.kvo)} mL/h is above the hard limit {drug.dose.upper_hard}"
        raise Refusal(f"{what} ({decimal(fastest)} mL/h)", "lower it, or leave it out", "kvo")


def _check_rates(drug, lightest_g, fastest_ul_h):
    """Rates no head can run are slips of a unit."""
    if drug.bolus is not None and drug.bolus.rate_hard > fastest_ul_h:
        raise Refusal(
            "the bolus rate is beyond any head", f"at most {decimal(fastest_ul_h)} mL/h", "bolus", "rate_hard"
        )
    if drug.loading_rate_hard > fastest_ul_h or drug.kvo > fastest_ul_h:
        key = "kvo" if drug.kvo > fastest_ul_h else "loading_rate_hard"
        raise Refusal("the rate is beyond any head", f"write at most {decimal(fastest_ul_h)} mL/h", key)
    unit = UNIT_CODES[drug.unit]
    weight = lightest_g or 1000
    per_ml = drug.concentration.per_ml if drug.concentration else 0
    if doses.rate_ul_h(unit, drug.dose.upper_hard.milli, weight, per_ml) == 0:
        what = f"at {drug.dose.upper_hard} the pump would not move"
        raise Refusal(f"{what}: the concentration does not fit the dose", "check the units of both", "concentration")

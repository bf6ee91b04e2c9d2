"""The host's check of a therapy and the firmware's are written apart: they must agree."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from firmware.therapy import messages
from firmware.therapy.heads import max_rate_ul_h
from firmware.therapy.library import Library as FirmwareLibrary
from firmware.therapy.prescribe import Prescriber, Request
from hal import ports
from simulator.files import quantity
from simulator.files.library import load_library
from simulator.files.programme import shipped_libraries
from simulator.files.therapy import BY_MODE
from simulator.files.therapy_checks import check_therapy
from simulator.files.yaml_source import Refusal

LIBRARIES = [load_library(path) for path in shipped_libraries().values()]
DRUGS = [(library, drug) for library in LIBRARIES for drug in library.drugs]


def near(limits, draw):
    """A value at, just beside or far from one of `limits`."""
    known = [limit for limit in limits if limit] or [1000]
    base = draw(st.sampled_from(known))
    anywhere = draw(st.integers(1, 2 * base))
    return max(1, draw(st.sampled_from([base, base + 1, base - 1, base // 2, base * 2, anywhere])))


def dose_of(drug, draw):
    """A dose near one of the drug's limits."""
    limits = [limit.milli for limit in dict(drug.dose).values() if limit]
    return f"{quantity.decimal(near(limits, draw))} {drug.unit}"


def ml(drug, draw, scale=1):
    """A volume near one of the drug's limits."""
    return f"{near([v // scale for v in dict(drug.vtbi).values() if v], draw)} uL"


def seconds(draw, most=200_000):
    return f"{draw(st.integers(1, most))} s"


def bolus_of(drug, draw):
    limits = drug.bolus
    return {
        "volume": f"{near([limits.typical, limits.upper_soft, limits.upper_hard], draw)} uL",
        "rate": f"{quantity.decimal(near([limits.rate_hard], draw))} mL/h",
        "lockout": f"{near([limits.lockout_lower_hard or 300], draw)} s",
    }


def timed(drug, draw):
    """A volume and a time whose rate lies near a limit of the dose."""
    return {"volume": ml(drug, draw), "time": seconds(draw, draw(st.sampled_from([1_000, 20_000, 200_000])))}


def therapy_of(drug, mode, draw):
    """A therapy as a file would say it."""
    said = {"drug": drug.name, "care_area": drug.care_area, "mode": mode}
    if mode in ("continuous", "loading", "ramp", "pca"):
        said |= {"dose_rate": dose_of(drug, draw), "vtbi": ml(drug, draw)}
    if mode in ("continuous", "loading", "pca") and drug.bolus:
        said["bolus"] = bolus_of(drug, draw)
    if mode == "loading":
        said |= {"loading_volume": ml(drug, draw, 10), "loading_time": seconds(draw, 3_000)}
    if mode == "ramp":
        said |= {key: seconds(draw) for key in ("ramp_up", "time", "ramp_down")}
    if mode == "steps":
        count = draw(st.integers(1, 12))
        said["steps"] = [{"dose_rate": dose_of(drug, draw), "time": seconds(draw)} for _ in range(count)]
    if mode in ("volume_over_time", "vtbi_over_time", "intermittent"):
        said |= timed(drug, draw)
    if mode == "intermittent":
        said |= {"interval": seconds(draw, 400_000), "cycles": draw(st.integers(1, 100))}
    if mode == "pca" and draw(st.booleans()):
        said["clinician_bolus"] = {"volume": bolus_of(drug, draw)["volume"], "time": seconds(draw, 600)}
    return BY_MODE[mode][0].model_validate(said)


def firmware_says(library, drug, therapy, weight_g, head):
    """(refused, soft) by the firmware for the same entries."""
    read, request = FirmwareLibrary(library.data), Request()
    request.enter(ports.FIELD_MODE, BY_MODE[therapy.mode][1])
    request.enter(ports.FIELD_WEIGHT_G, weight_g)
    request.enter(ports.FIELD_SYRINGE, 5)
    for field, value in therapy.fields():
        request.enter(field, value)
    entry = read.find(drug.code, library.care_area_code(drug.care_area))
    made = Prescriber(entry, head, max_rate_ul_h(head))
    return made.build(request, read) != messages.NONE, made.soft


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_both_take_the_same_therapies(data):
    library, drug = data.draw(st.sampled_from(DRUGS))
    mode = data.draw(st.sampled_from(drug.modes))
    head = data.draw(st.sampled_from([ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC]))
    weight_g = data.draw(st.integers(300, 200_000))
    therapy = therapy_of(drug, mode, data.draw)
    refused, soft = firmware_says(library, drug, therapy, weight_g, head)
    try:
        said = check_therapy(therapy, drug, weight_g, max_rate_ul_h(head))
    except Refusal as refusal:
        event(f"refused: {mode}")
        assert refused, f"only the host refuses {therapy}: {refusal}"
        return
    assert not refused, f"only the firmware refuses {therapy}"
    event(f"taken: {mode}")
    assert bool(said) == soft

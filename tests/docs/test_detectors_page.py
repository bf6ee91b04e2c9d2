"""docs/detectors.md gives the times and bounds that the firmware's constants give."""

import re
from pathlib import Path

from firmware.therapy import dosing, flow, pace, plausible, sequence
from firmware.therapy.selfcheck import CYCLE_TICKS
from firmware.trust import memory
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from tools import detector_table as table

PAGE = (Path(__file__).parents[2] / "docs" / "detectors.md").read_text(encoding="utf-8")
FLAT = " ".join(PAGE.split())
FOLLOWS = {
    table.FAILED: "failed", table.STOPPED: "stopped, HIGH", table.ISOLATED: "isolated", table.TOLD: "told",
    table.WAITS: "no start until acknowledged",
}  # fmt: skip


def rows(heading):
    """Cells of the first table after a heading, without its head."""
    lines = re.findall(r"^\|(.*)\|$", PAGE[PAGE.index(heading) :].split("\n\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines][2:]


def test_each_detector_is_listed_with_its_time():
    listed = rows("# Detectors")
    assert [row[0] for row in listed] == [one.name for one in table.DETECTORS]
    for row, one in zip(listed, table.DETECTORS, strict=True):
        assert FOLLOWS[one.effect] in row[3], one.name
        if one.within_ms is None:
            assert row[2].endswith("below")
        elif one.name in ("sequence", "late tick"):
            assert row[2] == "at once"
        else:
            assert row[2].removesuffix(" where it stands") == f"{one.within_ms / 1000:g} s"


def test_the_figures_are_the_constants():
    for said in (
        f"a whole cycle takes {CYCLE_TICKS} ticks",
        f"once they are {pace.APART_MS / 1000} s apart",
        f"third start in {sequence.WINDOW_S // 60} min",
        f"a lease lasts, {dosing.LEASE_MS // 1000} s",
        f"less than {memory.LOW_BYTES // 1024} KiB of heap",
        f"{plausible.DEBOUNCE_TICKS} odd readings in a row, or {plausible.SLOW_SECONDS} seconds",
        f"told after {flow.BASAL_S // 60} min, during a patient's bolus after {flow.PATIENT_BOLUS_S // 60} min",
        f"once {flow.STOPPED_UL} µL are missing",
        f"on drops of {flow.DROP_UL} µL",
        f"once {flow.OVER_SYRINGE_UL} µL of it are sensed in a syringe, or {flow.OVER_DROPS_UL} µL in drops",
        f"within {table.over_s(HEAD_SYRINGE, 23)} s at 23 µL/s",
        f"within {table.over_s(HEAD_VOLUMETRIC, 62)} s at 62 µL/s",
        f"more than {flow.JUMP_UL} µL elsewhere",
        f"up to {flow.MADE_GOOD_UL} µL, may be sensed after all",
        f"{flow.BEHIND_UL} µL behind for {flow.BEHIND_SECONDS} s is stopped",
        f"within {table.behind_s(1000)} s at 1 mL/h, {table.behind_s(100_000)} s at 100 mL/h",
        f"once {flow.UNCOUNTED_UL} µL of it and six seconds of it have not been counted",
        f"less than {flow.SHORT_SYRINGE_UL} µL in a syringe or {flow.SHORT_DROPS_UL} µL in drops",
    ):
        assert said in FLAT, said


def test_the_bounds_of_sensors_are_the_constants():
    said = {row[0]: row[1] for row in rows("## Sensors")}
    assert said == {
        "downstream pressure": f"{plausible.DOWN_LOW_MMHG} mmHg or less, {plausible.DOWN_HIGH_MMHG} mmHg or more",
        "upstream pressure": f"below {plausible.UP_LOW_MMHG} mmHg, {plausible.UP_HIGH_MMHG} mmHg or more",
        "encoder": f"more than {plausible.ENCODER_STEPS} steps further ahead of the counter than it was; moving by "
        f"more than {plausible.STILL_STEPS} while the counter stands",
        "drops": f"backwards, or more than {plausible.DRIPS_AT_ONCE} at once and one each {plausible.DRIP_MS} ms",
        "temperature": f"below {plausible.COLD_DC // 10} °C, above {plausible.HOT_DC // 10} °C, "
        f"{plausible.JUMP_DC // 10} °C away within a second",
        "syringe's level": f"{plausible.RISE_UL} µL up while the motor pushes; no longer sensed",
    }


def test_the_table_of_flow_is_that_of_the_formula():
    for row in rows("## Flow"):
        rate = round(float(row[0]) * 1000)
        heads = (HEAD_SYRINGE, HEAD_VOLUMETRIC)
        assert [int(cell) for cell in row[1:]] == [
            table.short_s(head, rate, bolus) for head in heads for bolus in (False, True)
        ]

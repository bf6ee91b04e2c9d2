"""What therapy's detectors find, within what time, and what follows: for docs/detectors.md and for the claim.

Times come from the firmware's own constants; what follows is written by hand from the fail-safe
policy (docs/design.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from firmware.therapy import dosing, flow, pace, plausible
from firmware.therapy.selfcheck import CYCLE_TICKS
from firmware.trust import memory
from hal.ports import HEAD_SYRINGE

TICK_MS = 100
SECOND_MS = 1000
# What follows.
FAILED, STOPPED, ISOLATED, TOLD, WAITS = "failed", "stopped", "isolated", "told", "waits"
# A share of what is counted is let pass, so that much of a difference is seen.
_SEEN = 3 / 4
# The filter of the reservoir's sensor, and the board's second and the pump's.
_FILTER_S = 8
_LOOKS_S = 2
# What a reservoir may read off by chance: evened out, and a reading at which it stays.
CHANCE_UL = 20
STUCK_UL = 60


@dataclass(frozen=True)
class Detector:
    """One row. within_ms: from the fault to the effect, at most; None where flow decides (see `short_s`)."""

    name: str
    effect: str
    within_ms: int | None


DETECTORS = (
    Detector("state", FAILED, TICK_MS),
    Detector("trust state", ISOLATED, TICK_MS),
    Detector("tables", FAILED, CYCLE_TICKS * TICK_MS),
    Detector("arithmetic", FAILED, CYCLE_TICKS * TICK_MS),
    Detector("words", FAILED, CYCLE_TICKS * TICK_MS),
    Detector("clock", FAILED, (pace.STANDS_TURNS + 1) * TICK_MS),
    Detector("clock that survives power", TOLD, pace.APART_MS + SECOND_MS + TICK_MS),
    Detector("fast sensors", FAILED, (plausible.DEBOUNCE_TICKS + 1) * TICK_MS),
    Detector("slow sensors", FAILED, (plausible.SLOW_SECONDS + 1) * SECOND_MS),
    Detector("motor behind", STOPPED, None),
    Detector("flow short", TOLD, None),
    Detector("flow over", STOPPED, None),
    Detector("sequence", WAITS, TICK_MS),
    Detector("late tick", TOLD, TICK_MS),
    Detector("memory", TOLD, 3 * memory.LOOK_MS),
)
BY_NAME = {one.name: one for one in DETECTORS}


def short_s(head: int, rate_ul_h: int, patient_bolus: bool = False, chance_ul: int = CHANCE_UL) -> int:
    """Seconds, at most, until a flow that has stopped is told, while the motor turns at `rate_ul_h`."""
    syringe = head == HEAD_SYRINGE
    seen = rate_ul_h / 3600 * _SEEN
    filter_s = _FILTER_S if syringe else 0
    off = chance_ul if syringe else 0
    limit = flow.PATIENT_BOLUS_S if patient_bolus else flow.BASAL_S
    short = flow.SHORT_SYRINGE_UL if syringe else flow.SHORT_DROPS_UL
    return ceil(min((flow.STOPPED_UL + off) / seen, max(limit, (short + off) / seen)) + filter_s) + _LOOKS_S


def over_s(head: int, excess_ul_s: float, rate_ul_h: int = 0) -> int:
    """Seconds until `excess_ul_s` beyond what the motor gives at `rate_ul_h` stops the pump."""
    syringe = head == HEAD_SYRINGE
    seen = excess_ul_s - rate_ul_h / 3600 * (1 - _SEEN)
    limit = flow.OVER_SYRINGE_UL + CHANCE_UL if syringe else flow.OVER_DROPS_UL + flow.DROP_UL
    return ceil(limit / seen + (_FILTER_S if syringe else 0)) + _LOOKS_S


def behind_s(rate_ul_h: int) -> int:
    """Seconds until a motor that does not turn is stopped, while `rate_ul_h` is asked of it."""
    return ceil(flow.BEHIND_UL * 3600 / rate_ul_h) + flow.BEHIND_SECONDS + _LOOKS_S


LATE_MS = dosing.LEASE_MS

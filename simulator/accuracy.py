"""Accuracy of delivery by the analysis of IEC 60601-2-24: pure functions over sampled volumes.

Volumes are in µL, sampled each `sample_min` minutes, water at 1 g/mL standing in for the
balance. Rates are in mL/h, errors in per cent of the set rate, windows in minutes. Sample time,
start-up period and windows are the standard's as published papers quote them; the formulas are
general knowledge of it, not its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

SAMPLE_MIN = 0.5
WINDOWS_MIN = (2, 5, 11, 19, 31)
_UL_PER_ML = 1000


def flows_ml_h(volumes_ul: Sequence[float], sample_min: float = SAMPLE_MIN) -> list[float]:
    """Qi = 60 (Wi − Wi−1) / S: the flow of each sample interval, one fewer than the samples."""
    scale = 60 / (sample_min * _UL_PER_ML)
    return [scale * (after - before) for before, after in pairwise(volumes_ul)]


def window_errors(
    flows: Sequence[float], rate_ml_h: float, window_min: float, sample_min: float = SAMPLE_MIN
) -> tuple[float, float]:
    """Ep(max) and Ep(min): the largest and least mean error over any window of `window_min`.

    Ep = (S/P) Σ 100 (Qi − r) / r over the P/S flows of a window, for the m = (T − P)/S + 1
    windows that fit. ValueError where the window is no whole number of samples, or none fits.
    """
    count = round(window_min / sample_min)
    if count < 1 or abs(count * sample_min - window_min) > 1e-9:
        raise ValueError(f"a window of {window_min} min is no whole number of {sample_min} min samples")
    if count > len(flows):
        raise ValueError(f"a window of {window_min} min does not fit into {len(flows) * sample_min} min")
    sums = [0.0, *accumulate(100 * (flow - rate_ml_h) / rate_ml_h for flow in flows)]
    means = [(sums[j + count] - sums[j]) / count for j in range(len(flows) - count + 1)]
    return max(means), min(means)


def overall_error(volumes_ul: Sequence[float], rate_ml_h: float, sample_min: float = SAMPLE_MIN) -> float:
    """A = 100 (Q − r) / r, Q the mean flow from the first sample to the last."""
    hours = (len(volumes_ul) - 1) * sample_min / 60
    mean_ml_h = (volumes_ul[-1] - volumes_ul[0]) / _UL_PER_ML / hours
    return 100 * (mean_ml_h - rate_ml_h) / rate_ml_h


@dataclass(frozen=True)
class Accuracy:
    """One run's analysis. startup: (min, mL/h); trumpet: (window, Ep max, Ep min)."""

    rate_ml_h: float
    overall_pct: float
    trumpet: list[tuple[float, float, float]]
    startup: list[tuple[float, float]]

    def widest(self, window_min: float) -> float:
        """The larger of |Ep(max)| and |Ep(min)| for that window."""
        return next(max(abs(high), abs(low)) for window, high, low in self.trumpet if window == window_min)

    def as_dict(self) -> dict[str, Any]:
        """For charts and `--json`."""
        return {
            "rate_ml_h": self.rate_ml_h,
            "overall_pct": round(self.overall_pct, 4),
            "trumpet": [(window, round(high, 4), round(low, 4)) for window, high, low in self.trumpet],
            "startup": [(at, round(flow, 5)) for at, flow in self.startup],
        }


def analyse(
    volumes_ul: Sequence[float], rate_ml_h: float, startup_min: float = 60.0, sample_min: float = SAMPLE_MIN
) -> Accuracy:
    """Analyse a run sampled from its start; trumpet and overall error leave out `startup_min`."""
    skip = round(startup_min / sample_min)
    steady = volumes_ul[skip:]
    flows = flows_ml_h(steady, sample_min)
    trumpet = [(float(window), *window_errors(flows, rate_ml_h, window, sample_min)) for window in WINDOWS_MIN]
    startup = [((place + 1) * sample_min, flow) for place, flow in enumerate(flows_ml_h(volumes_ul, sample_min))]
    return Accuracy(rate_ml_h, overall_error(steady, rate_ml_h, sample_min), trumpet, startup)

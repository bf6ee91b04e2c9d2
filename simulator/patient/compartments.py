"""Mammillary compartments with a constant input, solved exactly.

Three drug amounts and an effect-site concentration make one linear system, so a step of any length is
one matrix product. The matrix of a step length is its exponential, computed once and kept. Only sums and
products of doubles are used, so that a run gives the same bits on every platform.
"""

from __future__ import annotations

from dataclasses import dataclass

Matrix = list[list[float]]

_STEP_LENGTHS_KEPT = 256
_TAYLOR_TERMS = 16
# µg/L is ng/mL, a thousandth of µg/mL and mg/L. A drug measured in units brings units where others bring µg.
_SCALES = {"ng/mL": 1.0, "µg/mL": 1e-3, "mg/L": 1e-3, "units/L": 1.0}


class OutOfReach(ValueError):
    """A set's equations give a volume or a clearance that no body has."""


@dataclass(frozen=True)
class Parameters:
    """A published set: volumes (L) and clearances (L/min), central compartment first.

    `ke0_per_min` is None where none was published with (or for) the set: then there is no effect site.
    """

    volumes_l: tuple[float, ...]
    clearances_l_min: tuple[float, ...]
    source: str
    ke0_per_min: float | None = None
    unit: str = "ng/mL"

    def __post_init__(self) -> None:
        if not 1 <= len(self.volumes_l) <= 3 or len(self.volumes_l) != len(self.clearances_l_min):
            raise ValueError("one to three compartments, a clearance for each")
        if min(self.volumes_l) <= 0 or min(self.clearances_l_min) <= 0:
            raise OutOfReach(f"this patient is outside what the set can describe ({self.source})")
        if self.ke0_per_min is not None and self.ke0_per_min <= 0:
            raise OutOfReach(f"this patient is outside what the set can describe ({self.source})")


class PkModel:
    """A drug in a body. Starts empty; `advance` is the only thing that moves it."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.source = parameters.source
        self.unit = parameters.unit
        self._scale = _SCALES[self.unit] / parameters.volumes_l[0]
        self._has_effect = parameters.ke0_per_min is not None
        self._state = (0.0, 0.0, 0.0, 0.0)
        self._steps: dict[float, tuple[float, ...]] = {}

    @property
    def concentration(self) -> float:
        """Plasma concentration in `unit`."""
        return self._state[0] * self._scale

    @property
    def effect_site(self) -> float | None:
        """Effect-site concentration in `unit`, or None where no ke0 was published."""
        return self._state[3] * self._scale if self._has_effect else None

    @property
    def amounts(self) -> tuple[float, float, float]:
        """What is in the body now, by compartment: µg, or units."""
        return self._state[:3]

    def advance(self, dose_rate_per_s_in_ug: float, dt_s: float) -> None:
        """Let `dt_s` seconds pass while the drug flows in at a constant rate (µg/s; units/s by units)."""
        step = self._steps.get(dt_s)
        if step is None:
            step = self._prepare(dt_s)
        a, b, c, e = self._state
        u = dose_rate_per_s_in_ug
        self._state = (
            step[0] * a + step[1] * b + step[2] * c + step[3] * u,
            step[4] * a + step[5] * b + step[6] * c + step[7] * u,
            step[8] * a + step[9] * b + step[10] * c + step[11] * u,
            step[12] * a + step[13] * b + step[14] * c + step[15] * u + step[16] * e,
        )

    def _prepare(self, dt_s: float) -> tuple[float, ...]:
        if not dt_s > 0:
            raise ValueError(f"a step of {dt_s} s: time goes forward")
        phi = exponential(self._generator(), dt_s)
        rows = [(row[0], row[1], row[2], row[4]) for row in phi[:4]]
        step = (*rows[0], *rows[1], *rows[2], *rows[3], phi[3][3])
        if len(self._steps) >= _STEP_LENGTHS_KEPT:
            self._steps.clear()
        self._steps[dt_s] = step
        return step

    def _generator(self) -> Matrix:
        """Per second: amounts 1 to 3, effect site (as an amount in the central volume), constant input."""
        p = self.parameters
        volumes = p.volumes_l
        flows = [clearance / 60.0 for clearance in p.clearances_l_min]
        m = [[0.0] * 5 for _ in range(5)]
        m[0][0] = -sum(flows) / volumes[0]
        m[0][4] = 1.0
        for i in range(1, len(volumes)):
            m[i][0] = flows[i] / volumes[0]
            m[i][i] = -flows[i] / volumes[i]
            m[0][i] = flows[i] / volumes[i]
        if p.ke0_per_min is not None:
            m[3][0] = p.ke0_per_min / 60.0
            m[3][3] = -p.ke0_per_min / 60.0
        return m


def exponential(matrix: Matrix, factor: float) -> Matrix:
    """exp(matrix × factor) by scaling, a Taylor series and squaring."""
    size = len(matrix)
    scaled = [[value * factor for value in row] for row in matrix]
    norm = max(sum(abs(value) for value in row) for row in scaled)
    halvings = 0
    while norm > 0.25:
        norm /= 2.0
        halvings += 1
    small = [[value / 2.0**halvings for value in row] for row in scaled]
    result = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    term = result
    for k in range(1, _TAYLOR_TERMS + 1):
        term = [[value / k for value in row] for row in _product(term, small)]
        result = [[x + y for x, y in zip(p, q, strict=True)] for p, q in zip(result, term, strict=True)]
    for _ in range(halvings):
        result = _product(result, result)
    return result


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[_dot(row, column) for column in columns] for row in left]


def _dot(row: list[float], column: tuple[float, ...]) -> float:
    # Not sum(): from Python 3.12 it compensates its rounding, and the bits would differ between versions.
    total = 0.0
    for x, y in zip(row, column, strict=True):
        total += x * y
    return total

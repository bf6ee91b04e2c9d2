"""Air on its way: a bubble, or what follows the last fluid of a bag. Distances are volumes.

The detector's own gate, in hardware, lets so much air past and no more; what firmware does
about less is its own affair.
"""

from __future__ import annotations

from math import inf

from simulator.plant.config import PlantConfig


class Air:
    """Where the air is, in µL that must pass the detector since power-on."""

    __slots__ = ("_dry", "_end", "_gate", "_line", "_start")

    def __init__(self, config: PlantConfig) -> None:
        self._gate = config.air_gate_ul
        self._line = inf if config.is_syringe else config.upstream_line_ul
        self._start = self._end = inf
        self.fill(0.0, float(config.reservoir_ul))

    def fill(self, passed: float, left_ul: float) -> None:
        """The reservoir now holds `left_ul`, and the line below it is full."""
        self._dry = passed + left_ul + self._line

    def bubble(self, passed: float, ul: float, away_ul: float) -> None:
        """A bubble of `ul`, `away_ul` before the detector; 0 takes all air out."""
        self._start = passed + away_ul if ul > 0 else inf
        self._end = self._start + ul

    def draw_off(self, passed: float) -> None:
        """Take out a bubble that has reached the detector."""
        if self._start <= passed:
            self._start = self._end = inf

    def at(self, passed: float) -> bool:
        """Whether air stands at the detector."""
        return self._start <= passed < self._end or passed >= self._dry

    def gate_ul(self) -> float:
        """The volume at which the gate shuts; infinite while nothing long enough is on its way."""
        bubble = self._start + self._gate if self._end - self._start > self._gate else inf
        return min(bubble, self._dry + self._gate)

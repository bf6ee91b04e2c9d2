"""The line to the patient: one resistance, one compliance, in closed form.

C dp/dt = q(t) + Gs (Ps − p) + Go (Pv − p), with q the flow from the head, Gs an open way to
the reservoir (free flow, siphoning) and Go the way to the vein, 0 while it is occluded. The
head's flow is a constant, a sinusoid of its travel (screw runout, roller passage) and, from a
stopper that sticks and slips, evenly spaced bursts; each has an exact response. What reaches
the patient is what went in less what the line holds: volume is conserved by construction.
Units: µL, ms, mmHg.
"""

from __future__ import annotations

from math import cos, exp, expm1, inf, log, sin
from math import tau as turn

from simulator.plant.config import PlantConfig


class Line:
    """Constants of one line and head, and its two conductances as they are now."""

    __slots__ = (
        "_amplitude", "_c", "_g", "_go", "_gs", "_inflow", "_k", "_open_go", "_open_gs", "_ps", "_pv", "_stick", "_tau",
        "_wave_ul",
    )  # fmt: skip

    def __init__(self, config: PlantConfig) -> None:
        self._c = config.compliance_ul_mmhg
        self._open_go = 1 / (1000 * config.resistance_mmhg_s_ul)
        self._open_gs = 1 / (1000 * config.siphon_resistance_mmhg_s_ul)
        self._ps = config.siphon_mmhg if config.is_syringe else config.head_mmhg
        self._pv = config.vein_mmhg
        self._amplitude = config.ripple_share()
        self._k = turn / config.ripple_ul()
        self._wave_ul = self._amplitude / self._k
        self._stick = config.stick_ul()
        self.set(False, False)

    def set(self, occluded: bool, free: bool) -> None:
        """Open and close the ways to the vein and to the reservoir."""
        self._go = 0.0 if occluded else self._open_go
        self._gs = self._open_gs if free else 0.0
        self._g = self._go + self._gs
        self._tau = self._c / self._g if self._g else 0.0
        self._inflow = self._gs * self._ps + self._go * self._pv

    def flow_to_vein(self, p: float) -> float:
        """Flow into the patient at line pressure `p`, µL/ms."""
        return self._go * (p - self._pv)

    def time_to(self, p: float, limit: float, q: float) -> float:
        """Time in which the mean flow `q` brings `p` up to `limit`; infinite where it never does."""
        if not self._g:
            return max(limit - p, 0.0) * self._c / q
        settled = (q + self._inflow) / self._g
        if settled <= limit:
            return inf
        return self._tau * log((settled - p) / (settled - limit)) if p < limit else 0.0

    def rest(self, p: float, dt: float) -> tuple[float, float, float]:
        """Pressure, volume from the reservoir by its own weight, and volume to the vein, after `dt` without drive."""
        if not self._g or dt <= 0:
            return p, 0.0, 0.0
        settled = self._inflow / self._g
        after = settled + (p - settled) * exp(-dt / self._tau)
        return self._split(p, after, dt, 0.0)

    def run(
        self, p: float, dt: float, q: float, x: float, stored: float, share: float
    ) -> tuple[float, float, float, float]:
        """As `rest`, while the head runs at `q` from travel `x`; its own volume comes last.

        stored: travel held in the stopper at the start. share: how much of the flow sticks.
        """
        amplitude = self._amplitude * q
        k = self._k
        angle0 = k * x
        angle = k * (x + q * dt)
        even = q * (1 - share)
        volume = even * dt + self._wave_ul * (cos(angle0) - cos(angle))
        slips = int((stored + q * dt) / self._stick) if share else 0
        if not self._g:
            pumped = volume + slips * share * self._stick
            return p + pumped / self._c, 0.0, 0.0, pumped
        tau = self._tau
        omega_tau = k * q * tau
        scale = amplitude / (self._g * (1 + omega_tau * omega_tau))
        ripple0 = scale * (sin(angle0) - omega_tau * cos(angle0))
        ripple = scale * (sin(angle) - omega_tau * cos(angle))
        settled = (even + self._inflow) / self._g
        after = settled + ripple + (p - settled - ripple0) * exp(-dt / tau)
        if slips:
            each = self._stick
            period = each / (q * tau)
            since = (stored + q * dt - slips * each) / (q * tau)
            after += share * each / self._c * exp(-since) * expm1(-slips * period) / expm1(-period)
            volume += slips * share * each
        p_after, siphoned, out = self._split(p, after, dt, volume)
        return p_after, siphoned, out, volume

    def _split(self, p: float, after: float, dt: float, pumped: float) -> tuple[float, float, float]:
        held = self._c * (after - p)
        if not self._gs:
            return after, 0.0, pumped - held
        # ∫p dt from the balance itself, so that nothing is lost between the two ways.
        integral = (pumped + self._inflow * dt - held) / self._g
        siphoned = self._gs * (self._ps * dt - integral)
        return after, siphoned, pumped + siphoned - held

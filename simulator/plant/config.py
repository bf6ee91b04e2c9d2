"""What a pump and its line are made of.

Geometry is that of firmware/therapy/heads.py. All other defaults are assumed, plausible in size
and measured on no pump: change them freely.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.therapy.heads import SYRINGES, step_volume
from hal.ports import HEAD_SYRINGE

_UNITS_PER_UL = 3_600_000


@dataclass(frozen=True)
class PlantConfig:
    """Volumes in µL, pressures in mmHg, times in ms unless the name says otherwise.

    scale: true volume of a step over its nominal one. ripple: amplitude of the periodic flow
    error, as a share of the flow, with its period in µL.
    """

    head: int
    syringe: int = 0
    reservoir_ul: float = 50_000.0
    resistance_mmhg_s_ul: float = 0.5
    compliance_ul_mmhg: float = 1.0
    upstream_compliance_ul_mmhg: float = 2.0
    vein_mmhg: float = 8.0
    head_mmhg: float = 45.0  # bag 60 cm above the pump, volumetric
    siphon_mmhg: float = 22.0  # syringe 30 cm above the patient, its plunger not held; may be negative
    siphon_resistance_mmhg_s_ul: float = 0.1  # through an open set or a free barrel
    upstream_line_ul: float = 3_000.0  # between an empty bag and the detector
    scale: float = 1.0
    backlash_ul: float | None = None
    stiction_ul: float | None = None
    stick_share: float = 0.5  # of the flow that comes in slips
    ripple: float | None = None
    ripple_period_ul: float | None = None
    stall_mmhg: float = 1_200.0
    air_gate_ul: float = 500.0  # of one bubble: the hardware lets no more past the detector
    drop_ul: float = 50.0
    battery_h: float = 10.0
    ambient_dc: int = 250

    @property
    def is_syringe(self) -> bool:
        """Whether the head is a syringe driver."""
        return self.head == HEAD_SYRINGE

    @property
    def step_ul(self) -> float:
        """True volume of one step."""
        return step_volume(self.head, self.syringe) / _UNITS_PER_UL * self.scale

    @property
    def barrel_um(self) -> int:
        """Inner diameter of the syringe, -1 where there is none."""
        return next((row[2] for row in SYRINGES if self.is_syringe and row[0] == self.syringe), -1)

    def play_ul(self) -> float:
        """Backlash: 20 µm of screw travel, or a tenth of the smallest roller segment."""
        if self.backlash_ul is not None:
            return self.backlash_ul
        return 320 * self.step_ul if self.is_syringe else 5.0

    def stick_ul(self) -> float:
        """Travel from one slip of the stopper to the next: 5 µm. 0 where nothing sticks."""
        if self.stiction_ul is not None:
            return self.stiction_ul
        return 80 * self.step_ul if self.is_syringe else 0.0

    def ripple_share(self) -> float:
        """Screw runout of 2 %, roller passage of 8 % of the flow."""
        if self.ripple is not None:
            return self.ripple
        return 0.02 if self.is_syringe else 0.08

    def ripple_ul(self) -> float:
        """Volume of one screw turn (16,000 steps), or of one roller passage."""
        if self.ripple_period_ul is not None:
            return self.ripple_period_ul
        return 16_000 * self.step_ul if self.is_syringe else 40.0

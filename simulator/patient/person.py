"""The patient whose body the drug spreads through: what the published models ask for, no more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patient:
    """An adult: weight (kg), age (years), sex ('m' or 'f', or written out) and height (cm).

    Serum creatinine is taken as normal (88.4 µmol/L, 1 mg/dL) unless given: it moves the clearance of
    drugs that leave by the kidney. ValueError names the field that is out of reason.
    """

    weight_kg: float
    age_years: float = 50
    sex: str = "m"
    height_cm: float = 170
    creatinine_umol_l: float = 88.4

    def __post_init__(self) -> None:
        for name, low, high in (
            ("weight_kg", 1, 350),
            ("age_years", 0, 120),
            ("height_cm", 40, 250),
            ("creatinine_umol_l", 10, 2000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}: expected {low} to {high}")
        sex = {"male": "m", "female": "f"}.get(self.sex, self.sex)
        if sex not in ("m", "f"):
            raise ValueError(f"sex is {self.sex!r}: expected 'm' or 'f'")
        object.__setattr__(self, "sex", sex)

    def lean_body_mass_kg(self) -> float:
        """James 1976: what the Schnider and Minto models were fitted with, its fall in severe obesity included."""
        ratio = self.weight_kg / self.height_cm
        if self.sex == "m":
            return 1.1 * self.weight_kg - 128 * ratio * ratio
        return 1.07 * self.weight_kg - 148 * ratio * ratio

    def creatinine_clearance_ml_min(self) -> float:
        """Cockcroft and Gault 1976 (1.23 and 1.04 carry mg/dL to µmol/L)."""
        factor = 1.23 if self.sex == "m" else 1.04
        return (140 - self.age_years) * self.weight_kg * factor / max(60.0, self.creatinine_umol_l)

"""What the bare board's person programmes: field codes and integers, as through any panel.

Drugs and limits are those of the library in library.py; the patient is a simulated one of 70 kg.
"""

from hal.compat import const
from hal.ports import (
    FIELD_CARE_AREA,
    FIELD_DOSE_MILLI,
    FIELD_DRUG,
    FIELD_MODE,
    FIELD_VTBI_UL,
    FIELD_WEIGHT_G,
)

CARE_AREA = const(1)
CONTINUOUS = const(1)  # MODE_CONTINUOUS of firmware/therapy/layout.py

# Each a row of (field, value); FIELD_SYRINGE is added where the head is a syringe.
PROGRAMMES = (
    (  # 0.1 ug/kg/min: 6.562 mL/h; policy sustain
        (FIELD_DRUG, 101), (FIELD_CARE_AREA, CARE_AREA), (FIELD_MODE, CONTINUOUS), (FIELD_WEIGHT_G, 70_000),
        (FIELD_DOSE_MILLI, 100), (FIELD_VTBI_UL, 56_000),
    ),
    (  # 0.5 mg/min; policy kvo
        (FIELD_DRUG, 111), (FIELD_CARE_AREA, CARE_AREA), (FIELD_MODE, CONTINUOUS),
        (FIELD_DOSE_MILLI, 500), (FIELD_VTBI_UL, 50_000),
    ),
)  # fmt: skip


def dose_milli(programme):
    """Return the dose rate that a programme begins with."""
    for field, value in PROGRAMMES[programme]:
        if field == FIELD_DOSE_MILLI:
            return value
    return 0

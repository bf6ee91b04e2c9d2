"""The two drive heads: geometry, ranges and the bound on moving backwards.

A step's volume is one integer in 1/3600 nL, so that rate (µL/h) × time (ms) divides by it
without a fraction. Syringe diameters: Harvard Apparatus table for BD Plastipak; the lead
screw advances 62.5 nm a microstep (1 mm lead, 5:1 gear, 3200 microsteps a turn).
"""

from hal.compat import const
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC

MIN_RATE_UL_H = const(100)
MAX_RATE_SYRINGE_UL_H = const(150_000)
MAX_RATE_VOLUMETRIC_UL_H = const(1_200_000)

# Peristaltic head: 62.5 nL a microstep.
VOLUMETRIC_STEP = const(225_000)

# The farthest a head may run backwards to relieve an occlusion.
BACKOFF_SYRINGE_UL = const(400)
BACKOFF_VOLUMETRIC_UL = const(300)

# code, capacity (µL), inner diameter (µm), step volume (1/3600 nL)
SYRINGES = (
    (1, 5_000, 12_060, 25_702),
    (2, 10_000, 14_500, 37_154),
    (3, 20_000, 19_130, 64_670),
    (4, 30_000, 21_700, 83_213),
    (5, 60_000, 26_720, 126_167),
)
SIZE_TOLERANCE_UM = const(400)


def step_volume(head, syringe):
    """Volume of one step in 1/3600 nL, or 0 for a head or syringe that is not known."""
    if head == HEAD_VOLUMETRIC:
        return VOLUMETRIC_STEP
    if head == HEAD_SYRINGE:
        for row in SYRINGES:
            if row[0] == syringe:
                return row[3]
    return 0


def max_rate_ul_h(head):
    """Fastest rate of a head."""
    return MAX_RATE_SYRINGE_UL_H if head == HEAD_SYRINGE else MAX_RATE_VOLUMETRIC_UL_H


def backoff_ul(head):
    """Bound on the volume of occlusion back-off."""
    return BACKOFF_SYRINGE_UL if head == HEAD_SYRINGE else BACKOFF_VOLUMETRIC_UL

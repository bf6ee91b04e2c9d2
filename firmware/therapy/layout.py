"""The one table of therapy's records: drug library entries and prescriptions.

Fixed-layout, versioned, little-endian. The host compiles YAML into these bytes; trust and
update carry them as opaque strings. Each field is (name, struct code); a record's struct
format is the codes in order. No field is padded: codes are written with '<'.

Dose units. A person's dose rate is an integer in thousandths of the unit. Concentration is
in base sub-units per millilitre: nanograms (mass), milli-units (units), nanomoles (mmol),
or 0 for plain mL/h.
"""

from hal.compat import const

LIBRARY_VERSION = const(1)
PRESCRIPTION_VERSION = const(1)
LIBRARY_MAGIC = const(0x4C4F564B)  # "KVOL"

# Policies: what the pump does when help is gone (design of the fail-safe policy).
POLICY_SUSTAIN = const(1)
POLICY_BASAL = const(2)
POLICY_KVO = const(3)
POLICY_STOP = const(4)

# Dose units: (name, base sub-units in a thousandth of the unit, per kilogram, per hour).
# The row's place is the unit's code.
UNITS = (
    ("mL/h", 0, 0, 1),
    ("ug/kg/min", 1, 1, 60),
    ("ug/kg/h", 1, 1, 1),
    ("ug/min", 1, 0, 60),
    ("ug/h", 1, 0, 1),
    ("mg/kg/h", 1_000, 1, 1),
    ("mg/h", 1_000, 0, 1),
    ("mg/min", 1_000, 0, 60),
    ("g/h", 1_000_000, 0, 1),
    ("units/h", 1, 0, 1),
    ("units/min", 1, 0, 60),
    ("units/kg/h", 1, 1, 1),
    ("mmol/h", 1_000, 0, 1),
    ("mmol/kg/h", 1_000, 1, 1),
)

# Infusion modes.
MODE_CONTINUOUS = const(1)  # rate and VTBI
MODE_VOLUME_TIME = const(2)  # volume over time: one rate, rounded down
MODE_VTBI_TIME = const(3)  # VTBI over time: the end is kept, the rate recomputed each second
MODE_LOADING = const(4)  # loading dose, then maintenance
MODE_STEPS = const(5)  # up to 12 dose steps
MODE_RAMP = const(6)  # ramp up, plateau, ramp down
MODE_INTERMITTENT = const(7)
MODE_PCA = const(8)

LIBRARY_HEADER = (
    ("magic", "I"),
    ("version", "B"),
    ("reserved", "B"),
    ("entries", "H"),
    ("sequence", "I"),  # rises with each issue of this library
    ("crc", "I"),  # CRC-32 of all entries' bytes
)

# Limits 0 mean none, but upper_hard, which every entry has.
LIBRARY_ENTRY = (
    ("code", "H"),
    ("care_area", "B"),
    ("policy", "B"),
    ("unit", "B"),
    ("modes", "H"),  # bit n set: mode n is allowed
    ("name", "24s"),  # ASCII, zero padded
    ("concentration", "I"),
    ("lower_hard", "I"),  # dose rate, thousandths of the unit
    ("lower_soft", "I"),
    ("typical", "I"),
    ("upper_soft", "I"),
    ("upper_hard", "I"),
    ("vtbi_lower_hard_ul", "I"),
    ("vtbi_lower_soft_ul", "I"),
    ("vtbi_typical_ul", "I"),
    ("vtbi_upper_soft_ul", "I"),
    ("vtbi_upper_hard_ul", "I"),
    ("bolus_typical_ul", "I"),  # 0: no bolus of this drug
    ("bolus_upper_soft_ul", "I"),
    ("bolus_upper_hard_ul", "I"),
    ("bolus_rate_hard_ul_h", "I"),
    ("lockout_lower_hard_s", "I"),
    ("window_s", "I"),  # rolling limit: 0 for none
    ("window_hard_ul", "I"),
    ("kvo_ul_h", "I"),  # KVO rate before it is capped by the programmed rate; 0: none
    ("loading_rate_hard_ul_h", "I"),  # 0: no loading dose of this drug
    ("off_limit_s", "I"),  # longest power loss after which it resumes by itself
    ("pressure_mmhg", "H"),  # default downstream occlusion limit
    ("air_single_ul", "H"),  # single-bubble threshold; 0: any bubble
)

SEGMENTS = const(16)
KIND_HOLD = const(0)  # one rate
KIND_SPREAD = const(1)  # each second rate, or rate + 1, so that the volume ends on time
KIND_RAMP = const(2)  # each second one stair of a straight line

PRESCRIPTION = (
    ("version", "B"),
    ("mode", "B"),
    ("policy", "B"),
    ("head", "B"),
    ("syringe", "B"),
    ("unit", "B"),
    ("care_area", "B"),
    ("segments", "B"),
    ("drug", "H"),
    ("cycles", "H"),  # 1: the segments run once
    ("library_sequence", "I"),
    ("library_crc", "I"),
    ("concentration", "I"),
    ("weight_g", "I"),
    ("dose_milli", "I"),
    ("rate_hard_ul_h", "I"),  # no raise past this rate
    ("rate_soft_ul_h", "I"),
    ("vtbi_ul", "I"),  # 0: no volume limit
    ("kvo_ul_h", "I"),  # never above the programmed rate
    ("patient_ul", "I"),  # bolus a press gives; 0: none
    ("patient_ul_h", "I"),
    ("lockout_s", "I"),
    ("clinician_ul", "I"),
    ("clinician_ul_h", "I"),
    ("window_s", "I"),
    ("window_hard_ul", "I"),
    ("off_limit_s", "I"),
    ("pressure_mmhg", "H"),
    ("air_single_ul", "H"),
)

SEGMENT = (
    ("kind", "B"),
    ("rate_ul_h", "I"),
    ("volume_ul", "I"),  # 0: ends by time
    ("duration_s", "I"),  # 0: ends by volume
    ("step_ul_h", "i"),  # whole part of the change each second
    ("step_rest", "I"),  # rest of it, in 1/duration_s
    ("end_ul_h", "I"),
)
# A prescription's bytes: PRESCRIPTION, `segments` × SEGMENT, CRC-32 of all before it.


def struct_format(fields):
    """Return the struct format of a record, '<' and its codes in order."""
    codes = "<"
    for field in fields:
        codes += field[1]
    return codes

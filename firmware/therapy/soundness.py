"""Whether a drug library that comes in contradicts itself. Loaded at boot for one that is to be taken, and let go of.

The same that the host asks of a file (simulator/files/library_checks.py), as far as it shows in the record: a library
that two people signed by mistake is refused here once more.
"""

import struct

from firmware.therapy import layout
from firmware.therapy.library import Entry, Library
from hal.compat import const

SOUND = const(0)
NO_LIBRARY = const(1)
LIMITS = const(2)

_HEADER = layout.struct_format(layout.LIBRARY_HEADER)
_ENTRY = layout.struct_format(layout.LIBRARY_ENTRY)
_FIRST_LETTER = const(0x20)
_LAST_LETTER = const(0x7E)


def check(data, number):
    """SOUND, or why the bytes are not the library `number`: NO_LIBRARY, LIMITS."""
    library = Library(data)
    size = struct.calcsize(_ENTRY)
    start = struct.calcsize(_HEADER)
    if not library.entries or len(data) != start + library.entries * size or data[5] or library.sequence != number:
        return NO_LIBRARY
    seen = []
    for place in range(start, len(data), size):
        entry = Entry(struct.unpack(_ENTRY, data[place : place + size]))
        name = (entry.code, entry.care_area)
        if not entry.code or name in seen or not _is_sound(entry):
            return LIMITS
        seen.append(name)
    return SOUND


def _is_sound(entry):
    if entry.unit >= len(layout.UNITS) or not layout.POLICY_SUSTAIN <= entry.policy <= layout.POLICY_STOP:
        return False
    if (entry.concentration > 0) != (layout.UNITS[entry.unit][1] > 0):
        return False
    if not entry.modes or entry.modes & ~((2 << layout.MODE_PCA) - 2) or not entry.upper_hard or not _is_name(entry):
        return False
    dose = (entry.lower_hard, entry.lower_soft, entry.typical, entry.upper_soft, entry.upper_hard)
    vtbi = (
        entry.vtbi_lower_hard_ul, entry.vtbi_lower_soft_ul, entry.vtbi_typical_ul, entry.vtbi_upper_soft_ul,
        entry.vtbi_upper_hard_ul,
    )  # fmt: skip
    bolus = (entry.bolus_typical_ul, entry.bolus_upper_soft_ul, entry.bolus_upper_hard_ul)
    return _ascend(dose) and _ascend(vtbi) and _ascend(bolus) and _boluses_fit(entry) and _policy_fits(entry)


def _is_name(entry):
    name = entry.name.rstrip(b"\0")
    for letter in name:
        if not _FIRST_LETTER <= letter <= _LAST_LETTER:
            return False
    return len(name) > 0


def _ascend(limits):
    """Whether limits rise; 0 is none."""
    below = 0
    for limit in limits:
        if limit and limit < below:
            return False
        below = limit or below
    return True


def _boluses_fit(entry):
    if entry.bolus_typical_ul and not (entry.bolus_upper_hard_ul and entry.bolus_rate_hard_ul_h):
        return False
    if (entry.window_s > 0) != (entry.window_hard_ul > 0):
        return False
    return not entry.window_s or entry.window_hard_ul >= entry.bolus_upper_hard_ul


def _policy_fits(entry):
    if entry.allows(layout.MODE_PCA):
        if not (entry.bolus_typical_ul and entry.lockout_lower_hard_s and entry.window_s):
            return False
    elif entry.policy == layout.POLICY_BASAL:
        return False
    if entry.allows(layout.MODE_LOADING) != (entry.loading_rate_hard_ul_h > 0):
        return False
    if entry.policy == layout.POLICY_SUSTAIN and (entry.window_s or entry.kvo_ul_h):
        return False
    return entry.policy != layout.POLICY_STOP or not entry.kvo_ul_h

"""What the claims about therapy share: a wide-open library, and mutants of a pump's parts."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

from firmware.therapy import layout
from hal import ports
from simulator.ideal import IdealPump

OPEN_DRUG = 7
_OPEN: dict[str, Any] = {
    "code": OPEN_DRUG,
    "care_area": 1,
    "policy": layout.POLICY_KVO,
    "unit": 0,
    "modes": 0xFFFF,
    "name": b"open",
    "upper_hard": 1_200_000,
    "bolus_typical_ul": 1_000,
    "bolus_upper_hard_ul": 20_000,
    "bolus_rate_hard_ul_h": 1_200_000,
    "kvo_ul_h": 1_000,
    "loading_rate_hard_ul_h": 1_200_000,
    "pressure_mmhg": 525,
    "air_single_ul": 100,
}


def open_library(**fields: Any) -> bytes:
    """A library of one drug by mL/h without limits but `fields`."""
    values = _OPEN | fields
    row = [values.get(name, 0) for name, _ in layout.LIBRARY_ENTRY]
    entry = struct.pack(layout.struct_format(layout.LIBRARY_ENTRY), *row)
    header = (layout.LIBRARY_MAGIC, layout.LIBRARY_VERSION, 0, 1, 1, zlib.crc32(entry))
    return struct.pack(layout.struct_format(layout.LIBRARY_HEADER), *header) + entry


def programmed(
    mode: int, *entries: tuple[int, int], weaken: Callable[[IdealPump], None] | None = None, **fields: Any
) -> IdealPump:
    """A pump on which a person has entered and confirmed the open drug in `mode`."""
    pump = IdealPump(library=open_library(**fields))
    if weaken:
        weaken(pump)
    head = [(ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, mode)]
    pump.programme([*head, *entries])
    return pump


def started(pump: IdealPump) -> IdealPump:
    """Press Start and wait for the grant; virtual time 0 of the infusion is now."""
    pump.press(ports.KEY_START)
    pump.tick()
    return pump


def becomes(path: str, mutant: type) -> Callable[[], Callable[[IdealPump], None]]:
    """A mutant: the part of the controller at `path` is of class `mutant` (same slots)."""

    def weaken(pump: IdealPump) -> None:
        part: Any = pump.controller
        for name in path.split("."):
            part = getattr(part, name)
        part.__class__ = mutant

    return lambda: weaken

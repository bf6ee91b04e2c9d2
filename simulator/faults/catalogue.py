"""The catalogue: every kind of fault, by name, in the order of PLACES."""

from __future__ import annotations

from simulator.faults import code, drive, memory, parts, physical, sensors
from simulator.faults.kind import PLACES, Kind
from simulator.files.yaml_source import Refusal, did_you_mean, shown


def _gathered() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for module in (parts, sensors, drive, physical, memory, code):
        for kind in module.KINDS:
            if kind.name in found:
                raise ValueError(f"two kinds of fault are named {kind.name}")
            found[kind.name] = kind
    places = list(PLACES)
    return dict(sorted(found.items(), key=lambda item: places.index(item[1].where)))


KINDS = _gathered()


def kind_of(name: str) -> Kind:
    """The kind of this name; Refusal with the nearest one where there is none."""
    if name not in KINDS:
        raise Refusal(f"there is no fault {shown(name)}", did_you_mean(name, KINDS), "fault")
    return KINDS[name]

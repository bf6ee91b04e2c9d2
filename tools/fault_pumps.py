"""Pumps in every delivery state under every drug policy, kept as snapshots to be broken.

Four drugs, one for each policy; two of them slow, on a syringe, and two on the volumetric head.
A state that a policy cannot come to (design of the fail-safe policy) has no pump.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from firmware.therapy import tables as t
from firmware.therapy.layout import MODE_PCA
from hal import ports
from simulator.files.programme import Programme, load_programme
from simulator.snapshot import Snapshot
from simulator.world import World

POLICIES = ("sustain", "basal", "kvo", "stop")
STATES = t.DELIVERY_NAMES
# The volume ends under `sustain` by going on, under `stop` without a KVO rate.
NO_SUCH = {("kvo", "sustain"), ("kvo", "stop"), ("complete", "sustain")}

_LIBRARY = """\
kvo: library/1
name: Drugs to break
sequence: 1
care_areas: {ward: 1}
drugs:
"""
_DRUG = """\
  - name: {name}
    code: {code}
    care_area: ward
    policy: {policy}
    why: one of each
    source: made up
    unit: mL/h
    modes: [continuous, pca]
    dose: {{upper_hard: {hard}}}
    vtbi: {{upper_hard: 500 mL}}
    bolus: {{typical: 1 mL, upper_hard: 10 mL, rate_hard: {bolus_rate}, lockout_lower_hard: 5 min}}
    off_limit: 5 min
"""
_WINDOW = "    window: {period: 4 h, volume: 30 mL}\n"
_PROGRAMME = """\
kvo: programme/1
name: broken
title: A pump to be broken
library: library.yaml
head: {head}
reservoir: 50 mL
patient: {{weight_kg: 70}}
duration: 24 h
therapy:
  drug: {name}
  care_area: ward
  mode: {mode}
  dose_rate: {rate}
  vtbi: {vtbi}
  bolus: {{volume: {bolus}, rate: {bolus_rate}{lockout}}}
"""


@dataclass(frozen=True)
class Drug:
    """One policy's drug and how it is given. Rates in mL/h."""

    policy: str
    code: int
    head: str
    rate: int
    bolus_ml: int
    bolus_rate: int
    kvo: int = 0
    pca: bool = False

    @property
    def name(self) -> str:
        return f"{self.policy} {'vein open' if self.kvo else 'none'}"

    def entry(self) -> str:
        """Its lines in the library. Only a PCA has a rolling limit: a patient presses it."""
        text = _DRUG.format(
            name=self.name, code=self.code, policy=self.policy, hard=f"{10 * self.rate} mL/h",
            bolus_rate=f"{self.bolus_rate} mL/h",
        )  # fmt: skip
        text = text if self.pca else text.replace(", pca]", "]")
        return text + (_WINDOW if self.pca else "") + (f"    kvo: {self.kvo} mL/h\n" if self.kvo else "")

    def programme(self, vtbi_ul: int) -> str:
        """Its programme."""
        return _PROGRAMME.format(
            head="syringe\nsyringe: bd-60" if self.head == "syringe" else self.head, name=self.name,
            mode="pca" if self.pca else "continuous", rate=f"{self.rate} mL/h", vtbi=f"{vtbi_ul} uL",
            bolus=f"{self.bolus_ml} mL", bolus_rate=f"{self.bolus_rate} mL/h",
            lockout=", lockout: 5 min" if self.pca else "",
        )  # fmt: skip


DRUGS = (
    Drug("sustain", 1, "syringe", 5, 1, 60),
    Drug("basal", 2, "syringe", 2, 1, 60, kvo=1, pca=True),
    Drug("kvo", 3, "volumetric", 100, 5, 300, kvo=3),
    Drug("stop", 4, "volumetric", 15, 1, 60),
)
# The same without a KVO rate: their volume ends in `complete`.
_QUIET = tuple(replace(drug, code=drug.code + 10, kvo=0) for drug in DRUGS)
_LONG_UL = 40_000
_SHORT_UL = 100


def drug_of(policy: str) -> Drug:
    """The drug of a policy."""
    return DRUGS[POLICIES.index(policy)]


class Bare(Programme):
    """A programme whose person presses nothing unasked."""

    def keys(self) -> list[tuple[int, int]]:
        return []


@cache
def _programme(policy: str, vtbi_ul: int, quiet: bool) -> tuple[Any, list[tuple[int, int]]]:
    drugs = {drug.name: drug for drug in (*DRUGS, *_QUIET)}
    drug = (_QUIET if quiet else DRUGS)[POLICIES.index(policy)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "library.yaml").write_text(
            _LIBRARY + "".join(one.entry() for one in drugs.values()), encoding="utf-8"
        )
        path = Path(folder) / "programme.yaml"
        path.write_text(drug.programme(vtbi_ul), encoding="utf-8")
        loaded = load_programme(path)
    return Bare(**vars(loaded)), loaded.keys()


def _on(world: World, seconds: float) -> None:
    world.run(world.clock.ms + round(seconds * 1000))


def _press(world: World, *keys: int) -> None:
    for key in keys:
        world.press(key)
    _on(world, 0.1 * len(keys) + 0.5)


def _infuse(world: World, keys: list[tuple[int, int]]) -> None:
    for key, value in keys:
        world.press(key, value)
    _on(world, 60)


def _infusing(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)


def _standby(world: World, keys: list[tuple[int, int]]) -> None:
    """It stands there after the self-test."""


def _programming(world: World, keys: list[tuple[int, int]]) -> None:
    for key, value in keys[:-1]:
        world.press(key, value)
    _on(world, 5)


def _priming(world: World, keys: list[tuple[int, int]]) -> None:
    _programming(world, keys)
    _press(world, ports.KEY_PRIME_ON)


def _bolus(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)
    pca = world.programme.mode == MODE_PCA
    _press(world, ports.KEY_PATIENT_BOLUS if pca else ports.KEY_CLINICIAN_BOLUS)
    _on(world, 4)


def _paused(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)
    _press(world, ports.KEY_PAUSE)


def _ended(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)
    while world.status.delivery == t.ST_INFUSING:
        _on(world, 10)
    _on(world, 10)


def _stopped(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)
    world.faults.inject("down_pressure_offset", {"by": 600})
    _on(world, 0.3)
    world.faults.clear("down_pressure_offset")
    _on(world, 60)  # it has backed off


def _maintenance(world: World, keys: list[tuple[int, int]]) -> None:
    world.disturb("key_switch_on")
    _on(world, 0.2)
    _press(world, ports.KEY_MAINTENANCE_ON)
    world.disturb("key_switch_off")
    _on(world, 0.2)


def _failed(world: World, keys: list[tuple[int, int]]) -> None:
    _infuse(world, keys)
    world.faults.inject("sensors_silent")
    _on(world, 3)
    world.faults.clear("sensors_silent")
    _on(world, 1)


_Way = Callable[[World, list[tuple[int, int]]], None]
_WAYS: dict[str, _Way] = {
    "standby": _standby, "programming": _programming, "priming": _priming, "infusing": _infusing, "bolus": _bolus,
    "paused": _paused, "kvo": _ended, "complete": _ended, "stopped": _stopped, "maintenance": _maintenance,
    "failed": _failed,
}  # fmt: skip
_SELF_TEST_MS = 400


def stand(state: str, policy: str, seed: int = 1) -> World:
    """A World in which the pump stands in `state` with a drug of `policy`."""
    short = state in ("kvo", "complete")
    programme, keys = _programme(policy, _SHORT_UL if short else _LONG_UL, state == "complete")
    world = World(programme, seed=seed)
    if state == "self-test":
        world.run(_SELF_TEST_MS)
    else:
        world.run(2_000)
        _WAYS[state](world, keys)
    stands = t.DELIVERY_NAMES[world.status.delivery]
    if stands != state:
        raise RuntimeError(f"a pump with a {policy} drug stands in {stands}, not in {state}")
    return world


class Stands:
    """Snapshots of pumps by (state, policy), each made when it is first asked for."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Snapshot] = {}

    def world(self, state: str, policy: str) -> World:
        """A World of its own that stands there."""
        place = (state, policy)
        if place not in self._kept:
            self._kept[place] = Snapshot(stand(state, policy))
        return self._kept[place].restore()


def places() -> list[tuple[str, str]]:
    """Every (state, policy) that there is."""
    return [(state, policy) for state in STATES for policy in POLICIES if (state, policy) not in NO_SUCH]

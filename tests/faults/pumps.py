"""Pumps on which faults are tried: both heads, infusing."""

from dataclasses import replace
from functools import cache

from firmware.therapy import tables as t
from simulator.files.programme import find_programme, load_programme
from simulator.snapshot import Snapshot
from simulator.world import World

SYRINGE, VOLUMETRIC = "potassium-plunger", "failing-sensors"


def infusing(name=SYRINGE):
    """A World of its own whose programme has run its first minute; its events and faults are left out."""
    return _after_a_minute(name).restore()


@cache
def _after_a_minute(name):
    world = World(bare(load_programme(find_programme(name))), seed=1)
    world.run(60_000)
    assert world.status.delivery == t.ST_INFUSING
    return Snapshot(world)


def bare(programme):
    """The programme with nothing that happens."""
    return replace(programme, events=(), faults=())

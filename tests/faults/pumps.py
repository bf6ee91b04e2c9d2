"""Pumps on which faults are tried: both heads, infusing."""

from dataclasses import replace

from firmware.therapy import tables as t
from simulator.files.programme import find_programme, load_programme
from simulator.world import World

SYRINGE, VOLUMETRIC = "potassium-plunger", "failing-sensors"


def infusing(name=SYRINGE, seed=1, **options):
    """A World whose programme runs its first minute; its own events and faults are left out."""
    programme = load_programme(find_programme(name))
    world = World(bare(programme), seed=seed, **options)
    world.run(60_000)
    assert world.status.delivery == t.ST_INFUSING
    return world


def bare(programme):
    """The programme with nothing that happens."""
    return replace(programme, events=(), faults=())

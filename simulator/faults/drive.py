"""Faults of the drive: filters between what the firmware asks and what the plant gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.therapy.dosing import step_rate_mhz
from firmware.therapy.heads import max_rate_ul_h, step_volume
from hal import ports
from hal.compat import HALF, MASK
from simulator.faults.kind import Apply, Kind, Undo, Values, bit

if TYPE_CHECKING:
    from simulator.world import World

# Changes a copy of the drive in place, at the given time.
DriveFilter = Callable[[ports.Drive, int], None]


def _driven(make: Callable[[World, Values], DriveFilter]) -> Apply:
    def apply(world: World, values: Values) -> Undo:
        found = make(world, values)
        world.board.drive_filters.append(found)
        return lambda: world.board.drive_filters.remove(found)

    return apply


def _ignores_lease(world: World, values: Values) -> DriveFilter:
    generator = world.plant.generator

    def ignore(drive: ports.Drive, ms: int) -> None:
        ahead = HALF // 2 if drive.step_rate_mhz > 0 else -HALF // 2
        drive.step_end = generator.count(ms) + ahead & MASK

    return ignore


def _runs_away(world: World, values: Values) -> DriveFilter:
    generator = world.plant.generator
    config = world.plant.config
    top = step_rate_mhz(max_rate_ul_h(config.head), step_volume(config.head, config.syringe))

    def run(drive: ports.Drive, ms: int) -> None:
        drive.step_rate_mhz = top
        drive.enable = 1
        drive.step_end = generator.count(ms) + HALF // 2 & MASK

    return run


def _rate(numerator: int, denominator: int) -> Apply:
    def scale(drive: ports.Drive, ms: int) -> None:
        drive.step_rate_mhz = drive.step_rate_mhz * numerator // denominator

    return _driven(lambda world, values: scale)


def _line(name: str, level: int) -> Apply:
    """A wire to the motor that stays at one level."""
    return _driven(lambda world, values: lambda drive, ms: setattr(drive, name, level))


def _flips(name: str) -> Apply:
    """A bit of the drive flips on its way, once."""

    def apply(world: World, values: Values) -> None:
        board = world.board

        def flip(drive: ports.Drive, ms: int) -> None:
            board.drive_filters.remove(flip)
            setattr(drive, name, getattr(drive, name) ^ 1 << values["bit"])

        board.drive_filters.append(flip)

    return apply


def _disturbed(on: str, off: str) -> Apply:
    def apply(world: World, values: Values) -> Undo:
        world.plant.disturb(on, world.clock.ms)
        return lambda: world.plant.disturb(off, world.clock.ms)

    return apply


KINDS = (
    Kind(
        "generator_ignores_lease", "drive", "the step generator runs past the lease's end at its rate",
        _driven(_ignores_lease),
    ),
    Kind(
        "generator_runs_away", "drive", "the step generator runs at the head's top speed as long as it has power",
        _driven(_runs_away),
    ),
    Kind("generator_stuck", "drive", "the step generator makes no step", _rate(0, 1)),
    Kind("generator_double", "drive", "the step generator runs at twice its rate", _rate(2, 1)),
    Kind("generator_half", "drive", "the step generator runs at half its rate", _rate(1, 2)),
    Kind("rate_flipped", "drive", "a bit of the rate flips on its way, for one tick", _flips("step_rate_mhz"), (
        bit(21),
    ), lasts=False),
    Kind("lease_flipped", "drive", "a bit of the lease's end flips on its way, for one tick", _flips("step_end"), (
        bit(20),
    ), lasts=False),
    Kind("enable_stuck", "drive", "the enable line stays on: a shut gate is never re-armed", _line("enable", 1)),
    Kind("relay_welded", "drive", "the relay stays shut: motor power cannot be cut", _line("relay", 1)),
    Kind("relay_open", "drive", "the relay stays open: the motor has no power", _line("relay", 0)),
    Kind("gate_dead", "drive", "the hardware gate acts on nothing", _disturbed("gate_dead", "gate_works")),
    Kind("gate_stuck_shut", "drive", "the hardware gate stays shut", _disturbed("gate_jams", "gate_frees")),
)  # fmt: skip

"""Evidence that the plant is one closed form: a jump and single ticks give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from hal import ports
from hal.compat import MASK
from simulator.plant import Plant, PlantConfig
from tools.claims.registry import Outcome, Report, claim

TICK_MS = 100
_FAR_STEPS = 1 << 28
_ARGUMENTS: dict[str, dict[str, float]] = {
    "air": {"ul": 700.0, "away_ul": 20.0},
    "temperature": {"dc": 310},
    "reservoir": {"ul": 900.0},
}
_DISTURBANCES = (
    "occlude_downstream", "occlude_upstream", "clear_occlusion", "air", "door_open", "door_close", "clamp_open",
    "clamp_close", "plunger_off", "plunger_on", "mains_off", "mains_on", "temperature", "free_flow_on",
    "free_flow_off", "motor_stall_on", "motor_stall_off", "reservoir", "stop_held", "stop_released",
)  # fmt: skip


class Move(NamedTuple):
    """At `ms`: a drive (rate, absolute end, enable, relay) or, by name, a disturbance."""

    ms: int
    name: str
    rate_mhz: int = 0
    lease_steps: int = 0
    enable: int = 0
    relay: int = 0


def history(random: Random, moves: int = 12) -> list[Move]:
    """A history of `moves` at random ticks: leases reached and not, both directions, every disturbance."""
    ms = 0
    made = []
    for _ in range(moves):
        ms += TICK_MS * random.choice((1, 2, 7, 30, 300, 2_000))
        if random.random() < 0.55:
            rate = random.choice((0, 30, 800, 40_000, 700_000, 5_333_333, -40_000))
            lease = random.choice((0, 3, 1_000, _FAR_STEPS)) * (-1 if rate < 0 else 1)
            made.append(Move(ms, "drive", rate, lease, int(random.random() < 0.9), int(random.random() < 0.95)))
        else:
            made.append(Move(ms, random.choice(_DISTURBANCES)))
    return made


def truths(plant: Any, ms: int) -> tuple[Any, ...]:
    """Everything that can be asked of a plant at `ms`."""
    return (
        plant.generator.micro(ms), plant.encoder(ms), plant.delivered_ul(ms), plant.pumped_ul(ms),
        plant.siphoned_ul(ms), plant.down_mmhg(ms), plant.up_mmhg(ms), plant.flow_ul_h(ms), plant.reservoir_ul(ms),
        plant.drips(ms), plant.air_at_detector(ms), plant.gate_is_shut(ms), plant.battery_permille(ms),
    )  # fmt: skip


def replay(plant: Any, moves: list[Move], until_ms: int, ticking: bool) -> list[tuple[Any, ...]]:
    """Play `moves`; with `ticking` look at every tick and renew the lease in force, else jump.

    Returns the truths just before each move and at the end.
    """
    seen = []
    last: tuple[int, int, int, int] | None = None
    now = 0
    for move in [*moves, Move(until_ms, "")]:
        if ticking:
            for ms in range(now + TICK_MS, move.ms, TICK_MS):
                truths(plant, ms)
                if last is not None:
                    plant.drive(ms, *last)
        now = move.ms
        seen.append(truths(plant, now))
        if move.name == "drive":
            end = (plant.generator.count(now) + move.lease_steps) & MASK
            last = (move.rate_mhz, end, move.enable, move.relay)
            plant.drive(now, *last)
        elif move.name:
            plant.disturb(move.name, now, **_ARGUMENTS.get(move.name, {}))
            last = None if plant.gate_is_shut(now) else last
    return seen


def first_difference(make: Callable[[PlantConfig, int], Any], seed: int) -> str | None:
    """None where a jump and ticks agree bit for bit on the history of `seed`, else where they part."""
    random = Random(seed)
    head = random.choice((ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC))
    config = PlantConfig(head=head, syringe=random.randrange(1, 6), reservoir_ul=random.choice((60.0, 5_000.0, 5e5)))
    moves = history(random)
    until = moves[-1].ms + random.choice((100, 60_000))
    jumped = replay(make(config, seed), moves, until, ticking=False)
    ticked = replay(make(config, seed), moves, until, ticking=True)
    for place, (one, other) in enumerate(zip(jumped, ticked, strict=True)):
        if one != other:
            return f"seed {seed}, before move {place}: {one} by a jump, {other} by ticks"
    return None


class StepByStep(Plant):
    """A mutant: the plant is carried on from wherever it was last looked at."""

    def delivered_ul(self, ms: int) -> float:
        """The truth, and the closed form starts anew here."""
        self._event(ms)
        self.generator.change(ms, self._wanted_mhz)
        self._plan()
        return super().delivered_ul(ms)


class RenewalIsAnEvent(Plant):
    """A mutant: a lease renewed in time restarts the closed form."""

    def drive(self, ms: int, rate_mhz: int, end: int, enable: int, relay: int) -> None:
        """Every drive is an event."""
        self._event(ms)
        self.generator.change(ms, self._wanted_mhz)
        self._plan()
        super().drive(ms, rate_mhz, end, enable, relay)


@claim(
    "plant-closed-form",
    "A state of the plant reached by one jump and by single ticks, its lease renewed at each, is equal bit for bit.",
    mutants={"carried on from look to look": lambda: StepByStep, "renewal is an event": lambda: RenewalIsAnEvent},
)
def plant_closed_form(deep: bool, subject: Any, report: Report) -> Outcome:
    """Random histories of drives and disturbances on both heads, every truth compared."""
    make = subject or Plant
    count = 2_000 if deep else 25
    parted: list[str] = []
    for seed in range(count):
        difference = first_difference(make, seed)
        if difference:
            parted.append(difference)
        report(seed + 1, count)
    figure = f"{count:,} histories, {len(parted)} differ"
    return Outcome(not parted, figure, {"histories": count, "differ": parted[:5]})

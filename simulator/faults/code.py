"""Faults of the firmware's code: a partition that raises, floods, hangs, or computes wrongly.

Comms that misbehaves is another comms, made by the same supervisor as the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firmware.therapy.tables import EV_HOSTILE
from simulator.devices.parts import PartitionHangs
from simulator.faults import wrong
from simulator.faults.kind import Apply, Kind, Parameter, Undo, Values
from simulator.faults.memory import controller, guardian
from simulator.standins.comms import MISBEHAVIOURS, maker

if TYPE_CHECKING:
    from simulator.world import World

Post = Callable[[int], Any]
_KIB = 1024
_HEAP_KIB = 128


def _becomes(part: Callable[[World], Any], mind: type) -> Apply:
    """A part of therapy gets another mind: a class with the same slots."""
    return lambda world, values: world.faults.layers.set(part(world), "__class__", mind)


def _dosing(mind: type) -> Apply:
    return _becomes(lambda world: controller(world).dose.dosing, mind)


def _gatekeeper(first: Callable[[Post, Values], None]) -> Apply:
    def apply(world: World, values: Values) -> Undo:
        app = world.home.app  # type: ignore[attr-defined]
        to = wrong.WrongGatekeeper(app.gatekeeper, lambda post: first(post, values))
        return world.faults.layers.set(app, "gatekeeper", to)

    return apply


def _raises(post: Post, values: Values) -> None:
    raise wrong.CodeFault("the gatekeeper is broken on purpose")


def _floods(post: Post, values: Values) -> None:
    for _ in range(values["count"]):
        post(EV_HOSTILE)


def _posts(post: Post, values: Values) -> None:
    post(values["event"])


class Means:
    """What misbehaving comms needs of the world it is in."""

    def __init__(self, world: World) -> None:
        self._world = world

    def hang(self) -> None:
        """Never come back."""
        raise PartitionHangs

    def block(self, ms: int) -> None:
        """Stay in one call for so long; nothing else runs."""
        self._world.clock.advance(ms)

    def fill(self, held: list[bytes]) -> None:
        """Take memory until there is none."""
        if len(held) >= _HEAP_KIB:
            raise MemoryError("the heap is full")
        held.append(bytes(_KIB))


def _comms(kind: type) -> Apply:
    """The supervisor drops what it has and makes one of these, again and again."""

    def apply(world: World, values: Values) -> Undo:
        supervisor = world.home.app.supervisor  # type: ignore[attr-defined]
        undo = world.faults.layers.set(supervisor, "_make", maker(kind, Means(world)))
        supervisor.drop()

        def right() -> None:
            undo()
            supervisor.drop()

        return right

    return apply


def _code(name: str, where: str, says: str, apply: Apply, parameters: tuple[Parameter, ...] = ()) -> Kind:
    return Kind(name, where, says, apply, parameters, firmware=True)


KINDS = (
    _code("dosing_doubles", "dosing", "dosing asks for twice the rate", _dosing(wrong.DoublingDosing)),
    _code("dosing_freezes", "dosing", "dosing asks for what it asked last", _dosing(wrong.FreezingDosing)),
    _code("dosing_reverses", "dosing", "dosing drives backwards", _dosing(wrong.ReversingDosing)),
    _code("dosing_jitters", "dosing", "dosing asks for the rate and for three times the rate by turns", _dosing(
        wrong.JitteringDosing
    )),
    _code("tick_raises", "tick", "an exception in every tick", _becomes(
        lambda world: controller(world).interlocks, wrong.RaisingInterlocks
    )),
    _code("guardian_blind", "guardian", "it sees nothing and bounds nothing", _becomes(guardian, wrong.BlindGuardian)),
    _code("guardian_raises", "guardian", "it raises where it looks", _becomes(guardian, wrong.RaisingGuardian)),
    _code("gatekeeper_raises", "gatekeeper", "the gatekeeper raises at each turn", _gatekeeper(_raises)),
    _code("gatekeeper_floods", "gatekeeper", "the gatekeeper fills its mailbox at each turn", _gatekeeper(_floods), (
        Parameter("count", "", 100, 1, 10_000, "how many posts"),
    )),
    _code("gatekeeper_posts_none", "gatekeeper", "it posts an event that there is not", _gatekeeper(_posts), (
        Parameter("event", "", 200, 7, 255, "its number"),
    )),
    *(
        _code("comms_" + words.replace(" ", "_"), "comms", f"comms {words}", _comms(kind))
        for words, kind in MISBEHAVIOURS
    ),
)  # fmt: skip

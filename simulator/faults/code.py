"""Faults of the firmware's code: a partition that raises, floods, hangs, or computes wrongly.

Comms misbehaves by way of the link, whose driver runs in its partition: what the link raises or
how long it takes is what comms raises and takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firmware.therapy.tables import EV_HOSTILE
from simulator.devices.parts import PartitionHangs
from simulator.faults import wrong
from simulator.faults.kind import Apply, Kind, Parameter, Undo, Values
from simulator.faults.memory import controller
from simulator.faults.parts import set_

if TYPE_CHECKING:
    from simulator.world import World

Post = Callable[[int], Any]
_KIB = 1024


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


def _comms(behave: Callable[[World, Values], Callable[[bytearray], int]]) -> Apply:
    return set_(lambda world: world.board.link, "source", behave)


def _comms_raises(world: World, values: Values) -> Callable[[bytearray], int]:
    def raise_(into: bytearray) -> int:
        raise wrong.CodeFault("comms is broken on purpose")

    return raise_


def _comms_hangs(world: World, values: Values) -> Callable[[bytearray], int]:
    def hang(into: bytearray) -> int:
        raise PartitionHangs

    return hang


def _comms_blocks(world: World, values: Values) -> Callable[[bytearray], int]:
    calls = [0]

    def block(into: bytearray) -> int:
        if calls[0] % values["each"] == 0:
            world.clock.advance(values["last"])
        calls[0] += 1
        return 0

    return block


def _comms_leaks(world: World, values: Values) -> Callable[[bytearray], int]:
    leaked: list[bytes] = []

    def leak(into: bytearray) -> int:
        leaked.append(bytes(values["kib"] * _KIB))
        if len(leaked) * values["kib"] >= values["heap"]:
            leaked.clear()
            raise MemoryError("the heap of comms is full")
        return 0

    return leak


def _comms_floods(world: World, values: Values) -> Callable[[bytearray], int]:
    """Fill the inbox by itself, whatever the link brings, over and over."""

    def flood(into: bytearray) -> int:
        inbox = world.home.app.inbox  # type: ignore[attr-defined]
        junk = bytes(len(into))
        while inbox.room() >= len(junk):
            inbox.put(junk, len(junk))
        into[:] = junk
        return len(into)

    return flood


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
    _code("gatekeeper_raises", "gatekeeper", "the gatekeeper raises at each turn", _gatekeeper(_raises)),
    _code("gatekeeper_floods", "gatekeeper", "the gatekeeper fills its mailbox at each turn", _gatekeeper(_floods), (
        Parameter("count", "", 100, 1, 10_000, "how many posts"),
    )),
    _code("gatekeeper_posts_none", "gatekeeper", "it posts an event that there is not", _gatekeeper(_posts), (
        Parameter("event", "", 200, 7, 255, "its number"),
    )),
    _code("comms_raises", "comms", "comms raises at each poll", _comms(_comms_raises)),
    _code("comms_hangs", "comms", "comms never comes back", _comms(_comms_hangs)),
    _code("comms_floods", "comms", "comms fills its mailbox at each poll", _comms(_comms_floods)),
    _code("comms_leaks", "comms", "comms keeps memory until its heap is full", _comms(_comms_leaks), (
        Parameter("kib", "", 4, 1, 64, "KiB each poll"), Parameter("heap", "", 128, 1, 4_096, "KiB of heap"),
    )),
    _code("comms_blocks", "comms", "comms stays in a call that nothing interrupts", _comms(_comms_blocks), (
        Parameter("last", "ms", 2_000, 1, 60_000, "how long"),
        Parameter("each", "", 100, 1, 100_000, "once in so many polls"),
    )),
)  # fmt: skip

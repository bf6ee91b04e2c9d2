"""Strikes a running World with faults of the catalogue, and ends them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.faults.catalogue import KINDS, kind_of
from simulator.faults.kind import Kind, Layers, Undo
from simulator.files.timeline import Event
from simulator.files.yaml_source import Refusal, did_you_mean, shown
from simulator.homes.base import HomeError

if TYPE_CHECKING:
    from simulator.world import World


def _nothing() -> None:
    """There is no firmware, so nothing to be set right."""


class Injector:
    """The faults of one World. `active` holds those that last, by name, with their parameters.

    Memory and code are those of the firmware that runs: a reset makes both anew, so what had
    struck memory is gone, and broken code is as broken as before.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._undo: dict[str, Undo] = {}
        self._tokens: dict[str, tuple[int, ...]] = {}
        self.layers = Layers()
        self.active: dict[str, dict[str, Any]] = {}

    def inject(self, name: str, given: Mapping[str, Any] | None = None) -> None:
        """Strike now. A fault that is there already is struck anew, with these parameters.

        Raises Refusal (a ValueError) for a name or a parameter that does not fit, HomeError for
        a fault of memory or code in a home that lets nobody reach in.
        """
        kind = kind_of(name)
        values = kind.values(given or {})
        self.check(kind)
        if name in self.active:
            self.clear(name)
        self._tokens.pop(name, None)
        undo = _nothing if kind.firmware and self._world.is_dark else kind.apply(self._world, values)
        if undo is not None and kind.lasts:
            self._undo[name] = undo
            self.active[name] = values

    def clear(self, name: str) -> None:
        """End a fault that lasts. Refusal where it is not there."""
        if name not in self.active:
            there = did_you_mean(name, self.active) if self.active else "no fault is there"
            raise Refusal(f"the fault {shown(name)} is not there to be cleared", there)
        del self.active[name]
        self._undo.pop(name)()

    def clear_all(self) -> None:
        """End whatever lasts, the newest first."""
        for name in reversed(list(self.active)):
            self.clear(name)

    def carry_out(self, event: Event) -> None:
        """What a programme's list says. A strike is ended by its own end alone: a later one may have come."""
        if event.verb == "inject":
            self.inject(event.fault, event.parameters)
            self._tokens[event.fault] = event.token
        elif event.fault in self.active and self._tokens.get(event.fault) == event.token:
            self.clear(event.fault)

    def check_all(self, events: list[Event]) -> None:
        """HomeError where one of a programme's faults is not to be had in this home."""
        for event in events:
            self.check(KINDS[event.fault])

    def check(self, kind: Kind) -> None:
        """HomeError where this home cannot have the fault."""
        if kind.firmware and not self._world.is_dark and not hasattr(self._world.home, "app"):
            raise HomeError(f"the fault {kind.name} reaches into the firmware; use home cpython")

    def after_reset(self) -> None:
        """The firmware was built anew: break again the code that is broken."""
        for name in [name for name in self.active if KINDS[name].firmware]:
            self.check(KINDS[name])
            self._undo[name] = KINDS[name].apply(self._world, self.active[name]) or _nothing

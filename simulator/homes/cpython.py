"""Home 1: the firmware in this very process, straight on the simulated board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.app import App
from firmware.main import gatekeeper_for
from hal import ports
from simulator.homes.base import HomeError
from simulator.standins.gatekeeper import ScriptedGatekeeper


def shipped(board: Any) -> App:
    """The firmware as shipped, with the scripted gatekeeper."""
    return App(board, ScriptedGatekeeper())


def provisioned(board: Any) -> App:
    """The firmware as it runs on a device: its gatekeeper judges by the store's credentials and keeps the audit."""
    return App(board, gatekeeper_for(board))


class CPythonHome:
    """The fastest home. `app` is the firmware itself, for whoever must reach in: faults of memory and code."""

    def __init__(self, make_app: Callable[[Any], Any] | None = None) -> None:
        self._make_app = shipped if make_app is None else make_app
        self.app: Any = None
        self.drive = ports.Drive()
        self.status = ports.Status()

    def boot(self, board: Any) -> None:
        """Build the firmware on `board`."""
        self.app = app = self._make_app(board)
        self.drive = app.drive
        self.status = app.controller.status
        self.step = app.step  # type: ignore[method-assign]

    def step(self) -> None:
        """Not booted: there is nothing to step."""
        raise HomeError("the home is not booted; call boot(board) first")

    def hang(self) -> None:
        """The main loop never comes back from comms: the timer's turns go on without it."""
        self.step = self.app.turn  # type: ignore[method-assign]

    def close(self) -> None:
        """Nothing outlives the object."""

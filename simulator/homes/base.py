"""What a home is: one booted firmware, stepped one turn at a time."""

from __future__ import annotations

from typing import Any, Protocol

from hal import ports


class HomeError(RuntimeError):
    """A home cannot be had, or the firmware in it is gone. The text says what to do."""


class LinkLost(HomeError):
    """The far end answers no more, for whatever reason. The world can go on without it."""


class Home(Protocol):
    """The firmware somewhere. `drive` and `status` hold what the last turn left."""

    @property
    def drive(self) -> ports.Drive:
        """What the pump asks of its motor."""

    @property
    def status(self) -> ports.Status:
        """What the pump shows."""

    def boot(self, board: Any) -> None:
        """Start the firmware on `board`, which matches hal.ports.Board."""

    def step(self) -> None:
        """Let the firmware take one turn; HomeError where it is gone."""

    def close(self) -> None:
        """End the firmware and whatever runs it. May be called twice."""


class Dark:
    """No firmware: the pump has no power, or has not booted yet. It shows nothing and asks nothing of the motor."""

    def __init__(self) -> None:
        self.drive = ports.Drive()
        self.status = ports.Status()

    def boot(self, board: Any) -> None:
        """Never: another home is opened instead."""
        raise HomeError("a dark pump does not boot; open a home")

    def step(self) -> None:
        """Nothing steps."""
        raise HomeError("the pump is dark")

    def close(self) -> None:
        """There is nothing to end."""

"""What a home is: one booted firmware, stepped one turn at a time."""

from __future__ import annotations

from typing import Any, Protocol

from hal import ports


class HomeError(RuntimeError):
    """A home cannot be had, or the firmware in it is gone. The text says what to do."""


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

"""A pump as a roll-out reaches it: requests that are answered, and what the pump says of its update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from simulator.gateway.views import Staged
from simulator.trust_client import Fact


@dataclass(frozen=True)
class Standing:
    """An UPDATE fact: how an update stands (firmware/update/updater.py), why the last one was refused or given up,
    the number of what is on its way, how the pump was booted (firmware/update/booted.py), and what it runs.
    """

    state: int
    reason: int
    number: int
    mode: int
    runs: int

    @classmethod
    def of(cls, fact: Fact) -> Standing:
        """What an UPDATE fact says."""
        return cls(*(fact.body[key] for key in range(1, 6)))


class Line(Protocol):
    """One pump. Time is the line's own: a ward's virtual time, or the wall's."""

    pump_id: str

    async def ask(self, kind: int, arguments: dict[int, Any]) -> int | None:
        """Make a request; the code of the answer (firmware/trust/verdict.py), None where none came."""

    async def wait(self, seconds: float) -> None:
        """Let so much time pass."""

    def now_s(self) -> float:
        """Seconds since some moment; they never go back."""

    @property
    def staged(self) -> Staged | None:
        """What was announced to the pump and how far it has come; None before it was told."""

    @property
    def standing(self) -> Standing | None:
        """What the pump said of updates last; None before it did."""

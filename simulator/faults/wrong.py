"""Parts of therapy that are wrong on purpose: same slots, same name for everything, another mind.

A part becomes one of these where it stands, memory and all, as if its code had gone bad.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy.dosing import Dosing
from firmware.therapy.guardian import Guardian
from firmware.therapy.interlocks import Interlocks
from hal import ports


class CodeFault(RuntimeError):
    """What a partition raises that is broken on purpose."""


class DoublingDosing(Dosing):
    """Commands and drives twice what it is asked for."""

    __slots__ = ()

    def add(self, units: int) -> None:
        super().add(units)
        super().add(units)

    def drive(self, drive: ports.Drive, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, 2 * rate_ul_h, 2 * lease, count)


class FreezingDosing(Dosing):
    """Drives as it did last, and counts nothing any more."""

    __slots__ = ()

    def add(self, units: int) -> None:
        return

    def drive(self, drive: ports.Drive, rate_ul_h: int, lease: int, count: int) -> None:
        return


class ReversingDosing(Dosing):
    """Drives backwards."""

    __slots__ = ()

    def drive(self, drive: ports.Drive, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, rate_ul_h, lease, count)
        drive.step_rate_mhz = -drive.step_rate_mhz
        drive.step_end = 2 * count - drive.step_end & 0x3FFFFFFF


class JitteringDosing(Dosing):
    """Drives at three times the rate and not at all by turns of the lease's own count."""

    __slots__ = ()

    def add(self, units: int) -> None:
        for _ in range(3 if self.steps & 64 else 1):
            super().add(units)

    def drive(self, drive: ports.Drive, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, 3 * rate_ul_h if self.steps & 64 else rate_ul_h, lease, count)


class RaisingInterlocks(Interlocks):
    """Raises in every tick."""

    __slots__ = ()

    def check(self, r: ports.Readings, moved: int, elapsed_ms: int) -> int:
        raise CodeFault("the tick is broken on purpose")


class BlindGuardian(Guardian):
    """Sees nothing and bounds nothing."""

    __slots__ = ()

    def watch(self, now_ms: int, r: ports.Readings, drive: ports.Drive, controller: Any) -> None:
        return


class RaisingGuardian(Guardian):
    """Raises where it looks."""

    __slots__ = ()

    def _watch(self, now_ms: int, r: ports.Readings, drive: ports.Drive, controller: Any) -> None:
        raise CodeFault("the guardian is broken on purpose")


class WrongGatekeeper:
    """Stands before a gatekeeper and does `first(post)` at each turn."""

    def __init__(self, inner: Any, first: Callable[[Callable[[int], Any]], None]) -> None:
        self.inner = inner
        self._first = first

    def step(self, inbox: Any, facts: Any, readings: ports.Readings, post: Callable[[int], Any]) -> None:
        """Misbehave, then let the right one do its work."""
        self._first(post)
        self.inner.step(inbox, facts, readings, post)

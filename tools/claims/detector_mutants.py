"""Mutants for the claim on detectors: each leaves out or overdoes what one detector is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.app import App
from firmware.therapy import tables as t
from firmware.therapy.detectors import Detectors
from firmware.therapy.flow import FlowWatch
from firmware.therapy.plausible import Plausible
from firmware.therapy.selfcheck import DOUBT, NONE, Frame
from firmware.therapy.sequence import Sequence
from firmware.trust.memory import MemoryWatch
from tools.claims.detector_cases import Weaken


class Blind(Frame):
    """A mutant: the frame looks at nothing."""

    __slots__ = ()

    def tick(self) -> int:
        return NONE


class Trusting(Detectors):
    """A mutant: states are believed, and late ticks are not told."""

    __slots__ = ()

    def tick(self, r: Any, moved: int, elapsed: int) -> int:
        if self.plausible.tick(r, moved, elapsed):
            return DOUBT
        return self._all() if self._delivery.state == t.ST_SELF_TEST else self.frame.tick()


class Jumpy(Plausible):
    """A mutant: one odd reading is enough."""

    __slots__ = ()

    def tick(self, r: Any, moved: int, elapsed: int) -> bool:
        super().tick(r, moved, elapsed)
        return self._odd_ticks > 0


class Deaf(FlowWatch):
    """A mutant: sensed flow is not compared."""

    __slots__ = ()

    def _fluid(self, counted: int, apart: int) -> None:
        return


class Nervous(FlowWatch):
    """A mutant: noise is taken for flow."""

    __slots__ = ()

    def _judge(self, state: int, seconds: int, bolus: int, behind: int, uncounted: bool) -> None:
        self.over *= 8
        super()._judge(state, seconds, bolus, behind, uncounted)


class Forgetful(Sequence):
    """A mutant: no start is remembered."""

    __slots__ = ()

    def started(self) -> None:
        return


class Careless(MemoryWatch):
    """A mutant: memory is never looked at."""

    __slots__ = ()

    def look(self, now_ms: int) -> None:
        return


def becomes(path: str, mutant: type) -> Callable[[], Weaken]:
    """A mutant: the part of the app at `path` is of class `mutant` (same slots)."""

    def weaken(app: App) -> None:
        part: Any = app
        for name in path.split("."):
            part = getattr(part, name)
        part.__class__ = mutant

    return lambda: weaken

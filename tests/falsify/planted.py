"""A pump with a narrow weakness: for two seconds after somebody logs in it takes what it has seen before."""

from __future__ import annotations

from typing import Any

from firmware.app import App
from firmware.trust import verdict as v
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.session import Counters, Session
from hal.compat import ticks_diff

OPEN_MS = 2_000

# A replay some seconds after the ask; a second person logs in meanwhile. Nominally the copy comes before that.
SCENARIO = """\
kvo: scenario/1
name: planted
title: A copy of a titration, while another person takes over
programme: norepinephrine-8h
people:
  nurse: {number: 7, role: nurse}
  physician: {number: 8, role: physician}
duration: 2 min 30 s
timeline:
  - {at: 1 min, do: ask, who: physician, dose: 0.2 ug/kg/min}
  - {at: 1 min 2 s, do: press, key: cancel}
  - {at: 1 min 3 s, do: log_in, who: physician, note: takes over}
  - {at: 1 min 20 s, do: replay, request: titrate}
properties:
  - name: replay-refused
    kind: security
    says: no copy is accepted
    formula: always (hostile_accepted < 1)
  - name: rate-stays
    kind: safety
    says: nobody's rate but the prescribed one
    from: 30 s
    formula: always (rate < 7 mL/h)
attack: {positions: [on-path], control: counter, property: replay-refused}
vary:
  - {do: replay, at: [1 min 1 s, 2 min 25 s]}
"""


class _Forgets(Counters):  # type: ignore[misc]
    """Takes anything while it is open."""

    __slots__ = ("is_open",)

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False

    def take(self, operator: int, counter: int, digest: bytes) -> int:
        code: int = super().take(operator, counter, digest)
        return v.OK if self.is_open else code


class _TakesOver(App):  # type: ignore[misc]
    """Opens the counters for a while whenever another person is logged in."""

    def turn(self, *_: Any) -> None:
        App.turn(self)
        counters, now_ms = self.gatekeeper.session.counters, self.board.clock.ticks_ms()
        operator = self.controller.status.operator
        if operator != getattr(self, "_operator", operator):
            self._opened_ms = now_ms
        self._operator = operator
        opened_ms = getattr(self, "_opened_ms", None)
        counters.is_open = opened_ms is not None and ticks_diff(now_ms, opened_ms) < OPEN_MS


def weak(board: Any) -> Any:
    """The pump with the weakness."""
    gatekeeper = Gatekeeper(board)
    gatekeeper.session = Session()
    gatekeeper.session.counters = _Forgets()
    return _TakesOver(board, gatekeeper)

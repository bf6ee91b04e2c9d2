"""Gatekeepers with a fault for the fuzzer to find: what tools/claims/forgery_mutants.py has, and slips of a parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.trust import verdict as v
from firmware.trust.cbor import decode
from firmware.trust.gatekeeper import MAX_REQUEST, Gatekeeper
from firmware.trust.reader import Reader
from firmware.trust.request import Request
from firmware.trust.session import Counters, Session
from tools.claims.forgery_mutants import MUTANTS

Make = Callable[[Any, Any], Any]


class KidLeaks(Request):
    """Takes a key id's parts before it looks what it is."""

    __slots__ = ()

    def _open_kid(self, pump_id: bytes) -> int:
        parts = decode(self.kid)
        return v.REFUSED_WRONG_PUMP if parts[0] != pump_id else super()._open_kid(pump_id)


class ReservesFrames(Reader):
    """Makes room for whatever length is announced."""

    __slots__ = ("_room",)

    def _begin(self) -> int:
        self._room = bytearray(self._head << 4)
        return int(super()._begin())


class StopsAtEmpty(Reader):
    """Waits for the first byte of a message that has none."""

    __slots__ = ()

    def _begin(self) -> int:
        return 0 if not self._head else int(super()._begin())

    def take(self, ring: Any, now_ms: int, most: int) -> int:
        if self._heads == 2 and not self._head:
            return 0
        return int(super().take(ring, now_ms, most))


class UsesUpWhatIsGood(Counters):
    """A counter that came late may come again."""

    __slots__ = ()

    def take(self, operator: int, counter: int, digest: bytes) -> int:
        place = self._place(operator)
        if place < 0 or counter > self._highest[place]:
            return int(super().take(operator, counter, digest))
        behind = self._highest[place] - counter
        return v.REFUSED_REORDERED if behind else v.REFUSED_DUPLICATED


class LooksLong(Request):
    """Looks at each byte of a message as often as there are bytes."""

    __slots__ = ()

    def open(self, data: bytes, pump_id: bytes) -> int:
        for _ in range(len(data)):
            for _ in data:
                pass
        return int(super().open(data, pump_id))


def _reads(kind: type[Reader]) -> Make:
    def make(board: Any, audit: Any) -> Any:
        made = Gatekeeper(board, audit)
        made._reader = kind(MAX_REQUEST, board.clock.ticks_ms())
        return made

    return make


def _opens(kind: type[Request]) -> Make:
    def make(board: Any, audit: Any) -> Any:
        made = Gatekeeper(board, audit)
        made.make_request = kind
        return made

    return make


def _counts(kind: type[Counters]) -> Make:
    def make(board: Any, audit: Any) -> Any:
        made = Gatekeeper(board, audit)
        made.session = Session()
        made.session.counters = kind()
        return made

    return make


_FORGERS = (
    "the MAC is not checked", "one byte of the MAC is checked", "nobody is revoked", "shifts do not end",
    "requests do not expire", "a counter without a window", "the challenge is not looked at", "no role table",
    "one person is two", "an approval is of anything", "arguments are not held against the kind",
    "messages of any length",
)  # fmt: skip
MAKERS: dict[str, Make] = {
    **{name: MUTANTS[name].make for name in _FORGERS},
    "a key id that leaks an exception": _opens(KidLeaks),
    "memory for what a frame says": _reads(ReservesFrames),
    "a message of no length is waited for": _reads(StopsAtEmpty),
    "a late counter is not used up": _counts(UsesUpWhatIsGood),
    "work that grows with the square": _opens(LooksLong),
}

"""The rules of docs/requests.md once more, plainly, for a fuzzer to hold the gatekeeper against.

It shares with the gatekeeper the CBOR decoder, which is a target of its own, and the table of kinds, which has tests of
its own. A message that somebody who has the key made is judged to its very code; whatever else is sent is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.therapy import tables as t
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.cbor import Refused, decode

NOBODYS = frozenset(
    (v.REFUSED_OVERSIZE, v.REFUSED_MALFORMED, v.REFUSED_NO_MAC, v.REFUSED_WRONG_MAC, v.REFUSED_WRONG_PUMP,
     v.REFUSED_WRONG_OPERATOR)
)  # fmt: skip
THERAPYS = frozenset((v.OK, v.REFUSED_STATE, v.REFUSED_BUSY))  # what therapy or the store may make of a good request
_WORD = 0xFFFFFFFF
_ENTRY = 0x3FFFFFFF
_NUMBER = 0x7FFFFFFF
_SERVICE = 6
_SESSION_OPERATORS = 16
_WINDOW = 32
_CHALLENGE = 16
_TITRATION = 22


@dataclass(frozen=True)
class Made:
    """A message that was made with the key it names: by whom, and over what."""

    operator: int
    role: int
    epoch: int
    not_after_s: int
    payload: bytes
    pump_id: bytes


def is_number(value: Any, most: int, least: int = 0) -> bool:
    """Whether it is an integer in a range; True is none."""
    return type(value) is int and least <= value <= most


def _are_fields(arguments: dict[Any, Any]) -> bool:
    steps = arguments.get(0, [[0, 0]])
    rest = {field: value for field, value in arguments.items() if field != 0}
    return (
        bool(arguments) and isinstance(steps, list) and 1 <= len(steps) <= 12
        and all(isinstance(one, list) and len(one) == 2 and all(is_number(n, _ENTRY) for n in one) for one in steps)
        and all(is_number(field, 63) and is_number(value, _ENTRY) for field, value in rest.items())
    )  # fmt: skip


def _one(key: int, fits: Callable[[Any], bool]) -> Callable[[dict[Any, Any]], bool]:
    return lambda arguments: list(arguments) == [key] and fits(arguments[key])


def _pair(shortest: int, longest: int) -> Callable[[dict[Any, Any]], bool]:
    """A number of bytes, and so many bytes."""
    return lambda arguments: (
        list(arguments) == [1, 2] and is_number(arguments[1], _ENTRY) and isinstance(arguments[2], bytes)
        and shortest <= len(arguments[2]) <= longest
    )  # fmt: skip


FORMS: dict[int, Callable[[dict[Any, Any]], bool]] = {
    r.ARG_NONE: lambda arguments: not arguments,
    r.ARG_FIELDS: _are_fields,
    r.ARG_DOSE: _one(_TITRATION, lambda value: is_number(value, _ENTRY)),
    r.ARG_DIGEST: _one(1, lambda value: isinstance(value, bytes) and len(value) == 16),
    r.ARG_COUNT: _one(1, lambda value: is_number(value, _NUMBER)),
    r.ARG_OPERATOR: _one(1, lambda value: is_number(value, _NUMBER, 1)),
    r.ARG_SECONDS: _one(1, lambda value: is_number(value, 600)),
    r.ARG_STAGE: _pair(32, 32),
    r.ARG_CHUNK: _pair(1, 512),
}


def kinds() -> dict[int, tuple[int, int, int, int]]:
    """Roles as bits, seconds, trust states as bits and form of arguments, by kind."""
    rows = [tuple(r.TABLE[place : place + 5]) for place in range(0, len(r.TABLE), 5)]
    return {row[0]: (row[1], row[2] * 10, row[3], row[4]) for row in rows}


@dataclass
class Rules:
    """One pump's: what it knows of sessions, revocations and time."""

    pump_id: bytes
    epoch: int
    revoked: set[int]
    challenge: bytes
    known_s: int  # site time below which none is taken
    told: tuple[int, int] | None  # site time, and the pump second at which it was told
    trust: int = t.TR_NORMAL
    counters: dict[int, tuple[int, set[int], bytes]] = field(default_factory=dict)  # highest, seen, its digest
    waits: tuple[bytes, int] | None = None  # what a second person must approve, and who asked

    def __post_init__(self) -> None:
        self._kinds = kinds()

    def begin_session(self, challenge: bytes) -> None:
        """The pump has told a new challenge."""
        self.challenge = challenge
        self.counters.clear()
        self.waits = None

    def site_s(self, now_s: int) -> int:
        """The site's time, or -1."""
        return -1 if self.told is None else self.told[0] + now_s - self.told[1]

    def judge(self, made: Made, digest: bytes, now_s: int) -> frozenset[int]:
        """The codes that may answer a message, one but where therapy has its say. Uses its counter up."""
        if made.pump_id != self.pump_id:
            return frozenset((v.REFUSED_WRONG_PUMP,))
        if not _there_can_be(made):
            return frozenset((v.REFUSED_WRONG_OPERATOR,))
        try:
            payload = decode(made.payload)
        except Refused:
            payload = None
        if not _is_request(payload):
            return frozenset((v.REFUSED_MALFORMED,))
        code = self._is_fresh(made, payload, digest) or self._is_due(made, payload, now_s)
        return frozenset((code,)) if code else self._effect(made, payload, now_s)

    def _is_fresh(self, made: Made, payload: dict[int, Any], digest: bytes) -> int:
        if made.epoch != self.epoch or made.operator in self.revoked:
            return v.REFUSED_REVOKED
        challenge = payload[2]
        if challenge != self.challenge or not challenge:
            same_boot = challenge[:4] == self.challenge[:4] and self.challenge
            return v.REFUSED_EARLIER_SESSION if same_boot else v.REFUSED_EARLIER_BOOT
        known = self.counters.get(made.operator)
        if known is None:
            if len(self.counters) == _SESSION_OPERATORS:
                return v.REFUSED_EARLIER_SESSION  # there is no room: another session has begun
            self.counters[made.operator] = (payload[3], {payload[3]}, digest)
            return v.OK
        highest, seen, last = known
        counter = payload[3]
        if counter > highest:
            self.counters[made.operator] = (counter, seen | {counter}, digest)
            return v.OK
        if counter == highest and digest == last:
            return v.REFUSED_DUPLICATED
        if counter in seen or highest - counter >= _WINDOW:
            return v.REFUSED_REPLAYED
        seen.add(counter)
        return v.REFUSED_REORDERED

    def _is_due(self, made: Made, payload: dict[int, Any], now_s: int) -> int:
        row = self._kinds.get(payload[1])
        if row is None:
            return v.REFUSED_UNKNOWN_KIND
        may, longest_s, heard, form = row
        if not FORMS[form](payload[5]):
            return v.REFUSED_MALFORMED
        if made.role != _SERVICE:
            if max(self.site_s(now_s), self.known_s) > made.not_after_s:
                return v.REFUSED_SHIFT_OVER
            if self.told is None:
                return v.REFUSED_NO_TIME
        if payload[4] < now_s:
            return v.REFUSED_EXPIRED
        if payload[4] > now_s + longest_s:
            return v.REFUSED_TOO_FAR
        if not may >> made.role & 1:
            return v.REFUSED_FORBIDDEN
        return v.OK if heard >> self.trust & 1 else v.REFUSED_ISOLATED

    def _effect(self, made: Made, payload: dict[int, Any], now_s: int) -> frozenset[int]:
        kind, argument = payload[1], payload[5].get(1)
        if kind == r.KIND_TIME:
            if not max(self.known_s, self.site_s(now_s)) <= argument:
                return frozenset((v.REFUSED_EXPIRED,))
            self.told = (argument, now_s)
            return frozenset((v.OK,))
        if kind == r.KIND_EPOCH:
            if argument < self.epoch:
                return frozenset((v.REFUSED_FORBIDDEN,))
            self.epoch = argument
        elif kind == r.KIND_REVOKE:
            self.revoked.add(argument)
        elif kind == r.KIND_APPROVE:
            if self.waits is None or argument != self.waits[0]:
                return frozenset((v.REFUSED_NOTHING_TO_APPROVE,))
            if made.operator == self.waits[1]:
                return frozenset((v.REFUSED_SAME_PERSON,))
            self.waits = None
            return frozenset((v.OK, v.REFUSED_NOTHING_TO_APPROVE))
        return THERAPYS


def _there_can_be(made: Made) -> bool:
    if made.role == _SERVICE:
        return not made.operator and not made.not_after_s
    return 0 < made.role < _SERVICE and 0 < made.operator <= _NUMBER


def _is_request(payload: Any) -> bool:
    return (
        isinstance(payload, dict) and list(payload) == [1, 2, 3, 4, 5] and is_number(payload[1], _WORD)
        and isinstance(payload[2], bytes) and len(payload[2]) == _CHALLENGE and is_number(payload[3], _WORD)
        and is_number(payload[4], _WORD) and isinstance(payload[5], dict)
    )  # fmt: skip

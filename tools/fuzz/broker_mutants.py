"""Comms with a fault, for a malicious broker and for a fuzzer to find: each function gives a change of one client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.comms import packets

_ENOUGH = 1 << 16  # of a mutant's memory, to be seen

Change = Callable[[Any], None]


class _Unbounded(packets.Inbound):
    """Keeps whatever length is claimed."""

    __slots__ = ()

    def _may_be_so_long(self) -> bool:
        if self.length > len(self.body):
            self.body.extend(bytes(min(self.length, _ENOUGH) - len(self.body)))
        return True


def without_a_bound() -> Change:
    """A mutant: room is made for any length that a packet claims."""

    def change(comms: Any) -> None:
        comms._inbound = _Unbounded()
        comms._body = _Views(comms._inbound)

    return change


class _Views:
    """A body that grows: looked at anew each time."""

    def __init__(self, inbound: Any) -> None:
        self._inbound = inbound

    def __getitem__(self, place: Any) -> Any:
        return bytes(self._inbound.body[place])


def waits_for_ever() -> Change:
    """A mutant: no answer is ever late."""

    def change(comms: Any) -> None:
        comms._is_late = lambda now_ms: False

    return change


def takes_retained() -> Change:
    """A mutant: what is retained counts as fresh."""

    def change(comms: Any) -> None:
        take = comms._take_publish
        comms._take_publish = lambda head: take(head & ~packets.RETAIN)

    return change


def takes_any_case() -> Change:
    """A mutant: a topic is taken whatever its case."""

    def change(comms: Any) -> None:
        take = comms._take_publish

        def lower(head: int) -> bool:
            body = comms._inbound.body
            end = 2 + comms._inbound.short(0)
            body[2:end] = bytes(body[2:end]).lower()
            return take(head)

        comms._take_publish = lower

    return change


def welcomed_at_any_time() -> Change:
    """A mutant: a second welcome is shrugged off."""

    def change(comms: Any) -> None:
        take = comms._take
        comms._take = lambda now_ms: (comms.state > 2 and comms._inbound.head == packets.CONNACK) or take(now_ms)

    return change


def trusts_a_length() -> Change:
    """A mutant: a topic's length is believed past the packet's end."""

    def change(comms: Any) -> None:
        take = comms._take_publish

        def believes(head: int) -> bool:
            comms._inbound.length = max(comms._inbound.length, 80)
            return take(head)

        comms._take_publish = believes

    return change


def reads_all_at_once() -> Change:
    """A mutant: one poll reads for as long as there is something."""

    def change(comms: Any) -> None:
        once = comms._listen
        comms._listen = lambda now_ms: all(once(now_ms) for _ in range(8))

    return change


MUTANTS: dict[str, Callable[[], Change]] = {
    "a parser without a length bound": without_a_bound,
    "no answer is late": waits_for_ever,
    "retained requests are taken": takes_retained,
    "a topic is taken whatever its case": takes_any_case,
    "a welcome at any time": welcomed_at_any_time,
    "a length past the packet's end is believed": trusts_a_length,
    "one poll reads all that there is": reads_all_at_once,
}

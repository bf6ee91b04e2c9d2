"""Adversaries for Python: the classes by position, with what takes time to be awaited.

    thief = pump.adversary("on_path")
    captured = await thief.capture("titrate")
    assert await thief.replay(captured) == "DUPLICATED"
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from firmware.trust import facts as f
from hal.ports import FIELD_TITRATE_MILLI
from simulator.adversary.base import Adversary
from simulator.gateway.words import name_of
from simulator.scenario.requests import KINDS
from simulator.scenario.wire import Passed
from simulator.trust_client import digest_of

Until = Callable[[Callable[[], bool], float], Awaitable[bool]]
ANSWER_S = 30.0


class Awaited:
    """One adversary. Every power of its position is a method of the same name; those below are awaited.

    PowerLacking for a power that its position has not.
    """

    def __init__(self, adversary: Adversary, stage: Any, until: Until) -> None:
        self._adversary = adversary
        self._stage = stage
        self._until = until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adversary, name)

    @property
    def position(self) -> str:
        """Where it is."""
        return self._adversary.position

    @property
    def state(self) -> str:
        """How far it has come: reconnaissance, access, …, strike, then repelled or effect."""
        return self._adversary.state

    async def capture(self, what: str = "any", within_s: float = 3600) -> Passed:
        """The next request of a kind (titrate, pause, stop, status, …) that passes, or the last that has."""
        found: list[Passed] = []

        def passed() -> bool:
            seen = self._adversary.capture(what)
            found[:] = [seen] if seen is not None else []
            return bool(found)

        await self._until(passed, within_s)
        return found[0]

    async def replay(self, captured: Passed) -> str:
        """Send it again, bit for bit, and wait for what it comes to: OK, REPLAYED, EXPIRED, …"""
        return await self._answered(captured.message, lambda: self._adversary.replay(captured))

    async def forge(
        self, who: str, request: str, dose_milli: int | None = None, flaw: str = "made_up_key"
    ) -> str:
        """Send a request in somebody's name with one flaw (simulator.adversary.forger.FLAWS); wait for the answer."""
        arguments = arguments_of(dose_milli)
        message: bytes = self._adversary.forge(who, kind_of(request), arguments, flaw)
        return await answer_to(self._stage, message, self._until)

    async def _answered(self, message: bytes, send: Callable[[], None]) -> str:
        before = len(_acks(self._stage, message))
        send()
        return await answer_to(self._stage, message, self._until, before)


def kind_of(request: str) -> int:
    """KIND_* of a request by its name in scenarios; ValueError for one that there is not."""
    if request not in KINDS:
        raise ValueError(f"there is no request {request!r}; requests: {', '.join(KINDS)}")
    return int(KINDS[request])


def arguments_of(dose_milli: int | None) -> dict[int, Any]:
    """Of a titration, or of what takes none."""
    return {} if dose_milli is None else {FIELD_TITRATE_MILLI: dose_milli}


async def answer_to(stage: Any, message: bytes, until: Until, before: int = 0) -> str:
    """What the pump said to a message, by name; `before`: answers that the same bytes have had already."""
    await until(lambda: len(_acks(stage, message)) > before, ANSWER_S)
    return name_of(_acks(stage, message)[before])


def _acks(stage: Any, message: bytes) -> list[int]:
    digest = digest_of(message)
    return [fact.body[2] for fact in stage.reader.facts if fact.kind == f.ACK and fact.body[1] == digest]

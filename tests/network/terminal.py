"""The other end of a provisioned pump, over aiomqtt: verifies its facts, asks as a person or as the key service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import aiomqtt

from firmware.trust import facts as f
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from firmware.trust.request import CONTEXT, DIGEST
from simulator.site.files import Site
from simulator.site.keyservice import KeyRefused, KeyService, OperatorKey
from tests.network.clients import client

GOOD_FOR_S = 25
PATIENCE_S = 60  # of a machine that has much else to do
ANSWER_S = 2.0  # real time, until it is asked anew


class Far:
    """One machine of the site that speaks with one pump. Facts that do not verify are counted in `refused`."""

    def __init__(self, site: Site, port: int, pump: str, service: KeyService) -> None:
        self.pump = pump
        self.service = service
        self.facts: list[dict[int, Any]] = []
        self.acks: dict[bytes, tuple[int, int]] = {}
        self.refused = self.asked = 0
        self._site, self._port = site, port
        self._one: aiomqtt.Client | None = None
        self._heard = asyncio.Event()
        self._counters: dict[tuple[int, bytes], int] = {}
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Far]:
        """Listen over whatever happens to the broker."""
        self._task = asyncio.create_task(self._listen())
        try:
            await self.until(lambda: self._one is not None, "a connection")
            yield self
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with client(self._site, self._port, self._site.client("terminal-1"), timeout=3) as one:
                    await one.subscribe(f"kvo/{self.pump}/fact/+", qos=1)
                    self._one = one
                    async for message in one.messages:
                        self._take(bytes(message.payload))
            self._one = None
            await asyncio.sleep(0.05)

    def _take(self, data: bytes) -> None:
        try:
            fact = self.service.open_fact(self.pump, data)
        except KeyRefused:
            self.refused += 1
            return
        self.facts.append(fact)
        body = fact[f.BODY]
        if fact[f.KIND] == f.ACK:
            self.acks[body[1]] = body[2], body[3]
        self._heard.set()

    def last(self, kind: int) -> dict[int, Any] | None:
        """The body of the newest fact of a kind."""
        return next((fact[f.BODY] for fact in reversed(self.facts) if fact[f.KIND] == kind), None)

    async def until(self, condition: Callable[[], Any], what: object = "what was waited for") -> Any:
        """Wait until it holds; what it is. TimeoutError, with the last status, where it never does."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := condition()):
                    self._heard.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._heard.wait(), 0.2)
        except TimeoutError:
            raise TimeoutError(f"{what} never came; the last status: {self.last(f.STATUS)}") from None
        return found

    async def status(self, **wanted: int) -> dict[int, Any]:
        """Wait for a status with these values, by name."""

        keys = {"delivery": 1, "trust": 2, "rate": 3, "message": 7, "offered": 8, "operator": 9}

        def is_there() -> dict[int, Any] | None:
            body = self.last(f.STATUS)
            right = body is not None and all(body[keys[name]] == value for name, value in wanted.items())
            return body if right else None
        found: dict[int, Any] = await self.until(is_there, wanted)
        return found

    @property
    def challenge(self) -> bytes:
        """The session's, as the newest HELLO or STATUS tells it."""
        for fact in reversed(self.facts):
            if fact[f.KIND] == f.HELLO:
                return bytes(fact[f.BODY][1])
            if fact[f.KIND] == f.STATUS:
                return bytes(fact[f.BODY][11])
        return b""

    @property
    def pump_s(self) -> int:
        """Pump seconds, as they were told last."""
        return int(self.facts[-1][f.PUMP_S])

    def request(
        self, key: OperatorKey, kind: int, arguments: dict[int, Any] | None = None, *, good_for_s: int = GOOD_FOR_S,
        challenge: bytes | None = None, proof: bytes | None = None,
    ) -> bytes:
        """A person's request; `proof`: another key to make its MAC with."""
        challenge = self.challenge if challenge is None else challenge
        place = key.operator, self.challenge
        self._counters[place] = self._counters.get(place, 0) + 1
        payload = encode({
            1: kind, 2: challenge, 3: self._counters[place], 4: self.pump_s + good_for_s, 5: arguments or {},
        })  # fmt: skip
        made: bytes = make_mac0(payload, MacKey(proof or key.key), {KEY_ID: key.kid}, CONTEXT)
        return made

    async def send(self, make: Callable[[], bytes]) -> tuple[int, int, bytes]:
        """Send what `make` makes, anew until it is answered: code, therapy's message, the digest that was answered."""
        while True:
            message = make()
            digest = sha256(message).digest()[:DIGEST]
            self.asked += 1
            with contextlib.suppress(aiomqtt.MqttError, AttributeError):
                await self._one.publish(f"kvo/{self.pump}/request", message, qos=1)  # type: ignore[union-attr]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.until(lambda name=digest: name in self.acks), ANSWER_S)  # type: ignore[misc]
                    return *self.acks[digest], digest
            await asyncio.sleep(0.05)

    async def ask(self, key: OperatorKey, kind: int, arguments: dict[int, Any] | None = None) -> tuple[int, int, bytes]:
        """A person asks."""
        return await self.send(lambda: self.request(key, kind, arguments))

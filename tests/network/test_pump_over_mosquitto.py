"""The pump's MQTT comms at a real broker with mutual TLS: requests in, facts out, over restarts of the broker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.comms import mqtt
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.leave import Leave
from firmware.trust.mac import MacKey
from firmware.trust.ring import Ring
from hal.host.files import HostEntropy
from hal.host.sockets import SocketLink
from simulator.site.files import Site
from simulator.site.mosquitto import Mosquitto
from tests.network.clients import client, context

ACK = 4
STATUS = 2


class FastClock:
    """The wall's, ten times as fast: back-off and patience of a minute take six seconds."""

    def ticks_ms(self) -> int:
        return int(time.monotonic() * 10_000) & 0x3FFFFFFF


class Pump:
    """A pump's comms and its two mailboxes, with nobody behind them."""

    def __init__(self, site: Site, pump_id: str, port: int, folder: Path | None = None) -> None:
        self.pump_id = pump_id
        self.inbox, self.facts = Ring(256), Ring(256)
        leave = Leave()
        leave.ms = 5000
        self.link = SocketLink("localhost", port, context(folder or site.pump(pump_id), site.ca))
        self.comms: Any = mqtt.MqttMaker(bytes.fromhex(pump_id), FastClock(), HostEntropy()).make(
            self.link, self.inbox, self.facts, leave
        )
        self._key = MacKey(b"no secret")
        self._out = b""
        self._in = b""

    def say(self, kind: int, number: int) -> None:
        """Queue a fact, as the gatekeeper would."""
        payload = encode({1: kind, 2: number, 3: 0, 4: {1: bytes(20)}})
        fact = make_mac0(payload, self._key, {KEY_ID: bytes.fromhex(self.pump_id)}, b"kvo fact 1")
        self._out += len(fact).to_bytes(2, "big") + fact

    def step(self) -> list[bytes]:
        """A poll, and what a gatekeeper would do with the mailboxes: the requests that came whole."""
        self.comms.poll()
        self._out = self._out[self.facts.put(self._out, len(self._out)) :]
        into = bytearray(64)
        count = self.inbox.take(into)
        self._in += bytes(into[:count])
        found = []
        while len(self._in) >= 2 and len(self._in) >= 2 + int.from_bytes(self._in[:2], "big"):
            length = int.from_bytes(self._in[:2], "big")
            found.append(self._in[2 : 2 + length])
            self._in = self._in[2 + length :]
        return found

    def is_idle(self) -> bool:
        """Whether every fact is at the broker."""
        return not self._out and not self.facts.waiting() and not self.comms._outgoing.ready


async def until(pump: Pump, condition: Any, found: list[bytes] | None = None) -> None:
    """Poll until the condition holds; where it never does the test hangs up after a minute."""
    async with asyncio.timeout(60):
        while not condition():
            came = pump.step()
            if found is not None:
                found.extend(came)
            await asyncio.sleep(0.001)


@pytest.fixture
def pump(site: Site, broker: Mosquitto) -> Iterator[Pump]:
    one = Pump(site, site.pumps()[0], broker.port)
    yield one
    one.link.close()


@contextlib.asynccontextmanager
async def gateway(site: Site, port: int) -> AsyncIterator[Any]:
    async with client(site, port, site.client("gateway"), "kvo-gateway") as one:
        await one.subscribe("kvo/+/fact/+", qos=1)
        await one.subscribe("kvo/+/will", qos=1)
        yield one


async def test_requests_come_whole_and_facts_go_by_kind(site: Site, broker: Mosquitto, pump: Pump) -> None:
    sizes = (0, 1, 127, 128, 255, 500, 1024, 1025, 2000)
    found: list[bytes] = []
    async with gateway(site, broker.port) as far:
        await until(pump, lambda: pump.comms.state == mqtt.UP)
        for size in sizes:
            await far.publish(f"kvo/{pump.pump_id}/request", bytes([size & 255]) * size, qos=1)
        pump.say(ACK, 1)
        pump.say(STATUS, 2)
        await until(pump, lambda: len(found) == len(sizes) and pump.is_idle(), found)
        kinds = []
        async with asyncio.timeout(10):
            async for message in far.messages:
                kinds.append((str(message.topic), message.qos))
                if len(kinds) == 2:
                    break
    # What is too long comes one byte longer than the longest, so that it is refused for its length.
    assert [len(one) for one in found] == [min(size, 1025) for size in sizes]
    assert found[:8] == [bytes([size & 255]) * min(size, 1025) for size in sizes[:8]]
    assert kinds == [(f"kvo/{pump.pump_id}/fact/4", 1), (f"kvo/{pump.pump_id}/fact/2", 0)]


async def test_a_hundred_facts_arrive_though_the_broker_is_killed(site: Site, broker: Mosquitto, pump: Pump) -> None:
    heard: list[bytes] = []

    async def listen(far: Any) -> None:
        async for message in far.messages:
            if "/fact/" in str(message.topic):
                heard.append(bytes(message.payload))

    for number in range(100):
        pump.say(ACK, number)
    for stop_at in (40, 80, 100):
        async with gateway(site, broker.port) as far:
            task = asyncio.ensure_future(listen(far))
            await until(pump, lambda at=stop_at: len(set(heard)) >= at)
            if stop_at < 100:
                broker.kill()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        if stop_at < 100:
            await until(pump, lambda: pump.comms.state == mqtt.AWAY)
            broker.start()
    assert len(set(heard)) == 100
    assert pump.comms.connections == 3
    assert pump.comms._outgoing.dropped == 0


async def test_a_hundred_requests_arrive_though_the_broker_is_killed(
    site: Site, broker: Mosquitto, pump: Pump
) -> None:
    """Who asks asks again until there is an answer: no broker keeps a request for a pump that is away."""
    found: list[bytes] = []
    for start in (0, 50):
        async with gateway(site, broker.port) as far:
            await until(pump, lambda: pump.comms.state == mqtt.UP)
            for number in range(start, start + 50):
                await far.publish(f"kvo/{pump.pump_id}/request", bytes([number]), qos=1)
            await until(pump, lambda at=start: len(found) == at + 50, found)
        broker.kill()
        await until(pump, lambda: pump.comms.state == mqtt.AWAY, found)
        broker.start()
    assert found == [bytes([number]) for number in range(100)]


async def test_a_link_that_is_dead_while_nothing_is_said_is_noticed(
    site: Site, broker: Mosquitto, pump: Pump
) -> None:
    await until(pump, lambda: pump.comms.state == mqtt.UP)
    # Neither data nor an end: a switch that lost power.
    pump.link.receive = lambda into: 0  # type: ignore[method-assign]
    await until(pump, lambda: pump.comms.state == mqtt.AWAY)
    del pump.link.receive  # type: ignore[attr-defined]
    await until(pump, lambda: pump.comms.state == mqtt.UP)
    assert pump.comms.connections == 2


async def test_the_will_says_offline_and_no_more(site: Site, broker: Mosquitto, pump: Pump) -> None:
    async with gateway(site, broker.port) as far:
        await until(pump, lambda: pump.comms.state == mqtt.UP)
        pump.link.close()
        async with asyncio.timeout(10):
            message = await anext(far.messages)
    assert (str(message.topic), message.payload) == (f"kvo/{pump.pump_id}/will", b"offline")
    assert not message.retain


async def test_a_retained_request_is_ignored(site: Site, has_mosquitto: None) -> None:
    """Of a broker that keeps such things: ours does not."""
    with Mosquitto(site, retained=True) as broker:
        pump = Pump(site, site.pumps()[0], broker.port)
        found: list[bytes] = []
        async with gateway(site, broker.port) as far:
            await far.publish(f"kvo/{pump.pump_id}/request", b"old", qos=1, retain=True)
            await until(pump, lambda: pump.comms.state == mqtt.UP, found)
            await until(pump, lambda: pump.comms.ignored == 1, found)
            await far.publish(f"kvo/{pump.pump_id}/request", b"new", qos=1)
            await until(pump, lambda: bool(found), found)
        pump.link.close()
    assert found == [b"new"]


async def test_with_another_pumps_certificate_no_request_comes(site: Site, broker: Mosquitto) -> None:
    ours, theirs = site.pumps()
    pump = Pump(site, ours, broker.port, site.pump(theirs))
    found: list[bytes] = []
    async with gateway(site, broker.port) as far:
        begun = time.monotonic()
        await until(pump, lambda: pump.comms.connections > 0 or time.monotonic() > begun + 1, found)
        await far.publish(f"kvo/{ours}/request", b"secret", qos=1)
        pump.say(ACK, 1)
        begun = time.monotonic()
        await until(pump, lambda: time.monotonic() > begun + 1, found)
        async with client(site, broker.port, site.pump(theirs), "kvo-x") as marker:
            await marker.publish(f"kvo/{theirs}/fact/1", b"mark", qos=1)
        heard = [str(message.topic) async for message in _up_to(far, f"kvo/{theirs}/fact/1")]
    pump.link.close()
    assert found == []
    assert heard == []


async def _up_to(far: Any, topic: str) -> AsyncIterator[Any]:
    async with asyncio.timeout(10):
        async for message in far.messages:
            if str(message.topic) == topic:
                return
            if "/fact/" in str(message.topic):
                yield message

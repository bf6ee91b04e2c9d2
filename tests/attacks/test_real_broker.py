"""Some of the network's attacks at a real Mosquitto over mutual TLS: the pump's own client and gatekeeper behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import aiomqtt
import pytest

from firmware.comms import mqtt
from firmware.trust import roles as r
from firmware.trust import verdict as v
from simulator.asked import NURSE, AskedPump, people
from simulator.site.files import Site
from simulator.site.mosquitto import Mosquitto
from simulator.trust_client import make_record
from tests.network.clients import client, connack, context
from tests.network.test_pump_over_mosquitto import Pump

# What paho leaves of a connection that was refused.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


class Judging:
    """The pump's comms at a broker, and behind its mailbox a gatekeeper that judges what came through."""

    def __init__(self, site: Site, port: int) -> None:
        self.comms = Pump(site, site.pumps()[0], port)
        record: Any = make_record(1, people())
        record.pump_id = bytes.fromhex(self.comms.pump_id)
        self.asked = AskedPump(record)
        self.codes: list[int | None] = []

    @property
    def topic(self) -> str:
        """Where its requests are published."""
        return f"kvo/{self.comms.pump_id}/request"

    def is_up(self) -> bool:
        """Whether it is at the broker."""
        return bool(self.comms.comms.state == mqtt.UP)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Poll, and judge what comes, until it holds; a test that hangs ends after half a minute."""
        async with asyncio.timeout(30):
            while not condition():
                self.codes += [self.asked.send(message) for message in self.comms.step()]
                await asyncio.sleep(0.001)


@pytest.fixture
def pump(site: Site, broker: Mosquitto) -> Iterator[Judging]:
    one = Judging(site, broker.port)
    yield one
    one.comms.link.close()


def insider(site: Site, port: int, identity: str = "kvo-gateway") -> aiomqtt.Client:
    """The gateway's machine in somebody's hands: valid TLS, and no key to ask with."""
    return client(site, port, site.client("gateway"), identity)


async def test_a_captured_request_is_published_again(site: Site, broker: Mosquitto, pump: Judging) -> None:
    captured = pump.asked.request(NURSE, r.KIND_STATUS)
    later = pump.asked.request(NURSE, r.KIND_STATUS)
    async with insider(site, broker.port) as thief:
        await pump.until(pump.is_up)
        for message in (captured, captured, later, captured):
            await thief.publish(pump.topic, message, qos=1)
        await pump.until(lambda: len(pump.codes) == 4)
    assert pump.codes == [v.OK, v.REFUSED_DUPLICATED, v.OK, v.REFUSED_REPLAYED]


async def test_forged_by_whoever_may_publish(site: Site, broker: Mosquitto, pump: Judging) -> None:
    good = pump.asked.request(NURSE, r.KIND_STOP)
    changed = good[:-1] + bytes((good[-1] ^ 1,))
    async with insider(site, broker.port) as thief:
        await pump.until(pump.is_up)
        for message in (changed, b"%n%n%s", b"\x81" * 1000):
            await thief.publish(pump.topic, message, qos=1)
        await pump.until(lambda: len(pump.codes) == 3)
    assert pump.codes == [v.REFUSED_WRONG_MAC, v.REFUSED_MALFORMED, v.REFUSED_MALFORMED]


async def test_a_stranger_gets_no_connection_under_the_pumps_id(
    site: Site, broker: Mosquitto, pump: Judging
) -> None:
    await pump.until(pump.is_up)
    connections = pump.comms.comms.connections
    assert connack(broker.port, context(None, site.ca), f"kvo-{pump.comms.pump_id}") is None
    async with insider(site, broker.port) as honest:
        await honest.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STATUS), qos=1)
        await pump.until(lambda: pump.codes == [v.OK])
    assert pump.comms.comms.connections == connections


async def test_a_taken_client_id_costs_a_connection_and_no_more(site: Site, broker: Mosquitto, pump: Judging) -> None:
    """Somebody with another valid certificate says that it is the pump: afterwards the pump is heard as before."""
    await pump.until(pump.is_up)
    with contextlib.suppress(aiomqtt.MqttError):
        async with insider(site, broker.port, f"kvo-{pump.comms.pump_id}") as thief:
            await thief.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STATUS), qos=1)
    async with insider(site, broker.port) as honest:
        message = pump.asked.request(NURSE, r.KIND_STATUS)
        await pump.until(pump.is_up)
        await honest.publish(pump.topic, message, qos=1)
        await pump.until(lambda: pump.codes and pump.codes[-1] == v.OK)


async def test_retained_poison_is_no_request(site: Site, has_mosquitto: None) -> None:
    with Mosquitto(site, retained=True) as broker:
        pump = Judging(site, broker.port)
        async with insider(site, broker.port) as thief:
            await thief.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STOP), qos=1, retain=True)
            await pump.until(lambda: pump.comms.comms.ignored == 1)
            await thief.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STATUS), qos=1)
            await pump.until(lambda: pump.codes)
        pump.comms.link.close()
    assert pump.codes == [v.OK]


async def test_another_pumps_certificate_publishes_nothing_to_this_one(
    site: Site, broker: Mosquitto, pump: Judging
) -> None:
    await pump.until(pump.is_up)
    other = site.pumps()[1]
    async with client(site, broker.port, site.pump(other), f"kvo-{other}") as thief:
        await thief.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STOP), qos=1)
    async with insider(site, broker.port) as honest:
        await honest.publish(pump.topic, pump.asked.request(NURSE, r.KIND_STATUS), qos=1)
        await pump.until(lambda: pump.codes)
    assert pump.codes == [v.OK]

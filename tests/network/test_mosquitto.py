"""Mosquitto with the provisioned configuration: who belongs gets through, and nobody else. Judged by what arrives."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from simulator.site import certificates, change
from simulator.site.broker import LARGEST_PACKET
from simulator.site.files import Site
from simulator.site.make import add_to_site
from simulator.site.mosquitto import Mosquitto
from tests.network.clients import client, connack, context

# What paho leaves of a connection that was refused.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

# Long enough for a message on loopback; what has not come by then is followed by one that must come.
_MARK = b"mark"


async def heard(listener: aiomqtt.Client, mark: str) -> list[tuple[str, bytes]]:
    """What `listener` got before the message on topic `mark`, which the caller has seen sent."""
    found = []
    async with asyncio.timeout(20):
        async for message in listener.messages:
            if str(message.topic) == mark and message.payload == _MARK:
                return found
            found.append((str(message.topic), bytes(message.payload)))
    return found


async def arrives(site: Site, port: int, send: Any, topic: str, watch: str) -> bool:
    """Whether what `send(client)` does brings a message on `topic` to a listener on `watch`."""
    pump = site.pumps()[0]
    async with client(site, port, site.client("gateway")) as gateway:
        await gateway.subscribe(watch, qos=1)
        with contextlib.suppress(aiomqtt.MqttError):
            await send()
        async with client(site, port, site.pump(pump)) as marker:
            await marker.publish(f"kvo/{pump}/fact/1", _MARK, qos=1)
        return any(where == topic for where, _ in await heard(gateway, f"kvo/{pump}/fact/1"))


async def test_a_pump_that_belongs_gets_its_requests_and_sends_its_facts(site: Site, broker: Mosquitto) -> None:
    pump = site.pumps()[0]
    async with client(site, broker.port, site.pump(pump)) as device, \
            client(site, broker.port, site.client("gateway")) as gateway:
        await device.subscribe(f"kvo/{pump}/request", qos=1)
        await gateway.subscribe("kvo/+/fact/+", qos=1)
        await gateway.publish(f"kvo/{pump}/request", b"\x01", qos=1)
        async with asyncio.timeout(10):
            asked = await anext(device.messages)
        await device.publish(f"kvo/{pump}/fact/2", b"\x02", qos=1)
        async with asyncio.timeout(10):
            told = await anext(gateway.messages)
    assert (str(asked.topic), asked.payload) == (f"kvo/{pump}/request", b"\x01")
    assert (str(told.topic), told.payload) == (f"kvo/{pump}/fact/2", b"\x02")


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The certificate of somebody else's authority, for a pump of ours."""
    certificates.write_identity(tmp_path, *certificates.issue(certificates.make_authority("stranger"), "0" * 16))
    return tmp_path


def issued(site: Site, folder: Path, name: str, **how: Any) -> Path:
    """A certificate by the site's own authority, made by hand."""
    authority = certificates.Authority.load(site.ca_key, site.ca)
    certificates.write_identity(folder, *certificates.issue(authority, name, **how))
    return folder


def test_a_stranger_is_refused(site: Site, broker: Mosquitto, stranger: Path, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    to_come = datetime.now(UTC) + timedelta(days=30)
    pump = site.pumps()[0]
    assert connack(broker.port, context(site.pump(pump), site.ca)) == 0
    refused = {
        "no certificate": None,
        "a stranger's authority": stranger,
        "expired": issued(site, tmp_path / "old", pump, now=long_ago, days=2),
        "not yet valid": issued(site, tmp_path / "new", pump, now=to_come, days=2),
        "a server's certificate": issued(site, tmp_path / "server", pump, server=True),
    }
    said = {why: connack(broker.port, context(folder, site.ca)) for why, folder in refused.items()}
    assert said == dict.fromkeys(refused)


def test_a_revoked_certificate_is_refused_once_the_broker_has_read_it(site: Site, broker: Mosquitto) -> None:
    add_to_site(site.folder, clients=["terminal-9"])
    broker.stop()
    broker.start()
    folder = site.client("terminal-9")
    assert connack(broker.port, context(folder, site.ca)) == 0
    change.revoke(site.folder, "terminal-9")
    broker.stop()
    broker.start()
    assert connack(broker.port, context(folder, site.ca)) is None
    assert connack(broker.port, context(site.client("gateway"), site.ca)) == 0
    change.rotate(site.folder, "terminal-9")
    assert connack(broker.port, context(folder, site.ca)) == 0


async def test_a_client_without_a_certificate_gets_nowhere(site: Site, broker: Mosquitto) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with client(site, broker.port, None, timeout=2):
            pytest.fail("it was let in")


def test_a_broker_of_a_stranger_is_refused_by_the_client(site: Site, broker: Mosquitto, stranger: Path) -> None:
    certificates.write_identity(stranger, *certificates.issue(certificates.make_authority("other"), "x"), stem="ca")
    assert connack(broker.port, context(site.pump(site.pumps()[0]), stranger / "ca.crt")) is None


async def test_another_pumps_certificate_does_nothing_on_a_foreign_topic(site: Site, broker: Mosquitto) -> None:
    ours, theirs = site.pumps()

    async def send(topic: str, **how: Any) -> None:
        async with client(site, broker.port, site.pump(theirs)) as other:
            await other.publish(topic, b"forged", qos=1, **how)

    fact = f"kvo/{ours}/fact/2"
    assert not await arrives(site, broker.port, lambda: send(fact), fact, "kvo/+/fact/+")
    will = f"kvo/{ours}/will"
    assert not await arrives(site, broker.port, lambda: send(will), will, "kvo/#")
    # The same, on its own topic, shows that the listener hears.
    own = f"kvo/{theirs}/fact/2"
    assert await arrives(site, broker.port, lambda: send(own), own, "kvo/+/fact/+")


async def test_another_pump_hears_no_request_of_ours(site: Site, broker: Mosquitto) -> None:
    ours, theirs = site.pumps()
    async with client(site, broker.port, site.pump(theirs)) as other, \
            client(site, broker.port, site.client("gateway")) as gateway:
        for topic in (f"kvo/{ours}/request", "kvo/+/request", "#", f"kvo/{theirs}/request"):
            with contextlib.suppress(aiomqtt.MqttError):
                await other.subscribe(topic, qos=1)
        await gateway.publish(f"kvo/{ours}/request", b"secret", qos=1)
        await gateway.publish(f"kvo/{theirs}/request", _MARK, qos=1)
        assert await heard(other, f"kvo/{theirs}/request") == []


async def test_a_pump_sends_no_request_not_even_to_itself(site: Site, broker: Mosquitto) -> None:
    ours, theirs = site.pumps()
    async with client(site, broker.port, site.pump(ours)) as device, \
            client(site, broker.port, site.client("gateway")) as gateway:
        await device.subscribe(f"kvo/{ours}/request", qos=1)
        for pump in (ours, theirs):
            async with client(site, broker.port, site.pump(pump)) as sender:
                await sender.publish(f"kvo/{ours}/request", b"forged", qos=1)
            # The broker goes by the certificate: the pump's own second connection has ended its first.
        async with client(site, broker.port, site.pump(ours)) as again:
            await again.subscribe(f"kvo/{ours}/request", qos=1)
            await gateway.publish(f"kvo/{ours}/request", _MARK, qos=1)
            assert await heard(again, f"kvo/{ours}/request") == []


@pytest.mark.parametrize("identity", ["#", "+", "kvo/#", "+/+", "$SYS", "", "client"])
def test_an_id_that_is_none_of_ours_is_refused(site: Site, broker: Mosquitto, identity: str) -> None:
    assert connack(broker.port, context(site.pump(site.pumps()[0]), site.ca), identity) != 0


@pytest.mark.parametrize("identity", ["kvo-#", "kvo-+", "kvo-/#"])
async def test_an_id_with_a_wildcard_behind_our_prefix_gains_nothing(
    site: Site, broker: Mosquitto, identity: str
) -> None:
    ours, theirs = site.pumps()

    async def send() -> None:
        async with client(site, broker.port, site.pump(theirs), identity) as other:
            await other.publish(f"kvo/{ours}/fact/2", b"forged", qos=1)

    assert not await arrives(site, broker.port, send, f"kvo/{ours}/fact/2", "kvo/+/fact/+")


@pytest.mark.parametrize("name", ["#", "+", "kvo/#"])
async def test_a_certificate_with_a_wildcard_for_a_name_gains_nothing(
    site: Site, broker: Mosquitto, name: str, tmp_path: Path
) -> None:
    """Were the authority ever brought to sign one."""
    ours = site.pumps()[0]
    folder = issued(site, tmp_path, name)

    async def send() -> None:
        async with client(site, broker.port, folder) as other:
            await other.publish(f"kvo/{ours}/fact/2", b"forged", qos=1)

    assert not await arrives(site, broker.port, send, f"kvo/{ours}/fact/2", "kvo/+/fact/+")


async def test_nobody_takes_a_pumps_session_by_its_id(site: Site, broker: Mosquitto) -> None:
    ours, theirs = site.pumps()
    async with client(site, broker.port, site.pump(ours), f"kvo-{ours}") as device, \
            client(site, broker.port, site.client("gateway")) as gateway:
        await device.subscribe(f"kvo/{ours}/request", qos=1)
        async with client(site, broker.port, site.pump(theirs), f"kvo-{ours}") as other:
            await other.publish(f"kvo/{theirs}/fact/1", b"", qos=1)
        await gateway.publish(f"kvo/{ours}/request", _MARK, qos=1)
        assert await heard(device, f"kvo/{ours}/request") == []


async def test_a_message_past_the_bound_is_not_passed_on(site: Site, broker: Mosquitto) -> None:
    pump = site.pumps()[1]
    topic = f"kvo/{pump}/fact/2"

    async def send(count: int) -> None:
        async with client(site, broker.port, site.pump(pump)) as device:
            await device.publish(topic, bytes(count), qos=1, timeout=3)

    assert not await arrives(site, broker.port, lambda: send(LARGEST_PACKET), topic, "kvo/+/fact/+")
    assert await arrives(site, broker.port, lambda: send(1024), topic, "kvo/+/fact/+")


async def test_nothing_is_retained(site: Site, broker: Mosquitto) -> None:
    pump = site.pumps()[0]
    with contextlib.suppress(aiomqtt.MqttError):
        async with client(site, broker.port, site.client("gateway")) as gateway:
            await gateway.publish(f"kvo/{pump}/request", b"left behind", qos=1, retain=True, timeout=3)
    async with client(site, broker.port, site.pump(pump)) as device, \
            client(site, broker.port, site.client("gateway")) as gateway:
        await device.subscribe(f"kvo/{pump}/request", qos=1)
        await gateway.publish(f"kvo/{pump}/request", _MARK, qos=1)
        assert await heard(device, f"kvo/{pump}/request") == []

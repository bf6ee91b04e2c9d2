"""A ward of real pumps at a real broker: the operator's client and the gateway, over its restarts and dead links."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import staging as sg
from firmware.trust import verdict as v
from firmware.trust.cbor import decode
from firmware.trust.cose import KEY_ID, TAG_MAC0, open_message
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, AREA_STAGE
from simulator import audit
from simulator.files.library import compile_library
from simulator.files.programme import find_programme, load_programme
from simulator.gateway import broker_link
from simulator.gateway import events as e
from simulator.gateway.broker_link import BrokerLink
from simulator.gateway.carry import Refused, carry
from simulator.gateway.gateway import Gateway
from simulator.gateway.operator import OperatorClient
from simulator.gateway.prescription import library_of, of_programme
from simulator.gateway.problem import GatewayError
from simulator.gateway.watch import SILENCE_S
from simulator.nurse import ABSENT
from simulator.site.files import Site
from simulator.site.keyservice import KeyRefused, KeyService
from simulator.site.mosquitto import Mosquitto, free_port
from simulator.ward import Ward
from tests.gateway.people import password
from tests.network.clients import client

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

PATIENCE_S = 60.0  # of a machine that has much else to do
SPEED = 4.0


@pytest.fixture
def site(site: Site, tmp_path: Path) -> Site:
    """A copy, so that no test meets what another has left: audits, epochs, logs, alarms that stay."""
    return Site(shutil.copytree(site.folder, tmp_path / "ward"))


@pytest.fixture
async def ward(site: Site, has_mosquitto: None) -> AsyncIterator[Ward]:
    async with Ward(site, port=free_port(), speed=SPEED) as one:
        await one.until(lambda: all(pump.is_up for pump in one.pumps), PATIENCE_S)
        yield one


@pytest.fixture
def service(site: Site) -> KeyService:
    return KeyService(site.folder)


class Clock:
    """A gateway's clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


async def test_prepared_confirmed_titrated_by_two_paused_and_logged(
    ward: Ward, site: Site, service: KeyService
) -> None:
    bedside = ward.pumps[0]
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(bedside.pump_id)
        assert (await pump.pause()).code == v.REFUSED_NO_TIME
        assert (await one.tell_time(pump)).is_ok
        rx = of_programme(load_programme(find_programme("fluid-bolus")))
        assert (await pump.prepare(rx.fields, rx.steps)).is_ok
        await ward.until(lambda: bedside.delivery == "infusing", PATIENCE_S)
        assert bedside.world.status.rate_ul_h == 100_000
        asked = await pump.titrate(300_000)  # past the soft limit of 250 mL/h
        assert asked.waits_for_second
        own = await pump.approve(asked.digest)
        assert own.code == v.REFUSED_SAME_PERSON
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as two:
        await two.log_in("nurse-2", password(site, "nurse-2"))
        pump = await two.pump(bedside.pump_id)
        assert bedside.world.status.rate_ul_h == 100_000
        assert (await pump.approve(asked.digest)).is_ok
        await ward.until(lambda: bedside.world.status.rate_ul_h == 300_000, PATIENCE_S)
        answer = await pump.read_status()
        assert answer.is_ok
        assert pump.is_fresh(answer)
        assert pump.status is not None
        assert (pump.status.delivery, pump.status.rate_ul_h) == ("infusing", 300_000)
        assert (await pump.pause()).is_ok
        await ward.until(lambda: bedside.delivery == "paused", PATIENCE_S)
        log = [entry async for page in pump.log() for entry in page]
        assert pump.refused == {}
    said = [entry.says for entry in log]
    assert "granted: start" in said
    assert "granted: new rate 300 mL/h (was 100)" in said
    assert log[-1].delivery == "paused"
    assert [entry.sequence for entry in log] == sorted({entry.sequence for entry in log})


async def test_a_library_is_carried_by_who_may_and_goes_on_where_it_was(
    ward: Ward, site: Site, service: KeyService
) -> None:
    data = compile_library(library_of("ward"))
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        await one.log_in("nurse-1", password(site, "nurse-1"))
        nurse = await one.pump(ward.pumps[1].pump_id)
        assert (await one.tell_time(nurse)).is_ok
        with pytest.raises(Refused) as refused:
            await carry(nurse, data)
        assert refused.value.answer.code == v.REFUSED_FORBIDDEN
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as two:
        await two.log_in("pharmacist-1", password(site, "pharmacist-1"))
        pump = await two.pump(ward.pumps[1].pump_id)

        def breaks_off(done: float, total: float) -> None:
            if done >= 2 * sg.CHUNK:
                raise ConnectionAbortedError

        with pytest.raises(ConnectionAbortedError):
            await carry(pump, data, breaks_off)
        chunks = -(-len(data) // sg.CHUNK)
        assert await carry(pump, data) == chunks - 2
        assert pump.staged is not None
        assert (pump.staged.state, pump.staged.have) == (sg.CHECKED, len(data))
        assert await carry(pump, data) == 0
    store = ward.pumps[1].world.board.store
    found = bytearray(len(data))
    store.read(AREA_STAGE, 512, found)
    assert bytes(found) == data


async def test_nobody_at_the_bedside_means_nothing_happens(
    site: Site, has_mosquitto: None, service: KeyService
) -> None:
    async with Ward(site, 1, port=free_port(), speed=SPEED, habit=ABSENT) as ward, \
            OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(ward.pumps[0].pump_id)
        assert (await one.tell_time(pump)).is_ok
        rx = of_programme(load_programme(find_programme("fluid-bolus")))
        assert (await pump.prepare(rx.fields, rx.steps)).is_ok
        assert (await pump.titrate(100_000)).code == v.REFUSED_STATE
        await pump.until(lambda pump: pump.status.message, PATIENCE_S, "nothing is shown")
        assert ward.pumps[0].delivery == "standby"


async def test_who_is_revoked_is_heard_no_more(ward: Ward, site: Site, service: KeyService) -> None:
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        login = await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(ward.pumps[0].pump_id)
        assert (await one.tell_time(pump)).is_ok
        assert (await pump.read_status()).is_ok
        assert (await one.revoke(pump, login.operator)).is_ok
        assert (await pump.read_status()).code == v.REFUSED_REVOKED


async def test_a_raised_epoch_ends_every_key_and_everybody_follows(
    ward: Ward, site: Site, service: KeyService
) -> None:
    bedside = ward.pumps[0]
    found: list[e.Event] = []
    async with Gateway(site, KeyService(site.folder), port=ward.port, on_event=found.append) as gateway, \
            OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        watch = gateway.watches[bedside.pump_id]
        await until(lambda: watch.status is not None and watch.status.site_s > 0)
        await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(bedside.pump_id)
        before = pump.epoch
        assert (await pump.read_status()).is_ok
        answer = await one.raise_epoch(pump)
        assert answer.is_ok, str(answer)
        assert (pump.epoch, service.epoch(bedside.pump_id)) == (before + 1,) * 2
        assert (await pump.read_status()).code == v.REFUSED_REVOKED
        await until(lambda: watch.stream.epoch == before + 1)
        heard = watch.stream.last
        await until(lambda: watch.stream.last > heard)
        assert (watch.missing, pump.missing, watch.refused.get("forged", 0)) == (0, 0, 0)
        assert not [event for event in found if event.is_alarm]
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as two:
        await two.log_in("nurse-1", password(site, "nurse-1"))
        assert (await (await two.pump(bedside.pump_id)).read_status()).is_ok
        service.epoch_raised(bedside.pump_id, before + 3)  # the pump lost what it had not stored yet
        two._pumps.clear()
        pump = await two.pump(bedside.pump_id, wait=False)
        await until(lambda: pump.refused.get("forged"))
        two._pumps.clear()
        pump = await two.pump(bedside.pump_id, behind=True)
        assert (await two.raise_epoch(pump)).is_ok
        assert (pump.epoch, service.epoch(bedside.pump_id)) == (before + 4,) * 2
        service._keys.pumps[bedside.pump_id].epoch -= 1  # it was broken off before the service followed
        two._pumps.clear()
        pump = await two.pump(bedside.pump_id)
        assert (await two.raise_epoch(pump)).is_ok
        assert (pump.epoch, service.epoch(bedside.pump_id)) == (before + 4,) * 2


async def test_a_waveform_is_told_while_it_is_asked_for(ward: Ward, site: Site, service: KeyService) -> None:
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(ward.pumps[0].pump_id)
        assert (await one.tell_time(pump)).is_ok
        rx = of_programme(load_programme(find_programme("fluid-bolus")))
        assert (await pump.prepare(rx.fields, rx.steps)).is_ok
        await ward.until(lambda: ward.pumps[0].delivery == "infusing", PATIENCE_S)
        pieces = [piece async for piece in pump.waveform(2)]
        with pytest.raises(ValueError, match="1 to 59"):
            await anext(pump.waveform(60))
    assert [len(piece.steps) for piece in pieces] == [100, 100]
    assert {piece.sample_ms for piece in pieces} == {100}
    assert 10 <= pieces[1].pump_s - pieces[0].pump_s <= 12
    first, second = (sum(piece.steps) for piece in pieces)  # of one rate
    assert second > 0
    assert abs(first - second) <= max(2, second // 20)
    assert all(-100 < pressure < 300 for piece in pieces for pressure in piece.pressure_mmhg)


async def test_who_is_not_logged_in_reads_and_asks_for_nothing(ward: Ward, site: Site, service: KeyService) -> None:
    async with OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        pump = await one.pump(ward.pumps[0].pump_id)
        assert pump.status is not None
        with pytest.raises(GatewayError, match="nobody is logged in"):
            await pump.stop()
        with pytest.raises(KeyRefused):
            await one.log_in("nurse-1", "guessed")


async def test_a_pump_that_is_not_there_and_a_broker_that_is_not(
    site: Site, broker: Mosquitto, service: KeyService
) -> None:
    async with OperatorClient(site, service, "terminal-1", port=broker.port) as one:
        pump = await one.pump(site.pumps()[0], wait=False)
        with pytest.raises(GatewayError, match=r"no sign within 0.2 s; is it switched on"):
            await pump.until(lambda pump: pump.status, 0.2, "no sign")
        with pytest.raises(GatewayError, match="has not told its session"):
            await one.log_in("nurse-1", password(site, "nurse-1"))
            one._pumps.clear()
            await (await one.pump(site.pumps()[0], wait=False)).pause()
    link = BrokerLink(site.client("terminal-1"), "localhost", free_port(), ("kvo/+/will",), lambda topic, data: None)
    async with link:
        with pytest.raises(GatewayError, match=r"no broker for terminal-1.*--port"):
            await link.until_up(0.5)
        with pytest.raises(GatewayError, match="the broker is away"):
            await link.publish("kvo/0000000000000000/request", b"")


async def test_a_gateway_tells_the_time_collects_logs_and_audits_and_asks_for_nothing_else(
    ward: Ward, site: Site, service: KeyService
) -> None:
    seen: list[bytes] = []

    def on_wire(message: bytes) -> None:
        opened = open_message(message, TAG_MAC0)
        assert opened is not None
        assert opened.payload is not None
        seen.append(opened.payload)
        assert decode(opened.protected[KEY_ID])[2] == r.SERVICE

    for folder in ("events", "logs", "audits"):  # of a test before
        for path in (site.client("gateway") / folder).glob("*"):
            path.unlink()
    async with Gateway(site, service, port=ward.port, log_each_s=1.0) as gateway:
        publish = gateway.link.publish

        async def spied(topic: str, payload: bytes) -> None:
            on_wire(payload)
            await publish(topic, payload)

        gateway.link.publish = spied  # type: ignore[method-assign]
        await until(lambda: all(one.status and one.status.site_s > 0 for one in gateway.watches.values()))
        await until(lambda: all(one["log_sequence"] and one["audit_records"] for one in gateway.as_json()))
        stands = gateway.as_json()
    kinds = {decode(payload)[1] for payload in seen}
    assert kinds == {r.KIND_TIME, r.KIND_LOG, r.KIND_AUDIT}
    assert not any(one["gateway_alarms"] for one in stands)
    assert all((one["missing"], set(one["refused"]) <= {"duplicated"}) == (0, True) for one in stands)
    for pump in ward.pumps:
        lines = (site.client("gateway") / "logs" / f"{pump.pump_id}.jsonl").read_text().splitlines()
        assert json.loads(lines[0])["says"] == "event: test_passed"
        sequences = [json.loads(line)["sequence"] for line in lines]
        assert sequences == sorted(set(sequences))
        audited = (site.client("gateway") / "audits" / f"{pump.pump_id}.jsonl").read_text().splitlines()
        frames = [bytes.fromhex(json.loads(line)["frame"]) for line in audited]
        judged = audit.verify(frames, service.audit_key(pump.pump_id))
        assert judged.findings == []
        assert judged.records[0].name == "boot"


async def test_a_gateway_goes_on_with_an_audit_and_alarms_where_it_was_put_back(
    ward: Ward, site: Site, service: KeyService
) -> None:
    bedside = ward.pumps[0]
    found: list[e.Event] = []
    store = bedside.world.board.store

    def held() -> int:
        """Records of the pump's audit."""
        return audit.verify(audit.read_log(store), service.audit_key(bedside.pump_id)).records[-1].sequence + 1

    async with Gateway(site, service, port=ward.port, log_each_s=1.0) as gateway:
        # All of it: a gateway begins with what it wrote down in another run, and knows no newer record as yet.
        await until(lambda: gateway.as_json()[0]["audit_records"] == held())
    count = held()
    old = [bytearray(store.size(area)) for area in (AREA_AUDIT_A, AREA_AUDIT_B)]
    for area, into in zip((AREA_AUDIT_A, AREA_AUDIT_B), old, strict=True):
        store.read(area, 0, into)
    bedside.world.power_cut(500)  # a boot is a record
    async with Gateway(site, service, port=ward.port, log_each_s=1.0) as gateway:
        await until(lambda: gateway.as_json()[0]["audit_records"] > count)
        bedside.world.power_cut(500)  # and another: what is put back is shorter then, with a boot of its own too
        await until(lambda: gateway.as_json()[0]["audit_records"] > count + 1)
        assert not gateway.watches[bedside.pump_id].audit.is_broken
    for area, was in zip((AREA_AUDIT_A, AREA_AUDIT_B), old, strict=True):
        store.load(area, bytes(was))
    bedside.world.power_cut(500)
    async with Gateway(site, service, port=ward.port, log_each_s=1.0, on_event=found.append) as gateway:
        await until(lambda: e.AUDIT_BROKEN in gateway.alarms().get(bedside.pump_id, []))
        ward.pump(bedside.pump_id)
    assert any("not that" in event.says or "went back" in event.says or "forged" in event.says for event in found)


async def test_silence_is_alarmed_after_ten_seconds_of_the_gateways_clock(
    ward: Ward, site: Site, service: KeyService
) -> None:
    clock = Clock()
    found: list[e.Event] = []
    async with Gateway(site, service, port=ward.port, clock=clock, on_event=found.append) as gateway:
        watches = list(gateway.watches.values())
        await until(lambda: all(one.state == "watched" for one in watches))
        for pump in ward.pumps:
            pump.world.disturb("link_down")  # neither data nor an end: a cable is pulled
        quiet = ward.pumps[0].world.clock.ms
        await ward.until(lambda: ward.pumps[0].world.clock.ms > quiet + 2000, PATIENCE_S)
        clock.now_s += SILENCE_S - 0.1
        await gateway.wait(1.2)
        assert {one.state for one in watches} == {"watched"}
        clock.now_s += 0.1
        await until(lambda: all(one.state in ("silent", "offline") for one in watches))
        assert [event.what for event in found if event.is_alarm][:1] == [e.SILENT]
        for pump in ward.pumps:
            pump.world.disturb("link_up")
        await until(lambda: all(one.state == "watched" for one in watches))


async def test_a_broker_that_is_killed_comes_back_and_everybody_with_it(
    ward: Ward, site: Site, service: KeyService
) -> None:
    assert ward.broker is not None
    found: list[e.Event] = []
    async with Gateway(site, service, port=ward.port, on_event=found.append) as gateway, \
            OperatorClient(site, service, "terminal-1", port=ward.port) as one:
        await one.log_in("nurse-1", password(site, "nurse-1"))
        pump = await one.pump(ward.pumps[0].pump_id)
        await until(lambda: all(watch.status and watch.status.site_s > 0 for watch in gateway.watches.values()))
        for _ in range(2):
            connections = (gateway.link.connections, one.link.connections)
            heard = {pump_id: watch.stream.last for pump_id, watch in gateway.watches.items()}
            ward.broker.kill()
            await until(lambda: not gateway.link.is_up and not one.link.is_up)
            ward.broker.start()
            await until(lambda: gateway.link.is_up and one.link.is_up)
            # Subscribed again: what the pumps say after it arrives.
            await until(lambda heard=heard: all(
                watch.stream.last > heard[pump_id] and watch.state == "watched"
                for pump_id, watch in gateway.watches.items()
            ))  # fmt: skip
            assert (gateway.link.connections, one.link.connections) == tuple(count + 1 for count in connections)
            assert (await pump.read_status()).is_ok
    assert "broker" in {event.what for event in found}


async def test_forged_and_replayed_facts_of_a_malicious_broker_change_nothing_shown(
    ward: Ward, site: Site, service: KeyService
) -> None:
    """With the pump's own certificate, which a broker does not need: the worst that can be published."""
    pump = ward.pumps[0]
    kept: list[bytes] = []
    found: list[e.Event] = []
    async with Gateway(site, service, port=ward.port, on_event=found.append) as gateway:
        watch = gateway.watches[pump.pump_id]
        hear = gateway.link._on_message

        def spied(topic: str, payload: bytes) -> None:
            kept.append(payload) if topic == f"kvo/{pump.pump_id}/fact/{f.STATUS}" else None
            hear(topic, payload)

        gateway.link._on_message = spied
        await until(lambda: len(kept) >= 2)
        shown = watch.status
        pump.world.disturb("link_down")
        forged = bytearray(kept[0])
        forged[-40] ^= 1
        async with client(site, ward.port, site.pump(pump.pump_id)) as false_pump:
            for payload in (bytes(forged), kept[0], b"rubbish"):
                await false_pump.publish(f"kvo/{pump.pump_id}/fact/{f.STATUS}", payload, qos=1)
        await until(lambda: sum(watch.refused.values()) >= 3)
        assert watch.status is shown or watch.status == shown
    assert {event.data.get("verdict") for event in found if event.what == e.TAMPERED} >= {"forged", "malformed"}


class Tap:
    """A loopback port in front of a broker that can stop passing bytes without ending a connection."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.stalled = False
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Tap:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._tasks += [
            asyncio.create_task(self._pass(reader, far_writer)), asyncio.create_task(self._pass(far_reader, writer)),
        ]  # fmt: skip

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            try:
                while data := await reader.read(4096):
                    if not self.stalled:
                        writer.write(data)
                        await writer.drain()
            finally:
                writer.close()


async def test_a_link_that_is_dead_while_idle_is_noticed(
    site: Site, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_link, "KEEP_ALIVE_S", 1)
    async with Tap(broker.port) as tap:
        states: list[bool] = []
        link = BrokerLink(site.client("gateway"), "localhost", tap.port, ("kvo/+/will",), lambda topic, data: None,
                          lambda up, why: states.append(up))  # fmt: skip
        async with link:
            await link.until_up(PATIENCE_S)
            tap.stalled = True
            await until(lambda: not link.is_up)
            tap.stalled = False
            await until(lambda: link.is_up)
            assert link.connections == 2
            assert states == [True, False, True]

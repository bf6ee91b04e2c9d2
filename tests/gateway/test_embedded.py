"""The embedded broker: a ward that nothing but pip has installed anything for."""

from __future__ import annotations

import asyncio

import pytest

from simulator.files.programme import find_programme, load_programme
from simulator.gateway.gateway import Gateway
from simulator.gateway.operator import OperatorClient
from simulator.gateway.prescription import of_programme
from simulator.site import embedded
from simulator.site.embedded import Embedded, broker_for, check_broker
from simulator.site.files import Site, SiteError
from simulator.site.keyservice import KeyService
from simulator.site.mosquitto import free_port
from simulator.ward import Ward
from tests.gateway.people import password

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
PATIENCE_S = 60.0


async def test_a_prescription_and_a_gateway_over_the_embedded_broker_and_its_restart(site: Site) -> None:
    service = KeyService(site.folder)
    async with Ward(site, 1, port=free_port(), speed=4.0, embedded=True) as ward:
        assert isinstance(ward.broker, Embedded)
        bedside = ward.pumps[0]
        await ward.until(lambda: bedside.is_up, PATIENCE_S)
        async with Gateway(site, service, port=ward.port) as gateway, \
                OperatorClient(site, service, "terminal-1", port=ward.port) as one:
            watch = gateway.watches[bedside.pump_id]
            await ward.until(lambda: watch.status is not None and watch.status.site_s > 0, PATIENCE_S)
            await one.log_in("nurse-1", password(site, "nurse-1"))
            pump = await one.pump(bedside.pump_id)
            rx = of_programme(load_programme(find_programme("fluid-bolus")))
            assert (await pump.prepare(rx.fields, rx.steps)).is_ok
            await ward.until(lambda: bedside.delivery == "infusing", PATIENCE_S)
            ward.broker.kill()
            await ward.until(lambda: not one.link.is_up, PATIENCE_S)
            assert bedside.delivery == "infusing"
            await asyncio.to_thread(ward.broker.start)
            await ward.until(lambda: one.link.is_up and gateway.link.is_up and bedside.is_up, PATIENCE_S)
            assert (await pump.read_status()).is_ok


def test_which_broker_it_is_and_what_is_said_where_there_is_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_is_mosquitto_there", lambda: False)
    assert check_broker()
    broker = broker_for(site, free_port())
    broker.close()
    assert isinstance(broker, Embedded)
    monkeypatch.setattr(embedded, "is_installed", lambda: False)
    with pytest.raises(SiteError, match=r"pip install 'kvo\[broker\]'"):
        check_broker(True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("simulator.site.mosquitto._PLACES", ())
    with pytest.raises(SiteError, match=r"make deps.*embedded"):
        check_broker()
    with pytest.raises(SiteError, match="make deps"):
        check_broker(False)

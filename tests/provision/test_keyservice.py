"""The key service gives each person one key for one pump and one shift, and writes down who got what."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from firmware.trust.cbor import decode, encode
from firmware.trust.cose import KEY_ID, OK, TAG_MAC0, make_mac0, open_message
from firmware.trust.credentials import Record
from firmware.trust.mac import MacKey
from simulator.audit import first_key
from simulator.site import change, keystore
from simulator.site.files import Site, SiteError
from simulator.site.keyservice import SHIFT_S, KeyRefused, KeyService, fact_key, operator_key, service_key
from simulator.site.make import make_site
from simulator.site.people import parse_operator

NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = [parse_operator("ada:nurse", 1), parse_operator("bo:pharmacist", 2)]
    return make_site(tmp_path_factory.mktemp("made") / "ward", 2, people).folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Site:
    shutil.copytree(made, tmp_path / "ward")
    return Site(tmp_path / "ward")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(site: Site, clock: Clock) -> KeyService:
    return KeyService(site.folder, clock=clock)


def password(site: Site, number: int) -> str:
    text = (site.folder / "to-hand-over" / f"{number}.txt").read_text()
    found = re.search(r"Password for terminals: (\S+)", text)
    assert found is not None
    return found[1]


def record(site: Site, pump: str) -> dict[int, Any]:
    return decode((site.pump(pump) / "record.cbor").read_bytes())


def log(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.log.read_text().splitlines()]


async def test_a_key_is_what_the_pump_derives(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    login = await service.login("ada", password(site, 1), "terminal-1")
    got = service.operator_key(login.token, pump)
    on_pump = record(site, pump)
    assert got.key == operator_key(on_pump[2], on_pump[3], 1, 1, 1, login.shift_ends_s)
    assert decode(got.kid) == [bytes.fromhex(pump), 1, 1, 1, login.shift_ends_s]
    assert login.shift_ends_s == service.now_s() + SHIFT_S
    assert got.key.hex() not in site.log.read_text()


async def test_no_key_is_another(site: Site, service: KeyService, clock: Clock) -> None:
    keys = set()
    for _ in range(2):
        for name, number in (("ada", 1), ("bo", 2)):
            login = await service.login(name, password(site, number), "terminal-1")
            keys |= {service.operator_key(login.token, pump).key for pump in site.pumps()}
        clock.now += 60
    assert len(keys) == 8


async def test_who_is_refused_and_that_it_is_written_down(site: Site, service: KeyService, clock: Clock) -> None:
    pump, other = site.pumps()
    for name, secret, terminal in (
        ("ada", "wrong", "terminal-1"), ("eve", "wrong", "terminal-1"), ("ada", password(site, 1), "nowhere"),
    ):  # fmt: skip
        with pytest.raises(KeyRefused):
            await service.login(name, secret, terminal)
    login = await service.login("ada", password(site, 1), "terminal-1")
    with pytest.raises(KeyRefused, match="no pharmacist"):
        service.operator_key(login.token, pump, "pharmacist")
    with pytest.raises(KeyRefused, match="no such pump"):
        service.operator_key(login.token, "0" * 16)
    with pytest.raises(KeyRefused, match="nobody"):
        service.operator_key("guessed", pump)
    change.revoke(site.folder, other)
    service.reload()
    with pytest.raises(KeyRefused, match="the pump is revoked"):
        service.operator_key(login.token, other)
    clock.now += SHIFT_S
    with pytest.raises(KeyRefused, match="shift is over"):
        service.operator_key(login.token, pump)
    assert [one["outcome"].startswith("refused") for one in log(site)] == [True] * 3 + [False] + [True] * 5


async def test_a_revoked_person_gets_nothing_at_once(site: Site, service: KeyService) -> None:
    secret = password(site, 1)
    login = await service.login("ada", secret, "terminal-1")
    change.revoke(site.folder, "ada")
    with pytest.raises(KeyRefused, match="revoked"):
        service.operator_key(login.token, site.pumps()[0])
    with pytest.raises(KeyRefused):
        await service.login("ada", secret, "terminal-1")


async def test_guessing_waits_also_side_by_side_and_for_nobody_else(
    site: Site, service: KeyService, clock: Clock
) -> None:
    guesses = (service.login("ada", f"guess {number}", "terminal-1") for number in range(12))
    said = [str(one) for one in await asyncio.gather(*guesses, return_exceptions=True)]
    assert sum("wrong name" in one for one in said) == 5
    assert sum("wait" in one for one in said) == 7
    with pytest.raises(KeyRefused, match="wait"):
        await service.login("ada", password(site, 1), "terminal-1")
    await service.login("bo", password(site, 2), "terminal-1")
    clock.now += 1000
    await service.login("ada", password(site, 1), "terminal-1")


def test_its_own_requests_are_under_the_service_key(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    on_pump = record(site, pump)
    challenge = bytes(range(16))
    key = MacKey(service_key(on_pump[2], on_pump[3], 1))
    made = (
        service.time_request(pump, challenge, 100), service.revoke_request(pump, challenge, 100, 7),
        service.epoch_request(pump, challenge, 100),
    )  # fmt: skip
    counters = []
    for data, kind, argument in zip(made, (8, 9, 10), (service.now_s(), 7, 2), strict=True):
        message = open_message(data, TAG_MAC0)
        assert message is not None
        assert message.verify_mac(key, b"kvo request 1") == OK
        assert decode(message.protected[KEY_ID]) == [bytes.fromhex(pump), 0, 6, 1, 0]
        asked = decode(message.payload)
        counters.append(asked.pop(3))
        assert asked == {1: kind, 2: challenge, 4: 130, 5: {1: argument}}
    assert counters == [counters[0], counters[0] + 1, counters[0] + 2]


def test_two_who_have_the_store_open_use_no_counter_twice(site: Site) -> None:
    pump = site.pumps()[0]
    two = [KeyService(site.folder, clock=Clock()) for _ in range(2)]
    made = [one.read_request(pump, 11, bytes(16), 0) for _ in range(3) for one in two]
    counters = [decode(open_message(data, TAG_MAC0).payload)[3] for data in made]
    assert counters == sorted(set(counters))
    site.keystore.with_name("counter").write_text("torn")
    later = decode(open_message(two[0].read_request(pump, 11, bytes(16), 0), TAG_MAC0).payload)[3]
    assert later == counters[0]  # by the clock: a moment later it is above all of them


def test_a_fact_key_is_for_machines_of_the_site_and_opens_no_request(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    on_pump = record(site, pump)
    got = service.fact_key("gateway", pump)
    assert (got.key, got.pump_id, got.epoch) == (fact_key(on_pump[2], on_pump[3], 1), pump, 1)
    assert got.key not in (service_key(on_pump[2], on_pump[3], 1), operator_key(on_pump[2], on_pump[3], 1, 1, 1, 1))
    for client, which in (("stranger", pump), ("gateway", "0" * 16)):
        with pytest.raises(KeyRefused):
            service.fact_key(client, which)
    change.revoke(site.folder, pump)
    service.reload()
    with pytest.raises(KeyRefused, match="revoked"):
        service.fact_key("gateway", pump)
    assert got.key.hex() not in site.log.read_text()
    told = [(one["who"], one["outcome"]) for one in log(site) if one["what"] == "facts"]
    assert [who for who, _ in told] == ["gateway", "stranger"]
    assert told[0][1] == "given"


def test_the_service_reads_and_asks_for_nothing_else_so(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    asked = decode(open_message(service.read_request(pump, 6, bytes(16), 0, 40), TAG_MAC0).payload)
    assert (asked[1], asked[5]) == (6, {1: 40})
    for kind, since in ((2, None), (6, None), (11, 3)):
        with pytest.raises(ValueError, match="reads nothing"):
            service.read_request(pump, kind, bytes(16), 0, since)


def test_an_epoch_that_was_raised_is_kept(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    before = service.time_request(pump, bytes(16), 0)
    service.epoch_raised(pump)
    again = KeyService(site.folder, clock=Clock()).time_request(pump, bytes(16), 0)
    assert [decode(open_message(one, TAG_MAC0).protected[KEY_ID])[3] for one in (before, again)] == [1, 2]


def test_only_an_authentic_fact_is_opened(site: Site, service: KeyService) -> None:
    pump, other = site.pumps()
    on_pump = record(site, pump)
    key = MacKey(fact_key(on_pump[2], on_pump[3], 1))
    fact = make_mac0(encode({1: 1, 2: 5, 3: 9, 4: {}}), key, {KEY_ID: on_pump[2]}, b"kvo fact 1")
    assert service.open_fact(pump, fact) == {1: 1, 2: 5, 3: 9, 4: {}}
    for place in range(len(fact)):
        forged = bytearray(fact)
        forged[place] ^= 1
        with pytest.raises(KeyRefused):
            service.open_fact(pump, bytes(forged))
    with pytest.raises(KeyRefused):
        service.open_fact(other, fact)


def test_the_store_opens_with_its_passphrase_alone_and_unchanged(site: Site) -> None:
    with pytest.raises(SiteError, match="wrong passphrase"):
        KeyService(site.folder, "not the passphrase")
    data = bytearray(site.keystore.read_bytes())
    data[-1] ^= 1
    site.keystore.write_bytes(data)
    with pytest.raises(SiteError, match="changed"):
        KeyService(site.folder)


def test_the_audits_first_key_is_the_sites_and_an_earlier_one_is_kept(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    given = (site.pump(pump) / "audit.key").read_bytes()
    assert len(given) == 32
    assert service.audit_key(pump) == given
    change.rotate(site.folder, pump)
    service.reload()
    assert service.audit_key(pump) == (site.pump(pump) / "audit.key").read_bytes() != given
    assert service._keys.pumps[pump].older == [given]
    change.wipe(site.folder, f"record:{pump}")
    assert not (site.pump(pump) / "audit.key").exists()
    with pytest.raises(KeyRefused, match="no such pump"):
        service.audit_key("0" * 16)


def test_a_pump_of_before_has_made_its_audits_key_of_its_own(site: Site, service: KeyService) -> None:
    pump = site.pumps()[0]
    service._keys.pumps[pump].audit = b""
    record: Any = Record()
    assert record.decode((site.pump(pump) / "record.cbor").read_bytes())
    assert service.audit_key(pump) == first_key(record)


def test_a_key_store_of_before_is_read() -> None:
    keys = keystore._read([{"0123456789abcdef": [bytes(32), 2, True]}, {}])
    assert keys.pumps["0123456789abcdef"] == keystore.PumpEntry(bytes(32), 2, True, b"")

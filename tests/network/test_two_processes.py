"""Two real processes over Mosquitto with mutual TLS: the provisioned firmware on MicroPython, its site on CPython."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.records import RECORD_SIZE
from firmware.trust import audit as kinds
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.cbor import encode
from hal import ports
from simulator import audit
from simulator.audit_records import decode
from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.site.files import Site
from simulator.site.keyservice import KeyService, OperatorKey
from simulator.site.mosquitto import Mosquitto
from simulator.site.people import read_people
from simulator.trust_client import pin_entry
from tests.network.terminal import Far
from tools.claims.setups import OPEN_DRUG, open_library

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

PROGRAM = ROOT / "tools" / "device" / "networked.py"
HEAP = "heapsize=1m"  # of sources that are compiled in it, and of 74 KiB of flash
MOST_TURNS = 60_000
TURN_MS = 20
PATIENCE_S = 150  # of a machine that has much else to do
BASE_MILLI, SOFT_MILLI, PAST_SOFT_MILLI = 20_000, 50_000, 60_000  # mL/h
ENTRIES = {
    ports.FIELD_DRUG: OPEN_DRUG, ports.FIELD_CARE_AREA: 1, ports.FIELD_MODE: layout.MODE_CONTINUOUS,
    ports.FIELD_DOSE_MILLI: BASE_MILLI, ports.FIELD_VTBI_UL: 100_000,
}  # fmt: skip
NURSE, PHYSICIAN, PHARMACIST, BIOMED = "nurse-1", "physician-1", "pharmacist-1", "biomed-1"


class Pump:
    """The firmware's process, and the nurse before it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def say(self, line: str) -> None:
        """One line of its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def press(self, key: int, value: int = 0) -> None:
        """The nurse presses a key."""
        self.say(f"key {key} {value}")

    async def end(self, early: bool = True) -> dict[str, Any]:
        """Switch it off, or wait for its last turn; what it told."""
        if early:
            self.say("end")
        said, _ = await self._process.communicate()
        assert self._process.returncode == 0, said.decode()
        told: dict[str, Any] = json.loads(said.decode().splitlines()[-1])
        return told


@pytest.fixture
def start(site: Site, tmp_path: Path) -> Callable[..., Any]:
    """Starts a pump: start(pump, identity, port, turns, turn_ms, holds=library). Skips without MicroPython."""
    try:
        command = [*interpreter(), "-X", HEAP, str(PROGRAM), str(ROOT)]
    except HomeError as absent:
        pytest.skip(str(absent))
    library = tmp_path / "library.bin"
    library.write_bytes(open_library(upper_soft=SOFT_MILLI, policy=layout.POLICY_SUSTAIN))

    @asynccontextmanager
    async def started(pump: str, *arguments: Any, holds: bytes | None = None) -> AsyncIterator[Pump]:
        if holds is not None:
            library.write_bytes(holds)
        process = await asyncio.create_subprocess_exec(
            *command, str(site.pump(pump) / "record.cbor"), str(library), *map(str, arguments),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield Pump(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return started


@pytest.fixture
def service(site: Site) -> KeyService:
    return KeyService(site.folder)


class Staff:
    """Numbers, PINs and keys of the site's people, as they were handed over."""

    def __init__(self, site: Site, service: KeyService, pump: str) -> None:
        self._site, self._service, self._pump = site, service, pump
        self._number = {one.name: one.number for one in read_people(site)}

    def _handed_over(self, name: str, what: str) -> str:
        text = (self._site.folder / "to-hand-over" / f"{self._number[name]}.txt").read_text()
        return next(line.split(": ")[1] for line in text.splitlines() if line.startswith(what))

    def login_keys(self, name: str) -> list[tuple[int, int]]:
        """What a person presses."""
        pin = self._handed_over(name, "PIN")
        return [(ports.KEY_FIELD + ports.FIELD_PERSON, self._number[name]),
                (ports.KEY_FIELD + ports.FIELD_PIN, pin_entry(pin))]  # fmt: skip

    async def key(self, name: str) -> OperatorKey:
        """A person's key for this shift, from the key service."""
        login = await self._service.login(name, self._handed_over(name, "Password"), "terminal-1")
        return self._service.operator_key(login.token, self._pump)


def program_at(pump: Pump, staff: Staff, turn: int) -> None:
    """The nurse logs in at a turn, programmes by hand and starts."""
    keys = [*staff.login_keys(NURSE), *([(0, 0)] * 60), (ports.KEY_PROGRAMME, 0)]
    keys += [(ports.KEY_FIELD + field, value) for field, value in ENTRIES.items()]
    keys += [(ports.KEY_CONFIRM, 0), (ports.KEY_START, 0)]
    for place, (key, value) in enumerate(keys):
        if key:
            pump.say(f"at {turn + place} {key} {value}")


async def met(far: Far, service: KeyService) -> None:
    """The pump has said who it is, verified, and has been told the time."""
    hello = await far.until(lambda: far.last(f.HELLO), "HELLO")
    assert (len(hello[1]), hello[2], hello[3]) == (16, 0, 1)  # challenge, session, epoch
    code, _, _ = await far.send(lambda: service.time_request(far.pump, far.challenge, far.pump_s))
    assert code == v.OK


def messages(far: Far, keys: dict[str, OperatorKey]) -> list[tuple[str, int, Callable[[], bytes]]]:
    """What each of ten messages is, the code that must answer it, and how it is made."""
    nurse, physician, pharmacist = keys[NURSE], keys[PHYSICIAN], keys[PHARMACIST]
    rate = {ports.FIELD_TITRATE_MILLI: PAST_SOFT_MILLI}
    return [
        ("status", v.OK, lambda: far.request(nurse, r.KIND_STATUS)),
        ("alarms", v.OK, lambda: far.request(physician, r.KIND_ALARMS)),
        ("a pharmacist's titration", v.REFUSED_FORBIDDEN, lambda: far.request(pharmacist, r.KIND_TITRATE, rate)),
        ("another's key", v.REFUSED_WRONG_MAC,
         lambda: far.request(nurse, r.KIND_TITRATE, rate, proof=physician.key)),
        ("no kind", v.REFUSED_UNKNOWN_KIND, lambda: far.request(nurse, 99)),
        ("expired", v.REFUSED_EXPIRED, lambda: far.request(nurse, r.KIND_TITRATE, rate, good_for_s=-1)),
        ("good for too long", v.REFUSED_TOO_FAR, lambda: far.request(nurse, r.KIND_TITRATE, rate, good_for_s=3_600)),
        ("an earlier session's", v.REFUSED_EARLIER_SESSION,
         lambda: far.request(nurse, r.KIND_TITRATE, rate, challenge=far.challenge[:4] + bytes(12))),
        ("arguments of no kind", v.REFUSED_MALFORMED, lambda: far.request(nurse, r.KIND_PAUSE, {1: 1})),
        ("no request", v.REFUSED_MALFORMED, lambda: encode([far.asked, "x" * 50])),
    ]  # fmt: skip


async def test_a_hundred_of_a_hundred_over_a_killed_broker_and_the_dose_as_without(
    site: Site, broker: Mosquitto, start: Callable[..., Any], service: KeyService
) -> None:
    pump = site.pumps()[0]
    staff = Staff(site, service, pump)
    far = Far(site, broker.port, pump, service)
    keys = {name: await staff.key(name) for name in (NURSE, PHYSICIAN, PHARMACIST)}
    answered: list[tuple[str, int, int]] = []
    async with asyncio.timeout(PATIENCE_S), start(pump, site.pump(pump), broker.port, MOST_TURNS, TURN_MS) as device:
        program_at(device, staff, 20)
        async with far.listening():
            device.say("run")
            await met(far, service)
            for number in range(100):
                if number in (33, 66):
                    broker.kill()
                    broker.start()
                what, wanted, make = messages(far, keys)[number % 10]
                code, _, _ = await far.send(make)
                answered.append((what, wanted, code))
            await far.status(delivery=t.ST_INFUSING, rate=BASE_MILLI)
            told = await device.end()
    async with start(pump, "alone", 0, told["turns"], 0) as device:
        program_at(device, staff, 20)
        device.say("run")
        alone = await device.end(early=False)
    assert [one for one in answered if one[1] != one[2]] == []
    assert len(answered) == 100
    assert far.refused == 0
    assert told["connections"] == 3
    assert (told["violations"], told["falls"]) == (0, 0)
    assert told["refused"] >= 80
    assert (told["therapy"], told["delivered_ul"]) == (alone["therapy"], alone["delivered_ul"])
    assert told["delivered_ul"] > 0


async def test_prepared_confirmed_titrated_by_two_paused_logged_and_audited(
    site: Site, broker: Mosquitto, start: Callable[..., Any], service: KeyService
) -> None:
    pump = site.pumps()[1]
    staff = Staff(site, service, pump)
    far = Far(site, broker.port, pump, service)
    nurse, physician, biomed = [await staff.key(name) for name in (NURSE, PHYSICIAN, BIOMED)]
    running = start(pump, site.pump(pump), broker.port, MOST_TURNS, TURN_MS)
    async with asyncio.timeout(PATIENCE_S), running as device, far.listening():
        device.say("run")
        await met(far, service)
        # Prepared from afar: nothing flows.
        code, message, prepared = await far.ask(nurse, r.KIND_PREPARE, ENTRIES)
        assert (code, message) == (v.OK, msg.NONE)
        await far.status(delivery=t.ST_STANDBY, message=msg.PREPARED, rate=0)
        # Confirmed and started by whoever has logged in at the bedside.
        device.press(ports.KEY_PROGRAMME)
        await far.status(delivery=t.ST_STANDBY, message=msg.LOGIN)
        for key, value in staff.login_keys(NURSE):
            device.press(key, value)
        await far.status(operator=nurse.operator)
        device.press(ports.KEY_PROGRAMME)
        await far.status(delivery=t.ST_PROGRAMMING, message=msg.PREPARED)
        device.press(ports.KEY_CONFIRM)
        device.press(ports.KEY_START)
        await far.status(delivery=t.ST_INFUSING, rate=BASE_MILLI)
        # Past the soft limit: two people, and a confirm at the bedside.
        code, message, asked = await far.ask(nurse, r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: PAST_SOFT_MILLI})
        assert (code, message) == (v.OK, msg.CONFIRM_SOFT)
        await far.status(offered=PAST_SOFT_MILLI, message=msg.SECOND, rate=BASE_MILLI)
        assert (await far.ask(nurse, r.KIND_APPROVE, {1: asked}))[0] == v.REFUSED_SAME_PERSON
        assert (await far.ask(physician, r.KIND_APPROVE, {1: asked}))[0] == v.OK
        await far.status(offered=PAST_SOFT_MILLI, rate=BASE_MILLI)
        device.press(ports.KEY_CONFIRM)
        await far.status(message=msg.CONFIRM_SOFT)
        device.press(ports.KEY_CONFIRM)
        await far.status(delivery=t.ST_INFUSING, rate=PAST_SOFT_MILLI, offered=-1)
        broker.kill()
        broker.start()
        # A pause that is asked for rings, and the dose goes on.
        assert (await far.ask(nurse, r.KIND_PAUSE))[0] == v.OK
        await far.until(lambda: (far.last(f.ALARMS) or {2: 0})[2] >> al.AL_PAUSE_ASKED - al.TRUST_BASE & 1)
        await far.status(delivery=t.ST_INFUSING, rate=PAST_SOFT_MILLI)
        log = await collected(far, nurse, r.KIND_LOG, f.LOG)
        noted = await collected(far, biomed, r.KIND_AUDIT, f.AUDIT)
        records = len(audit.split(noted))
        await far.until(lambda: (far.last(f.HEAD) or {1: 0})[1] >= records, f"a head of {records} records")
        heads = [(fact[f.BODY][1], fact[f.BODY][2]) for fact in far.facts if fact[f.KIND] == f.HEAD]
        told = await device.end()
    assert len(log) >= 5 * RECORD_SIZE and len(log) % RECORD_SIZE == 0
    assert (told["connections"], told["violations"], told["falls"]) == (2, 0, 0)
    judge_audit(service.audit_key(pump), noted, heads, {"prepared": prepared, "asked": asked}, nurse.operator)


async def collected(far: Far, key: OperatorKey, kind: int, fact: int) -> bytes:
    """All the records of a log, piece by piece."""
    found = b""
    since = 0
    while True:
        code, _, _ = await far.ask(key, kind, {1: since})
        if code == v.REFUSED_BUSY:
            continue
        assert code == v.OK
        body = await far.until(lambda at=since: (b := far.last(fact)) is not None and b[1] == at and b)  # type: ignore[misc]
        found += body[2]
        since = body[3]
        if not since:
            return found


def judge_audit(
    key: bytes, noted: bytes, heads: list[tuple[int, bytes]], digests: dict[str, bytes], nurse: int
) -> None:
    """What was handed out verifies away from the pump, and tells what happened and who did it."""
    frames = audit.split(noted)
    within = [head for head in heads if head[0] <= len(frames)]
    assert len(within) > 1
    log = audit.verify(frames, key, start=0, heads=within)
    assert log.findings == []
    entries = [decode(one) for one in log.records]
    told = [(one.kind, one.values) for one in entries]
    assert entries[0].kind == kinds.AUDIT_BOOT
    assert (kinds.AUDIT_LOGIN, {"operator": nurse}) in told
    requests = [one.values for one in entries if one.kind == kinds.AUDIT_REQUEST]
    assert {one["kind"] for one in requests} >= {r.KIND_PREPARE, r.KIND_TITRATE, r.KIND_APPROVE, r.KIND_PAUSE}
    confirmed = [(one["what"], one["digest"]) for kind, one in told if kind == kinds.AUDIT_CONFIRMED]
    assert confirmed == [(2, digests["prepared"]), (4, digests["asked"])]
    programme = [(one["what"], one["rate_ul_h"]) for kind, one in told if kind == kinds.AUDIT_PROGRAMME]
    assert programme[-1] == (2, PAST_SOFT_MILLI)
    assert v.REFUSED_SAME_PERSON in [one["code"] for kind, one in told if kind == kinds.AUDIT_REFUSED]

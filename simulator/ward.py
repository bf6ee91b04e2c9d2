"""A ward in one process: pumps of a site with the real firmware, at the site's Mosquitto, with a nurse at each.

    async with Ward(site) as ward:
        await ward.until(lambda: all(pump.is_up for pump in ward.pumps), 30)

Time is the wall's (`speed` times as fast): a turn each 100 ms of the pumps' own. It is what the gateway and the
operator's client are tried on.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from firmware.app import App
from firmware.comms import mqtt
from firmware.main import audit_for
from firmware.therapy.journal import Journal
from firmware.therapy.records import REC_MARK
from firmware.therapy.tables import DELIVERY_NAMES
from firmware.trust.credentials import Record
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.install import begin_audit
from hal.host.files import HostEntropy
from hal.host.sockets import SocketLink
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, ERR_FAILED, OK
from simulator.files.programme import Programme, find_programme, load_programme
from simulator.nurse import CONFIRMS, Nurse
from simulator.plant import Plant
from simulator.site.embedded import broker_for
from simulator.site.files import Site, SiteError, write_private
from simulator.site.keystore import Keys, PumpEntry, unseal
from simulator.site.make import read_about, read_passphrase
from simulator.site.mosquitto import is_free
from simulator.site.people import find, read_people
from simulator.site.records import EPOCH_2020
from simulator.world import TICK_MS, World

PROGRAMME = "fluid-bolus"  # what the pumps are set up for: head, reservoir, library
POLLS = 5  # of comms between two turns: a device polls as often as its main loop comes round
MOST_PUMPS = 64
_AUDITS = (AREA_AUDIT_A, AREA_AUDIT_B)
_CATCH_UP = 20  # turns at once, after a machine that was busy; what is left is lost
_SIM_RTC_S = 200_000_000


class WardLink(SocketLink):
    """A pump's socket under TLS, on a cable that the plant may pull."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, plant: Plant) -> None:
        super().__init__(host, port, tls)
        self._plant = plant
        self._cut_off: list[socket.socket] = []  # given up over a pulled cable: the far end was not told

    def open(self) -> int:
        """Dial, if there is a carrier."""
        if not self._plant.link_up:
            return ERR_FAILED
        self._tell()
        return int(super().open())

    def close(self) -> None:
        """Let go of the far end; over a pulled cable it does not hear of that."""
        if self._socket is not None and not self._plant.link_up:
            self._cut_off.append(self._socket)
            self._socket = None
        super().close()

    def end(self) -> None:
        """Let go of everything."""
        super().close()
        self._tell()

    def _tell(self) -> None:
        for one in self._cut_off:
            one.close()
        self._cut_off.clear()

    def receive(self, into: bytearray) -> int:
        """Nothing comes over a pulled cable, and nothing says so."""
        return int(super().receive(into)) if self._plant.link_up else 0

    def send(self, data: bytes, count: int) -> int:
        """Nothing leaves over a pulled cable."""
        return int(super().send(data, count)) if self._plant.link_up else 0

    def reset(self) -> None:
        """The chip restarts: the far end hears no more of this connection."""
        self.close()


class WardPump:
    """One pump: its world, its nurse, its link."""

    def __init__(
        self, site: Site, pump_id: str, programme: Programme, where: tuple[str, int], nurse: tuple[int, str] | None,
        habit: str, seed: int, keys: PumpEntry | None = None,
    ) -> None:  # fmt: skip
        """`keys`: for what it keeps beyond a run, its epoch and its audit. SiteError where its record is gone."""
        self.pump_id = pump_id
        self.record = _record(site, pump_id)
        self._audit_key = b""
        if keys is not None:
            self.record.epoch = max(self.record.epoch, keys.epoch)
            self._audit_key = keys.audit
        folder = site.pump(pump_id)
        self._audit_file = folder / "ward.audit"
        self._tls = ssl.create_default_context(cafile=str(site.ca))
        self._tls.load_cert_chain(folder / "client.crt", folder / "client.key")
        self._where = where
        self.link: WardLink | None = None
        self.app: Any = None
        self.world = World(
            programme, seed=seed, make_app=self._make_app, credentials=self.record, attended=False,
        )  # fmt: skip
        self.nurse = None if nurse is None else Nurse(self.world, *nurse, habit)

    def _make_app(self, board: Any) -> App:
        if self.link is None:
            self.link = WardLink(*self._where, self._tls, board.plant)
            now_s = int(time.time()) - EPOCH_2020
            board.rtc.offset_s = now_s - _SIM_RTC_S
            # A ward's pumps remember nothing of a run before, but the facts of that run are old: their counters go by
            # the secure counter, so it begins at the clock, and the journal says so, as of a pump that has long run.
            board.counter.value = now_s
            Journal(board.store).append(REC_MARK, struct.pack("<I", now_s))
            self._take_audit(board.store)
        board.link = self.link
        board.entropy = HostEntropy()
        maker = mqtt.MqttMaker(self.record.pump_id, board.clock, board.entropy)
        audit = audit_for(board.store) if self._audit_key else None
        self.app = App(board, Gatekeeper(board, audit), make_comms=maker.make)
        return self.app

    def _take_audit(self, store: Any) -> None:
        """Its audit of the run before, which a gateway goes on from; else one that begins with the site's key."""
        if not self._audit_key:
            return
        sizes = [store.size(area) for area in _AUDITS]
        try:
            kept = self._audit_file.read_bytes()
        except OSError:
            kept = b""
        if len(kept) == sum(sizes):
            store.load(_AUDITS[0], kept[: sizes[0]])
            store.load(_AUDITS[1], kept[sizes[0] :])
        elif begin_audit(store, self._audit_key) != OK:
            raise SiteError(f"pump {self.pump_id}: its audit cannot be begun; 'kvo provision rotate' makes new keys")

    def keep_audit(self) -> None:
        """Write its audit down for the next run, as its flash would have it."""
        if self._audit_key:
            areas = [bytearray(self.world.board.store.size(area)) for area in _AUDITS]
            for area, into in zip(_AUDITS, areas, strict=True):
                self.world.board.store.read(area, 0, into)
            write_private(self._audit_file, b"".join(areas))

    def tick(self) -> None:
        """A turn of 100 ms."""
        self.world.tick()
        if self.nurse is not None and not self.world.is_dark:
            self.nurse.look()

    def poll(self) -> None:
        """The main loop comes round."""
        if not self.world.is_dark:
            self.app.background()

    @property
    def is_up(self) -> bool:
        """Whether its comms is at the broker."""
        comms = self.app.supervisor._comms
        return comms is not None and comms.state == mqtt.UP

    @property
    def connections(self) -> int:
        """How often this comms has come to the broker."""
        comms = self.app.supervisor._comms
        return 0 if comms is None else int(comms.connections)

    @property
    def delivery(self) -> str:
        """What it does, by name."""
        return DELIVERY_NAMES[self.world.status.delivery]


class Ward:
    """Pumps that run while it is entered. `broker` is its own, None where it joined another."""

    def __init__(
        self, site: Site, pumps: int | None = None, programme: str | Programme = PROGRAMME, nurse: str | None = None,
        habit: str = CONFIRMS, port: int | None = None, join: bool = False, speed: float = 1.0,
        passphrase: str | None = None, embedded: bool | None = None,
    ) -> None:  # fmt: skip
        """`pumps`: how many of the site's, all where None. `nurse`: an operator's name or number, the first nurse where
        None. `join`: a broker runs already. `embedded`: as simulator.site.embedded.broker_for takes it. SiteError, FileProblem, where something is not to be had.
        """
        self.site = site
        about = read_about(site)
        self.host, self.port = about["host"], about["port"] if port is None else port
        self.speed = speed
        self.late = 0  # turns that a busy machine has lost
        if not join and not is_free(self.port):
            raise SiteError(f"port {self.port} is taken; a broker of this site's? --join uses it. Else name --port")
        self.broker = None if join else broker_for(site, self.port, embedded)
        chosen = load_programme(find_programme(programme)) if isinstance(programme, str) else programme
        chosen = replace(chosen, events=(), faults=())
        keys = unseal(site.keystore, read_passphrase(site, passphrase))  # the simulator plays pumps and people
        person = _nurse_of(site, nurse, keys)
        self.pumps = [
            WardPump(site, pump_id, chosen, (self.host, self.port), person, habit, seed, keys.pumps[pump_id])
            for seed, pump_id in enumerate(_some(site, pumps))
        ]
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Ward:
        if self.broker is not None:
            await asyncio.to_thread(self.broker.start)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for pump in self.pumps:
            if pump.link is not None:
                pump.link.end()
            pump.keep_audit()
            pump.world.close()
        if self.broker is not None:
            await asyncio.to_thread(self.broker.close)

    def pump(self, pump_id: str) -> WardPump:
        """One of them; KeyError for another."""
        return {one.pump_id: one for one in self.pumps}[pump_id]

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait for something to be so while the ward runs; TimeoutError where it is not. Raises what ended the ward."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self.wait(0.01)

    async def wait(self, seconds: float) -> None:
        """Let it run for so long. Raises what ended it, if anything did."""
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=seconds)
            for one in done:
                one.result()

    async def _run(self) -> None:
        turn_s = TICK_MS / 1000 / self.speed
        due = time.monotonic()
        while True:
            for _ in range(POLLS):
                for pump in self.pumps:
                    pump.poll()
                await asyncio.sleep(max(turn_s / POLLS, 0))
            for _ in range(_CATCH_UP):
                if time.monotonic() < due:
                    break
                for pump in self.pumps:
                    pump.tick()
                due += turn_s
            else:
                behind = int((time.monotonic() - due) / turn_s)
                self.late += max(behind, 0)
                due += max(behind, 0) * turn_s


def _some(site: Site, count: int | None) -> Sequence[str]:
    found = site.pumps()
    most = min(len(found), MOST_PUMPS)
    if count is None:
        count = most
    if not 1 <= count <= most:
        raise SiteError(f"{site.folder}: {count} pumps are not possible; the site has {len(found)}, and a ward runs 1 "
                        f"to {MOST_PUMPS} ('kvo provision add {site.folder} --pumps 1' adds one)")  # fmt: skip
    return found[:count]


def _record(site: Site, pump_id: str) -> Record:
    path = site.pump(pump_id) / "record.cbor"
    record: Any = Record()
    try:
        data = path.read_bytes()
    except OSError:
        raise SiteError(f"{path}: the pump's record is not here any more; 'kvo provision record {site.folder} "
                        f"{pump_id}' makes another") from None  # fmt: skip
    if not record.decode(data):
        raise SiteError(f"{path}: this is no credential record; 'kvo provision record' makes another")
    made: Record = record
    return made


def _nurse_of(site: Site, name: str | None, keys: Keys) -> tuple[int, str] | None:
    """Number and PIN of whoever stands at the bedsides; None where the site has no nurse and none was named."""
    people = read_people(site)
    if name is None:
        person = next((one for one in people if one.role == "nurse" and not one.revoked), None)
    else:
        person = find(people, name)
    if person is None:
        return None
    return person.number, keys.operators[person.number].pin

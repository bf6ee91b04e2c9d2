"""An incident on a pump that gives norepinephrine: attacked, isolated, its evidence taken, recovered; the dose goes on.

One scene for the claim `evidence` and for tests: a site's keys, its two recovery cards and its exporter, a whole World.
"""

from __future__ import annotations

import struct
from typing import Any

from firmware.app import App
from firmware.comms.raw import RawComms
from firmware.main import gatekeeper_for
from firmware.therapy import tables as t
from firmware.trust.install import begin_audit
from firmware.trust.recovery_area import write_keys
from hal import ports
from hal.compat import crc32
from simulator import audit
from simulator.asked import NURSE, PINS, people
from simulator.devices.cards import SignCard, card_of
from simulator.devices.local import LocalCable
from simulator.files.programme import find_programme, load_programme
from simulator.trust_client import framed, make_record
from simulator.world import World
from tools.evidence.container import Container
from tools.provision.install import Line
from tools.provision.recover import NewKeys, recover

PROGRAMME = "norepinephrine-8h"
AUDIT_KEY = bytes(range(40, 72))
NEXT_AUDIT_KEY = bytes(range(80, 112))
NONCE = bytes(range(16))
TAKEN_S = 1_790_000_000
START_MS = 120_000
_WAIT_MS = 60_000
_CALM_MS = 5_000


def recovery_cards(seed: int = 3) -> tuple[SignCard, SignCard]:
    """The two cards of a site."""
    return card_of(seed, 1), card_of(seed, 2)


def exporter(seed: int = 5) -> SignCard:
    """What counter-signs for a site."""
    return card_of(seed, 0)


class Scene:
    """A pump in its world, provisioned, infusing, with a cable in its local port."""

    def __init__(
        self, make_service: Any = None, record: Any = None, audit_key: bytes = AUDIT_KEY,
        points: tuple[bytes, bytes] | None = None, person: tuple[int, str] = (NURSE, PINS[NURSE]),
    ) -> None:
        """`make_service`: what answers at the local port, where it is not firmware.trust.recovery.Recovery.

        record, audit_key, points (the recovery cards' keys), person: a site's own, where there is one.
        """
        self.record = make_record(1, people()) if record is None else record
        self._audit_key = audit_key
        self._points = tuple(card.public for card in recovery_cards()) if points is None else points
        self.heads: list[tuple[int, bytes]] = []
        self.gatekeeper: Any = None
        self._make_service = make_service
        self.world = World(
            load_programme(find_programme(PROGRAMME)), credentials=self.record, person=person,
            make_app=self._boot,
        )  # fmt: skip
        self.cable = LocalCable(self.world)
        self.run(START_MS)

    def _boot(self, board: Any) -> App:
        if self.gatekeeper is None:  # as it leaves provisioning
            begin_audit(board.store, self._audit_key)
            write_keys(board.store, self.record.pump_id, *self._points)
        self.gatekeeper = gatekeeper_for(board)
        app = App(board, self.gatekeeper, RawComms)
        app.local.make_service = self._make_service
        return app

    @property
    def store(self) -> Any:
        """The pump's."""
        return self.world.board.store

    @property
    def trust(self) -> int:
        """TR_*."""
        return int(self.world.status.trust)

    @property
    def rate_ul_h(self) -> int:
        """What is infused."""
        return int(self.world.status.rate_ul_h)

    def run(self, ms: int) -> None:
        """Let time pass."""
        self.world.run(self.world.clock.ms + ms)

    def line(self) -> Line:
        """Somebody's terminal at the local port."""
        self.cable.reset_input_buffer()
        return Line("local", self.cable, self.cable.seconds)

    def publish(self) -> tuple[int, bytes]:
        """The head of the audit as the pump publishes it now, kept by the site."""
        head: tuple[int, bytes] = self.gatekeeper.audit.head()
        self.heads.append(head)
        return head

    def attack(self) -> None:
        """Forgeries from the network, then a hand on the flash: a byte of the stored credentials changes."""
        for place in range(6):
            self.world.board.link.deliver(framed(bytes([0xD1, 0x84, place]) * 20))
            self.run(1_000)
        self.publish()
        for area in (ports.AREA_KEYS_A, ports.AREA_KEYS_B):
            self.store.flip(area, 60, 3)
        self.until(lambda: self.trust == t.TR_ISOLATED)
        self.run(_CALM_MS)

    @property
    def status(self) -> Any:
        """What the pump shows."""
        return self.world.status

    def area(self, area: int) -> bytes:
        """What an area of the store holds."""
        into = bytearray(self.store.size(area))
        self.store.read(area, 0, into)
        return bytes(into)

    def spoil_audit(self) -> None:
        """A hand on the flash: a stored audit record changes, its checksum mended."""
        frame = audit.read_log(self.store)[0]
        area = self.gatekeeper.audit._audit.chain.area
        held = self.area(area)
        changed = mended(frame[:44] + bytes([frame[44] ^ 1]) + frame[45:])
        self.store.load(area, held.replace(frame, changed))
        self.until(lambda: self.trust == t.TR_ISOLATED)
        self.run(_CALM_MS)

    def isolate_again(self) -> None:
        """Flash is written a second time: so the local port opens while the infusion runs."""
        self.store.flip(ports.AREA_KEYS_A, 60, 3)
        self.store.flip(ports.AREA_KEYS_B, 60, 3)
        self.until(lambda: self.trust == t.TR_ISOLATED)
        self.run(_CALM_MS)

    def until(self, holds: Any) -> None:
        """Wait a minute at most; RuntimeError where it does not come about."""
        until_ms = self.world.clock.ms + _WAIT_MS
        while not holds():
            if self.world.clock.ms >= until_ms:
                raise RuntimeError("what the scene waits for did not happen")
            self.world.tick()

    def turn_key(self, on: bool = True) -> None:
        """The key switch."""
        self.world.disturb("key_switch_on" if on else "key_switch_off")
        self.run(300)

    def next_keys(self, seed: int = 2, epoch: int = 2) -> NewKeys:
        """What the site makes for this pump after the incident."""
        record = make_record(seed, people(), epoch=epoch)
        record.pump_id = self.record.pump_id
        return NewKeys(record.encode(), NEXT_AUDIT_KEY)

    def recover(self, keys: NewKeys | None = None) -> Container:
        """All of a recovery; the evidence, which was kept before anything was replaced."""
        kept: list[Container] = []
        recover(
            self.line(), self.next_keys() if keys is None else keys, recovery_cards(), exporter(), TAKEN_S,
            kept.append, NONCE,
        )  # fmt: skip
        return kept[0]


def mended(frame: bytes) -> bytes:
    """An audit record with a checksum that holds."""
    end = 72 + int.from_bytes(frame[2:4], "little")
    return frame[:end] + struct.pack("<I", crc32(frame[:end])) + frame[end + 4 :]

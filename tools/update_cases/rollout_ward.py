"""A ward of simulated pumps with slots in one process and in virtual time: some infuse, some wait for a new image.

A biomed stands in it: where a pump in maintenance has an image installed, its power is switched off and on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from firmware.app import App
from firmware.main import gatekeeper_for
from firmware.therapy.selfcheck import DOUBT
from firmware.therapy.tables import ST_FAILED, ST_INFUSING, ST_MAINTENANCE
from firmware.trust import facts as f
from firmware.update import updater
from hal import ports
from simulator.asked import BIOMED, NOW_S, NURSE, PINS, Asked, Doses, people
from simulator.files.programme import Programme
from simulator.gateway.views import Staged
from simulator.rollout.line import Standing
from simulator.trust_client import framed, make_record
from simulator.world import World
from tools.update_cases import refused
from tools.update_cases import slotted as s
from tools.update_cases.asked_slots import Both
from tools.update_cases.pump import device

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
_DOSES = Doses(0, 0, 0, 0)
_SETTLE_MS = 20_000
_OFF_MS = 1_000
_WALK_MS = 5_000  # until the biomed is there


class WardPump(Asked):
    """A pump in its world, booted from a slot.

    fails: the image on trial finds in its self-test that this pump's hardware is not what it needs. silent: it is not
    heard any more once it has booted that.
    """

    def __init__(
        self, ward: SlotWard, place: int, programme: Programme, infuses: bool, fails: bool, silent: bool, rooms: s.Rooms
    ) -> None:
        Asked.__init__(self, make_record(place + 1, people()), _DOSES)
        self.pump_id = self.record.pump_id.hex()
        self.infuses = infuses
        self.asked = 0  # messages that were sent to it
        self.wants_ms = 0  # so long it has waited to be switched off and on
        self._ward = ward
        self._fails, self._silent, self._rooms = fails, silent, rooms
        self.flash = s.flash_for(refused.SIZE + 2_000)
        s.put_in(self.flash, ports.AREA_GOLDEN, refused.GOLDEN)
        s.confirm_in(self.flash, 0, refused.OLD)
        self.app: Any = None
        self.boots: list[int] = []  # numbers of the images that booted
        person = (NURSE, PINS[NURSE]) if infuses else None
        self.world = World(
            programme, seed=place, make_app=self._make_app, credentials=self.record, person=person, attended=infuses
        )

    def _make_app(self, board: Any) -> App:
        record = s.SHIPPED.record.Record(self.flash)
        booted = s.SHIPPED.boot.Boot(
            self.flash, record, device(), refused.demanded, refused.golden_proofs, int
        ).choose()
        self.boots.append(booted.number)
        store = Both(board.store, self.flash)
        updates = self._rooms.running.Updates(store, booted, device, refused.demanded, board.clock.ticks_ms())
        self.app = App(board, gatekeeper_for(board), updates=updates)
        if self._fails and booted.number != refused.OLD.number:
            self.app.controller.detectors.frame.register(_never, DOUBT)
        return self.app

    @property
    def state(self) -> int:
        """What it does."""
        return int(self.world.status.delivery)

    @property
    def runs(self) -> int:
        """The number of the image that booted last."""
        return self.boots[-1]

    def is_unheard(self) -> bool:
        """Whether nothing of it comes through."""
        return self._silent and len(self.boots) > 1

    def turn(self) -> None:
        """A tenth of a second of its own, and what it says is heard."""
        self.world.tick()
        if not self.is_unheard():
            self.hear(self.world.board.link.sent)

    # As Asked has it: its turns are the ward's.

    def tick(self) -> None:
        """Let one turn of the whole ward pass."""
        self._ward.tick()

    def run(self, ms: int) -> None:
        """Let time pass in the whole ward."""
        self._ward.run(ms)

    def press(self, key: int, value: int = 0) -> None:
        """Press a key and turn once."""
        self.world.press(key, value)
        self._ward.tick()

    def deliver(self, message: bytes) -> None:
        """The network brings a message."""
        self.asked += 1
        self.world.board.link.deliver(framed(message))
        self._ward.tick()


class PumpLine:
    """Such a pump as a roll-out reaches it, at the network's end. Matches simulator.rollout.line.Line."""

    def __init__(self, pump: WardPump, ward: SlotWard) -> None:
        self.pump_id = pump.pump_id
        self._pump = pump
        self._ward = ward

    async def ask(self, kind: int, arguments: dict[int, Any]) -> int | None:
        """A biomed's request."""
        return self._pump.ask(BIOMED, kind, arguments)

    async def wait(self, seconds: float) -> None:
        """Let the ward's time pass."""
        self._ward.run(int(seconds * 1000))

    def now_s(self) -> float:
        """The ward's time."""
        return self._ward.ms / 1000

    @property
    def staged(self) -> Staged | None:
        """What was announced to it."""
        fact = self._pump.reader.last(f.STAGED)
        return None if fact is None else Staged.of(fact)

    @property
    def standing(self) -> Standing | None:
        """What it said of updates last."""
        fact = self._pump.reader.last(f.UPDATE)
        return None if fact is None else Standing.of(fact)


def _never() -> int:
    """A check that this pump's hardware does not pass."""
    return 0


class SlotWard:
    """Pumps side by side. `switched`: how often a biomed has switched one off and on."""

    def __init__(
        self, programme: Programme, infuse: Sequence[bool], fails: int = -1, silent: int = -1,
        rooms: s.Rooms = s.SHIPPED,
    ) -> None:
        """`infuse`: for each pump, whether it infuses; the others are in maintenance. `fails`, `silent`: places."""
        self.ms = 0
        self.switched = 0
        self.pumps = [
            WardPump(self, place, programme, infuses, place == fails, place == silent, rooms)
            for place, infuses in enumerate(infuse)
        ]
        self.run(_SETTLE_MS)
        for pump in self.pumps:
            pump.tell_time(NOW_S)
        for pump in self.pumps:
            if not pump.infuses:
                self.maintain(pump)
        self.run(_SETTLE_MS)
        for pump in self.pumps:
            if pump.state != (ST_INFUSING if pump.infuses else ST_MAINTENANCE):
                raise ValueError(f"pump {pump.pump_id} is in state {pump.state}")

    def maintain(self, pump: WardPump) -> None:
        """Turn the key switch and put a pump into maintenance."""
        pump.world.disturb("key_switch_on")
        pump.press(ports.KEY_MAINTENANCE_ON)

    def lines(self) -> list[PumpLine]:
        """The pumps as a roll-out reaches them."""
        return [PumpLine(pump, self) for pump in self.pumps]

    def now(self) -> datetime:
        """The ward's time."""
        return BEGIN + timedelta(milliseconds=self.ms)

    def tick(self) -> None:
        """A tenth of a second of every pump."""
        self.ms += 100
        for pump in self.pumps:
            pump.turn()
            pump.wants_ms = pump.wants_ms + 100 if self._wants_switching(pump) else 0
            if pump.wants_ms > _WALK_MS:
                pump.wants_ms = 0
                self.switched += 1
                pump.world.power_cut(_OFF_MS)

    def _wants_switching(self, pump: WardPump) -> bool:
        """What a person by the bed sees to: an image that is installed, and one whose self-test has failed."""
        if pump.world.is_dark or pump.infuses:
            return False
        if pump.state == ST_MAINTENANCE and pump.app.updates.state() == updater.INSTALLED:
            return True
        return pump.state == ST_FAILED and pump.app.updates.record.trial not in (0, 1)

    def run(self, ms: int) -> None:
        """Let time pass."""
        end = self.ms + ms
        while self.ms < end:
            self.tick()

    def close(self) -> None:
        """End all worlds."""
        for pump in self.pumps:
            pump.world.close()

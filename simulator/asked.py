"""Pumps with credentials, and everybody who may ask something of them. For claims and tests of requests.

`AskedPump` is an ideal one whose gatekeeper's mailboxes are filled and emptied by hand; `AskedWorld` is a whole World
in any home, with its plant and its link. Both are asked in the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.app import App
from firmware.main import gatekeeper_for
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.credentials import Record
from hal import ports
from hal.compat import HALF
from simulator.devices.parts import SimCounter, SimEntropy
from simulator.files.programme import Programme
from simulator.ideal import IdealBoard, IdealPump
from simulator.standins.comms import Mute, maker
from simulator.trace import Trace
from simulator.trust_client import (
    Reader,
    Terminal,
    digest_of,
    framed,
    login_keys,
    make_record,
    sealed,
    service,
    stored,
)
from simulator.world import World

NURSE, PHYSICIAN, PHARMACIST, BIOMED = 7, 8, 9, 10  # numbers of people
PINS = {NURSE: "0427", PHYSICIAN: "99182", PHARMACIST: "5150", BIOMED: "2718"}
ROLES = {NURSE: r.NURSE, PHYSICIAN: r.PHYSICIAN, PHARMACIST: r.PHARMACIST, BIOMED: r.BIOMED}
NOW_S = 200_000_000  # the site's time when the pump is told it
SHIFT_S = 8 * 3600


@dataclass(frozen=True)
class Doses:
    """Dose rates in thousandths of the drug's unit: what runs, what is asked for honestly, what a forger wants.

    past_soft: past the library's soft limit, which the others are not.
    """

    base: int
    honest: int
    forged: int
    past_soft: int


def people() -> dict[int, tuple[int, str]]:
    """Those who may log in, by number: role and PIN."""
    return {number: (ROLES[number], pin) for number, pin in PINS.items()}


# Of a drug by mL/h whose soft limit is 50 mL/h.
OPEN_DOSES = Doses(20_000, 30_000, 45_000, 60_000)


class Asked:
    """What both kinds have: terminals, requests, answers. `codes` are those of all acknowledgements, in order."""

    def __init__(self, record: Record, doses: Doses) -> None:
        self.record = record
        self.doses = doses
        self.reader = Reader(record)
        self.codes: list[int] = []
        self.service = service(record)
        self.terminals = {number: self.terminal(number) for number in PINS}

    # Each kind's own.

    def tick(self) -> None:
        """Let one turn pass."""
        raise NotImplementedError

    def run(self, ms: int) -> None:
        """Let time pass."""
        raise NotImplementedError

    def press(self, key: int, value: int = 0) -> None:
        """Press a key and turn once."""
        raise NotImplementedError

    def deliver(self, message: bytes) -> None:
        """The network brings a message."""
        raise NotImplementedError

    def reboot(self) -> None:
        """The watchdog resets the pump: a new firmware on what the store and the scratch word hold."""
        raise NotImplementedError

    # The same for both.

    def hear(self, sent: bytes | bytearray) -> None:
        """Take in all that the pump has sent so far."""
        self.codes += [fact.body[2] for fact in self.reader.read(sent) if fact.kind == f.ACK]

    def terminal(self, number: int, **other: Any) -> Terminal:
        """The terminal of a person whose shift has just begun; `other`: role, not_after_s, epoch."""
        values = {"role": ROLES.get(number, r.NURSE), "not_after_s": NOW_S + SHIFT_S} | other
        return Terminal(self.record, number, **values)

    @property
    def now_s(self) -> int:
        """Pump seconds, as the pump told them last: five seconds ago at most."""
        return self.reader.facts[-1].pump_s if self.reader.facts else 0

    @property
    def challenge(self) -> bytes:
        """The session's challenge, as the pump tells it."""
        hello = self.reader.last(f.HELLO)
        return b"" if hello is None else bytes(hello.body[1])

    def send(self, message: bytes) -> int | None:
        """Deliver a message and wait for what it came to: a code, or None where nothing was said within 3 s."""
        before = len(self.codes)
        self.deliver(message)
        for _ in range(30):
            if len(self.codes) > before:
                return self.codes[before]
            self.tick()
        return None

    def request(self, who: Terminal | int, kind: int, arguments: dict[int, Any] | None = None, **other: Any) -> bytes:
        """A good request of a person, or of any terminal; `other`: challenge, expiry_s, counter."""
        terminal = self.terminals[who] if isinstance(who, int) else who
        challenge = other.pop("challenge", self.challenge)
        expiry_s = other.pop("expiry_s", self.now_s + 20)
        return terminal.ask(kind, challenge, expiry_s, arguments, **other)

    def ask(self, who: Terminal | int, kind: int, arguments: dict[int, Any] | None = None, **other: Any) -> int | None:
        """Make a request, send it, return what it came to."""
        return self.send(self.request(who, kind, arguments, **other))

    def tell_time(self, site_s: int) -> None:
        """The key service tells the time; ValueError where the pump does not take it."""
        code = self.ask(self.service, r.KIND_TIME, {1: site_s})
        if code != v.OK:
            raise ValueError(f"the pump does not take the time: {code}")

    def message_of(self, message: bytes) -> int | None:
        """Therapy's answer in the newest acknowledgement of a request."""
        digest = digest_of(message)
        acks = [fact.body for fact in self.reader.facts if fact.kind == f.ACK and fact.body[1] == digest]
        return acks[-1][3] if acks else None


def board_of(record: Record | None, library: bytes = b"", head: int = ports.HEAD_VOLUMETRIC) -> IdealBoard:
    """An ideal board provisioned with `record`, or with none."""
    board: Any = IdealBoard(head, library if record is None else sealed(record, library), HALF - 1)
    board.counter = SimCounter()
    board.entropy = SimEntropy(0)
    if record is not None:
        for area in (ports.AREA_KEYS_A, ports.AREA_KEYS_B):
            board.store.write(area, 0, stored(record))
    made: IdealBoard = board
    return made


class AskedPump(Asked, IdealPump):
    """An ideal pump past its self-test that has been told the time."""

    def __init__(
        self, record: Record | None = None, library: bytes = b"",
        make_gatekeeper: Callable[[Any], Any] = gatekeeper_for, board: IdealBoard | None = None, site_s: int = NOW_S,
    ) -> None:
        """`board`: one that has run before, to boot on its store. `site_s`: the time it is told, 0 for none."""
        Asked.__init__(self, make_record(1, people()) if record is None else record, OPEN_DOSES)
        self.sent = bytearray()
        self.trace = Trace()
        self._make_gatekeeper = make_gatekeeper
        IdealPump.__init__(
            self, board=board_of(self.record, library) if board is None else board, make_gatekeeper=make_gatekeeper,
            make_comms=maker(Mute, None),
        )
        if site_s:
            self.tell_time(site_s)

    @property
    def gatekeeper(self) -> Any:
        """Who judges."""
        return self.app.gatekeeper

    def run(self, ms: int) -> None:
        """Let time pass."""
        IdealPump.run(self, ms)

    def press(self, key: int, value: int = 0) -> None:
        """Press a key and turn once."""
        IdealPump.press(self, key, value)

    def tick(self, ms: int = 100) -> None:
        """One turn, and everything that the pump says is read."""
        IdealPump.tick(self, ms)
        self.trace.observe(self.board.clock.ms, self.app.drive, self.status)
        ring = self.app.facts
        taken = bytearray(ring.waiting())
        ring.take(taken)
        self.sent += taken
        self.hear(self.sent)

    def deliver(self, message: bytes, frame: bool = True) -> None:
        """Comms brings a message, as far as the mailbox has room."""
        data = framed(message) if frame else message
        while data:
            data = data[self.app.inbox.put(data, len(data)) :]
            self.tick()

    def reboot(self) -> None:
        """A new firmware on what the store and the scratch word hold."""
        board = self.board
        board.write(ports.Drive())
        self.app = App(board, self._make_gatekeeper(board), make_comms=maker(Mute, None))
        self.controller = self.app.controller
        self.run(2_000)

    def log_in(self, number: int, pin: str | None = None, wait_ms: int = 6_000) -> int:
        """Enter a number and a PIN; return the message that answers in the end."""
        for key, value in login_keys(number, PINS[number] if pin is None else pin):
            self.press(key, value)
        self.run(wait_ms)
        return int(self.status.message)


class AskedWorld(Asked):
    """A pump in its world, in any home; a nurse logs in and carries out the programme."""

    def __init__(
        self, programme: Programme, doses: Doses, home: str = "cpython", record: Record | None = None, seed: int = 0
    ) -> None:
        Asked.__init__(self, make_record(1, people()) if record is None else record, doses)
        self.world = World(
            programme, seed=seed, home=home, credentials=self.record, person=(NURSE, PINS[NURSE])
        )

    def close(self) -> None:
        """End the home."""
        self.world.close()

    def tick(self) -> None:
        """One turn, and everything that the pump says is read."""
        self.world.tick()
        self.hear(self.world.board.link.sent)

    def run(self, ms: int) -> None:
        """Let time pass."""
        until_ms = self.world.clock.ms + ms
        while self.world.clock.ms < until_ms:
            self.tick()

    def press(self, key: int, value: int = 0) -> None:
        """Press a key and turn once."""
        self.world.press(key, value)
        self.tick()

    def deliver(self, message: bytes) -> None:
        """The network brings a message."""
        self.world.board.link.deliver(framed(message))
        self.tick()

    def reboot(self) -> None:
        """The watchdog resets the pump."""
        self.world.watchdog_reset()
        self.run(3_000)

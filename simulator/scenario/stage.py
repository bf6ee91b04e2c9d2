"""The stage of one run: a world, the people in it with their terminals, the wire, the ward, and whoever attacks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.speaker import ST_SITE_S
from simulator.adversary import POSITIONS, Adversary, may, position_named
from simulator.scenario.audited import Audited
from simulator.scenario.carrier import Plain
from simulator.scenario.clock import GOOD_FOR_S, SHIFT_S, SITE_S
from simulator.scenario.wire import Heard, Wire
from simulator.trust_client import Reader, Terminal, digest_of, login_keys, make_record, service
from simulator.world import World

ROLES = {"nurse": r.NURSE, "physician": r.PHYSICIAN, "pharmacist": r.PHARMACIST, "biomed": r.BIOMED}
RAW, MQTT = "raw", "mqtt"
_AGAIN_MS = 5000  # a pump that has not taken the time by then is told it again


@dataclass(frozen=True)
class Player:
    """Somebody who may log in and has a terminal. card: whether they carry one that signs."""

    name: str
    number: int
    role: int
    pin: str
    card: bool = False


class Stage:
    """What actions act on. Enter a world once it is made; call `before` and `after` each of its ticks.

    record: the pump's credentials, None for a pump without, whose gatekeeper believes a script. cards: those that
    people carry, by number, for the World.
    """

    def __init__(
        self, people: Mapping[str, Player], seed: int, network: str = RAW, positions: Iterable[str] = ()
    ) -> None:
        """`network`: RAW or MQTT, by which requests and facts pass. `positions`: the adversary's, in a scenario."""
        self.people = dict(people)
        self.positions = tuple(positions)
        self.random = Random(f"{seed}/adversary")
        known = {one.number: (one.role, one.pin) for one in people.values()}
        self.cards = _cards(seed, people)
        keys = {number: card.public for number, card in self.cards.items()}
        self.record = make_record(seed, known, cards=keys) if known else None
        self.chain: list[tuple[float, str, str]] = []  # when, which adversary, how far it has come
        self._seed = seed
        self._network = network
        self._adversaries: dict[str, Adversary] = {}
        self._each_tick: list[Callable[[], bool]] = []
        self._serial: Any = None
        self._told_ms = 0  # when the key service told the time last
        self._ward: Any = None
        self.world: World = None  # type: ignore[assignment]
        self.carrier: Any = None
        self.audited = Audited()
        self.terminals: dict[str, Terminal] = {}
        self.asked: dict[str, bytes] = {}  # by whom, what was asked for last
        self.forged = b""  # what an adversary has made last
        self.tampered: list[Any] = []  # payloads that were changed on their way, each with a counter of its own
        self.heard = Heard()
        self.lacking: Container[str] = ()  # controls that the site does without
        self.let_in = 0  # connections of the adversary's that somebody took for one of the site's
        self.undisturbed: tuple[list[float], list[float]] = ([], [])  # seconds, and mL delivered without the adversary
        if self.record is not None:
            self.reader = Reader(self.record)
            self.wire = Wire(self.reader)
            self.wire.on_hostile = self._judged
            self.heard = self.wire.heard
            self.service = service(self.record)
            self.terminals = {name: self.terminal(name) for name in people}

    def enter(self, world: World) -> None:
        """Begin with a world that has just been made."""
        self.world = world
        self.audited.store = world.board.store
        if self.record is None:
            self.carrier = Plain(world.board.link, lambda data: None)
            return
        if self._network == MQTT:
            from simulator.scenario.broker import Mqtt

            self.carrier = Mqtt(world, self.record.pump_id, self._leaves, self._will, self.lacks)
        else:
            self.carrier = Plain(world.board.link, self._leaves)
        self.wire.link = world.board.link
        self.wire.carrier = self.carrier
        self.audited.record = self.record

    def before(self) -> None:
        """What goes on by itself, before a tick."""
        self._each_tick = [step for step in self._each_tick if step()]

    def after(self) -> None:
        """Listen to the pump. Once it has a session, the key service tells it the time."""
        if self.record is None:
            return
        self.carrier.step()
        self.wire.step(self.now_ms)
        for fact in self.wire.hear(self.now_ms / 1000):
            untold = fact.kind == f.STATUS and fact.body[ST_SITE_S] < 0 and self.now_ms - self._told_ms >= _AGAIN_MS
            if fact.kind == f.HELLO or untold:
                self._told_ms = self.now_ms
                self.tell_time()
        if self._ward is not None:
            self._ward.look(self.now_ms / 1000, self.site_s)

    def each_tick(self, step: Callable[[], bool]) -> None:
        """Call `step` before each tick until it returns False."""
        self._each_tick.append(step)

    # People.

    def terminal(self, name: str, **other: Any) -> Terminal:
        """The terminal of a person whose shift has just begun; `other`: role, not_after_s, epoch."""
        person = self.people[name]
        values = {"role": person.role, "not_after_s": SITE_S + SHIFT_S} | other
        return Terminal(self.record, person.number, **values)  # type: ignore[arg-type]

    def ask(self, name: str, what: str, kind: int, arguments: dict[int, Any]) -> bytes:
        """A person asks for something from a terminal, with a good request; returns it."""
        message = self.terminals[name].ask(kind, self.challenge, self.pump_s + GOOD_FOR_S, arguments)
        self.asked[what] = message
        self.wire.send(message, what, name, self.now_ms)
        return message

    def log_in(self, name: str) -> None:
        """A person enters number and PIN at the bedside."""
        person = self.people[name]
        for key, value in login_keys(person.number, person.pin):
            self.world.press(key, value)

    def unheard(self) -> list[tuple[str, str, int]]:
        """What people asked for and the pump never said yes to: who, what, when."""
        if self.record is None:
            return []
        said_yes = {bytes(fact.body[1]) for fact in self.reader.facts if fact.kind == f.ACK and fact.body[2] == v.OK}
        asked = [one for one in self.wire.seen if one.who in self.people]
        return [(one.who, one.what, one.at_ms) for one in asked if digest_of(one.message) not in said_yes]

    def ask_as_service(self, kind: int, argument: int, what: str) -> None:
        """The site's key service asks: for the time to be taken, or somebody to be revoked."""
        message = self.service.ask(kind, self.challenge, self.pump_s + GOOD_FOR_S, {1: argument})
        self.wire.send(message, what, "service", self.now_ms)

    def tell_time(self, shift_s: int = 0, hostile: bool = False) -> None:
        """The key service tells the time; `shift_s`: what its clock is off by."""
        argument = {1: self.site_s + shift_s}
        message = self.service.ask(r.KIND_TIME, self.challenge, self.pump_s + GOOD_FOR_S, argument)
        if hostile:
            self.wire.attack(message)
        else:
            self.wire.send(message, "time", "service", self.now_ms)

    # Adversaries.

    def adversary(self, position: str) -> Adversary:
        """Whoever is at a position; the same one each time. PowerLacking for a position that there is not."""
        kind = position_named(position)
        found = self._adversaries.get(kind.position)
        if found is None:
            found = self._adversaries[kind.position] = kind(self)
        return found

    def acting(self, power: str) -> Any:
        """The one of the scenario's adversaries who has the power of a position, else somebody at that position."""
        able = [place for place in self.positions if may((place,), power)]
        return self.adversary(able[0] if able else power)

    def lacks(self, control: str) -> bool:
        """Whether the site does without a control."""
        try:
            return control in self.lacking
        except KeyError:  # whoever answers knows no such control, so that it is in place
            return False

    def note_chain(self, position: str, state: str) -> None:
        """How far an adversary has come, for the run's story."""
        now_s = 0.0 if self.world is None else self.now_ms / 1000
        self.chain.append((now_s, position, state))

    def _judged(self, accepted: bool) -> None:
        for one in self._adversaries.values():
            one.judged(accepted)

    def lay_forged_card(self, number: int) -> None:
        """A card that says it is a person's, with another key."""
        from simulator.devices.cards import card_of

        self.world.board.identity.lay(card_of(self._seed + 1, number))
        self.world.happened.append((self.now_ms / 1000, f"somebody lays a forged card of person {number} down"))

    def serial(self) -> Any:
        """The cable in the pump's local port, plugged in now if it was not."""
        from simulator.adversary.port import Serial

        if self._serial is None:
            self._serial = Serial()
        self.world.board.local = self._serial
        return self._serial

    @property
    def staged(self) -> int:
        """What the pump says of what was carried to it: STAGED's state, 0 before it said any."""
        said = self.reader.last(f.STAGED)
        return 0 if said is None else int(said.body[1])

    def port_said(self, word: bytes) -> int:
        """How many answers at the local port begin with a word."""
        said = b"" if self._serial is None else bytes(self._serial.from_pump)
        return sum(line.startswith(b"kvo " + word) for line in said.splitlines())

    # The ward.

    @property
    def ward(self) -> Any:
        """What the ward sees of the pump; it looks from the first question on. Only for a pump with credentials."""
        if self._ward is None:
            from simulator.scenario.ward import Ward

            now_s = 0.0 if self.world is None else self.now_ms / 1000
            self._ward = Ward(self.record, now_s, self.lacks)
        return self._ward

    def _leaves(self, data: bytes) -> None:
        if self._ward is not None:
            self._ward.leaves(data)

    def _will(self) -> None:
        if self._ward is not None:
            self._ward.will()

    # The time.

    def undisturbed_ml(self, now_s: float) -> float:
        """What the same run has delivered by then without the adversary; 0 where it was not played."""
        seconds, volumes = self.undisturbed
        place = bisect_right(seconds, now_s) - 1
        return volumes[place] if place >= 0 else 0.0

    @property
    def now_ms(self) -> int:
        """Time of the run."""
        return self.world.clock.ms

    @property
    def site_s(self) -> int:
        """The site's time."""
        return SITE_S + self.now_ms // 1000

    @property
    def pump_s(self) -> int:
        """Pump seconds, as the pump told them last: five seconds ago at most while it is heard."""
        return self.reader.facts[-1].pump_s if self.reader.facts else 0

    @property
    def challenge(self) -> bytes:
        """The session's challenge, as the pump tells it; empty before the first one."""
        hello = self.reader.last(f.HELLO)
        return b"" if hello is None else bytes(hello.body[1])


def _cards(seed: int, people: Mapping[str, Player]) -> dict[int, Any]:
    """A card for each person who carries one. RuntimeError, with the remedy, without the package they need."""
    carriers = [one.number for one in people.values() if one.card]
    if not carriers:
        return {}
    from simulator.devices.cards import card_of

    return {number: card_of(seed, number) for number in carriers}


__all__ = ["GOOD_FOR_S", "POSITIONS", "ROLES", "SHIFT_S", "SITE_S", "Player", "Stage"]

"""The stage of one run: a world, the people in it with their terminals, the wire, and whoever attacks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from firmware.trust import facts as f
from firmware.trust import roles as r
from simulator.scenario.wire import Heard, Wire
from simulator.trust_client import Reader, Terminal, login_keys, make_record, service
from simulator.world import World

ROLES = {"nurse": r.NURSE, "physician": r.PHYSICIAN, "pharmacist": r.PHARMACIST, "biomed": r.BIOMED}
# The site's time when the run begins, and how long a shift that has just begun lasts.
SITE_S = 200_000_000
SHIFT_S = 8 * 3600
GOOD_FOR_S = 20


@dataclass(frozen=True)
class Player:
    """Somebody who may log in and has a terminal."""

    name: str
    number: int
    role: int
    pin: str


class Stage:
    """What actions act on. Enter a world once it is made; call `before` and `after` each of its ticks.

    record: the pump's credentials, None for a pump without, whose gatekeeper believes a script.
    """

    def __init__(self, people: Mapping[str, Player], seed: int) -> None:
        self.people = dict(people)
        self.random = Random(f"{seed}/adversary")
        known = {one.number: (one.role, one.pin) for one in people.values()}
        self.record = make_record(seed, known) if known else None
        self._each_tick: list[Callable[[], bool]] = []
        self.world: World = None  # type: ignore[assignment]
        self.terminals: dict[str, Terminal] = {}
        self.asked: dict[str, bytes] = {}  # by whom, what was asked for last
        self.heard = Heard()
        self.lacking: Container[str] = ()  # controls that the site does without
        self.undisturbed: tuple[list[float], list[float]] = ([], [])  # seconds, and mL delivered without the adversary
        if self.record is not None:
            self.reader = Reader(self.record)
            self.wire = Wire(self.reader)
            self.heard = self.wire.heard
            self.service = service(self.record)
            self.terminals = {name: self.terminal(name) for name in people}

    def enter(self, world: World) -> None:
        """Begin with a world that has just been made."""
        self.world = world
        if self.record is not None:
            self.wire.link = world.board.link

    def before(self) -> None:
        """What goes on by itself, before a tick."""
        self._each_tick = [step for step in self._each_tick if step()]

    def after(self) -> None:
        """Listen to the pump. Once it has a session, the key service tells it the time."""
        if self.record is None:
            return
        for fact in self.wire.hear(self.now_ms / 1000):
            if fact.kind == f.HELLO:
                message = self.service.ask(
                    r.KIND_TIME, bytes(fact.body[1]), fact.pump_s + GOOD_FOR_S, {1: SITE_S + self.now_ms // 1000}
                )
                self.wire.send(message, "time", "service", self.now_ms)

    def each_tick(self, step: Callable[[], bool]) -> None:
        """Call `step` before each tick until it returns False."""
        self._each_tick.append(step)

    def terminal(self, name: str, **other: Any) -> Terminal:
        """The terminal of a person whose shift has just begun; `other`: role, not_after_s, epoch."""
        person = self.people[name]
        values = {"role": person.role, "not_after_s": SITE_S + SHIFT_S} | other
        return Terminal(self.record, person.number, **values)  # type: ignore[arg-type]

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
    def pump_s(self) -> int:
        """Pump seconds, as the pump told them last: five seconds ago at most while it is heard."""
        return self.reader.facts[-1].pump_s if self.reader.facts else 0

    @property
    def challenge(self) -> bytes:
        """The session's challenge, as the pump tells it; empty before the first one."""
        hello = self.reader.last(f.HELLO)
        return b"" if hello is None else bytes(hello.body[1])

    def log_in(self, name: str) -> None:
        """A person enters number and PIN at the bedside."""
        person = self.people[name]
        for key, value in login_keys(person.number, person.pin):
            self.world.press(key, value)

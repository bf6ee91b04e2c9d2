"""The network between the terminals and the pump, with somebody on the path, and what the pump answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.trust import facts as f
from firmware.trust import verdict as v
from simulator.trust_client import Reader, digest_of

PASS, HOLD, DROP = "pass", "hold", "drop"


@dataclass(frozen=True)
class Passed:
    """A request that came by. what: its kind in a scenario's words, such as titrate; at_ms: of the world."""

    message: bytes
    what: str
    who: str
    at_ms: int


@dataclass
class Heard:
    """What the pump's acknowledgements came to, so far. `gaps`: facts that never arrived."""

    accepted: int = 0
    refused: int = 0
    hostile_accepted: int = 0
    hostile_refused: int = 0
    gaps: int = 0
    codes: list[tuple[float, int, bool]] = field(default_factory=list)  # time, verdict, whether the adversary's


class Wire:
    """Carries requests to a pump and tells whose they were when it answers.

    Everything that people send is seen by whoever is on the path (`seen`), who may let it `pass`, `hold` it or
    `drop` it, let it pass later (`delay_ms`) or more than once (`copies`). What a request came to is told by its
    digest: the first answer to bytes that a person sent is the person's, any further one, and one to bytes that were
    held back, the adversary's. `on_hostile(accepted)` is told of each of those.
    """

    def __init__(self, reader: Reader) -> None:
        self.seen: list[Passed] = []
        self.held: list[Passed] = []
        self.heard = Heard()
        self.on_hostile: Callable[[bool], None] = lambda accepted: None
        self.carrier: Any = None
        self.link: Any = None  # what the pump sends is read there
        self._reader = reader
        self._honest: dict[bytes, int] = {}  # answers that people still wait for, by digest
        self._late: list[tuple[int, Passed]] = []  # when it is let through
        self.pass_all()

    def pass_all(self) -> None:
        """Be a path on which nobody sits."""
        self.mode = PASS
        self.delay_ms = 0
        self.copies = 1

    def send(self, message: bytes, what: str, who: str, at_ms: int) -> None:
        """A person's request, or the key service's."""
        passed = Passed(message, what, who, at_ms)
        self.seen.append(passed)
        if self.mode == HOLD:
            self.held.append(passed)
        elif self.mode == PASS and self.delay_ms:
            self._late.append((at_ms + self.delay_ms, passed))
        elif self.mode == PASS:
            digest = digest_of(message)
            self._honest[digest] = self._honest.get(digest, 0) + 1
            for _ in range(self.copies):
                self.carrier.send(message)

    def attack(self, message: bytes) -> None:
        """The adversary's message, framed as comms frames it."""
        self.carrier.send(message)

    def release(self, newest_first: bool = False) -> None:
        """Let through what was held back, now."""
        held, self.held = self.held, []
        for passed in reversed(held) if newest_first else held:
            self.attack(passed.message)

    def step(self, now_ms: int) -> None:
        """Let through what was delayed until now."""
        due = [passed for at_ms, passed in self._late if at_ms <= now_ms]
        self._late = [(at_ms, passed) for at_ms, passed in self._late if at_ms > now_ms]
        for passed in due:
            self.attack(passed.message)

    def hear(self, now_s: float) -> list[Any]:
        """Take in what the pump has said; returns the new facts."""
        heard = self.heard
        fresh = self._reader.read(self.link.sent)
        for fact in fresh:
            if fact.kind == f.ACK:
                self._judge(fact.body[1], fact.body[2], now_s)
        heard.gaps = self._reader.gaps
        return fresh

    def _judge(self, digest: bytes, code: int, now_s: float) -> None:
        heard = self.heard
        waits = self._honest.get(digest, 0)
        is_hostile = waits == 0
        if not is_hostile:
            self._honest[digest] = waits - 1
        heard.codes.append((now_s, code, is_hostile))
        if code == v.OK:
            heard.accepted += 1
            heard.hostile_accepted += is_hostile
        else:
            heard.refused += 1
            heard.hostile_refused += is_hostile
        if is_hostile:
            self.on_hostile(code == v.OK)

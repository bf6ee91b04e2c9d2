"""The network between the terminals and the pump, with somebody on the path, and what the pump answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from firmware.trust import facts as f
from firmware.trust import verdict as v
from simulator.trust_client import Reader, digest_of, framed

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
    """Carries requests to a world's link and tells whose they were when the pump answers.

    Everything that people send is seen by whoever is on the path (`seen`), who may let it `pass`, `hold` it or
    `drop` it. What a request came to is told by its digest: the first answer to bytes that a person sent is the
    person's, any further one, and one to bytes that were held back, the adversary's.
    """

    def __init__(self, reader: Reader) -> None:
        self.mode = PASS
        self.seen: list[Passed] = []
        self.held: list[Passed] = []
        self.heard = Heard()
        self._reader = reader
        self._honest: dict[bytes, int] = {}  # answers that people still wait for, by digest
        self.link: Any = None

    def send(self, message: bytes, what: str, who: str, at_ms: int) -> None:
        """A person's request, or the key service's."""
        passed = Passed(message, what, who, at_ms)
        self.seen.append(passed)
        if self.mode == HOLD:
            self.held.append(passed)
        elif self.mode == PASS:
            digest = digest_of(message)
            self._honest[digest] = self._honest.get(digest, 0) + 1
            self.link.deliver(framed(message))

    def attack(self, message: bytes) -> None:
        """The adversary's message, framed as comms frames it."""
        self.link.deliver(framed(message))

    def attack_raw(self, data: bytes) -> None:
        """Bytes of the adversary's, as they are."""
        self.link.deliver(data)

    def release(self, newest_first: bool = False) -> None:
        """Let through what was held back, now."""
        held, self.held = self.held, []
        for passed in reversed(held) if newest_first else held:
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

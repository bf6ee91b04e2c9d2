"""What a stranger, and who has a key, may send a gatekeeper: a fuzzer's bytes read as a conversation, and its judge.

The first byte says how the pump stands, the rest are acts: good requests, changed ones, ones that somebody who has a
key made of whatever he liked, bytes with and without a frame, time that passes. What the pump makes of each is held
against tools/fuzz/rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.cbor import decode, encode
from firmware.trust.gatekeeper import BYTES, MAX_REQUEST, Gatekeeper
from firmware.trust.session import OPERATORS
from simulator.asked import NOW_S
from simulator.trust_client import digest_of, framed
from tools.fuzz.desk import Desk, Make
from tools.fuzz.measure import Found, Sampler
from tools.fuzz.oracles import edited
from tools.fuzz.rules import NOBODYS, Made, Rules
from tools.fuzz.senders import Senders, made_by, payload_of
from tools.fuzz.tape import Tape

MOST_ACTS = 5
# Peak of memory while n bytes are judged, on CPython: what waits to be said, and the pump's keys, are in it.
BASE_BYTES = 131_072
BYTES_A_BYTE = 160
# Lines of the firmware that one turn executes at most: 256 bytes, one message, one key.
LINES_A_TURN = 60_000
_TURNS = 3  # a turn for a message, one for its key, one in which a fact goes out
_QUIET_MS = 2_500
_TRUSTS = (t.TR_NORMAL, t.TR_OFFLINE, t.TR_SUSPECT, t.TR_ISOLATED)
_STEP_MS = 250
_CROWD = OPERATORS - 2  # others whom a crowded session knows already: there is room for two more


class Talk:
    """One conversation: sends, and judges every answer."""

    def __init__(self, desk: Desk, senders: Senders, told: bool) -> None:
        self.desk = desk
        self.senders = senders
        record = desk.gate.credentials.record
        told_at = desk.seconds.now_s, desk.seconds.site_s()
        self.rules = Rules(
            record.pump_id, record.epoch, set(record.revoked), senders.challenge, record.known_s,
            (told_at[1], told_at[0]) if told else None,
        )  # fmt: skip
        self.sealed: dict[bytes, Made] = {}  # by digest: what the key's holders made and sent
        self.sent: list[bytes] = []  # digests of messages in whole frames, not answered yet
        self.last = (b"", b"")
        self.is_loose = False  # bytes without a frame were sent: what is a message is anybody's guess
        self.bytes = 0
        self.messages = 0
        self._heard = 0

    def crowd(self) -> None:
        """A session that many have used."""
        for operator in range(200, 200 + _CROWD):
            self.desk.gate.session.counters.take(operator, 1, b"")
            self.rules.counters[operator] = (1, {1}, b"")

    def send(self, message: bytes, made: Made | None) -> None:
        """Send a message in its frame, at most 1,030 bytes."""
        message = message[: MAX_REQUEST + 6]
        self.last = message, digest_of(message)
        if made is not None:
            self.sealed[self.last[1]] = made
        if message:
            self.sent.append(self.last[1] if len(message) <= MAX_REQUEST else b"")
        else:
            self.sent.append(b"")
        self.put(framed(message))

    def put(self, data: bytes) -> None:
        """Bytes as they are."""
        self.bytes += len(data)
        self.messages += 1
        self.desk.put(data)
        self.settle()

    def settle(self) -> None:
        """Turn until all that came was looked at; Found where that takes more turns than it may."""
        desk = self.desk
        begun, most = desk.turns, _TURNS + 2 * self._most_messages() + self.bytes // BYTES
        while desk.is_busy:
            self._turn()
            if desk.turns - begun > most:
                raise Found(f"{self.bytes} bytes are not judged after {most} turns")
        self._turn()
        if not self.is_loose and self.sent and self.rules.trust < t.TR_ISOLATED:
            raise Found("a message was not answered")

    def _most_messages(self) -> int:
        return self.bytes // 2 if self.is_loose else self.messages

    def _turn(self) -> None:
        self.rules.trust = self.desk.trust
        self.desk.turn()
        self.listen()

    def listen(self) -> None:
        """Hold what the pump has said against the rules."""
        said = self.desk.said
        while self._heard < len(said):
            kind, body = said[self._heard]
            self._heard += 1
            if kind == f.HELLO:
                self._begins(body[1])
            elif kind == f.ACK:
                self._answer(body[1], body[2], body[3])
        if self.desk.compromised:
            raise Found("a message made the pump think that it is compromised")

    def _begins(self, challenge: bytes) -> None:
        """A session is told before the answer to what began it, which is judged by the session before."""
        self._next_challenge = challenge

    def _answer(self, digest: bytes, code: int, message: int) -> None:
        if not self.is_loose:
            if not self.sent or self.sent[0] != digest:
                raise Found(f"answered {digest.hex()!r}, which was not sent, or not now")
            del self.sent[0]
        made = self.sealed.get(digest)
        if made is None:
            if code not in NOBODYS:
                raise Found(f"a message that nobody made comes to {code}")
        else:
            may = self.rules.judge(made, digest, self.desk.seconds.now_s)
            if code not in may:
                raise Found(f"a message comes to {code} where the rules say {sorted(may)}")
            if code == v.OK:
                self._taken(made, digest, message)
        challenge, self._next_challenge = self._next_challenge, b""
        if challenge:
            self.rules.begin_session(challenge)

    def _taken(self, made: Made, digest: bytes, message: int) -> None:
        if decode(made.payload)[1] in (r.KIND_PREPARE, r.KIND_TITRATE):
            self.rules.waits = (digest, made.operator) if message == msg.CONFIRM_SOFT else None

    _next_challenge = b""


def _as_made(talk: Talk, tape: Tape) -> None:
    message, made = talk.senders.good[tape.byte() % len(talk.senders.good)]
    talk.send(message, made)


def _edits(tape: Tape) -> bytes:
    return tape.some(3 * (tape.byte() % 5))


def _changed(talk: Talk, tape: Tape) -> None:
    """By somebody on the way."""
    message, made = talk.senders.good[tape.byte() % len(talk.senders.good)]
    changed = edited(message, _edits(tape))
    talk.send(changed, made if changed == message else None)


def _part_changed(talk: Talk, tape: Tape) -> None:
    """And well-formed again."""
    number, place = tape.byte() % len(talk.senders.good), tape.byte() % 4
    parts, packed = talk.senders.parts[number]
    packed = list(packed)
    edits = _edits(tape)
    packed[place] = encode(edited(parts[place], edits)) if place != 1 else edited(packed[1], edits)
    message = b"\xd1\x84" + b"".join(packed)
    good, made = talk.senders.good[number]
    talk.send(message, made if message == good else None)


def _sealed_anew(talk: Talk, tape: Tape) -> None:
    """Whatever somebody who has a key may put under it."""
    terminal = talk.senders.terminals[tape.byte() % len(talk.senders.terminals)]
    number = tape.byte()
    payload = tape.some(number & 127) if number & 128 else edited(
        talk.senders.good[number % len(talk.senders.good)][1].payload, _edits(tape)
    )  # fmt: skip
    talk.send(terminal.seal(payload), made_by(terminal, payload))


_ARGUMENTS: tuple[Any, ...] = (
    {}, {1: 0}, {1: 1}, {1: NOW_S}, {1: NOW_S + 1}, {1: 0x7FFFFFFF}, {1: 0x80000000}, {1: -1}, {1: True},
    {1: b"0123456789abcdef"}, {1: b""}, {1: "1"}, {1: None},
    {22: 1}, {22: 0x3FFFFFFF}, {22: 0x40000000}, {22: 45_000}, {0: []}, {0: [[1, 2]]},
    {0: [[1, 2]] * 13, 1: 7}, {0: [[1]], 1: 7}, {0: 5}, {63: 5}, {64: 5}, {"a": 1}, {25: 10_427}, {1: 1, 2: 2},
    {1: 7, 3: 9}, {1: 0, 2: 0}, [], 0, None,
    {1: 600}, {1: 601}, {1: 600, 2: bytes(32)}, {1: 600, 2: bytes(31)}, {1: 0, 2: bytes(512)}, {1: 512, 2: bytes(88)},
    {1: 0, 2: bytes(513)}, {1: 0, 2: b""}, {1: 1 << 20, 2: bytes(32)}, {1: 512, 2: "text"},
)  # fmt: skip


def _asks(talk: Talk, tape: Tape) -> None:
    """A request field by field: who, what, which challenge, counter, expiry, arguments."""
    senders, rules = talk.senders, talk.rules
    terminal = senders.terminals[tape.byte() % len(senders.terminals)]
    kind, which = tape.byte() % 16, tape.byte()
    challenge = (rules.challenge, senders.challenge, bytes(16), rules.challenge[:15])[which & 3]
    highest = rules.counters.get(terminal.operator, (0, set(), b""))[0]
    counter = max(highest + (1, 0, -1, -31, -32, 33, 1 << 31, 5)[which >> 2 & 7], 0)
    expiry_s = talk.desk.seconds.now_s + (20, -1, 0, 30, 31, 600, 601, 1 << 32)[which >> 5]
    payload = payload_of(kind, challenge, counter, max(expiry_s, 0), _ARGUMENTS[tape.byte() % len(_ARGUMENTS)])
    talk.send(terminal.seal(payload), made_by(terminal, payload))


def _approves(talk: Talk, tape: Tape) -> None:
    terminal = talk.senders.terminals[tape.byte() % len(talk.senders.terminals)]
    counter = talk.rules.counters.get(terminal.operator, (0, set(), b""))[0] + 1
    now_s = talk.desk.seconds.now_s
    payload = payload_of(r.KIND_APPROVE, talk.rules.challenge, counter, now_s + 20, {1: talk.last[1]})
    talk.send(terminal.seal(payload), made_by(terminal, payload))


def _whole(talk: Talk, tape: Tape) -> None:
    """Bytes in a frame."""
    talk.send(tape.some(tape.byte()), None)


def _long(talk: Talk, tape: Tape) -> None:
    """A message about as long as the longest."""
    count = MAX_REQUEST - 3 + tape.byte() % 6
    talk.send((tape.some(tape.byte() % 16) * 1030)[:count].ljust(count, b"\xf6"), None)


def _unframed(talk: Talk, tape: Tape) -> None:
    """Bytes as comms has no business sending them; then silence, in which the gatekeeper finds its feet."""
    talk.is_loose = True
    talk.sent.clear()
    talk.put(tape.some(tape.byte()))
    if tape.byte() & 1:
        talk.desk.wait(_QUIET_MS)
        talk.listen()


def _waits(talk: Talk, tape: Tape) -> None:
    talk.rules.trust = talk.desk.trust
    talk.desk.wait((1 + tape.byte()) * _STEP_MS)
    talk.listen()


def _again(talk: Talk, tape: Tape) -> None:
    message, digest = talk.last
    if message:
        talk.send(message, talk.sealed.get(digest))


ACTS: tuple[Callable[[Talk, Tape], None], ...] = (
    _as_made, _changed, _part_changed, _sealed_anew, _asks, _approves, _whole, _long, _unframed, _waits, _again,
)  # fmt: skip


class Messages:
    """The target. `make(board, audit)` gives the gatekeeper: the shipped one, or one with a fault."""

    def __init__(self, make: Make = Gatekeeper) -> None:
        self._desks = [Desk(infuses, make) for infuses in (False, True)]
        self._senders = [Senders(desk) for desk in self._desks]
        self._sampler = Sampler()

    def __call__(self, data: bytes) -> None:
        self._sampler.run(
            lambda: self._talk(data),
            lambda: BASE_BYTES + BYTES_A_BYTE * len(data),
            lambda: LINES_A_TURN * (1 + self._turns()),
        )

    def _turns(self) -> int:
        return sum(desk.turns for desk in self._desks)

    def _talk(self, data: bytes) -> None:
        tape = Tape(data)
        how = tape.byte()
        desk, senders = self._desks[how >> 2 & 1], self._senders[how >> 2 & 1]
        told = not how & 8
        for each in self._desks:
            each.turns = 0
        desk.begin(_TRUSTS[how & 3], told, bool(how & 16), bool(how & 32), bool(how & 64))
        talk = Talk(desk, senders, told)
        if how & 128:
            talk.crowd()
        for _ in range(MOST_ACTS):
            if tape.is_over:
                break
            ACTS[tape.byte() % len(ACTS)](talk, tape)
        if len(desk.gate.facts._waiting) > f.ACKS + 6:
            raise Found("more waits to be said than there is room for")

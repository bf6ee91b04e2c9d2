"""A pump's MQTT client at a broker that does as it likes: a fuzzer's bytes read as what happens, and its judge.

The first byte chooses the state that an honest broker brought it into, the rest are acts: packets good and bad, raw
bytes, silence, ends of connections, a link that takes little, facts to be sent, a gatekeeper that does not listen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.comms import mqtt
from firmware.comms.packets import KEPT, REQUEST
from firmware.trust.leave import Leave
from firmware.trust.ring import Ring
from hal import ports
from hal.compat import ticks_add
from tools.fuzz.broker import MOST_HELD, PUMP_ID, RING, Clock, Entropy, Trial, held
from tools.fuzz.measure import Found, Sampler
from tools.fuzz.packets import packet, publish
from tools.fuzz.reference import heard, split
from tools.fuzz.tape import Tape
from tools.fuzz.wire import BLOCKS_MS, Inbox, Wire

Change = Callable[[Any], None]

STATES = ("away", "greeting", "asking", "up", "in flight", "pinged")
MOST_ACTS = 12
MOST_POLLS = 8  # of one act
# Lines of the firmware that one poll executes at most: a chunk of 256 bytes, and what goes on of a request and a fact.
LINES_A_POLL = 16_000
BASE_BYTES = 65_536
BYTES_A_BYTE = 160
COPIES = 6  # of what the broker says, that this side of the wire keeps and makes
_HELD_EVERY = 8
_WAKE_MS = 60_000
_STEP_MS = 50
_LAST_MS = 2_600
_LAST_POLLS = 24
_TOPIC = b"kvo/" + PUMP_ID.hex().encode() + b"/request"
_FACT_TOPIC = b"kvo/" + PUMP_ID.hex().encode() + b"/fact/"
_FACT = Trial._make_fact()
_FRAMED_FACT = len(_FACT).to_bytes(2, "big") + _FACT
_NEXT = {
    mqtt.AWAY: (mqtt.AWAY, mqtt.DIALLING, mqtt.GREETING),
    mqtt.DIALLING: (mqtt.AWAY, mqtt.DIALLING, mqtt.GREETING),
    mqtt.GREETING: (mqtt.AWAY, mqtt.GREETING, mqtt.ASKING, mqtt.UP),
    mqtt.ASKING: (mqtt.AWAY, mqtt.ASKING, mqtt.UP),
    mqtt.UP: (mqtt.AWAY, mqtt.UP),
}
_LENGTHS = (0, 1, 2, 100, 400, 1023, 1024, 1025, 1100, 8000, 8170, 8200)


class Session:
    """One client, its broker, and what must hold after each poll."""

    def __init__(self, change: Change | None) -> None:
        self.clock, self.wire, self.leave = Clock(), Wire(), Leave()
        self.inbox, self.facts = Inbox(RING), Ring(4096)
        self.leave.ms = 2 * BLOCKS_MS
        self.comms: Any = mqtt.MqttMaker(PUMP_ID, self.clock, Entropy()).make(
            self.wire, self.inbox, self.facts, self.leave
        )
        if change is not None:
            change(self.comms)
        self.listens = True
        self.polls = 0
        self._into = bytearray(RING)
        self._begun: list[int] = []  # requests that had been laid ready when each connection came about

    def poll(self, ms: int = _STEP_MS) -> None:
        """One, `ms` after the one before."""
        wire, comms = self.wire, self.comms
        self.clock.now_ms = ticks_add(self.clock.now_ms, ms)
        self.polls += 1
        was = comms.state
        if not wire.is_open:
            begun = len(frames(self.inbox.handed)[0]) + (comms._give_place != comms._give_end)
        for name in wire.calls:
            wire.calls[name] = 0
        was_open = wire.is_open
        comms.poll()
        if wire.is_open and not was_open:
            self._begun.append(begun)
        self._check(was)
        if self.listens:
            self.inbox.take(self._into)

    def _check(self, was: int) -> None:
        comms, wire = self.comms, self.wire
        if comms.state not in _NEXT[was]:
            raise Found(f"from state {was} to {comms.state}")
        if max(wire.calls.values()) > 1:
            raise Found(f"one poll asks the link {wire.calls}")
        if not 0 <= comms._give_place <= comms._give_end <= KEPT:
            raise Found("what is handed on is not in the packet")
        if comms.state == mqtt.AWAY and (wire.is_open or comms._in_flight or not comms._sender.is_idle()):
            raise Found("away, and yet busy")
        if comms.state > mqtt.DIALLING and not wire.is_open and wire.calls["receive"]:
            raise Found("the far end is gone, and it does not see it")

    def reach(self, state: str) -> None:
        """Be an honest broker up to a state."""
        wire = self.wire
        for name in STATES[1 : 1 + STATES.index(state)]:
            if name == "greeting":
                self.poll(_WAKE_MS)
                self.poll()
            elif name == "asking":
                wire.say(b"\x20\x02\x00\x00")
                self.poll()
                self.poll()
            elif name == "up":
                wire.say(b"\x90\x03\xff\xff\x01")
                self.poll()
            elif name == "in flight":
                self.facts.put(_FRAMED_FACT, len(_FRAMED_FACT))
                self.poll()
                self.poll()
            else:
                self.poll(mqtt.PING_MS - 1000)
                wire.say(publish(b"kvo/another", b"", 0))  # heard of, and quiet from then on
                self.poll()

    def finish(self) -> None:
        """The broker falls silent: the client lets go. Then everything that was handed on and said is looked at."""
        self.listens = True
        self.leave.ms = 2 * BLOCKS_MS
        self.wire.takes = 4096
        self.wire.answer = ports.ERR_FAILED
        for _ in range(_LAST_POLLS):
            self.poll(_LAST_MS)
            if self.comms.state == mqtt.AWAY and self.comms._give_place == self.comms._give_end:
                break
        else:
            raise Found(f"it does not let go of a silent broker, state {self.comms.state}")
        handed, rest = frames(self.inbox.handed)
        if rest:
            raise Found("half a request was handed on")
        ends = [*self._begun, len(handed)][1:]
        for (told, said), start, end in zip(self.wire.ended, self._begun, ends, strict=True):
            _judge(told, said, handed[start:end])


def frames(data: bytes | bytearray) -> tuple[list[bytes], bytes]:
    """Whole frames, and what is left."""
    found, place = [], 0
    while place + 2 <= len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if end > len(data):
            break
        found.append(bytes(data[place + 2 : end]))
        place = end
    return found, bytes(data[place:])


def _judge(told: bytes, said: bytes, handed: list[bytes]) -> None:
    """Hold one connection against the plain reader."""
    due = heard(told, _TOPIC)
    if handed != due.requests[: len(handed)]:
        raise Found(f"{handed[:2]!r} was taken for {due.requests[:2]!r}")
    if max(map(len, handed), default=0) > REQUEST + 1:
        raise Found("a request longer than the longest was handed on")
    acknowledged = []
    for place, (head, body) in enumerate(split(said)):
        if place == 0:
            right = head == 0x10 and b"offline" in body
        elif head == 0x82:
            right = due.welcome and place == 1
        elif head == 0x40:
            acknowledged.append(body)
            right = True
        else:
            right = due.granted and ((head, body) == (0xC0, b"") or _is_fact(head, body))
        if not right:
            raise Found(f"it says {head:#x} {body[:40]!r} out of turn")
    if acknowledged != due.acknowledged[: len(acknowledged)]:
        raise Found("it acknowledges what it was not sent")


def _is_fact(head: int, body: bytes) -> bool:
    count = int.from_bytes(body[:2], "big")
    return head & 0xF1 == 0x30 and body[2 : 2 + count].startswith(_FACT_TOPIC) and body.endswith(_FACT)


def _says_raw(session: Session, tape: Tape) -> None:
    session.wire.say(tape.some(tape.byte()))


def _says_packet(session: Session, tape: Tape) -> None:
    """Framed as it should be, whatever it is."""
    head = tape.byte()
    session.wire.say(packet(head, tape.some(tape.byte() % 32)))


def _welcomes(session: Session, tape: Tape) -> None:
    session.wire.say(b"\x20\x02" + bytes((tape.byte() >> 7, tape.byte() >> 7)))


def _grants(session: Session, tape: Tape) -> None:
    session.wire.say(b"\x90\x03\xff\xff" + bytes((tape.byte() % 4,)))


def _pongs(session: Session, tape: Tape) -> None:
    session.wire.say(b"\xd0\x00")


def _acknowledges(session: Session, tape: Tape) -> None:
    number = session.comms._outgoing.packet_id + tape.byte() % 2
    session.wire.say(b"\x40\x02" + (number & 0xFFFF).to_bytes(2, "big"))


def _publishes(session: Session, tape: Tape) -> None:
    """A request or something like it: topic, flags, id and length are chosen."""
    how, size = tape.byte(), _LENGTHS[tape.byte() % len(_LENGTHS)]
    topic = (_TOPIC, _TOPIC, _TOPIC.upper(), _TOPIC[:-1])[how & 3]
    flags = 1 * (how >> 2 & 1) | 8 * (how >> 3 & 1)
    session.wire.say(publish(topic, bytes((how,)) * size, how >> 4 & 1, how >> 5, flags))


def _polls(session: Session, tape: Tape) -> None:
    for _ in range(1 + tape.byte() % MOST_POLLS):
        session.poll()


def _waits(session: Session, tape: Tape) -> None:
    session.poll((1 + tape.byte()) * 256)


def _hangs_up(session: Session, tape: Tape) -> None:
    wire = session.wire
    if wire.is_open:
        wire.ended.append((wire.said, bytes(wire.from_pump)))
    wire.is_open = False


def _has_fact(session: Session, tape: Tape) -> None:
    """Or what a comms that fell in the middle of one would leave."""
    data = _FRAMED_FACT if tape.byte() & 3 else tape.some(tape.byte() % 64)
    session.facts.put(data, len(data))


def _listens(session: Session, tape: Tape) -> None:
    session.listens = tape.byte() & 1 == 1


def _dials(session: Session, tape: Tape) -> None:
    """How the link takes it, and how much it takes at a time."""
    how = tape.byte()
    wire = session.wire
    wire.answer = (ports.OK, ports.OK, ports.ERR_BUSY, ports.ERR_FAILED)[how & 3]
    wire.gives = (4096, 1, 7, 255)[how >> 2 & 3]
    wire.takes = (4096, 1, 40, 0)[how >> 4 & 3]
    session.leave.ms = 0 if how & 64 else 2 * BLOCKS_MS
    if how & 128:
        session.poll(_WAKE_MS)


ACTS: tuple[Callable[[Session, Tape], None], ...] = (
    _says_raw, _says_packet, _welcomes, _grants, _pongs, _acknowledges, _publishes, _polls, _waits, _hangs_up,
    _has_fact, _listens, _dials,
)  # fmt: skip


class Client:
    """The target. `change(comms)` plants a fault."""

    def __init__(self, change: Change | None = None) -> None:
        self._change = change
        self._sampler = Sampler()
        self._polls = self._told = 0

    def __call__(self, data: bytes) -> None:
        self._sampler.run(
            lambda: self._connect(data),
            lambda: BASE_BYTES + BYTES_A_BYTE * len(data) + COPIES * self._told,
            lambda: LINES_A_POLL * (1 + self._polls),
        )

    def _connect(self, data: bytes) -> None:
        tape = Tape(data)
        session = Session(self._change)
        session.reach(STATES[tape.byte() % len(STATES)])
        for _ in range(MOST_ACTS):
            if tape.is_over:
                break
            ACTS[tape.byte() % len(ACTS)](session, tape)
        if self._sampler.is_due(_HELD_EVERY) and held(session.comms) > MOST_HELD:
            raise Found(f"comms holds {held(session.comms)} bytes in its buffers")
        session.finish()
        self._polls = session.polls
        self._told = sum(len(told) for told, _ in session.wire.ended)

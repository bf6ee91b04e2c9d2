"""A malicious broker in memory, and a pump's comms at it: brought into a state, told anything, judged by its acts."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from firmware.comms import mqtt
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.leave import Leave
from firmware.trust.mac import MacKey
from firmware.trust.ring import Ring
from hal import ports
from hal.compat import HALF, ticks_add
from tools.fuzz.packets import malformed, publish
from tools.fuzz.reference import greeted, requests

PUMP_ID = bytes(range(1, 9))
STATES = ("greeting", "asking", "up", "in flight", "pinged", "full inbox")
STEP_MS = 250
PATIENCE = 160  # polls, so 40 s: in which a client lets go of a broker that has fallen silent
_WAKE_MS = 60_000  # after which it may dial again, whatever its back-off
RING = 256
MOST_HELD = 4096  # bytes in all of comms' buffers together


class Clock:
    """Virtual, and begins just before the wrap."""

    def __init__(self) -> None:
        self.now_ms = 2 * HALF - 20_000

    def ticks_ms(self) -> int:
        return self.now_ms


class Entropy:
    """The same each time."""

    def fill(self, into: bytearray) -> int:
        return ports.OK


class Wire:
    """A dialled link in memory. Counts what one poll asks of it."""

    blocks_ms = 0

    def __init__(self) -> None:
        self.random = Random(0)
        self.to_pump = bytearray()
        self.from_pump = bytearray()
        self.is_open = False
        self.may_open = False
        self.receives = 0

    def open(self) -> int:
        if not self.may_open:
            return ports.ERR_FAILED
        self.to_pump.clear()
        self.from_pump.clear()
        self.is_open = True
        return ports.OK

    def close(self) -> None:
        self.is_open = False
        self.to_pump.clear()
        self.from_pump.clear()

    def receive(self, into: bytearray) -> int:
        self.receives += 1
        if not self.is_open:
            return -1
        count = min(len(into), len(self.to_pump), self.random.choice((1, 7, 256)))
        into[:count] = self.to_pump[:count]
        del self.to_pump[:count]
        return count

    def send(self, data: Any, count: int) -> int:
        if not self.is_open:
            return -1
        taken = min(count, self.random.choice((1, 40, 4096)))
        self.from_pump += bytes(data[:taken])
        return taken


def held(comms: Any) -> int:
    """Bytes in the buffers of comms and of its parts."""
    total = 0
    for one in vars(comms).values():
        kinds = [kind for kind in type(one).__mro__ if kind.__module__.startswith("firmware.comms")]
        names = [name for kind in kinds for name in getattr(kind, "__slots__", ())]
        total += sum(len(part) for part in (one, *(getattr(one, name) for name in names)) if type(part) is bytearray)
    return total


class Trial:
    """One pump at brokers. `change(comms)` makes a mutant of its comms."""

    def __init__(self, change: Callable[[Any], None] | None = None) -> None:
        self.clock, self.wire = Clock(), Wire()
        self.inbox, self.facts = Ring(RING), Ring(4096)
        leave = Leave()
        leave.ms = 5000
        self._fact = self._make_fact()
        self.comms: Any = mqtt.MqttMaker(PUMP_ID, self.clock, Entropy()).make(
            self.wire, self.inbox, self.facts, leave
        )
        if change is not None:
            change(self.comms)
        self.topic = b"kvo/" + PUMP_ID.hex().encode() + b"/request"
        self.got = bytearray()
        self.most_receives = 0
        self.most_held = 0

    @staticmethod
    def _make_fact() -> bytes:
        payload = encode({1: 4, 2: 1, 3: 0, 4: {1: bytes(20)}})
        return make_mac0(payload, MacKey(b"x"), {KEY_ID: PUMP_ID}, b"kvo fact 1")

    def poll(self, listens: bool = True) -> None:
        """One poll; the gatekeeper takes what came where it `listens`."""
        self.clock.now_ms = ticks_add(self.clock.now_ms, STEP_MS)
        self.wire.receives = 0
        self.comms.poll()
        self.most_receives = max(self.most_receives, self.wire.receives)
        self.most_held = max(self.most_held, held(self.comms))
        if listens:
            into = bytearray(RING)
            self.got += into[: self.inbox.take(into)]

    def polls_until(self, condition: Callable[[], bool], most: int) -> bool:
        """Poll until it holds; whether it did in `most` polls."""
        for _ in range(most):
            if condition():
                return True
            self.poll()
        return condition()

    def frames(self) -> list[bytes]:
        """The requests that came whole."""
        found, place = [], 0
        while place + 2 <= len(self.got):
            end = place + 2 + int.from_bytes(self.got[place : place + 2], "big")
            if end > len(self.got):
                break
            found.append(bytes(self.got[place + 2 : end]))
            place = end
        return found

    def reach(self, state: str) -> bool:
        """Be an honest broker up to a state; whether it was reached."""
        wire, comms = self.wire, self.comms
        wire.may_open = True
        self.clock.now_ms = ticks_add(self.clock.now_ms, _WAKE_MS)
        if not self.polls_until(lambda: b"offline" in wire.from_pump, PATIENCE):
            return False
        if state == "greeting":
            return True
        wire.to_pump += b"\x20\x02\x00\x00"
        if not self.polls_until(lambda: wire.from_pump.endswith(self.topic + b"\x01"), PATIENCE):
            return False
        if state == "asking":
            return True
        wire.to_pump += b"\x90\x03\xff\xff\x01"
        if not self.polls_until(lambda: comms.state == mqtt.UP, PATIENCE):
            return False
        if state == "in flight":
            self.facts.put(len(self._fact).to_bytes(2, "big") + self._fact, len(self._fact) + 2)
            return self.polls_until(lambda: wire.from_pump.endswith(self._fact), PATIENCE)
        if state == "pinged":
            return self.polls_until(lambda: wire.from_pump.endswith(b"\xc0\x00"), PATIENCE)
        if state == "full inbox":
            wire.to_pump += publish(self.topic, bytes(400), 1)
            for _ in range(40):
                if not self.inbox.room():
                    return True
                self.poll(listens=False)
            return False
        return True


def connection(trial: Trial, number: int) -> str:
    """One connection to a malicious broker, and an honest one after it; what went wrong, or nothing."""
    try:
        return _connection(trial, number)
    except Exception as raised:  # what comms raises is the finding
        return f"connection {number}: {type(raised).__name__}: {raised}"


def _connection(trial: Trial, number: int) -> str:
    state = STATES[number % len(STATES)]
    trial.wire.random = Random(number)
    if not trial.reach(state):
        return f"connection {number}: the state '{state}' was not reached"
    before = bytes(400) if state == "full inbox" else None
    said = malformed(number // len(STATES), trial.topic)
    trial.wire.to_pump += said
    trial.wire.may_open = False
    if not trial.polls_until(lambda: trial.comms.state == mqtt.AWAY, PATIENCE + len(said)):
        return f"connection {number}: it does not let go of a silent broker ('{state}')"
    trial.polls_until(lambda: False, 8)  # the inbox takes what is left
    wrong = _judge(trial, state, said, before)
    if wrong:
        return f"connection {number}: {wrong} ('{state}')"
    return _is_well(trial, number)


def _judge(trial: Trial, state: str, said: bytes, before: bytes | None) -> str:
    got = trial.frames()
    if before is not None and got[:1] == [before]:
        del got[0]
    if trial.most_held > MOST_HELD:
        return f"comms holds {trial.most_held} bytes in its buffers"
    if trial.most_receives > 1:
        return f"one poll asked the link {trial.most_receives} times"
    if state in ("in flight", "pinged"):
        # What it owes may come once, anywhere: a PUBACK of its own id, a PINGRESP.
        allowed = {one for start in _starts(said) for one in requests(said[start:], trial.topic, False)}
        return "" if allowed.issuperset(got) else f"{got[:1]!r} was taken for a request"
    may = greeted(said, trial.topic) if state == "greeting" else requests(said, trial.topic, state == "asking")
    return "" if got == may[: len(got)] else f"{got[:2]!r} was taken for {may[:2]!r}"


def _starts(said: bytes) -> list[int]:
    """Where a packet may begin: at the beginning, and after each thing that may be owed."""
    found = [0]
    for owed, size in ((b"\xd0\x00", 2), (b"\x40\x02", 4)):
        place = said.find(owed)
        while place >= 0:
            found.append(place + size)
            place = said.find(owed, place + 1)
    return found


def _is_well(trial: Trial, number: int) -> str:
    """Whether an honest broker is served as if nothing had been, a fact that waits included."""
    trial.got.clear()
    if not trial.reach("up"):
        return f"connection {number}: it does not come back to an honest broker"
    wire, outgoing = trial.wire, trial.comms._outgoing
    wire.to_pump += publish(trial.topic, b"honest", 1)
    acknowledged = set()
    for _ in range(PATIENCE):
        if outgoing.ready and outgoing.packet_id not in acknowledged and wire.from_pump.endswith(trial._fact):
            acknowledged.add(outgoing.packet_id)
            wire.to_pump += b"\x40\x02" + outgoing.packet_id.to_bytes(2, "big")
        trial.poll()
        if trial.frames() == [b"honest"] and not outgoing.ready and b"\x40\x02\x00\x07" in wire.from_pump:
            break
    else:
        return f"connection {number}: an honest broker is not served"
    wire.close()
    trial.wire.may_open = False
    trial.polls_until(lambda: trial.comms.state == mqtt.AWAY, PATIENCE)
    trial.got.clear()
    trial.most_receives = 0
    return ""

"""A broker of MQTT 3.1.1 in virtual time, and the pump's own MQTT client at it.

The client is the firmware's (firmware/comms/mqtt.py), stepped beside the pump as a communication processor would be,
so that it is the same in every home. The broker serves that one connection and speaks the packets that a pump needs;
who publishes to it is a call. A malicious one does what it likes: see simulator/adversary/broker.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from firmware.comms import packets as p
from firmware.comms.mqtt import Mqtt as MqttClient
from firmware.comms.mqtt import MqttMaker
from firmware.comms.topics import Topics
from firmware.trust.ring import Ring
from hal import ports

_RING = 4096
_LEAVE_MS = 5000
_LENGTH = 127


class Wire:
    """The connection between the pump's client and the broker, dialled by the client. A hal.ports.Link."""

    blocks_ms = 0

    def __init__(self) -> None:
        self.to_pump = bytearray()
        self.from_pump = bytearray()
        self.is_open = False
        self.may_open = True

    def open(self) -> int:
        """Dial."""
        if not self.may_open:
            return ports.ERR_FAILED
        self.is_open = True
        self.to_pump.clear()
        self.from_pump.clear()
        return ports.OK

    def close(self) -> None:
        """Hang up."""
        self.is_open = False

    def receive(self, into: bytearray) -> int:
        """What the broker has sent."""
        if not self.is_open:
            return -1
        count = min(len(into), len(self.to_pump))
        into[:count] = self.to_pump[:count]
        del self.to_pump[:count]
        return count

    def send(self, data: Any, count: int) -> int:
        """To the broker."""
        if not self.is_open:
            return -1
        self.from_pump += bytes(data[:count])
        return count


class Broker:
    """Serves the pump. `retained` by topic; `on_fact(payload)`, `on_will()`: what the ward gets."""

    def __init__(self, wire: Wire, topics: Topics, on_fact: Callable[[bytes], None], on_will: Callable[[], None]):
        self._wire = wire
        self._topics = topics
        self._on_fact = on_fact
        self._on_will = on_will
        self._id = 0
        self.subscribed = False
        self.retained: dict[bytes, bytes] = {}
        self.connections = 0

    def publish(self, topic: bytes, payload: bytes, retain: bool = False) -> None:
        """To the pump, where it has subscribed, with QoS 1."""
        if self._wire.is_open and self.subscribed:
            self._id = self._id % 0xFFFE + 1
            body = len(topic).to_bytes(2, "big") + topic + self._id.to_bytes(2, "big") + payload
            self.put(p.PUBLISH | p.QOS_1 | (p.RETAIN if retain else 0), body)

    def put(self, head: int, body: bytes) -> None:
        """A packet to the pump."""
        length, left = bytearray(), len(body)
        while left > _LENGTH:
            length.append(left & _LENGTH | 0x80)
            left >>= 7
        length.append(left)
        self._wire.to_pump += bytes((head,)) + length + body

    def hang_up(self, will: bool = True) -> None:
        """End the connection; an honest broker gives out the will."""
        if self._wire.is_open:
            self._wire.close()
            self.subscribed = False
            if will:
                self._on_will()

    def step(self) -> None:
        """Answer what the pump has sent."""
        if not self._wire.is_open:
            self.subscribed = False
        for head, body in self._packets():
            self._answer(head, body)

    def _packets(self) -> Iterator[tuple[int, bytes]]:
        held = self._wire.from_pump
        while len(held) >= 2:
            length = place = 0
            while True:
                byte = held[1 + place]
                length |= (byte & _LENGTH) << 7 * place
                place += 1
                if byte <= _LENGTH:
                    break
                if len(held) <= 1 + place:
                    return
            end = 1 + place + length
            if len(held) < end:
                return
            packet = held[0], bytes(held[1 + place : end])
            del held[:end]
            yield packet

    def _answer(self, head: int, body: bytes) -> None:
        if head == p.CONNECT:
            self.connections += 1
            self.put(p.CONNACK, b"\x00\x00")
        elif head == p.SUBSCRIBE:
            self.subscribed = True
            self.put(p.SUBACK, body[:2] + b"\x01")
            for topic, payload in self.retained.items():
                self.publish(topic, payload, retain=True)
        elif head == p.PINGREQ:
            self.put(p.PINGRESP, b"")
        elif head & 0xF0 == p.PUBLISH:
            self._take(head, body)

    def _take(self, head: int, body: bytes) -> None:
        place = 2 + int.from_bytes(body[:2], "big")
        if head & p.QOS_1:
            self.put(p.PUBACK, body[place : place + 2])
            place += 2
        self._on_fact(body[place:])


class _TakesRetained(MqttClient):
    """A client without the control `retained-ignored`."""

    def _take_publish(self, head: int) -> bool:
        return bool(super()._take_publish(head & ~p.RETAIN))


class _TakesAnyTopic(MqttClient):
    """A client without the control `own-topics`."""

    def _take_publish(self, head: int) -> bool:
        own, body = self._topics.request, self._inbound.body
        count = self._inbound.short(0)
        if head & 0xF0 == p.PUBLISH and count != len(own):
            rest = bytes(body[2 + count : self._inbound.length])
            body[:2] = len(own).to_bytes(2, "big")
            body[2 : 2 + len(own)] = own
            body[2 + len(own) : 2 + len(own) + len(rest)] = rest
            self._inbound.length = 2 + len(own) + len(rest)
        elif head & 0xF0 == p.PUBLISH:
            body[2 : 2 + count] = own
        return bool(super()._take_publish(head))


class _NeverComesBack(MqttClient):
    """A client without the control `packet-checks`: what a broker may not send, it stumbles over for good."""

    def poll(self) -> None:
        if not self.violations:
            super().poll()


_WEAKER: dict[str, type] = {
    "retained-ignored": _TakesRetained, "own-topics": _TakesAnyTopic, "packet-checks": _NeverComesBack,
}  # fmt: skip


class _Leave:
    ms = _LEAVE_MS


class Mqtt:
    """Carries by MQTT; as carrier.Plain. `client` is the pump's, `broker` the other end."""

    def __init__(
        self, world: Any, pump_id: bytes, on_fact: Callable[[bytes], None], on_will: Callable[[], None],
        lacks: Callable[[str], bool] = lambda control: False,
    ) -> None:
        """lacks(control): whether the pump's client does without one of its own."""
        self._world = world
        self._lacks = lacks
        self._pump_id = pump_id
        self.wire = Wire()
        self.topics = Topics(pump_id)
        self.broker = Broker(self.wire, self.topics, on_fact, on_will)
        self._inbox = Ring(_RING)
        self._facts = Ring(_RING)
        self._place = 0
        self._into = bytearray(_RING)
        self.client: Any = None
        self.posed = False  # what answers under the broker's name is another, and the client hangs up on it

    def send(self, message: bytes) -> None:
        """Publish a request."""
        self.broker.publish(self.topics.request, message)

    def raw(self, data: bytes) -> None:
        """Bytes into the connection, as they are."""
        if self.wire.is_open:
            self.wire.to_pump += data

    def step(self) -> None:
        """After each tick: the client's turn, then the broker's."""
        world = self._world
        link = world.board.link
        if world.is_dark:
            self.client = None
            self.broker.hang_up()
            return
        if self.client is None:
            self._place = len(link.sent)
            maker = MqttMaker(self._pump_id, world.clock, world.board.entropy)
            self.client = maker.make(self.wire, self._inbox, self._facts, _Leave)
            weaker = tuple(kind for control, kind in _WEAKER.items() if self._lacks(control))
            if weaker:
                self.client.__class__ = type("WeakerMqtt", weaker, {})
        self.wire.may_open = bool(world.plant.link_up) and not self.posed
        if not self.wire.may_open:
            self.broker.hang_up()
        self._to_facts(link.sent)
        for _ in range(3):  # polls in a tick
            self.client.poll()
            self.broker.step()
        count = self._inbox.take(self._into)
        if count:
            link.deliver(bytes(self._into[:count]))

    def _to_facts(self, sent: bytearray) -> None:
        fresh = sent[self._place : self._place + self._facts.room()]
        self._place += self._facts.put(fresh, len(fresh))




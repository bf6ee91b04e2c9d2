"""MQTT packets that a broker has no business sending, every type in every way that this file knows, by number."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

TYPES = 16
_LONGEST = 70_000


def length(count: int) -> bytes:
    """A remaining length as it should be."""
    out = bytearray()
    while count > 127:
        out.append(count & 127 | 128)
        count >>= 7
    return bytes([*out, count])


def packet(head: int, body: bytes) -> bytes:
    """A packet as it should be framed."""
    return bytes([head]) + length(len(body)) + body


def publish(topic: bytes, payload: bytes, qos: int = 1, packet_id: int = 7, flags: int = 0) -> bytes:
    """A PUBLISH."""
    number = packet_id.to_bytes(2, "big") if qos else b""
    return packet(0x30 | qos << 1 | flags, len(topic).to_bytes(2, "big") + topic + number + payload)


def _body(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 2, 3, 4, 10, 60, 127, 128, 300)))


def _as_it_should_be(random: Random, kind: int, topic: bytes) -> bytes:
    """The right form, at a time or with a content that may be wrong."""
    number = random.choice((0, 1, 2, 7, 0xFFFF)).to_bytes(2, "big")
    forms = {
        2: packet(0x20, bytes([random.choice((0, 0, 1, 255)), random.choice((0, 0, 1, 5, 255))])),
        3: publish(topic, _body(random), random.choice((0, 1)), random.choice((1, 7, 0xFFFF))),
        4: packet(0x40, number),
        9: packet(0x90, number + bytes([random.choice((0, 1, 2, 0x80))])),
        13: packet(0xD0, b""),
    }
    return forms.get(kind, packet(kind << 4, number))


def _flags(random: Random, kind: int, topic: bytes) -> bytes:
    return packet(kind << 4 | random.randrange(16), _body(random))


def _claims_more(random: Random, kind: int, topic: bytes) -> bytes:
    """A length that is not true."""
    claimed = random.choice((5, 127, 128, 1100, 8192, 8193, 65_535, 2_097_152, 268_435_455))
    return bytes([kind << 4]) + length(claimed) + random.randbytes(random.choice((0, 1, 100, 9000)))


def _length_without_end(random: Random, kind: int, topic: bytes) -> bytes:
    return bytes([kind << 4]) + bytes([random.choice((0x80, 0xFF))]) * random.choice((4, 5, 2000)) + _body(random)


def _length_too_long(random: Random, kind: int, topic: bytes) -> bytes:
    """2 written in two, three or four bytes."""
    digits = random.choice((b"\x82\x00", b"\x82\x80\x00", b"\x82\x80\x80\x00"))
    return bytes([kind << 4]) + digits + random.randbytes(2)


def _cut(random: Random, kind: int, topic: bytes) -> bytes:
    whole = _as_it_should_be(random, kind, topic)
    return whole[: random.randrange(len(whole))]


def _flipped(random: Random, kind: int, topic: bytes) -> bytes:
    whole = bytearray(_as_it_should_be(random, kind, topic))
    whole[random.randrange(len(whole))] ^= 1 << random.randrange(8)
    return bytes(whole)


def _noise(random: Random, kind: int, topic: bytes) -> bytes:
    return random.randbytes(random.choice((1, 2, 5, 50, 500)))


def _many(random: Random, kind: int, topic: bytes) -> bytes:
    return _as_it_should_be(random, kind, topic) * random.choice((2, 3, 50, 400))


def _topic_is_wrong(random: Random, kind: int, topic: bytes) -> bytes:
    wrong = (
        b"", b"#", b"+", topic + b"/", topic[:-1], topic.upper(), b"\0" * len(topic), b"\xff" * 5, b"kvo/+/request",
        b"x" * 1200, topic + b"\0",
    )  # fmt: skip
    return publish(wrong[kind % len(wrong)], _body(random), random.choice((0, 1)))


def _topic_lies(random: Random, kind: int, topic: bytes) -> bytes:
    """A topic's length past its packet, or eating the packet id."""
    body = random.choice((0, 1, len(topic) - 1, len(topic) + 1, 255, 0xFFFF)).to_bytes(2, "big") + topic + _body(random)
    return packet(random.choice((0x30, 0x32)), body)


def _retained(random: Random, kind: int, topic: bytes) -> bytes:
    return publish(topic, b"retained" + _body(random), random.choice((0, 1)), 7, 1)


def _odd_publish(random: Random, kind: int, topic: bytes) -> bytes:
    """QoS 2 and 3, DUP with QoS 0, packet id 0, no room for the id."""
    return random.choice((
        publish(topic, b"odd", 2), publish(topic, b"odd", 3), publish(topic, b"odd", 0, 0, 8),
        publish(topic, b"odd", 1, 0), packet(0x32, len(topic).to_bytes(2, "big") + topic + b"\0"),
        packet(0x32, len(topic).to_bytes(2, "big") + topic), packet(0x30, b"\0"), packet(0x30, b""),
    ))  # fmt: skip


def _huge(random: Random, kind: int, topic: bytes) -> bytes:
    count = random.choice((1024, 1025, 1026, 4096, 8100, 8192, 8193, _LONGEST))
    return publish(topic, random.randbytes(count), random.choice((0, 1)))


def _welcome_again(random: Random, kind: int, topic: bytes) -> bytes:
    """A CONNACK out of turn, and a request behind it."""
    return b"\x20\x02\x00\x00" + publish(topic, b"behind" + _body(random), random.choice((0, 1)))


WAYS: tuple[Callable[[Random, int, bytes], bytes], ...] = (
    _as_it_should_be, _flags, _claims_more, _length_without_end, _length_too_long, _cut, _flipped, _noise, _many,
    _topic_is_wrong, _topic_lies, _retained, _odd_publish, _huge, _welcome_again,
)  # fmt: skip


ALL = len(WAYS) * TYPES


def malformed(number: int, topic: bytes) -> bytes:
    """What the broker of connection `number` says: all types and ways come round, and then some more of the same."""
    random = Random(number)
    kind = number // len(WAYS) % TYPES
    said = WAYS[number % len(WAYS)](random, kind, topic)
    for _ in range(random.choice((0, 0, 1, 3))):
        said += random.choice(WAYS)(random, random.randrange(TYPES), topic)
    return said

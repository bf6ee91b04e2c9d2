"""What a pump may make of a broker's bytes: written from the standard alone, the slow and plain way.

The client's own reader works in place, piece by piece; this one is given all the bytes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST = 8192
LONGEST = 1025  # bytes of a request that are handed on: one more than the longest


WELCOME = b"\x20\x02\x00\x00"


def greeted(data: bytes, topic: bytes) -> list[bytes]:
    """The requests in what a pump is told that has sent its CONNECT: none before it was made welcome."""
    return requests(data[len(WELCOME) :], topic, True) if data.startswith(WELCOME) else []


def requests(data: bytes, topic: bytes, asking: bool) -> list[bytes]:
    """The requests in `data`, up to the first packet that a broker may not send.

    `asking`: the pump has asked to be subscribed and was not answered yet. It pings nobody and has no fact under way.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data):
        head = data[place]
        size, after = _length(data, place + 1)
        if after < 0 or size > MOST or after + size > len(data):
            return found
        body = data[after : after + size]
        place = after + size
        if head >> 4 == 3:
            request = _publish(head, body, topic)
            if request is None:
                return found
            found += request
        elif head == 0x90 and asking and size == 3 and body[:2] == b"\xff\xff" and body[2] < 2:
            asking = False
        else:
            return found
    return found


@dataclass
class Heard:
    """What a connection's bytes come to, as far as a broker may have sent them: nothing after that counts."""

    requests: list[bytes] = field(default_factory=list)
    acknowledged: list[bytes] = field(default_factory=list)  # packet ids, each owed a PUBACK
    welcome: bool = False
    granted: bool = False


def heard(data: bytes, topic: bytes) -> Heard:
    """All of a connection. Not asked: whether a PUBACK or a PINGRESP was owed; any may come, once granted."""
    found = Heard(welcome=data.startswith(WELCOME))
    place = len(WELCOME) if found.welcome else len(data)
    while place < len(data):
        head = data[place]
        size, after = _length(data, place + 1)
        if after < 0 or size > MOST or after + size > len(data):
            break
        body = data[after : after + size]
        place = after + size
        if head >> 4 == 3:
            request = _publish(head, body, topic)
            if request is None:
                break
            found.requests += request
            if head & 2:
                start = 2 + int.from_bytes(body[:2], "big")
                found.acknowledged.append(body[start : start + 2])
        elif head == 0x90 and not found.granted and size == 3 and body[:2] == b"\xff\xff" and body[2] < 2:
            found.granted = True
        elif not found.granted or (head, size) not in ((0x40, 2), (0xD0, 0)):
            break
    return found


def split(data: bytes) -> list[tuple[int, bytes]]:
    """What a pump says, packet by packet: first byte and body. The last one may be cut short and is left out then."""
    found, place = [], 0
    while place < len(data):
        size, after = _length(data, place + 1)
        if after < 0 or after + size > len(data):
            break
        found.append((data[place], data[after : after + size]))
        place = after + size
    return found


def _length(data: bytes, place: int) -> tuple[int, int]:
    """A remaining length and the place after it; -1 where it is none, or not in its shortest form."""
    value = 0
    for digit in range(4):
        if place + digit >= len(data):
            return 0, -1
        byte = data[place + digit]
        value += (byte & 127) << 7 * digit
        if byte < 128:
            return value, -1 if digit and not byte else place + digit + 1
    return 0, -1


def _publish(head: int, body: bytes, topic: bytes) -> list[bytes] | None:
    """The request in a PUBLISH, none in one that is ignored; None where a broker may not send it."""
    qos, duplicate, retained = head >> 1 & 3, head >> 3 & 1, head & 1
    if qos > 1 or (duplicate and not qos) or len(body) < 3:
        return None
    count = int.from_bytes(body[:2], "big")
    rest = body[2 + count :]
    if len(body) < 2 + count + 2 * qos or (qos and 2 + count + 2 > 1100):
        return None
    if qos:
        if rest[:2] == b"\0\0":
            return None
        rest = rest[2:]
    return [] if retained or body[2 : 2 + count] != topic else [rest[:LONGEST]]

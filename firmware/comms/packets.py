"""The part of MQTT 3.1.1 (OASIS, 2014) that a pump speaks: what it sends, and a bounded reader of what it is sent.

The broker is not trusted. The reader keeps at most KEPT bytes of a packet, lets at most MOST pass, and takes
nothing that a broker has no business sending: every other byte ends the connection.
"""

from hal.compat import const

# First bytes of packets, section 2.2.1; those with flags that must be set have them.
CONNECT = const(0x10)
CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBSCRIBE = const(0x82)
SUBACK = const(0x90)
PINGREQ = const(0xC0)
PINGRESP = const(0xD0)

RETAIN = const(0x01)
QOS_1 = const(0x02)
QOS_2 = const(0x04)
DUP = const(0x08)

REQUEST = const(1024)  # bytes of the longest request
KEPT = const(1100)  # of a packet's body: topic, packet id, and one byte more than a request has
MOST = const(8192)  # of a packet's body
_FLAGS = const(0x0F)
_TYPE = const(0xF0)
_MORE = const(0x80)
_LENGTH_BYTES = const(4)
_CLEAN_SESSION = const(0x02)
_WILL_QOS_1 = const(0x0C)


def put_length(out, place, length):
    """Write a remaining length (section 2.2.3) at `place`; return the place after it."""
    while length > 127:
        out[place] = length & 127 | _MORE
        length >>= 7
        place += 1
    out[place] = length
    return place + 1


def put_short(out, place, value):
    """Write two bytes, big-endian; return the place after them."""
    out[place] = value >> 8 & 255
    out[place + 1] = value & 255
    return place + 2


def put_text(out, place, text):
    """Write a string (bytes) with its length before it; return the place after it."""
    place = put_short(out, place, len(text))
    out[place : place + len(text)] = text
    return place + len(text)


def put_connect(out, client, keep_alive_s, will_topic, will):
    """Write a CONNECT with a clean session and a will of QoS 1, never retained; return its length."""
    length = 10 + 2 + len(client) + 2 + len(will_topic) + 2 + len(will)
    out[0] = CONNECT
    place = put_text(out, put_length(out, 1, length), b"MQTT")
    out[place] = 4
    out[place + 1] = _CLEAN_SESSION | _WILL_QOS_1
    place = put_short(out, place + 2, keep_alive_s)
    place = put_text(out, place, client)
    place = put_text(out, place, will_topic)
    return put_text(out, place, will)


def put_subscribe(out, packet_id, topic):
    """Write a SUBSCRIBE to one topic, QoS 1; return its length."""
    out[0] = SUBSCRIBE
    place = put_short(out, put_length(out, 1, 2 + 2 + len(topic) + 1), packet_id)
    place = put_text(out, place, topic)
    out[place] = 1
    return place + 1


def put_acknowledge(out, packet_id):
    """Write a PUBACK; return its length."""
    out[0] = PUBACK
    out[1] = 2
    return put_short(out, 2, packet_id)


def put_ping(out):
    """Write a PINGREQ; return its length."""
    out[0] = PINGREQ
    out[1] = 0
    return 2


def put_publish_before(out, end, topic, packet_id, count, again):
    """Write a PUBLISH's head so that it ends at `end`, where its payload of `count` bytes begins; return its start.

    `packet_id`: 0 for QoS 0. `again`: it was sent before.
    """
    body = 2 + len(topic) + (2 if packet_id else 0)
    start = end - body - 1 - (1 if body + count < 128 else 2)
    out[start] = PUBLISH | (QOS_1 if packet_id else 0) | (DUP if packet_id and again else 0)
    place = put_text(out, put_length(out, start + 1, body + count), topic)
    if packet_id:
        put_short(out, place, packet_id)
    return start


class Inbound:
    """Takes a broker's bytes, a packet at a time.

    `whole`: one has come; its first byte is `head`, its body `length` bytes, of which `body` holds the first KEPT.
    `broken`: what came is nothing that a broker may send; there is no way back but another connection.
    """

    __slots__ = ("_digits", "_place", "body", "broken", "head", "length", "whole")

    def __init__(self):
        self.body = bytearray(KEPT)
        self.reset()

    def reset(self):
        """Begin anew, with a connection."""
        self.broken = False
        self.next()

    def next(self):
        """Have done with a packet."""
        self.head = 0
        self.length = 0
        self._digits = 0  # of the length, as far as it has come; -1: it is known
        self._place = 0
        self.whole = False

    def feed(self, chunk, place, end):
        """Take bytes from `chunk[place:end]` up to the end of a packet; return the place after what was taken."""
        while place < end and not self.whole and not self.broken:
            if not self.head:
                self._take_head(chunk[place])
                place += 1
            elif self._digits >= 0:
                self._take_digit(chunk[place])
                place += 1
            else:
                place += self._take_body(chunk, place, end)
        return place

    def _take_head(self, byte):
        self.head = byte
        kind = byte & _TYPE
        if kind == PUBLISH:
            # QoS 2 was not asked for, and what is sent once is not sent again.
            self.broken = byte & QOS_2 != 0 or byte & (DUP | QOS_1) == DUP
        else:
            self.broken = byte not in (CONNACK, PUBACK, SUBACK, PINGRESP)

    def _take_digit(self, byte):
        self.length |= (byte & 127) << 7 * self._digits
        self._digits += 1
        if byte & _MORE:
            self.broken = self._digits == _LENGTH_BYTES
            return
        if not byte and self._digits > 1:
            self.broken = True  # longer than it need be
            return
        self._digits = -1
        if not self._may_be_so_long():
            self.broken = True
        elif not self.length:
            self.whole = True

    def _may_be_so_long(self):
        if self.head & _TYPE == PUBLISH:
            return 3 <= self.length <= MOST
        return self.length == (3 if self.head == SUBACK else 0 if self.head == PINGRESP else 2)

    def _take_body(self, chunk, place, end):
        count = min(end - place, self.length - self._place)
        kept = min(count, KEPT - self._place)
        if kept > 0:
            self.body[self._place : self._place + kept] = chunk[place : place + kept]
        self._place += count
        self.whole = self._place == self.length
        return count

    def short(self, place):
        """Return the two bytes at `place` of the body as a number."""
        return self.body[place] << 8 | self.body[place + 1]

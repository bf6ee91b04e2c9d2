"""The topics of one pump, and what it says of itself when it is gone. The one place that knows them."""

from hal.compat import const

PUMP_ID = const(8)  # bytes
OFFLINE = b"offline"
PREFIX = b"kvo/"
CLIENT = b"kvo-"

# What a fact's bytes begin with (RFC 9052): a tagged COSE_Mac0 whose protected header is {1: 5, 4: pump id}, …
_MAC0 = b"\xd1\x84\x4d\xa2\x01\x05\x04\x48"
_AFTER_ID = const(0xA0)  # … no unprotected header, …
_BYTES = const(0x40)  # … and a payload that is a map of four whose first key is 1, the kind
_BYTES_U8 = const(0x58)
_BYTES_U16 = const(0x59)
_MAP_OF_4 = const(0xA4)
_IN_HEAD = const(24)


class Topics:
    """By pump id: 8 bytes. `request`, `will` and `client` are bytes."""

    __slots__ = ("_begins", "_fact", "client", "request", "will")

    def __init__(self, pump_id):
        name = "".join(["%02x" % byte for byte in pump_id]).encode()
        self.client = CLIENT + name
        self.request = PREFIX + name + b"/request"
        self.will = PREFIX + name + b"/will"
        self._fact = PREFIX + name + b"/fact/"
        self._begins = _MAC0 + pump_id + bytes((_AFTER_ID,))

    def fact(self, kind):
        """Return the topic of facts of a kind (0 … 23)."""
        return self._fact + str(kind).encode()

    def kind_of(self, data, start, count):
        """Return the kind that the fact in `data[start:start + count]` says it is, or -1 where it is no fact of ours.

        Comms reads it to address the fact; nothing else rests on it.
        """
        begins = self._begins
        place = start + len(begins)
        if count < len(begins) + 8 or data[start:place] != begins:
            return -1
        head = data[place]
        if not _BYTES <= head <= _BYTES_U16:
            return -1
        place += 1 if head < _BYTES_U8 else 2 if head < _BYTES_U16 else 3
        if data[place] != _MAP_OF_4 or data[place + 1] != 1 or data[place + 2] >= _IN_HEAD:
            return -1
        return data[place + 2]

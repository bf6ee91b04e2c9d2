"""What is carried to a pump and staged, in parts: a root record, an envelope, and the payload that follows it.

    head     4 bytes: KVOP; 4 bytes: the number that a person types to confirm it
    part     1 byte: kind; 4 bytes: length; so many bytes

Numbers have their highest byte first. Each kind comes once at most, in the order of their numbers. Nothing here vouches
for anything: the record and the envelope are signed, and the payload has its digest in the envelope.
"""

from hal.compat import const

ROOTS = const(1)  # a root record: the first, plain, or the next, signed (rotation.py)
ENVELOPE = const(2)
PAYLOAD = const(3)
MAGIC = b"KVOP"
HEAD = const(8)
PART_HEAD = const(5)


class Parcel:
    """Where the parts lie: `part` gives (offset, length), or None. `number` is what a person types."""

    __slots__ = ("_parts", "good", "number")

    def __init__(self, length, read):
        """`length` in bytes; `read(offset, into)` returns whether it could. `good`: whether it is a parcel."""
        self._parts = {}
        self.number = -1
        self.good = self._find(length, read)

    def _find(self, length, read):
        head = bytearray(HEAD)
        if length < HEAD or not read(0, head) or head[:4] != MAGIC:
            return False
        self.number = _number(head, 4)
        place = HEAD
        last = 0
        head = bytearray(PART_HEAD)
        while place < length:
            if place + PART_HEAD > length or not read(place, head):
                return False
            kind, size = head[0], _number(head, 1)
            place += PART_HEAD
            if not last < kind <= PAYLOAD or size > length - place:
                return False
            self._parts[kind] = (place, size)
            last = kind
            place += size
        return ROOTS in self._parts or ENVELOPE in self._parts

    def part(self, kind):
        """Return (offset, length) of a part, or None."""
        return self._parts.get(kind)


def _number(data, place):
    return data[place] << 24 | data[place + 1] << 16 | data[place + 2] << 8 | data[place + 3]

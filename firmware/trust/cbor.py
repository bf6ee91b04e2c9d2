"""Deterministic CBOR (RFC 8949, section 4.2.1), the part a pump needs, within bounds.

Integers of 64 bits, byte and text strings, arrays, maps, tags, false, true, null. No floats, no
other simple values. One value has one encoding: what is not in its shortest form, of indefinite
length, with keys twice or out of order, or followed by anything, is refused. Nothing is taken on
trust: a length is looked at before memory is, so no input costs more than some multiple of its size.
Keys are integers or text, as COSE's labels: MicroPython prints a warning where it compares text with
bytes, and what a stranger can make it print stalls a Pico whose console nobody reads.
"""

from hal.compat import const

# Why a decoding was refused: Refused.args[0].
CUT_SHORT = const(1)
TRAILING = const(2)
NOT_SHORTEST = const(3)
INDEFINITE = const(4)
KEY_ORDER = const(5)  # twice, or not in the order of their encodings
TOO_DEEP = const(6)
TOO_MANY = const(7)
UNSUPPORTED = const(8)
NOT_TEXT = const(9)

DEPTH = const(8)  # arrays, maps and tags in one another
ITEMS = const(256)  # in one encoding, each key and value counted

_UINT = const(0)
_NINT = const(1)
_BYTES = const(2)
_TEXT = const(3)
_ARRAY = const(4)
_MAP = const(5)
_TAG = const(6)
_SIMPLE = const(7)
_FALSE = const(20)
_TRUE = const(21)
_NULL = const(22)
_IN_HEAD = const(24)  # values below stand in the first byte
_ONE_BYTE = const(24)
_EIGHT_BYTES = const(27)
_INDEFINITE = const(31)


class Refused(ValueError):
    """Not an encoding of ours; `args[0]` is one of the codes above, `args[1]` the place of the byte."""


class Tag:
    """A tagged value."""

    __slots__ = ("number", "value")

    def __init__(self, number, value):
        self.number = number
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Tag) and self.number == other.number and self.value == other.value


def encode(value):
    """Return the one encoding of `value`.

    int (-2**64 … 2**64 - 1), bytes-like, str, list or tuple, dict with keys of int and str (in the order of
    their encodings), Tag, False, True, None. TypeError for others, ValueError for an integer out of range
    and for text that is no UTF-8. Depth and items are the caller's: `decode` has bounds, `encode` has none.
    """
    out = bytearray()
    _put(out, value)
    return bytes(out)


def _put(out, value):
    if value is None or value is True or value is False:
        out.append(_SIMPLE << 5 | (_NULL if value is None else _TRUE if value else _FALSE))
    elif isinstance(value, int):
        _put_head(out, _UINT if value >= 0 else _NINT, value if value >= 0 else -1 - value)
    elif isinstance(value, str):
        data = value.encode()
        check_utf8(data)  # MicroPython encodes lone surrogates too
        _put_head(out, _TEXT, len(data))
        out.extend(data)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _put_head(out, _BYTES, len(value))
        out.extend(value)
    elif isinstance(value, (list, tuple)):
        _put_head(out, _ARRAY, len(value))
        for item in value:
            _put(out, item)
    elif isinstance(value, dict):
        _put_map(out, value)
    elif isinstance(value, Tag):
        _put_head(out, _TAG, value.number)
        _put(out, value.value)
    else:
        raise TypeError("no CBOR of ours")


def _put_map(out, value):
    _put_head(out, _MAP, len(value))
    keys = []
    for key in value:
        if key is True or key is False or not isinstance(key, (int, str)):
            raise TypeError("no key of ours")
        keys.append((encode(key), key))
    keys.sort(key=_first)
    for encoded, key in keys:
        out.extend(encoded)
        _put(out, value[key])


def _first(pair):
    return pair[0]


def _put_head(out, major, count):
    if count < _IN_HEAD:
        out.append(major << 5 | count)
        return
    size = 1
    info = _ONE_BYTE
    while count >> 8 * size:
        size <<= 1
        info += 1
    if info > _EIGHT_BYTES:
        raise ValueError("more than 64 bits")
    out.append(major << 5 | info)
    for shift in range(8 * (size - 1), -1, -8):
        out.append(count >> shift & 255)


def decode(data, depth=DEPTH, items=ITEMS):
    """Return the value that `data` (bytes-like) encodes, all of it; Refused where it is no encoding of ours."""
    decoder = Decoder(data, items)
    value = decoder.value(depth)
    if decoder.place != len(data):
        raise Refused(TRAILING, decoder.place)
    return value


class Decoder:
    """Takes values one after another out of `data`; `place` is the next byte."""

    __slots__ = ("_data", "_items", "place")

    def __init__(self, data, items=ITEMS):
        self._data = memoryview(data)
        self._items = items
        self.place = 0

    def value(self, depth=DEPTH):
        """Take one value, with `depth` levels of arrays, maps and tags at most."""
        start = self.place
        self._items -= 1
        if self._items < 0:
            raise Refused(TOO_MANY, start)
        initial = self._byte()
        major = initial >> 5
        if major == _SIMPLE:
            return self._simple(initial & 31, start)
        count = self._count(initial & 31, start)
        if major == _UINT:
            return count
        if major == _NINT:
            return -1 - count
        if major == _BYTES:
            return bytes(self._take(count))
        if major == _TEXT:
            return self._text(count)
        if not depth:
            raise Refused(TOO_DEEP, start)
        if major == _TAG:
            return Tag(count, self.value(depth - 1))
        if count > self._items:
            raise Refused(TOO_MANY, start)
        if major == _ARRAY:
            return [self.value(depth - 1) for _ in range(count)]
        return self._map(count, depth - 1)

    def _byte(self):
        if self.place >= len(self._data):
            raise Refused(CUT_SHORT, self.place)
        self.place += 1
        return self._data[self.place - 1]

    def _take(self, count):
        start = self.place
        if count > len(self._data) - start:
            raise Refused(CUT_SHORT, len(self._data))
        self.place = start + count
        return self._data[start : start + count]

    def _count(self, info, start):
        if info < _IN_HEAD:
            return info
        if info == _INDEFINITE:
            raise Refused(INDEFINITE, start)
        if info > _EIGHT_BYTES:
            raise Refused(UNSUPPORTED, start)
        size = 1 << info - _ONE_BYTE
        count = 0
        for byte in self._take(size):
            count = count << 8 | byte
        if count < _IN_HEAD or (size > 1 and not count >> 4 * size):
            raise Refused(NOT_SHORTEST, start)
        return count

    def _simple(self, info, start):
        if info == _NULL:
            return None
        if info == _TRUE or info == _FALSE:
            return info == _TRUE
        raise Refused(INDEFINITE if info == _INDEFINITE else UNSUPPORTED, start)

    def _text(self, count):
        start = self.place
        data = self._take(count)
        check_utf8(data, start)
        return str(data, "utf-8")

    def _map(self, count, depth):
        values = {}
        before = None
        for _ in range(count):
            start = self.place
            # Looked at first: a key that holds others would be copied once a level.
            major = self._data[start] >> 5 if start < len(self._data) else _UINT
            if major == _BYTES or major > _TEXT:
                raise Refused(UNSUPPORTED, start)
            key = self.value(depth)
            encoded = bytes(self._data[start : self.place])
            if before is not None and encoded <= before:
                raise Refused(KEY_ORDER, start)
            before = encoded
            values[key] = self.value(depth)
        return values


def is_number(value, most):
    """Return whether a decoded `value` is an integer from 0 to `most`; True is none."""
    return value is not True and value is not False and isinstance(value, int) and 0 <= value <= most


def check_utf8(data, start=0):
    """Raise Refused unless `data` is UTF-8 (RFC 3629): the ports' own decoders differ in what they let pass."""
    place = 0
    count = len(data)
    while place < count:
        byte = data[place]
        more = 0 if byte < 0x80 else 1 if 0xC2 <= byte < 0xE0 else 2 if 0xE0 <= byte < 0xF0 else 3
        if more and (byte < 0xC2 or byte > 0xF4 or place + more >= count):
            raise Refused(NOT_TEXT, start + place)
        for step in range(1, more + 1):
            next_ = data[place + step]
            low = 0x80
            high = 0xBF
            if step == 1:
                low = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
                high = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
            if not low <= next_ <= high:
                raise Refused(NOT_TEXT, start + place)
        place += more + 1

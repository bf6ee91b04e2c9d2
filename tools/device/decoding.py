"""Measures the memory that decoding takes, on both interpreters: `run(decode)`. MicroPython: root, mutant.

MicroPython's figure is all that was asked for, freed or not; CPython's is the most at one time.
"""

import gc
import json
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.trust import cbor

_STEPS = (1, 2, 3, 8, 20, 60, 150, 400, 1000)
_SCATTERED = 400


def inputs():
    """Yield inputs of many shapes: long and deep ones, honest and not, and some thousand bytes of chance."""
    for size in _STEPS:
        yield b"\x81" * size + b"\x00"
        yield b"\xc1" * size + b"\x00"
        yield b"\xa1\x00" * size + b"\x00"
        yield b"\xa1\x81" * size + b"\x00"  # keys within keys
        yield b"\xa1" * size + b"\x00"
        yield b"\x59" + bytes((size >> 8, size & 255)) + bytes(size)
        yield b"\x79" + bytes((size >> 8, size & 255)) + b"a" * size
        yield b"\x9a\x00\x00" + bytes((size >> 8, size & 255)) + b"\x80" * size
        yield b"\xba\x00\x00" + bytes((size >> 8, size & 255)) + b"\x60" * size
        yield b"\x98\xff" + b"\x1b" + b"\xff" * size
    for head in (0x5A, 0x7A, 0x9A, 0xBA):
        yield bytes((head, 0, 15, 255, 255)) + bytes(40)
        yield bytes((head, 127, 255, 255, 255)) + bytes(40)
        yield bytes((head + 1, 127, 255, 255, 255, 255, 255, 255, 255))
    yield b"\x98\xff" + b"\x80" * 255
    yield b"\x98\xff" + b"\xa0" * 255
    yield b"\x98\x7f" + b"\xc1\x41\x00" * 127
    yield b"\xb8\x7f" + b"".join([cbor.encode(key) + b"\x80" for key in range(127)])
    yield b"\xa1\x78\xc8" + bytes(200) + b"\xa1\x78\xc8" + bytes(200) + b"\x00"
    chance = 1
    for _ in range(_SCATTERED):
        made = bytearray()
        for _ in range(chance >> 8 & 63):
            chance = (chance * 1103515245 + 12345) & 0x3FFFFFFF
            made.append((chance >> 16) & 255 if chance & 0x100000 else (chance >> 12 & 7) << 5 | (chance >> 15 & 3))
        chance = (chance * 1103515245 + 12345) & 0x3FFFFFFF
        yield bytes(made)


def attempt(decode, data):
    """Decode; whether it was taken. Anything but Refused leaves."""
    try:
        decode(data)
        return True
    except cbor.Refused:
        return False


def asked_for(decode, data):
    """Bytes that decoding asks MicroPython's heap for."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    attempt(decode, data)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def run(decode, measure):
    """Return {"inputs": number, "dearest": [[memory, size]]}: bytes, of each input dearer than all that are shorter.

    `measure(decode, data)`: bytes of memory.
    """
    count = 0
    figures = []
    for data in inputs():
        count += 1
        figures.append((len(data), measure(decode, data)))
    dearest = []
    most = -1
    for size, memory in sorted(figures):
        if memory > most:
            most = memory
            dearest.append([memory, size])
    return {"inputs": count, "dearest": dearest}


class _CopiesKeys(cbor.Decoder):
    """Decodes keys of every kind and keeps a copy of each one's encoding before it looks at what it is."""

    def _map(self, count, depth):
        values = {}
        for _ in range(count):
            start = self.place
            key = self.value(depth)
            encoded = bytes(self._data[start:]) * 8
            if key is None or not isinstance(key, (int, str)):
                raise cbor.Refused(cbor.UNSUPPORTED, len(encoded) and start)
            values[key] = self.value(depth)
        return values


class _Reserves(cbor.Decoder):
    """Takes memory for as many values as are announced."""

    def value(self, depth=cbor.DEPTH):
        head = self._data[self.place : self.place + 5]
        if len(head) == 5 and head[0] == 0x9A:
            bytearray(8 * ((head[2] << 8 | head[3]) & 4095))
        return super().value(depth)


def _decode_by(decoder):
    value = decoder.value()
    if decoder.place != len(decoder._data):
        raise cbor.Refused(cbor.TRAILING, decoder.place)
    return value


def copies_keys(data):
    """As firmware.trust.cbor.decode."""
    return _decode_by(_CopiesKeys(data))


def reserves(data):
    """As firmware.trust.cbor.decode."""
    return _decode_by(_Reserves(data))


MUTANTS = {"copies of keys at each level": copies_keys, "memory for what is announced": reserves}


if __name__ == "__main__":
    print(json.dumps(run(MUTANTS.get(sys.argv[2], cbor.decode), asked_for)))

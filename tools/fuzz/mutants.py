"""Faults planted for a fuzzer to find, each in the part that a target looks at."""

from __future__ import annotations

from typing import Any

from firmware.trust import cbor, cose
from tools.device.vector_mutants import MUTANTS
from tools.device.vectors import Room
from tools.fuzz import broker_mutants, message_mutants


class _NoBounds(cbor.Decoder):
    """As deep as the input says."""

    def value(self, depth: int = cbor.DEPTH) -> Any:
        self._items = cbor.ITEMS
        return super().value(cbor.DEPTH)


class _Reserves(cbor.Decoder):
    """Takes memory for as many values as the input announces before it looks for them."""

    def value(self, depth: int = cbor.DEPTH) -> Any:
        if self.place + 5 <= len(self._data) and self._data[self.place] == 0x9A:
            [None] * (int.from_bytes(self._data[self.place + 1 : self.place + 5], "big") & 0x3FFFFF)
        return super().value(depth)


def _no_bounds(data: bytes) -> Any:
    decoder = _NoBounds(data)
    return _whole(decoder, decoder.value(), data)


def _reserves(data: bytes) -> Any:
    decoder = _Reserves(data)
    return _whole(decoder, decoder.value(), data)


def _whole(decoder: cbor.Decoder, value: Any, data: bytes) -> Any:
    if decoder.place != len(data):
        raise cbor.Refused(cbor.TRAILING, decoder.place)
    return value


def _leaks(data: bytes) -> Any:
    """Lets what Python says of text that is none go out as it is."""
    if data[:1] == b"\x62":
        return str(data[1:], "utf-8")
    return cbor.decode(data)


def _hangs(data: bytes) -> Any:
    """Waits for the rest of text that is cut short."""
    while data[:1] == b"\x61" and len(data) < 2:
        pass
    return cbor.decode(data)


def _short_proof(message: cose.Message, key: Any, context: bytes = b"") -> int:
    """Compares as much as was sent."""
    if message.protected.get(cose.ALGORITHM) != cose.HMAC_256 or message.payload is None:
        return cose.WRONG_ALGORITHM
    ours = key.mac(message.to_mac(context))
    return cose.OK if ours[: len(message.proof)] == message.proof else cose.WRONG_MAC


_PARTS: dict[str, tuple[str, Any]] = {
    "no bounds": ("decode", _no_bounds),
    "memory before a look": ("decode", _reserves),
    "an exception that leaks": ("decode", _leaks),
    "a wait without end": ("decode", _hangs),
    "as much of a MAC as was sent": ("verify_mac", _short_proof),
    **{name: MUTANTS[name] for name in ("no look at what follows", "a form that is not the shortest")},
    **{name: MUTANTS[name] for name in ("a MAC cut to 16 bytes", "CCM without its tag")},
}

# Which target must find which fault.
PLANTED = {
    "no bounds": "cbor",
    "memory before a look": "cbor",
    "an exception that leaks": "cbor",
    "a wait without end": "cbor",
    "no look at what follows": "cbor",
    "a form that is not the shortest": "cbor",
    "as much of a MAC as was sent": "cose",
    "a MAC cut to 16 bytes": "cose",
    "CCM without its tag": "ccm",
    **dict.fromkeys(message_mutants.MAKERS, "messages"),
    **dict.fromkeys(broker_mutants.MUTANTS, "mqtt"),
}


def plant(room: Room, mutant: str) -> None:
    """Replace a part of the room; nothing for ''."""
    if mutant:
        part, stand_in = _PARTS[mutant]
        setattr(room, part, stand_in)

"""Bytes that no honest sender makes: what parsers have fallen over, by name. For a pump's inner wire."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _deep(random: Random) -> bytes:
    """Arrays within arrays, a thousand deep."""
    return _framed(b"\x81" * 1000)


def _huge_length(random: Random) -> bytes:
    """A string that says it is four gigabytes long."""
    return _framed(b"\xd1\x84\x5a\xff\xff\xff\xff" + random.randbytes(16))


def _many(random: Random) -> bytes:
    """An array of five hundred empty maps."""
    return _framed(b"\x99\x01\xf4" + b"\xa0" * 500)


def _oversize(random: Random) -> bytes:
    """A message longer than any request, in a whole frame."""
    return _framed(b"\xd1\x84" + random.randbytes(3000))


def _indefinite(random: Random) -> bytes:
    """Lengths that are left open."""
    return _framed(b"\xd1\x9f\x5f\x41\x00\xff\xbf\xff\xff")


def _twice(random: Random) -> bytes:
    """A map with one key twice."""
    return _framed(b"\xd1\x84\x43\xa2\x01\x05\xa2\x01\x01\x01\x02\x40\x40")


def _cut(random: Random) -> bytes:
    """A frame that says more than comes."""
    return (900).to_bytes(2, "big") + b"\xd1\x84\x4d"


def _format(random: Random) -> bytes:
    """A format string where a text is expected."""
    return _framed(b"\xd1\x84\x78\x20" + b"%n%n%s%x" * 4)


def _empty(random: Random) -> bytes:
    """Frames of no bytes."""
    return b"\x00\x00" * 8


SHAPES: dict[str, Callable[[Random], bytes]] = {
    "deep": _deep, "huge_length": _huge_length, "many": _many, "oversize": _oversize, "indefinite": _indefinite,
    "twice": _twice, "cut": _cut, "format": _format, "empty": _empty,
}  # fmt: skip
SAYS = {name: str(make.__doc__).rstrip(".") for name, make in SHAPES.items()}

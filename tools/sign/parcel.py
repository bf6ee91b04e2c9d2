"""What is carried to a pump: packed and taken apart as firmware/update/parcel.py reads it."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.update import parcel as parts
from tools.sign.problem import SignProblem

NUMBER_MOST = 0x7FFFFFFF


@dataclass(frozen=True)
class Packed:
    """The parts of a parcel; b"" where there is none. number: what a person types at the pump."""

    number: int
    roots: bytes = b""
    envelope: bytes = b""
    payload: bytes = b""

    def pack(self) -> bytes:
        """Its bytes."""
        made = parts.MAGIC + self.number.to_bytes(4, "big")
        for kind, data in ((parts.ROOTS, self.roots), (parts.ENVELOPE, self.envelope), (parts.PAYLOAD, self.payload)):
            if data:
                made += bytes((kind,)) + len(data).to_bytes(4, "big") + data
        return made


def is_parcel(data: bytes) -> bool:
    """Whether it says that it is one."""
    return data[:4] == parts.MAGIC


def unpack(data: bytes) -> Packed:
    """The parts of a parcel. SignProblem where a pump would not find its way in it."""

    def read(offset: int, into: bytearray) -> bool:
        into[:] = data[offset : offset + len(into)]
        return True

    found = parts.Parcel(len(data), read)
    if not found.good:
        raise SignProblem("no parcel for a pump; 'kvo sign library' makes one of a drug library")

    def part(kind: int) -> bytes:
        place = found.part(kind)
        return b"" if place is None else data[place[0] : place[0] + place[1]]

    return Packed(found.number, part(parts.ROOTS), part(parts.ENVELOPE), part(parts.PAYLOAD))

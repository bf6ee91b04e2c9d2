"""Whoever has a cable in the pump's local port."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from hal.compat import crc32
from simulator.adversary.base import ACCESS, STRIKE, Adversary
from simulator.trust_client import make_record

_PIECE = 64  # bytes of a record in a line


class Serial:
    """The cable: what was sent in both directions. A hal.ports.Link for the board's `local`."""

    blocks_ms = 0

    def __init__(self) -> None:
        self.to_pump = bytearray()
        self.from_pump = bytearray()

    def receive(self, into: bytearray) -> int:
        """What waits for the pump."""
        count = min(len(into), len(self.to_pump))
        into[:count] = self.to_pump[:count]
        del self.to_pump[:count]
        return count

    def send(self, data: bytes, count: int) -> int:
        """What the pump answers."""
        self.from_pump += bytes(data[:count])
        return count


class LocalPort(Adversary):
    """A laptop at the serial line. It has no key switch: a scenario turns that by other hands."""

    position = "local-port"
    says = "sends and reads bytes at the pump's serial line"

    def __init__(self, stage: Any) -> None:
        super().__init__(stage)
        self._number = 0

    def type(self, data: bytes) -> None:
        """Send bytes."""
        self._reach(ACCESS)
        self._reach(STRIKE)
        self._line().to_pump += data

    def interrupt(self, count: int) -> None:
        """Send Ctrl-C and Ctrl-D so often: what stops a program and resets an interpreter at a prompt."""
        self.type(b"\x03\x04" * count)

    def install(self, record: Any) -> None:
        """Send a credential record, as whoever provisions a pump does."""
        data: bytes = record.encode()
        for place in range(0, len(data), _PIECE):
            self._say(b"put", str(place).encode(), data[place : place + _PIECE].hex().encode())
        self._say(b"end", str(len(data)).encode(), sha256(data).hexdigest().encode())

    def install_other_keys(self) -> None:
        """Install a record of this pump's name with keys of the adversary's own."""
        record: Any = make_record(self._stage.random.getrandbits(30), {66: (1, "6666")})
        record.pump_id = self._stage.record.pump_id
        record.epoch = self._stage.record.epoch + 1
        self.install(record)

    @property
    def answers(self) -> list[bytes]:
        """What the pump has answered, by lines."""
        return bytes(self._line().from_pump).splitlines()

    def _say(self, verb: bytes, *words: bytes) -> None:
        self._number += 1
        line = b" ".join((b"kvo", verb, str(self._number).encode(), *words))
        self.type(line + b" " + f"{crc32(line):08x}".encode() + b"\n")

    def _line(self) -> Serial:
        serial: Serial = self._stage.serial()
        return serial

"""The link and the inbox of a fuzzed client: what goes through is kept, and how often each is asked."""

from __future__ import annotations

from typing import Any

from firmware.trust.ring import Ring
from hal import ports

BLOCKS_MS = 2_000  # what dialling may take


class Wire:
    """A dialled link in memory; `calls` counts what one poll asks of it."""

    blocks_ms = BLOCKS_MS

    def __init__(self) -> None:
        self.to_pump = bytearray()
        self.from_pump = bytearray()
        self.said = b""  # all of this connection
        self.is_open = False
        self.answer = ports.OK  # to `open`
        self.gives = self.takes = 4096  # bytes at a time
        self.calls = {"open": 0, "close": 0, "receive": 0, "send": 0}
        self.ended: list[tuple[bytes, bytes]] = []  # connections: what the broker said, what the pump said

    def open(self) -> int:
        self.calls["open"] += 1
        if self.answer == ports.OK:
            self.is_open = True
        return self.answer

    def close(self) -> None:
        self.calls["close"] += 1
        if self.is_open:
            self.ended.append((self.said, bytes(self.from_pump)))
        self.is_open = False
        self.to_pump.clear()
        self.from_pump.clear()
        self.said = b""

    def say(self, data: bytes) -> None:
        """The broker does; nobody hears it where there is no connection."""
        if self.is_open:
            self.to_pump += data
            self.said += data

    def receive(self, into: bytearray) -> int:
        self.calls["receive"] += 1
        if not self.is_open:
            return -1
        count = min(len(into), len(self.to_pump), self.gives)
        into[:count] = self.to_pump[:count]
        del self.to_pump[:count]
        return count

    def send(self, data: Any, count: int) -> int:
        self.calls["send"] += 1
        if not self.is_open:
            return -1
        taken = min(count, self.takes)
        self.from_pump += bytes(data[:taken])
        return taken


class Inbox(Ring):
    """Keeps all that was ever put into it."""

    __slots__ = ("handed",)

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.handed = bytearray()

    def put(self, data: Any, count: int) -> int:
        taken: int = super().put(data, count)
        self.handed += bytes(data[:taken])
        return taken

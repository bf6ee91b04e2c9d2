"""What carries bytes between the network and a pump's link: a plain stream, or MQTT by way of a broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulator.trust_client import framed


class Frames:
    """Takes frames (length u16, bytes) out of a stream that grows."""

    def __init__(self) -> None:
        self._place = 0

    def new(self, sent: bytes | bytearray) -> Iterator[bytes]:
        """The frames that are whole and were not given yet."""
        while len(sent) - self._place >= 2:
            end = self._place + 2 + int.from_bytes(sent[self._place : self._place + 2], "big")
            if len(sent) < end:
                return
            data = bytes(sent[self._place + 2 : end])
            self._place = end
            yield data


class Plain:
    """The stream itself. `on_fact(data)` is told of each fact that leaves the pump."""

    def __init__(self, link: Any, on_fact: Callable[[bytes], None]) -> None:
        self._link = link
        self._on_fact = on_fact
        self._frames = Frames()

    def send(self, message: bytes) -> None:
        """A message to the pump."""
        self._link.deliver(framed(message))

    def raw(self, data: bytes) -> None:
        """Bytes to the pump, as they are."""
        self._link.deliver(data)

    def step(self) -> None:
        """After each tick: what has left the pump."""
        for data in self._frames.new(self._link.sent):
            self._on_fact(data)

"""A cable in the local port of a simulated pump: the firmware's end is a hal.ports.Link, the other a serial port.

Reading at the other end lets the world go on until something comes, so a tool that waits for answers can be used as it
is. `seconds` is the clock by which it waits.
"""

from __future__ import annotations

from typing import Any

_LONGEST_TICKS = 100  # in one read


class LocalCable:
    """`world`: has `board`, `clock` and `tick` (simulator.world.World). What a reset loses is lost here too."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._to_pump = bytearray()
        self._from_pump = bytearray()
        self.timeout = 0.1
        world.board.local = self

    # The pump's end.

    def receive(self, into: bytearray) -> int:
        """Copy what waits."""
        count = min(len(into), len(self._to_pump))
        into[:count] = self._to_pump[:count]
        del self._to_pump[:count]
        return count

    def send(self, data: bytes, count: int) -> int:
        """Take it all."""
        self._from_pump += bytes(data[:count])
        return count

    # The other end.

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        return len(self._from_pump)

    def write(self, data: bytes) -> int:
        """Send to the pump."""
        self._to_pump += data
        return len(data)

    def read(self, count: int) -> bytes:
        """What has come, after `timeout` seconds of the world at most."""
        until_ms = self._world.clock.ms + int(self.timeout * 1000)
        for _ in range(_LONGEST_TICKS):
            if self._from_pump or self._world.clock.ms >= until_ms:
                break
            self._world.tick()
        made = bytes(self._from_pump[:count])
        del self._from_pump[:count]
        return made

    def reset_input_buffer(self) -> None:
        """Forget what has come, and what the pump has not taken."""
        self._from_pump.clear()
        self._to_pump.clear()

    def seconds(self) -> float:
        """The world's time."""
        return float(self._world.clock.ms) / 1000

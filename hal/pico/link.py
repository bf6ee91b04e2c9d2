"""A byte stream to the network by wire: UART 0. Matches hal.ports.Link; the USB serial port does in usb.py.

It never waits. A UART write that finds the buffer full waits for the line whatever its time-out: so it keeps count of
what the line has carried by now.
"""

import time

from machine import UART, Pin

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.ports import OK, RF_LINK_UP

BAUD = const(115_200)
BUFFER = const(512)
_BYTE_US = const(87)  # ten bits, rounded up: rather too little room than too much


class UartLink:
    """UART 0. A UART has no carrier, so the link is always up; silence is the firmware's to notice."""

    def __init__(self):
        self._uart = UART(
            0, BAUD, tx=Pin(pins.LINK_TX), rx=Pin(pins.LINK_RX), timeout=0, txbuf=BUFFER, rxbuf=BUFFER
        )
        self._unsent = 0  # in the buffer at `_since_us`
        self._since_us = time.ticks_us()

    def read(self, readings):
        """Write RF_LINK_UP."""
        readings.flags |= RF_LINK_UP
        return OK

    def idle(self, now_ms):
        """Nothing to do."""
        return OK

    def receive(self, into):
        """Copy waiting bytes; what came while the buffer was full is lost."""
        count = min(self._uart.any(), len(into))
        return (self._uart.readinto(into, count) or 0) if count else 0

    def send(self, data, count):
        """Take what fits into the buffer now."""
        count = min(count, len(data), self._room())
        if count <= 0:
            return 0
        taken = self._uart.write(memoryview(data)[:count]) or 0
        self._unsent += taken
        return taken

    def _room(self):
        now_us = time.ticks_us()
        carried = ticks_diff(now_us, self._since_us) // _BYTE_US
        if not 0 <= carried < self._unsent:  # all, or nobody has looked for nine minutes
            self._unsent = 0
            self._since_us = now_us
        else:
            self._unsent -= carried
            self._since_us = self._since_us + carried * _BYTE_US & 0x3FFFFFFF
        return BUFFER - self._unsent

"""Byte streams to the network by wire: UART 0, and the USB serial port. Match hal.ports.Link.

Neither ever waits. A UART write that finds the buffer full waits for the line whatever its
time-out, and so does one to a USB host that does not read (MicroPython issue 6866): so the one
keeps count of what the line has carried by now, and the other asks before each byte.
"""

import select
import sys
import time

from machine import UART, Pin

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.ports import OK, RF_LINK_UP

BAUD = const(115_200)
BUFFER = const(512)
_BYTE_US = const(87)  # ten bits, rounded up: rather too little room than too much
POLLIN = const(1)
POLLOUT = const(4)


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


class UsbLink:
    """The USB serial port; see `usb_link`. `poll` watches both streams."""

    def __init__(self, stdin, stdout, poll):
        self._in = stdin
        self._out = stdout
        self._poll = poll
        self._byte = bytearray(1)

    def read(self, readings):
        """Write RF_LINK_UP: whether somebody at the other end has the port open and reads."""
        if self._ready() & POLLOUT:
            readings.flags |= RF_LINK_UP
        else:
            readings.flags &= ~RF_LINK_UP
        return OK

    def idle(self, now_ms):
        """Nothing to do."""
        return OK

    def receive(self, into):
        """Copy waiting bytes."""
        count = 0
        while count < len(into) and self._ready() & POLLIN:
            if not self._in.readinto(self._byte):
                break
            into[count] = self._byte[0]
            count += 1
        return count

    def send(self, data, count):
        """Take what the port takes without waiting."""
        count = min(count, len(data))
        sent = 0
        while sent < count and self._ready() & POLLOUT:
            self._byte[0] = data[sent]
            if not self._out.write(self._byte):
                break
            sent += 1
        return sent

    def _ready(self):
        events = 0
        for found in self._poll.ipoll(0):
            events |= found[1]
        return events


def usb_link():
    """The USB serial port in place of the interpreter's prompt: from now on Ctrl-C is a byte like any other."""
    import micropython

    micropython.kbd_intr(-1)
    poll = select.poll()
    poll.register(sys.stdin, POLLIN)
    poll.register(sys.stdout, POLLOUT)
    return UsbLink(sys.stdin.buffer, sys.stdout.buffer, poll)

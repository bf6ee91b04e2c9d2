"""The board's own USB serial port as a byte stream: the network's link, or the local port at the pump.

It never waits: a write to a host that does not read would (MicroPython issue 6866), so each byte asks before it goes.
"""

import select
import sys

from hal.compat import const
from hal.ports import OK, RF_LINK_UP

POLLIN = const(1)
POLLOUT = const(4)


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
    return usb_port()


def usb_port():
    """The USB serial port beside the prompt: Ctrl-C still ends the firmware, and `kvo flash` gets its prompt."""
    poll = select.poll()
    poll.register(sys.stdin, POLLIN)
    poll.register(sys.stdout, POLLOUT)
    return UsbLink(sys.stdin.buffer, sys.stdout.buffer, poll)

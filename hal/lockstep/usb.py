"""The device's end on a board's own USB serial port (or on the unix port's standard streams).

The port is MicroPython's console. The link takes it over: nothing may print, and Ctrl-C, a byte
like any other here, interrupts nothing until the host sends LEAVE, as `kvo flash` does. Unplugging
takes the power, and the drive with it; a board with another supply waits for the next BOOT and
drives nothing meanwhile.
"""

import sys

import micropython

from hal.compat import collect
from hal.lockstep.serve import Server


def serve_usb(make_app, about):
    """Serve one host after another on the console, until one sends LEAVE; then the console is back."""
    micropython.kbd_intr(-1)
    try:
        while True:
            server = Server(sys.stdin.buffer, sys.stdout.buffer, make_app, about)
            while server.step():
                pass
            if not server.may_go_on():
                return
            server = None
            collect()
    finally:
        micropython.kbd_intr(3)

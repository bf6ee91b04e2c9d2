"""The device's end on a board's own USB serial port (or on the unix port's standard streams).

The port is MicroPython's console: the link takes it over, so nothing may print, and Ctrl-C, a
byte like any other here, no longer interrupts. Unplugging takes the power, and the drive with it;
where the board has another supply it waits for the next BOOT and drives nothing meanwhile.
"""

import sys

import micropython

from hal.lockstep.serve import serve


def serve_usb(make_app, about):
    """Serve turns on the console until a goodbye, then give the console back; as `serve` otherwise."""
    micropython.kbd_intr(-1)
    try:
        return serve(sys.stdin.buffer, sys.stdout.buffer, make_app, about)
    finally:
        micropython.kbd_intr(3)

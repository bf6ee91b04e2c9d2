"""What the bare board takes from a microcontroller, where it runs on one: a soft timer, the light, the button.

MicroPython's own modules are loaded only when asked for: no other home has them.
"""

import sys


def on_board():
    """Return whether this is a Pico of some kind."""
    return sys.platform == "rp2"


def make_timer(period_ms, call):
    """Return a running machine.Timer: `call(timer)` each `period_ms`, between two bytecodes of what runs."""
    from machine import Timer

    return Timer(period=period_ms, mode=Timer.PERIODIC, callback=call)


def make_lamp():
    """Return what lights the board's own light with 1 and darkens it with 0, or None where there is none."""
    from machine import Pin

    try:
        return Pin("LED", Pin.OUT).value
    except ValueError:  # a board without one
        return None


def make_button():
    """Return what tells whether BOOTSEL is pressed, or None where it cannot be read."""
    try:
        from rp2 import bootsel_button
    except ImportError:
        return None
    return bootsel_button

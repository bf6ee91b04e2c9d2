"""The alarm lamp: three light-emitting diodes, the one that Status.lamp names.

Timing is the firmware's (firmware/therapy/annunciator.py), a multiple of a turn. A pin changes
within the same turn, under 1 ms after `show` is called, so the lamp is as even as the turns are:
a C call that holds a turn back (4 ms for the display, 45 to 400 for a flash erase) moves an edge so far.
"""

from machine import Pin

from hal.pico import pins
from hal.ports import LAMP_CYAN, LAMP_DARK, LAMP_RED, LAMP_YELLOW


class Lamp:
    """Dark until the first turn shows something."""

    def __init__(self):
        self._red = Pin(pins.LAMP_RED, Pin.OUT, value=0)
        self._yellow = Pin(pins.LAMP_YELLOW, Pin.OUT, value=0)
        self._cyan = Pin(pins.LAMP_CYAN, Pin.OUT, value=0)

    def show(self, status):
        """Light what is to be lit; a colour that there is not is red."""
        lamp = status.lamp
        known = lamp == LAMP_DARK or lamp == LAMP_YELLOW or lamp == LAMP_CYAN
        self._red.value(1 if lamp == LAMP_RED or not known else 0)
        self._yellow.value(1 if lamp == LAMP_YELLOW else 0)
        self._cyan.value(1 if lamp == LAMP_CYAN else 0)

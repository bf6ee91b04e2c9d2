"""The motor-power relay. Its coil is fed through the gate outside the chip too: Stop, door and air open it alone."""

from machine import Pin

from hal.pico import pins


class Relay:
    """Open from power-on, and while the chip resets: its pin floats then and is pulled down."""

    def __init__(self):
        self._pin = Pin(pins.RELAY, Pin.OUT, value=0)

    def drive(self, on):
        """Close it for 1."""
        self._pin.value(1 if on else 0)

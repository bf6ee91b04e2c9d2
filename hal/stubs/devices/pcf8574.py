"""PCF8574: eight quasi-bidirectional pins on I2C, and a keypad of switches to hang on one.

A pin written 1 is a weak pull-up that anything can pull low; written 0 it is a strong low.
Source: NXP PCF8574 datasheet, 7.1. All pins are 1 at power-on.
"""

from hal.stubs.devices.i2c_device import I2cDevice


class Pcf8574(I2cDevice):
    """`pulled()` gives a mask of the pins that something outside pulls low; by default none."""

    def __init__(self, pulled=None):
        I2cDevice.__init__(self)
        self.latch = 0xFF
        self._pulled = pulled or (lambda: 0)

    def lose_power(self):
        """Off and on again."""
        self.latch = 0xFF

    def write(self, data):
        """Each byte is the port's new state."""
        if data:
            self.latch = data[-1]
        return True

    def read(self, count):
        """The pins as they are."""
        return bytes(self.latch & ~self._pulled() & 0xFF for _ in range(count))


class Keypad(Pcf8574):
    """A 4 × 4 membrane keypad: rows on P0 to P3, columns on P4 to P7; `down` holds (row, column) of pressed keys.

    No diodes: current finds every way, so three corners of a rectangle look like four.
    """

    def __init__(self):
        Pcf8574.__init__(self, self._lines)
        self.down = set()

    def _lines(self):
        """Lines that a low latch pin pulls down through closed keys."""
        low = ~self.latch & 0xFF
        while True:
            more = low
            for row, column in self.down:
                ends = 1 << row | 0x10 << column
                if more & ends:
                    more |= ends
            if more == low:
                return low
            low = more

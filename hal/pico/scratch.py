"""The word that outlives a reset: a watchdog scratch register. The boot ROM and MicroPython use 4 to 7."""

import sys

from machine import mem32

from hal.compat import MASK, const

# Register SCRATCH0, in halves: small integers.
_HIGH_RP2040 = const(0x4005)  # data sheet 4.7.6
_HIGH_RP2350 = const(0x400D)  # data sheet 12.9.7
_LOW = const(0x800C)


def is_rp2350():
    """Whether the chip is a Pico 2's, by what the interpreter says of its machine."""
    return "RP2350" in getattr(sys.implementation, "_machine", "")


class ScratchWord:
    """Matches hal.ports.Scratch: 30 of the register's 32 bits. A loss of power clears it, a watchdog reset does not."""

    def __init__(self):
        high = _HIGH_RP2350 if is_rp2350() else _HIGH_RP2040
        self._address = high << 16 | _LOW  # made once: an integer of this size is an object

    def read(self):
        """The word; 0 where the register holds more bits than we ever write."""
        word = mem32[self._address]
        return word if word <= MASK else 0

    def write(self, word):
        """Set the word."""
        mem32[self._address] = word & MASK

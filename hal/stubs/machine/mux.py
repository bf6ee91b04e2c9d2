"""Which pins a peripheral may have, and what it does to them. Used by the other stubs of `machine`."""

from hal.stubs.chip import current
from hal.stubs.machine.pin import Pin


def number_of(pin):
    """A GPIO's number from a Pin or a number; ValueError for one that the chip has not."""
    number = pin.number if isinstance(pin, Pin) else pin
    current().wire(number)
    return number


def take(pin, function):
    """Give a pin to a peripheral: the chip drives it no more as a GPIO. Returns its number."""
    number = number_of(pin)
    wire = current().wire(number)
    wire.function = function
    wire.drive(None)
    return number

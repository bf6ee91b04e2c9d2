"""Key switch, clamp, plunger, mains and motor fault on the second expander; Stop, door and air on pins.

A closed contact pulls its line low. Wired so that a broken wire tells of what is unsafe: clamp and
plunger are seen in place, mains is seen there, and the key switch seen turned, only while their
contacts are closed; Stop, door and air are held high by a closed circuit and low while pressed, open
and seen, or cut (and stop the motor outside the chip whatever is read here). The driver's fault
output is the exception: it is open drain, so its broken wire tells of nothing.

What is unsafe counts at once; what is safe, when two turns in a row have seen it.
"""

from machine import Pin

from hal.compat import const
from hal.pico import pins
from hal.ports import (
    ERR_FAILED,
    HEAD_VOLUMETRIC,
    KEY_NONE,
    KEY_STOP,
    OK,
    RF_AIR,
    RF_CLAMP_OPEN,
    RF_DOOR_OPEN,
    RF_KEY_SWITCH,
    RF_MAINS,
    RF_MOTOR_FAULT,
    RF_PLUNGER_OFF,
    RF_STOP_HELD,
)

# Flags that are this driver's to write.
_OWN = RF_AIR | RF_CLAMP_OPEN | RF_DOOR_OPEN | RF_KEY_SWITCH | RF_MAINS | RF_MOTOR_FAULT | RF_PLUNGER_OFF | RF_STOP_HELD
_ALL_HIGH = const(0xFF)


class Switches:
    """Reads into Readings.flags, and Stop into Readings.key."""

    def __init__(self, bus, head, address=pins.SWITCHES_ADDRESS):
        self._bus = bus
        self._address = address
        self._volumetric = head == HEAD_VOLUMETRIC
        self._stop = Pin(pins.STOP, Pin.IN, Pin.PULL_DOWN)
        self._door = Pin(pins.DOOR, Pin.IN, Pin.PULL_DOWN)
        self._air = Pin(pins.AIR, Pin.IN, Pin.PULL_DOWN)
        self._pressed = False
        self._was_held = False
        self._byte = bytearray(1)
        self._closed = 0  # contacts that two turns have seen closed
        self._seen = 0
        self._stop.irq(self._on_stop, Pin.IRQ_FALLING, hard=True)

    def read(self, readings):
        """Write the flags and `key`: KEY_STOP or KEY_NONE. OK, or ERR_FAILED where the expander is silent."""
        flags = self._direct()
        rc = self._sample()
        flags |= self._of_expander()
        readings.flags = readings.flags & ~_OWN | flags
        held = flags & RF_STOP_HELD != 0
        stop = self._pressed or (held and not self._was_held)
        self._pressed = False
        self._was_held = held
        readings.key = KEY_STOP if stop else KEY_NONE
        readings.key_value = 0
        return rc

    def _on_stop(self, _):
        """Interrupt: however short the press is, the turn hears of it."""
        self._pressed = True

    def _direct(self):
        flags = 0
        if not self._stop.value():
            flags |= RF_STOP_HELD
        if self._volumetric:
            if not self._door.value():
                flags |= RF_DOOR_OPEN
            if not self._air.value():
                flags |= RF_AIR
        return flags

    def _sample(self):
        """Read the expander, all of whose pins are inputs again first: it may have lost power."""
        byte = self._byte
        byte[0] = _ALL_HIGH
        if self._bus.write(self._address, byte) or self._bus.read(self._address, byte):
            return ERR_FAILED
        closed = byte[0] ^ _ALL_HIGH
        self._closed = closed & (self._seen | self._closed)
        self._seen = closed
        return OK

    def _of_expander(self):
        closed = self._closed
        flags = 0
        if closed & 1 << pins.SWITCH_KEY:
            flags |= RF_KEY_SWITCH
        if not closed & 1 << pins.SWITCH_CLAMP:
            flags |= RF_CLAMP_OPEN
        if not self._volumetric and not closed & 1 << pins.SWITCH_PLUNGER:
            flags |= RF_PLUNGER_OFF
        if closed & 1 << pins.SWITCH_MAINS:
            flags |= RF_MAINS
        if self._seen & 1 << pins.SWITCH_MOTOR_FAULT:
            flags |= RF_MOTOR_FAULT
        return flags

"""The sounder: a passive piezo on PWM, half duty, at the note that Status.tone_hz names.

A square wave has the odd harmonics that IEC 60601-1-8 wants beside the note; how loud they are is
the piezo's and its case's, and was measured by nobody here. Timing is the firmware's, as for the
lamp. The hardware goes on sounding where the interpreter stops: until the watchdog, a last tone.
"""

from machine import PWM, Pin

from hal.compat import const
from hal.pico import pins
from hal.ports import ERR_RANGE, OK

LOWEST_HZ = const(100)
HIGHEST_HZ = const(10_000)
FALLBACK_HZ = const(523)  # what cannot be played is heard all the same
_HALF = const(32768)


class Sounder:
    """Silent until the first turn asks for a note."""

    def __init__(self):
        self._pwm = PWM(Pin(pins.SOUNDER), freq=FALLBACK_HZ, duty_u16=0)
        self._hz = 0

    def show(self, status):
        """Play what is asked; OK, or ERR_RANGE where FALLBACK_HZ is played instead."""
        hz = status.tone_hz
        rc = OK
        if hz and not LOWEST_HZ <= hz <= HIGHEST_HZ:
            hz = FALLBACK_HZ
            rc = ERR_RANGE
        if hz != self._hz:
            self._hz = hz
            if hz:
                self._pwm.freq(hz)
                self._pwm.duty_u16(_HALF)
            else:
                self._pwm.duty_u16(0)
        return rc

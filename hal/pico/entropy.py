"""Random bytes from the chip's ring oscillator, as MicroPython's `os.urandom` gathers them.

What they are worth: little that can be proved. The RP2040's data sheet (2.17) calls the bit random enough for
a nonce where the chip's temperature and voltage vary, and says that it meets no standard. So nothing rests
on it alone: a session's challenge is a MAC under the pump's key over a counter and these bytes. An RP2350 has
a true random number generator.
"""

import os

from hal.ports import ERR_FAILED, OK


class RingOscillator:
    """Matches hal.ports.Entropy."""

    def fill(self, into):
        """Fill `into`; ERR_FAILED where the generator answers nothing or one value only."""
        count = len(into)
        data = os.urandom(count)
        if count > 4 and data == data[:1] * count:
            return ERR_FAILED
        into[:] = data
        return OK

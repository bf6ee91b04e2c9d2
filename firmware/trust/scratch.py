"""The word that outlives a watchdog reset: who was at work when it came. Its layout stands here alone.

    bits 16 … 29   MAGIC: the word is ours, so this boot follows a reset, not a loss of power
    bit 0          COMMS_POLLED: comms was being polled
    bit 1          COMMS_HELD: comms is not to run until a person acknowledges
    bit 2          RESUME_OK: the motor may go on by itself after a reset

The main loop writes the first two, the turn, which pre-empts it, the third.
"""

from hal.compat import const

MAGIC = const(0x15A60000)
COMMS_POLLED = const(1)
COMMS_HELD = const(2)
RESUME_OK = const(4)
_MAGIC_BITS = const(0x3FFF0000)
_MARKS = const(0xFFFF)


class Marks:
    """The word of this run. `warm` and `found` (bits) are what the last run left."""

    __slots__ = ("_of_loop", "_of_turn", "_scratch", "found", "warm")

    def __init__(self, scratch):
        """Read what the last run left and begin anew; comms that was at work then is marked held."""
        word = scratch.read()
        self.warm = word & _MAGIC_BITS == MAGIC
        self.found = word & _MARKS if self.warm else 0
        self._scratch = scratch
        self._of_loop = COMMS_HELD if self.found & (COMMS_POLLED | COMMS_HELD) else 0
        self._of_turn = 0
        self._write()

    def comms_is_held(self):
        """Return whether only a person lets comms run."""
        return self._of_loop & COMMS_HELD != 0

    def of_loop(self, bit, holds):
        """Set or clear a bit of the main loop's."""
        self._of_loop = self._of_loop | bit if holds else self._of_loop & ~bit
        self._write()

    def of_turn(self, bit, holds):
        """Set or clear a bit of the turn's."""
        self._of_turn = self._of_turn | bit if holds else self._of_turn & ~bit
        self._write()

    def _write(self):
        word = MAGIC | self._of_loop | self._of_turn
        self._scratch.write(word)
        # A turn may come between the sum and the write; what it marked must not be lost.
        while word != MAGIC | self._of_loop | self._of_turn:
            word = MAGIC | self._of_loop | self._of_turn
            self._scratch.write(word)

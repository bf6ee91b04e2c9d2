"""A 4 × 4 keypad on a PCF8574, scanned by line reversal. Which one key is down, and no bounce of it.

Rows on P0 to P3, columns on P4 to P7. Driving the rows low shows the columns of what is pressed;
driving the columns low, the rows. One of each names a key; more may be a ghost, which no keypad
without diodes can tell from a key, so then nothing counts until all are up.

A key counts at the first scan that sees it, and the next press after OPEN_MS of none. A scan with
no key down is two transfers and 0.5 ms, with one down four and 1 ms.
"""

from hal.compat import const, ticks_diff
from hal.ports import ERR_FAILED, OK

NOTHING = const(-1)
SEVERAL = const(-2)
OPEN_MS = const(50)  # membrane keys bounce for 5 to 20 ms
_ROWS_LOW = const(0xF0)
_COLUMNS_LOW = const(0x0F)


class Matrix:
    """`found`: the key, row × 4 + column, that this scan saw, NOTHING or SEVERAL; `pressed`: one that counts now."""

    def __init__(self, bus, address):
        self._bus = bus
        self._address = address
        self._byte = bytearray(1)
        self._down = NOTHING
        self._blocked = True  # a key that is down at boot is stuck, or leant on
        self._open = False
        self._open_ms = 0
        self.found = NOTHING
        self.pressed = NOTHING

    def scan(self, now_ms):
        """Look once; OK or ERR_FAILED, which counts as all keys up."""
        self.pressed = NOTHING
        rc = self._look()
        if rc:
            self.found = NOTHING
            self._down = NOTHING
            self._blocked = True
            self._open = False
            return rc
        found = self.found
        if found == NOTHING:
            if not self._open:
                self._open = True
                self._open_ms = now_ms
            elif ticks_diff(now_ms, self._open_ms) >= OPEN_MS:
                self._down = NOTHING
                self._blocked = False
            return OK
        self._open = False
        if found == SEVERAL:
            self._blocked = True
        elif not self._blocked and found != self._down:
            self._down = found
            self.pressed = found
        return OK

    def _look(self):
        columns = self._lines(_ROWS_LOW, 4)
        if columns <= 0:
            self.found = NOTHING
            return OK if columns == 0 else ERR_FAILED
        rows = self._lines(_COLUMNS_LOW, 0)
        if rows < 0:
            return ERR_FAILED
        row = _single(rows)
        column = _single(columns)
        if rows == 0:  # let go in between
            self.found = NOTHING
        elif row < 0 or column < 0:
            self.found = SEVERAL
        else:
            self.found = row * 4 + column
        return OK

    def _lines(self, latch, shift):
        """Which four lines are pulled low while the other four drive; -1 where the part does not answer."""
        byte = self._byte
        byte[0] = latch
        if self._bus.write(self._address, byte) or self._bus.read(self._address, byte):
            return -1
        return (byte[0] >> shift & 0x0F) ^ 0x0F


def _single(lines):
    """The number of the only bit that is set, or -1."""
    if lines == 1:
        return 0
    if lines == 2:
        return 1
    if lines == 4:
        return 2
    return 3 if lines == 8 else -1

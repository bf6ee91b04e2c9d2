"""The keypad as the turn and the main loop see it.

The turn scans it ten times a second, so that keys work while comms hangs the main loop; `idle`
scans in between, so that a tap shorter than a turn is not missed. The turn pre-empts the main
loop between two bytecodes: while `idle` is at the keypad, the turn leaves it alone.
"""

import time

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.pico.entry import Entry
from hal.pico.matrix import NOTHING, Matrix
from hal.ports import ERR_FAILED, KEY_NONE, OK

SCAN_MS = const(20)
_PATIENCE = const(3)  # scans in a row that fail before it is said


class Keypad:
    """`entry` is what the display shows of a number that is being typed."""

    def __init__(self, bus, address=pins.KEYPAD_ADDRESS):
        self._matrix = Matrix(bus, address)
        self.entry = Entry()
        self._busy = False
        self._failures = 0
        self._scanned_ms = time.ticks_ms()

    def read(self, readings):
        """Scan, and put one event into `key` and `key_value`. OK, or ERR_FAILED where the expander is silent.

        Call it after `Switches.read`: a Stop that is in `key` stays, and what the keypad has waits.
        """
        if not self._busy:
            self._scan(time.ticks_ms())
        if readings.key == KEY_NONE and not self._busy and self.entry.take():
            readings.key = self.entry.key
            readings.key_value = self.entry.key_value
        return ERR_FAILED if self._failures >= _PATIENCE else OK

    def idle(self, now_ms):
        """Scan between turns."""
        if ticks_diff(now_ms, self._scanned_ms) < SCAN_MS:
            return
        self._busy = True
        try:
            self._scan(now_ms)
        finally:
            self._busy = False

    def _scan(self, now_ms):
        matrix = self._matrix
        self._scanned_ms = now_ms
        self._failures = 0 if matrix.scan(now_ms) == OK else min(self._failures + 1, _PATIENCE)
        if matrix.pressed != NOTHING:
            self.entry.press(matrix.pressed, now_ms)
        self.entry.look(matrix.found, now_ms)

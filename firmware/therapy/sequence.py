"""Alarm, stop, start, again and again: somebody clears an alarm whose cause is still there.

Open PCA Pump Requirements 1.0.0: the same sequence three times in ten minutes.
"""

from hal.compat import const

WINDOW_S = const(600)
REPEATS = const(3)
_KEPT = const(8)
_NONE = const(0xFF)


class Sequence:
    """Remembers what stopped the pump before each of the last starts."""

    __slots__ = ("_ages", "_code", "_codes", "_next", "_quiet_s")

    def __init__(self):
        self._codes = bytearray(_KEPT)  # the alarm before a start
        self._ages = [0] * _KEPT  # seconds since that start, up to the window
        self._code = _NONE  # what stopped the pump last, and was not started over yet
        self._next = 0
        self._quiet_s = WINDOW_S  # since the last start
        self.forget()

    def forget(self):
        """A person has seen it: what was counted counts no more."""
        for place in range(_KEPT):
            self._codes[place] = _NONE
            self._ages[place] = WINDOW_S

    def stopped(self, hazards):
        """A hazard has stopped the pump: the first of `hazards`, a mask over alarm codes."""
        self._code = _NONE  # 0: what stopped it was no hazard
        for code in range(30):
            if hazards >> code & 1:
                self._code = code
                return

    def started(self):
        """A person has started it again."""
        if self._code != _NONE:
            self._codes[self._next] = self._code
            self._ages[self._next] = 0
            self._quiet_s = 0
            self._next = (self._next + 1) % _KEPT
            self._code = _NONE

    def is_due(self):
        """Return whether another start would be the third after the same alarm."""
        if self._code == _NONE:
            return False
        starts = 1
        for place in range(_KEPT):
            if self._codes[place] == self._code and self._ages[place] < WINDOW_S:
                starts += 1
        return starts >= REPEATS

    def second(self, seconds):
        """Let `seconds` pass."""
        if self._quiet_s >= WINDOW_S:
            return
        self._quiet_s += seconds
        for place in range(_KEPT):
            age = self._ages[place]
            if age < WINDOW_S:
                self._ages[place] = age + seconds if seconds < WINDOW_S else WINDOW_S

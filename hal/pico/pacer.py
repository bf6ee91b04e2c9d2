"""The tick from a soft timer, and what time is left for what is slow: the display and the card reader."""

import time

from machine import Timer

from hal.compat import const
from hal.ports import ERR_ABSENT, OK

_REST_MS = const(2)


class SoftTimerPacer:
    """Matches hal.ports.Pacer. `idle(now_ms)` of each of `slow` runs in the main loop, between two rests."""

    def __init__(self, clock, slow):
        self._clock = clock
        self._timer = None
        self._slow = slow
        self.failures = 0  # of an idle: counted and left behind

    def start(self, turn, period_ms):
        """Have `turn(timer)` each `period_ms`; ERR_ABSENT where the chip has no timer to give."""
        try:
            self._timer = Timer(-1, mode=Timer.PERIODIC, period=period_ms, callback=turn)
        except OSError:
            return ERR_ABSENT
        return OK

    def rest(self):
        """Let 2 ms pass, and the slow parts do one piece each; True: a Pico has no switch."""
        for part in self._slow:
            try:
                part.idle(self._clock.ticks_ms())
            except Exception:
                self.failures += 1
        time.sleep_ms(_REST_MS)
        return True

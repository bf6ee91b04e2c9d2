"""The clock that times a dose, held against the clock that survives power and against the turns.

Of three, two bear each other out: turns come ten times a second, seldom late and never early. So a
clock that runs off is told from an RTC that does. Without an RTC only a clock that stands is found.
"""

from hal.compat import const

OK = const(0)
CLOCK_WRONG = const(1)
RTC_WRONG = const(2)

TURN_MS = const(100)
# An RTC is read in whole seconds, and a second may have begun just now or just not.
APART_MS = const(1500)
# Ticks that are behind are no RTC's fault while turns say so too.
BEHIND_MS = const(500)
# So slow a drift is no fault: it is counted anew from here.
WINDOW_MS = const(60_000)
STANDS_TURNS = const(20)
_MOST_S = const(1000)


class Pace:
    """Asked once a tick."""

    __slots__ = ("_began_s", "_ms", "_still", "_turns_ms")

    def __init__(self):
        self._still = 0  # turns in a row in which no time passed
        self._begin(-1)

    def tick(self, rtc_s, elapsed):
        """Take a turn, `elapsed` ms after the last; return OK, CLOCK_WRONG or RTC_WRONG."""
        self._still = 0 if elapsed else self._still + 1
        if self._still >= STANDS_TURNS:
            self._still = 0
            return CLOCK_WRONG
        if rtc_s < 0:
            self._begin(-1)
            return OK
        if self._began_s < 0:
            self._begin(rtc_s)
            return OK
        self._ms += elapsed
        self._turns_ms += TURN_MS
        passed_s = rtc_s - self._began_s
        if -_MOST_S < passed_s < _MOST_S and self._ms < _MOST_S * 1000:
            verdict = self._judge(passed_s * 1000)
        else:
            verdict = RTC_WRONG if elapsed < WINDOW_MS else OK  # a leap, or a stall without end
        if verdict or self._ms >= WINDOW_MS:
            self._begin(rtc_s)
        return verdict

    def _judge(self, passed_ms):
        apart = self._ms - passed_ms
        if apart > APART_MS:
            return RTC_WRONG if self._turns_ms >= passed_ms + APART_MS else CLOCK_WRONG
        if apart < -APART_MS:
            return CLOCK_WRONG if self._turns_ms - self._ms > BEHIND_MS else RTC_WRONG
        return OK

    def _begin(self, rtc_s):
        self._began_s = rtc_s
        self._ms = 0
        self._turns_ms = 0

"""Flow that is not what it should be: commanded, counted and sensed volume, once a second.

What is commanded is a position, and so is the step counter: a motor that falls behind shows by their
difference. A sensor of the fluid (a syringe's reservoir, a bag's drops) is compared with the counter
by two sums that leak: `short` (counted, not sensed) and `over` (sensed, not counted). Each rises by
the difference, falls by a share of the volume counted, and never below nothing: so a scale that is
off by less than that share adds up to no alarm, over days.

What is shown is a witness of its own: a rate on the display of which the counter knows nothing is told, whatever
dosing says that it commanded.

Times of the Open PCA Pump Requirements 1.0.0: a basal rate or a clinician's bolus that deviates for
five minutes, a patient's bolus for one; a flow that has stopped, or that nobody asked for, at once.
At once is as soon as the sensor can show it: a reservoir reads 15 µL off by chance, a drop is 50 µL.
So below some rate volume decides, not time (docs/detectors.md).
"""

from firmware.therapy import alarms as al
from hal.compat import const, ticks_diff
from hal.ports import HEAD_SYRINGE, KEY_PATIENT_BOLUS

BASAL_S = const(300)  # and the clinician's bolus
PATIENT_BOLUS_S = const(60)
DROP_UL = const(50)
# Short of this, a deviation alarms once its time is over; short of that, the flow has stopped.
SHORT_SYRINGE_UL = const(60)
SHORT_DROPS_UL = const(75)
STOPPED_UL = const(200)
OVER_SYRINGE_UL = const(100)
OVER_DROPS_UL = const(150)
# Short at most: so much may be sensed after all before it is over.
MADE_GOOD_UL = const(250)
# More in a second is no flow: another reservoir, or one that holds less than it seemed. Its own alarms tell.
JUMP_UL = const(1000)
# Commanded and not stepped, for so long: a motor without power, or one that does not turn. The guardian
# is the quicker where it is the one that stops the motor.
BEHIND_UL = const(10)
BEHIND_SECONDS = const(5)
# Shown and not counted: so much volume, and so many seconds' flow.
UNCOUNTED_UL = const(40)
UNCOUNTED_S = const(6)
# A quarter of what is counted is let pass: drops differ, and so do screws and rollers.
_TOLERANCE_SHIFT = const(2)
# A reservoir's noise is evened out over so many seconds, as a shift.
_FILTER_SHIFT = const(3)
# Volumes here are sixteenths of a microlitre.
_UL = const(16)
_MOST_OVER = const(160_000)
_MOST_DROPS = const(100_000)
_MOST_STEPS = const(4000)
_MOST_SECONDS = const(60)
_MOST_COUNTED = const(10_000)
_MOST_MISSING = const(500_000_000)
_HOUR_S = const(3600)
_COUNTS_FOR = const(4500)  # a microlitre that is counted makes good a quarter more than itself
_UNITS = const(225_000)  # 1/3600 nL in a sixteenth of a microlitre
_OPENED = const(0x7)  # door, clamp, plunger: what is sensed then is not flow
_FLOWING = const(0xB0)  # infusing, bolus, KVO: bits by ST_*
_WATCHED = const(0x3F0)  # those, and paused, complete, stopped: the patient is at the other end
_STILL = const(0x140)  # paused, complete: no alarm is armed there


def _behind(dosing, count):
    """Sixteenths of a microlitre by which the counter is short of the commanded position."""
    steps = ticks_diff(dosing.steps, count)
    return min(steps, _MOST_STEPS) * dosing.step_volume // _UNITS if steps > 0 else 0


class FlowWatch:
    """Compares and alarms. Reads the dose, changes nothing of it."""

    __slots__ = (
        "_alarms", "_behind_seconds", "_counted_ul", "_drips", "_interlocks", "_level_ul", "_missing", "_over_limit",
        "_short_limit", "_short_seconds", "_syringe", "_told", "_unfiltered", "_watching", "over", "short",
    )  # fmt: skip

    def __init__(self, head, alarms, interlocks):
        self._alarms = alarms
        self._interlocks = interlocks
        self._syringe = head == HEAD_SYRINGE
        self._short_limit = (SHORT_SYRINGE_UL if self._syringe else SHORT_DROPS_UL) * _UL
        self._over_limit = (OVER_SYRINGE_UL if self._syringe else OVER_DROPS_UL) * _UL
        self._watching = False
        self._told = False
        self._counted_ul = 0
        self._drips = 0
        self._level_ul = -1
        self.forget()

    def forget(self):
        """Start anew: what differed so far is explained, or has been judged by a person."""
        self.short = 0
        self.over = 0
        self._unfiltered = 0  # difference of a reservoir that the filter has not let through yet
        self._behind_seconds = 0
        self._short_seconds = 0
        self._missing = 0  # shown and not counted, in 1/3600 µL

    def second(self, r, state, seconds, dose, status):
        """Look after `seconds` more; raises alarms, and finds hazards for the interlocks."""
        if not _WATCHED >> state & 1 or r.flags & _OPENED:
            self._watching = False
            self._is_short(False)
            return
        counted = dose.delivered.ul - self._counted_ul
        left = self._sensed(r)
        self._counted_ul += counted
        apart = counted - left
        if not self._watching or apart < -JUMP_UL or apart > JUMP_UL:
            self._watching = True
            self.forget()
        else:
            if (r.reservoir_ul if self._syringe else r.drips) >= 0:  # the head has such a sensor
                self._fluid(counted, apart * _UL)
            uncounted = self._is_uncounted(status.rate_ul_h, seconds, counted)
            self._judge(state, seconds, status.bolus, _behind(dose.dosing, r.step_count), uncounted)

    def _sensed(self, r):
        """Whole microlitres that left the reservoir, by its sensor, since last asked."""
        if not self._syringe:
            drops = ticks_diff(r.drips, self._drips)
            self._drips = r.drips
            return max(min(drops, _MOST_DROPS), -_MOST_DROPS) * DROP_UL
        left = self._level_ul - r.reservoir_ul
        self._level_ul = r.reservoir_ul
        return left

    def _fluid(self, counted, apart):
        """Take what was counted and not sensed, in sixteenths; negative where it was sensed and not counted."""
        moved = apart
        if self._syringe:
            rest = self._unfiltered + moved
            moved = rest >> _FILTER_SHIFT
            self._unfiltered = rest - moved
        allowed = (counted if counted > 0 else -counted) * _UL >> _TOLERANCE_SHIFT
        short = self.short
        over = self.over - allowed
        if moved > 0:
            over -= moved
        elif short < -moved:
            over -= moved + short  # what was short before and is sensed after all is nothing over
        short += moved - allowed
        self.short = 0 if short < 0 else min(short, MADE_GOOD_UL * _UL)
        self.over = 0 if over < 0 else min(over, _MOST_OVER)

    def _is_uncounted(self, rate_ul_h, seconds, counted):
        """Take the rate that is shown and whole microlitres that were counted; whether too much of it is missing."""
        missing = self._missing + rate_ul_h * min(seconds, _MOST_SECONDS)
        missing -= max(min(counted, _MOST_COUNTED), 0) * _COUNTS_FOR
        self._missing = 0 if missing < 0 else min(missing, _MOST_MISSING)
        return self._missing > UNCOUNTED_UL * _HOUR_S + UNCOUNTED_S * rate_ul_h

    def _judge(self, state, seconds, bolus, behind, uncounted):
        if _FLOWING >> state & 1:
            self._judge_short(seconds, PATIENT_BOLUS_S if bolus == KEY_PATIENT_BOLUS else BASAL_S, uncounted)
            self._behind_seconds = self._behind_seconds + 1 if behind > BEHIND_UL * _UL else 0
            if self._behind_seconds >= BEHIND_SECONDS:
                self._behind_seconds = 0
                self._interlocks.find(al.AL_MOTOR)
        else:
            self.short = self._missing = 0
            self._is_short(False)
        if self.over > self._over_limit:
            self.over = 0
            self._interlocks.find(al.AL_FREE_FLOW)
        if _STILL >> state & 1 and self._interlocks.hazards >> al.AL_FREE_FLOW & 1:
            self._alarms.raise_(al.AL_FREE_FLOW)  # nothing is armed here, and all the more it must be told

    def _judge_short(self, seconds, limit_s, uncounted):
        short = self.short
        if uncounted:
            self._is_short(True)
        if not short:
            self._short_seconds = 0
            if not self._missing:
                self._is_short(False)
            return
        self._short_seconds = min(self._short_seconds + seconds, BASAL_S)
        if short > STOPPED_UL * _UL or (short > self._short_limit and self._short_seconds >= limit_s):
            self._is_short(True)

    def _is_short(self, holds):
        if holds != self._told:
            self._told = holds
            self._alarms.set(al.AL_FLOW_LOW, holds)

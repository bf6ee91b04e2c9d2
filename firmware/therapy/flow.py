"""Flow that is not what it should be: asked, counted and sensed volume compared once a second.

Four volumes say how much has flowed: the rate that is asked for × time, what was commanded of it,
the step counter, and a sensor of the fluid itself (a syringe's reservoir, a bag's drops). Each
difference is a sum that leaks: `lag` (asked, not commanded), `short` (stepped, not sensed), `over`
(sensed, not stepped). It rises by the difference, falls by a share of the volume counted, and never
below nothing: so a scale that is off by less than that share never adds up to an alarm, over days.
What was commanded and not stepped needs no sum: both are positions.

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
SHORT_SYRINGE_UL = const(80)
SHORT_DROPS_UL = const(100)
STOPPED_UL = const(200)
OVER_SYRINGE_UL = const(150)
OVER_DROPS_UL = const(200)
# Asked for and not commanded, or commanded and not stepped, in two seconds running.
LAG_UL = const(10)
LAG_SECONDS = const(2)
# A quarter of what is counted is let pass: drops differ, and so do screws and rollers.
_TOLERANCE_SHIFT = const(2)
# A sixteenth of what is asked: whole microlitres only are compared.
_LAG_SHIFT = const(4)
# A reservoir's noise is evened out over so many seconds, as a shift.
_FILTER_SHIFT = const(3)
# Volumes here are sixteenths of a microlitre, held within 10 mL.
_UL = const(16)
_MOST = const(160_000)
_MOST_DROPS = const(200)
_MOST_STEPS = const(4000)
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
        "_alarms", "_asked_rest", "_commanded_ul", "_counted_ul", "_drips", "_earlier_ul_h", "_interlocks",
        "_lag_seconds", "_latest_ul", "_level_ul", "_over_limit", "_rate_ul_h", "_short_limit", "_short_seconds",
        "_syringe", "_told", "_unfiltered", "_watching", "lag", "over", "short",
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
        self._commanded_ul = 0
        self._drips = 0
        self._level_ul = -1
        self._latest_ul = 0  # commanded in the second before
        self.forget()

    def forget(self):
        """Start anew: what differed so far is explained, or has been judged by a person."""
        self.lag = 0
        self.short = 0
        self.over = 0
        self._unfiltered = 0  # difference of a reservoir that the filter has not let through yet
        self._asked_rest = 0
        self._rate_ul_h = 0  # at the last second, 0 for a late one
        self._earlier_ul_h = 0  # and at the one before
        self._lag_seconds = 0
        self._short_seconds = 0

    def second(self, r, state, seconds, dose, status):
        """Look after `seconds` more; raises alarms, and finds hazards for the interlocks."""
        if not _WATCHED >> state & 1 or r.flags & _OPENED:
            self._watching = False
            self._is_short(False)
            return
        dosing = dose.dosing
        counted = dose.delivered.ul - self._counted_ul
        commanded = dosing.commanded.ul + dosing.lost.ul - self._commanded_ul
        left = self._sensed(r)
        self._counted_ul += counted
        self._commanded_ul += commanded
        if not self._watching or counted < -_MOST or counted > _MOST:
            self._watching = True
            self.forget()
        else:
            self._motor(commanded, seconds, status.rate_ul_h)
            if (r.reservoir_ul if self._syringe else r.drips) >= 0:  # the head has such a sensor
                self._fluid(counted, left)
            self._judge(state, seconds, status.bolus, _behind(dosing, r.step_count))

    def _sensed(self, r):
        """Whole microlitres that left the reservoir, by its sensor, since last asked."""
        if not self._syringe:
            drops = ticks_diff(r.drips, self._drips)
            self._drips = r.drips
            return max(min(drops, _MOST_DROPS), -_MOST_DROPS) * DROP_UL
        left = self._level_ul - r.reservoir_ul
        self._level_ul = r.reservoir_ul
        return left

    def _motor(self, commanded, seconds, rate_ul_h):
        """Compare what was asked with what was commanded, in the second before this one.

        By the lowest rate before, in and after it, so that no change within it counts; never a late one.
        """
        asked_ul_h = min(self._earlier_ul_h, self._rate_ul_h, rate_ul_h)
        latest = self._latest_ul
        self._latest_ul = commanded
        self._earlier_ul_h = self._rate_ul_h
        self._rate_ul_h = rate_ul_h if seconds == 1 else 0
        if not rate_ul_h:
            self.lag = 0
        elif asked_ul_h:
            rest = self._asked_rest + asked_ul_h * _UL
            asked = rest // 3600
            self._asked_rest = rest % 3600
            lag = self.lag + asked - (asked >> _LAG_SHIFT) - latest * _UL
            self.lag = 0 if lag < 0 else min(lag, _MOST)

    def _fluid(self, counted, left):
        """Compare what was stepped with what was sensed."""
        moved = (counted - left) * _UL
        if self._syringe:
            rest = self._unfiltered + max(min(moved, _MOST), -_MOST)
            moved = rest >> _FILTER_SHIFT
            self._unfiltered = rest - moved
        allowed = (counted if counted > 0 else -counted) * _UL >> _TOLERANCE_SHIFT
        short = self.short + moved - allowed
        over = self.over - moved - allowed
        self.short = 0 if short < 0 else min(short, _MOST)
        self.over = 0 if over < 0 else min(over, _MOST)

    def _judge(self, state, seconds, bolus, behind):
        if _FLOWING >> state & 1:
            self._judge_short(seconds, PATIENT_BOLUS_S if bolus == KEY_PATIENT_BOLUS else BASAL_S)
            self._lag_seconds = self._lag_seconds + seconds if self.lag + behind > LAG_UL * _UL else 0
            if self._lag_seconds >= LAG_SECONDS:
                self.lag = 0
                self._interlocks.find(al.AL_MOTOR)
        else:
            self.lag = 0
            self.short = 0
            self._is_short(False)
        if self.over > self._over_limit:
            self.over = 0
            self._interlocks.find(al.AL_FREE_FLOW)
        if _STILL >> state & 1 and self._interlocks.hazards >> al.AL_FREE_FLOW & 1:
            self._alarms.raise_(al.AL_FREE_FLOW)  # nothing is armed here, and all the more it must be told

    def _judge_short(self, seconds, limit_s):
        short = self.short
        if not short:
            self._short_seconds = 0
            self._is_short(False)
            return
        self._short_seconds = min(self._short_seconds + seconds, BASAL_S)
        if short > STOPPED_UL * _UL or (short > self._short_limit and self._short_seconds >= limit_s):
            self._is_short(True)

    def _is_short(self, holds):
        if holds != self._told:
            self._told = holds
            self._alarms.set(al.AL_FLOW_LOW, holds)

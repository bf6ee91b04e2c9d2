"""Sensors that read what cannot be. What a dose or a hazard rests on is doubted, and motor power cut.

One odd reading is none: a verdict takes DEBOUNCE_TICKS readings in a row, or SLOW_SECONDS of a
sensor that is looked at once a second. Bounds are physics and the span of the converter
(docs/detectors.md), far outside what a hazard's limit is.

Two sensors are left to others. A battery whose charge cannot be read counts as a low one
(interlocks.py): no dose rests on it, and an alarm is enough. A barrel that reads another size, or
none any more, is a syringe out of place: a hazard, which stops the motor and is cleared at the
bedside. A value that merely stays as it is cannot be told from calm.
"""

from hal.compat import const, ticks_diff
from hal.ports import HEAD_SYRINGE, RF_CLAMP_OPEN, RF_PLUNGER_OFF

DEBOUNCE_TICKS = const(3)
SLOW_SECONDS = const(3)
# A converter of -100 … 1500 mmHg. The motor stalls at 1200; a line that sucks at the lower rail is
# a patient 1.3 m below. Upstream the lower rail is an occlusion, and the upper end a pressure bag.
DOWN_LOW_MMHG = const(-95)
DOWN_HIGH_MMHG = const(1400)
UP_LOW_MMHG = const(-100)
UP_HIGH_MMHG = const(600)
# Of the encoder against the counter: its count is rounded, and no screw turns further than it is driven.
ENCODER_STEPS = const(8)
STILL_STEPS = const(2)
# Faster than this a line does not drip, it runs.
DRIPS_AT_ONCE = const(2)
DRIP_MS = const(33)
COLD_DC = const(-200)
HOT_DC = const(1200)
JUMP_DC = const(500)  # between two seconds
RISE_UL = const(300)  # of a reservoir, without its plunger or clamp being touched


class Plausible:
    """Looks at the readings. Each method returns whether they are impossible by now."""

    __slots__ = (
        "_apart", "_drips", "_lead", "_level", "_odd_lead", "_odd_seconds", "_odd_ticks", "_syringe", "_warmth",
    )  # fmt: skip

    def __init__(self, head):
        self._syringe = head == HEAD_SYRINGE
        self._apart = None  # encoder less counter, in the last tick
        self._lead = 0  # and at its least since the motor last turned back
        self._odd_lead = False
        self._drips = 0
        self._odd_ticks = 0
        self._odd_seconds = 0
        self._warmth = None
        self._level = -1

    def tick(self, r, moved, elapsed):
        """Judge what is read each tick, after `moved` steps in `elapsed` ms."""
        apart = r.encoder_count - r.step_count
        if apart != self._apart:
            self._judge_encoder(r, moved)
            self._apart = apart
        odd = self._odd_lead
        if r.drips != self._drips:
            fallen = ticks_diff(r.drips, self._drips)
            self._drips = r.drips
            odd = odd or fallen < 0 or fallen > DRIPS_AT_ONCE + elapsed // DRIP_MS
        down = r.down_mmhg
        up = r.up_mmhg
        if odd or down <= DOWN_LOW_MMHG or down >= DOWN_HIGH_MMHG or up < UP_LOW_MMHG or up >= UP_HIGH_MMHG:
            self._odd_ticks += 1
            return self._odd_ticks >= DEBOUNCE_TICKS
        self._odd_ticks = 0
        return False

    def _judge_encoder(self, r, moved):
        lead = ticks_diff(r.encoder_count, r.step_count)
        if self._apart is None:
            self._lead = lead
        over = lead - self._lead
        if moved < 0 or (moved and over < 0):  # missed steps are never made up for
            self._lead = lead
            self._odd_lead = False
        elif moved:
            self._odd_lead = over > ENCODER_STEPS
        else:
            self._odd_lead = over > STILL_STEPS or over < -STILL_STEPS

    def second(self, r, flowing):
        """Judge what changes slowly. `flowing`: the motor is meant to push."""
        warmth = r.temperature_dc
        if self._warmth is None:
            self._warmth = warmth
        if COLD_DC <= warmth <= HOT_DC and -JUMP_DC <= warmth - self._warmth <= JUMP_DC:
            self._warmth = warmth
            odd = False
        else:
            odd = True
        if (self._syringe and self._reservoir_is_odd(r, flowing)) or odd:
            self._odd_seconds += 1
            return self._odd_seconds >= SLOW_SECONDS
        self._odd_seconds = 0
        return False

    def _reservoir_is_odd(self, r, flowing):
        level = r.reservoir_ul
        known = self._level
        if not flowing or r.flags & (RF_CLAMP_OPEN | RF_PLUNGER_OFF):
            self._level = level
            return False
        if level < 0:
            return known >= 0  # it was sensed, and is not any more
        if known >= 0 and level > known + RISE_UL:
            return True
        if level < known or known < 0:
            self._level = level
        return False

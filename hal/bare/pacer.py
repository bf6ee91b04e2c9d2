"""How the bare board's time passes: by a soft timer where there is one, else in the main loop. Matches hal.ports.Pacer.

Time is virtual and each turn lasts exactly 100 ms of it; the pace is held against the machine's own
clock. So a run without a timer and without keys is the same, byte for byte, in every interpreter.
"""

import time

from hal.bare.desk import GOES_ON, QUIT
from hal.compat import MASK, const, ticks_diff
from hal.ports import ERR_ABSENT, OK

TURN_MS = const(100)
STEP_MS = const(10)  # between two looks at the keys, times the speed
LONGEST_REST_MS = const(20)
FRAMES_MS = const(100)  # of the watcher's time
FAST_FRAMES_MS = const(1000)  # of virtual time, where it goes as fast as it can
KEYS_AT_ONCE = const(8)
BUTTON_MS = const(50)  # between two looks at it: each stops the flash for a moment
_BAR = const(32)  # the key that the button is
STALE_MS = const(300)  # of a timer that has stopped
_BEHIND_US = const(500_000)


class BarePacer:
    """`panel` draws, `console` (or None) brings keys, `make_timer(period_ms, call)` (or None) makes a soft timer."""

    def __init__(self, desk, panel, console, limit_s=-1, make_timer=None, wall_ms=None):
        """limit_s: of virtual time, after which the board is switched off; -1: none. `wall_ms` as time.ticks_ms."""
        self._desk = desk
        self._panel = panel
        self._console = console
        self._limit_s = limit_s
        self._make_timer = make_timer
        self._wall_ms = wall if wall_ms is None else wall_ms
        self._turn = None
        self._fire_bound = self._fire  # bound once
        self._timer = None
        self._timer_speed = 0
        self._fired_ms = 0
        self._last_ms = 0
        self._ahead_us = 0
        self._drawn_ms = 0
        self._redraws = 0
        self.button = None  # tells whether the board's own button, a Stop, is pressed
        self._pressed = False
        self._looked_ms = 0

    def start(self, turn, period_ms):
        """Call `turn` by the timer; ERR_ABSENT where there is none, or time goes as fast as it can."""
        self._last_ms = self._wall_ms()
        self._ahead_us = 0
        if self._make_timer is None or not self._desk.speed:
            return ERR_ABSENT
        self._turn = turn
        self._begin()
        return OK

    def _begin(self):
        self._timer_speed = self._desk.speed
        self._fired_ms = self._wall_ms()
        self._timer = self._make_timer(max(TURN_MS // self._timer_speed, 1), self._fire_bound)

    def _end(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

    def _fire(self, _):
        self._fired_ms = self._wall_ms()
        if not self._desk.frozen:
            self._desk.board.advance(TURN_MS)
            self._turn(None)

    def rest(self):
        """Take keys, play the demo, draw, and wait; False where this run of the firmware is over."""
        desk = self._desk
        if self._timer is None:
            self._step()
        elif ticks_diff(self._wall_ms(), self._fired_ms) & MASK >= STALE_MS:
            desk.board.advance(STEP_MS)  # it has stopped: the main loop goes on in its place
        self._take_keys()
        if self.button is not None:
            self._take_button()
        desk.step()
        if 0 <= self._limit_s <= desk.board.clock.s:
            desk.why = QUIT
        if desk.why != GOES_ON:
            self._end()
            self._panel.draw()
            return False
        self._draw()
        self._pace()
        return True

    def _step(self):
        """Let virtual time go on, unless it is ahead of its pace: keys cut a wait short."""
        speed = self._desk.speed
        if not speed:
            self._desk.board.advance(TURN_MS)
            return
        now_ms = self._wall_ms()
        self._ahead_us -= (now_ms - self._last_ms & MASK) * 1000
        self._last_ms = now_ms
        if self._ahead_us < -_BEHIND_US:  # too slow for this speed, or asleep: nothing is made up for
            self._ahead_us = 0
        if self._ahead_us <= 0:
            step_ms = min(STEP_MS * speed, TURN_MS)
            self._ahead_us += step_ms * 1000 // speed
            self._desk.board.advance(step_ms)

    def _take_keys(self):
        if self._console is None:
            return
        for _ in range(KEYS_AT_ONCE):
            byte = self._console.get()
            if byte < 0:
                return
            self._desk.key(byte)

    def _take_button(self):
        now_ms = self._wall_ms()
        if now_ms - self._looked_ms & MASK < BUTTON_MS:
            return
        self._looked_ms = now_ms
        pressed = bool(self.button())
        if pressed and not self._pressed:
            self._desk.key(_BAR)
        self._pressed = pressed

    def _draw(self):
        desk = self._desk
        if desk.redraws != self._redraws:
            self._redraws = desk.redraws
            self._panel.redraw()
        if self._timer is not None:
            self._panel.step()
            return
        now_ms = desk.board.clock.ms
        if ticks_diff(now_ms, self._drawn_ms) >= (FRAMES_MS * desk.speed if desk.speed else FAST_FRAMES_MS):
            self._drawn_ms = now_ms
            self._panel.draw()

    def _pace(self):
        desk = self._desk
        rest_ms = 0
        if self._timer is not None:
            rest_ms = 1
            if desk.speed != self._timer_speed:
                self._end()
                self._begin()
        elif desk.speed:
            rest_ms = min((self._ahead_us + 999) // 1000, LONGEST_REST_MS)
        if self._console is not None and rest_ms > 0:
            self._console.wait(rest_ms)


def wall():
    """The machine's own milliseconds, modulo 2**30."""
    if hasattr(time, "ticks_ms"):
        return time.ticks_ms()
    return time.monotonic_ns() // 1_000_000 & MASK


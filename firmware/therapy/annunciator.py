"""What the lamp and the sounder do now, by the priority of the first alarm.

`lamp` and `tone_hz` are pure functions of priority and integer ms since lamp or burst began.
`Status` carries their values at each tick. A panel that can time more finely than ten times a
second calls them with a clock of its own: `Status.priority` and `Status.silenced` say all they need.

Figures: IEC 60601-1-8 as quoted in docs/references.md. Everything is a multiple of a tick.
"""

from firmware.therapy.alarms import PRIORITY_HIGH, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_NONE
from hal.compat import const, ticks_diff
from hal.ports import LAMP_CYAN, LAMP_DARK, LAMP_RED, LAMP_YELLOW

RED_MS = const(500)  # 2 Hz, of 1.4–2.8
RED_LIT_MS = const(200)  # 40 %, of 20–60
YELLOW_MS = const(2000)  # 0.5 Hz, of 0.4–0.8
YELLOW_LIT_MS = const(800)  # 40 %
_LAMP_CYCLE_MS = const(2000)  # both lamps' periods divide it

SLOT_MS = const(100)  # one tick
_HALF_SLOT_MS = const(50)
# From the start of one burst to that of the next; each is a longer wait than the one before.
HIGH_MS = const(8000)
MEDIUM_MS = const(12_000)
LOW_MS = const(25_000)

# Notes as places in _NOTES_HZ. 'C' is the octave above 'c'.
_NOTES_HZ = (0, 262, 294, 330, 392, 523)  # rest c d e g C
_R = const(0)
_LC = const(1)
_D = const(2)
_E = const(3)
_G = const(4)
_C = const(5)

# Infusion's own melody, one note a slot. High: five pulses, played twice; 'C d g - C d'.
_HIGH = bytes(
    (
        _C, _R, _D, _R, _G, _R, _R, _R, _C, _R, _D, _R, _R, _R, _R, _R,
        _C, _R, _D, _R, _G, _R, _R, _R, _C, _R, _D,
    )
)  # fmt: skip
_MEDIUM = bytes((_C, _C, _R, _R, _D, _D, _R, _R, _G, _G))
_LOW = bytes((_E, _E, _R, _R, _LC, _LC))
_SILENT = b""


def lamp(priority, ms):
    """Return the LAMP_* that is lit `ms` after `priority` was first shown."""
    if priority == PRIORITY_HIGH:
        return LAMP_RED if ms % RED_MS < RED_LIT_MS else LAMP_DARK
    if priority == PRIORITY_MEDIUM:
        return LAMP_YELLOW if ms % YELLOW_MS < YELLOW_LIT_MS else LAMP_DARK
    return LAMP_CYAN if priority == PRIORITY_LOW else LAMP_DARK


def period_ms(priority):
    """Return the time from one burst's start to the next."""
    if priority == PRIORITY_HIGH:
        return HIGH_MS
    return MEDIUM_MS if priority == PRIORITY_MEDIUM else LOW_MS


def burst_ms(priority):
    """Return how long a burst lasts."""
    return len(_melody(priority)) * SLOT_MS


def tone_hz(priority, ms):
    """Return the note `ms` after a burst of `priority` began, in Hz; 0 for none."""
    melody = _melody(priority)
    slot = ms % period_ms(priority) // SLOT_MS
    return _NOTES_HZ[melody[slot]] if slot < len(melody) else 0


def _melody(priority):
    if priority == PRIORITY_HIGH:
        return _HIGH
    if priority == PRIORITY_MEDIUM:
        return _MEDIUM
    return _LOW if priority == PRIORITY_LOW else _SILENT


class Annunciator:
    """Where lamp and burst stand. A burst is played to its end; only a pause or something more urgent cuts it."""

    __slots__ = ("_burst_ms", "_lamp_ms", "_lit", "_now_ms", "_playing")

    def __init__(self):
        self._now_ms = 0
        self._lit = PRIORITY_NONE
        self._lamp_ms = 0
        self._playing = PRIORITY_NONE
        self._burst_ms = 0

    def show(self, status, now_ms, alarms):
        """Write lamp, tone and silence into `status`, at the end of each tick."""
        try:
            self._show(status, now_ms, alarms)
        except Exception:  # an annunciator in disorder is loud, never dark
            status.lamp = LAMP_RED
            status.tone_hz = _NOTES_HZ[_C]

    def _show(self, status, now_ms, alarms):
        elapsed = ticks_diff(now_ms, self._now_ms)
        self._now_ms = now_ms
        if elapsed < 0:
            elapsed = 0
        priority = alarms.priority
        if priority == self._lit:
            self._lamp_ms = (self._lamp_ms + elapsed) % _LAMP_CYCLE_MS
        else:
            self._lit = priority
            self._lamp_ms = 0
        # To the nearest slot: a tick that comes a little early or late skips none.
        status.lamp = lamp(priority, self._lamp_ms + _HALF_SLOT_MS)
        if alarms.silence_s > 0:
            status.silenced = 1
            status.tone_hz = 0
            self._playing = PRIORITY_NONE
        else:
            status.silenced = 0
            self._play(priority, elapsed)
            status.tone_hz = tone_hz(self._playing, self._burst_ms + _HALF_SLOT_MS)

    def _play(self, priority, elapsed):
        playing = self._playing
        if priority > playing:
            self._burst_ms = 0
            self._playing = priority
            return
        ms = self._burst_ms + elapsed
        if priority < playing and ms + _HALF_SLOT_MS >= burst_ms(playing):
            self._playing = playing = priority  # in the wait between two bursts, which is longer now
        self._burst_ms = ms % period_ms(playing)

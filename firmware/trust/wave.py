"""The waveform: line pressure and steps, a sample a turn, told in pieces while somebody has asked for it.

Loaded when it is asked for first, and silent again by itself: what nobody looks at costs nothing.
"""

from hal.compat import const, ticks_diff

SAMPLES = const(100)  # in a piece: ten seconds
SAMPLE_MS = const(100)
LONGEST_S = const(600)
_WORD = const(2)
_HIGH = const(0x7FFF)
_SIGN = const(0x8000)

# Keys of a WAVE body. A sample is a little-endian int16; one that does not fit is the nearest that does.
WV_SAMPLE_MS = const(1)
WV_PRESSURE = const(2)  # line pressure towards the patient, mmHg
WV_STEPS = const(3)  # steps of the drive since the sample before


class Wave:
    """Takes samples until `until_s`, pump seconds."""

    __slots__ = ("_count", "_pressure", "_step_count", "_steps", "until_s")

    def __init__(self):
        self._pressure = bytearray(SAMPLES * _WORD)
        self._steps = bytearray(SAMPLES * _WORD)
        self._count = 0
        self._step_count = -1
        self.until_s = 0

    def ask(self, until_s):
        """Go on until pump second `until_s`; one that comes later, from somebody else, is not cut short."""
        self.until_s = max(self.until_s, until_s)

    def look(self, readings, now_s):
        """Take this turn's sample; return a piece's body where one is full, else None."""
        if now_s >= self.until_s:
            self._count = 0
            self._step_count = -1
            return None
        moved = 0
        if self._step_count >= 0:
            moved = ticks_diff(readings.step_count, self._step_count)
        self._step_count = readings.step_count
        place = self._count * _WORD
        _put(self._pressure, place, readings.down_mmhg)
        _put(self._steps, place, moved)
        self._count += 1
        if self._count < SAMPLES:
            return None
        self._count = 0
        return {WV_SAMPLE_MS: SAMPLE_MS, WV_PRESSURE: bytes(self._pressure), WV_STEPS: bytes(self._steps)}


def _put(into, place, value):
    value = max(-_SIGN, min(value, _HIGH))
    into[place] = value & 0xFF
    into[place + 1] = value >> 8 & 0xFF

"""A voltage on an ADC pin, as the RP2040's converter sees it: noise, and four codes that are too wide.

Noise is a function of (seed, channel, moment, sample within it): the same run gives the same
counts. Source of the wide codes: RP2040 datasheet, erratum E11 (around 512, 1536, 2560 and 3584).
"""

import zlib

_WIDE = (512, 1536, 2560, 3584)
_HALF_WIDTH = 4  # counts to either side that read as the wide code
_STEP = 16  # 16-bit counts in one of 12 bits


class Voltage:
    """`level()` gives the ideal 16-bit count; calling gives what is converted. `noise`: peak, in 12-bit counts."""

    def __init__(self, chip, channel, level, seed=0, noise=2, wide=True):
        self._chip = chip
        self._channel = channel
        self._level = level
        self._seed = seed
        self._noise = noise
        self._wide = wide
        self._sample = 0

    def __call__(self):
        """The 16-bit count of one conversion."""
        self._sample += 1
        count = self._level() + self._at(self._sample)
        if self._wide:
            for code in _WIDE:
                if abs(count - code * _STEP) <= _HALF_WIDTH * _STEP:
                    count = code * _STEP
        return min(max(count, 0), 0xFFFF)

    def _at(self, sample):
        """Two uniform draws added: a triangle of ± noise."""
        span = self._noise * _STEP
        if not span:
            return 0
        word = zlib.crc32(repr((self._seed, self._channel, self._chip.us, sample)).encode())
        return (word % (span + 1)) + (word // 0x10000 % (span + 1)) - span

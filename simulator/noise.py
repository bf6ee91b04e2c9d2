"""Sensor noise as a pure function of (seed, channel, tick): no generator runs.

A table of roughly normal integers is made once from the seed; a cheap hash of channel and
tick picks from it. Skipping ticks changes nothing in those that are looked at.
"""

from __future__ import annotations

from random import Random

_SIZE = 4096
_SHIFT = 20
_MASK32 = 0xFFFFFFFF


class Noise:
    """Integer noise with a standard deviation of about `sigma` counts."""

    __slots__ = ("_salt", "_table")

    def __init__(self, seed: int, channel: int, sigma: float) -> None:
        random = Random(f"{seed}/{channel}")
        self._table = [round(random.gauss(0.0, sigma)) for _ in range(_SIZE)]
        self._salt = random.getrandbits(32)

    def at(self, tick: int) -> int:
        """Noise of this channel at `tick`."""
        return self._table[((tick * 2_654_435_761 ^ self._salt) * 2_246_822_519 & _MASK32) >> _SHIFT]

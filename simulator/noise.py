"""Sensor noise as a pure function of (seed, channel, tick): no generator runs.

A table of roughly normal integers is made once from the seed; a cheap hash of channel and
tick picks from it. Skipping ticks changes nothing in those that are looked at.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

_SIZE = 4096
_SHIFT = 20
_MASK32 = 0xFFFFFFFF


class Noise:
    """Integer noise with a standard deviation of about `sigma` counts."""

    __slots__ = ("_salt", "_table")

    def __init__(self, seed: int, channel: int, sigma: float) -> None:
        self._table, self._salt = _drawn(seed, channel, sigma)

    def at(self, tick: int) -> int:
        """Noise of this channel at `tick`."""
        return self._table[((tick * 2_654_435_761 ^ self._salt) * 2_246_822_519 & _MASK32) >> _SHIFT]


@lru_cache(maxsize=64)
def _drawn(seed: int, channel: int, sigma: float) -> tuple[tuple[int, ...], int]:
    """Table and salt; drawn once, a suite plays many runs of one seed."""
    random = Random(f"{seed}/{channel}")
    table = tuple(round(random.gauss(0.0, sigma)) for _ in range(_SIZE))
    return table, random.getrandbits(32)

"""A fuzzer's bytes, read as acts and what belongs to them."""

from __future__ import annotations


class Tape:
    """A fuzzer's bytes, taken one after another; 0 where there are none left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def is_over(self) -> bool:
        """Whether all are taken."""
        return self._place >= len(self._data)

    def byte(self) -> int:
        """The next one."""
        self._place += 1
        return self._data[self._place - 1] if self._place <= len(self._data) else 0

    def some(self, count: int) -> bytes:
        """The next ones, as many as there are."""
        self._place += count
        return self._data[self._place - count : self._place]

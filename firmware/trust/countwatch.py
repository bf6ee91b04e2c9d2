"""Holds the secure counter to its word: it only rises, and one that reads lower than it has was put back."""


class CountWatch:
    """Remembers the highest count that was read since boot."""

    __slots__ = ("_counter", "_highest")

    def __init__(self, counter):
        """`counter` is the board's hal.ports.SecureCounter, or None."""
        self._counter = counter
        self._highest = -1

    def fell(self):
        """Read the counter; return whether it went back. One that does not answer, or is not there, tells nothing."""
        if self._counter is None:
            return False
        count = self._counter.read()
        fell = 0 <= count < self._highest
        if fell or count > self._highest:
            self._highest = count  # what fell is told once: a recovery shall have an end
        return fell

"""A bounded ring of small events from the gatekeeper to the tick."""

from hal.compat import const

_SLOTS = const(16)


class Mailbox:
    """Posted outside the tick, taken inside it. A full mailbox refuses, never blocks."""

    __slots__ = ("_events", "_first", "count")

    def __init__(self):
        self._events = bytearray(_SLOTS)
        self._first = 0
        self.count = 0

    def post(self, event):
        """Queue `event` (0 … 255); returns False where there is no room."""
        if self.count == _SLOTS:
            return False
        self._events[(self._first + self.count) % _SLOTS] = event
        self.count += 1
        return True

    def intact(self):
        """Return whether the ring's indices are such as it can have."""
        return 0 <= self._first < _SLOTS and 0 <= self.count <= _SLOTS

    def take(self):
        """Return the oldest event; only where `count` is not 0."""
        event = self._events[self._first]
        self._first = (self._first + 1) % _SLOTS
        self.count -= 1
        return event

"""Takes messages out of the bytes that comms brings: length u16, big-endian, then so many bytes.

Comms is not trusted to frame: what is too long is let pass by unread, and what stops half-way is given up after
QUIET_MS, so that a comms which fell in mid-message costs no more than that message.
"""

from hal.compat import const, ticks_diff

QUIET_MS = const(2000)
CHUNK = const(64)  # bytes taken at once

WAITS = const(0)  # nothing whole yet
MESSAGE = const(1)
TOO_LONG = const(2)
EMPTY = const(3)
BROKEN_OFF = const(4)


class Reader:
    """`take` looks at what waits in a ring; `message` is the one that came whole."""

    __slots__ = ("_buffer", "_chunk", "_chunk_end", "_chunk_place", "_count", "_head", "_heads", "_last_ms", "_skip")

    def __init__(self, most, now_ms):
        """`most`: bytes of the longest message."""
        self._buffer = bytearray(most)
        self._chunk = bytearray(CHUNK)
        self._chunk_place = 0
        self._chunk_end = 0
        self._head = 0  # the length, as far as it has come
        self._heads = 0  # bytes of it
        self._count = 0  # bytes of the message
        self._skip = 0
        self._last_ms = now_ms

    def message(self):
        """Return a copy of the message that `take` found."""
        return bytes(self._buffer[: self._head])

    def next(self):
        """Have done with it."""
        self._heads = self._count = self._head = 0

    def take(self, ring, now_ms, most):
        """Look at `most` bytes at most; WAITS, or what came. After MESSAGE call `next`."""
        while most > 0:
            if self._chunk_place == self._chunk_end:
                self._chunk_place = 0
                self._chunk_end = ring.take(self._chunk)
                if not 0 < self._chunk_end <= CHUNK:
                    self._chunk_end = 0
                    return self._look_for_silence(now_ms)
                self._last_ms = now_ms
            byte = self._chunk[self._chunk_place]
            self._chunk_place += 1
            most -= 1
            found = self._take_byte(byte)
            if found:
                return found
        return WAITS

    def _take_byte(self, byte):
        if self._skip:
            self._skip -= 1
        elif self._heads < 2:
            self._head = self._head << 8 | byte
            self._heads += 1
            if self._heads == 2:
                return self._begin()
        else:
            self._buffer[self._count] = byte
            self._count += 1
            if self._count == self._head:
                return MESSAGE
        return WAITS

    def _begin(self):
        length = self._head
        if length and length <= len(self._buffer):
            return WAITS
        self._skip = length
        self.next()
        return TOO_LONG if length else EMPTY

    def _look_for_silence(self, now_ms):
        if not self._heads and not self._skip:
            self._last_ms = now_ms  # the difference means nothing after six days
        elif ticks_diff(now_ms, self._last_ms) >= QUIET_MS:
            self._skip = 0
            self.next()
            return BROKEN_OFF
        return WAITS

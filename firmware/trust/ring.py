"""A bounded mailbox of bytes between two partitions.

One side puts, the other takes; either may pre-empt the other between any two bytecodes,
since each index is written by one side alone. A full ring takes what fits and never blocks.
"""


class Ring:
    """At most `size` - 1 bytes wait."""

    __slots__ = ("_bytes", "_first", "_next", "_size")

    def __init__(self, size):
        self._bytes = bytearray(size)
        self._size = size
        self._first = 0  # written by the taker
        self._next = 0  # written by the putter

    def waiting(self):
        """Return how many bytes wait."""
        return (self._next - self._first) % self._size

    def room(self):
        """Return how many bytes may be put."""
        return self._size - 1 - self.waiting()

    def put(self, data, count):
        """Put the first `count` bytes of `data`, or what fits of them; return how many."""
        room = self.room()
        if count > room:
            count = room
        place = self._next
        for index in range(count):
            self._bytes[place] = data[index]
            place = (place + 1) % self._size
        self._next = place
        return count

    def take(self, into):
        """Take what waits into `into`, at most its length; return how many bytes came."""
        count = self.waiting()
        if count > len(into):
            count = len(into)
        place = self._first
        for index in range(count):
            into[index] = self._bytes[place]
            place = (place + 1) % self._size
        self._first = place
        return count

"""Frames in and out of a byte stream that may lose, double and garble them, at the device's end.

The host asks, the device answers, never the other way round. Each frame of the host's has the
next sequence number, each answer repeats it. The host asks again where no answer comes; a
request that was answered is answered again, from `tx`, and never acted upon twice.
"""

from hal.lockstep import frames


class LinkBroken(Exception):
    """The stream ended within a frame, the host speaks another version, or a frame is out of place."""


class Restart(Exception):
    """The host boots anew: its BOOT is the next frame that `receive` returns."""


class Channel:
    """One frame at a time each way. Buffers grow to the longest frame seen, then stay.

    `reader` has readinto(buffer) and `writer` has write(data), and flush() if it buffers;
    both block.
    """

    def __init__(self, reader, writer):
        self._readinto = reader.readinto
        self._write = writer.write
        self._flush = getattr(writer, "flush", None)
        self.length = 0  # of the payload received
        self.rx = bytearray(256)
        self.tx = bytearray(256)
        self._rx_view = memoryview(self.rx)
        self._tx_view = memoryview(self.tx)
        self._got = 0  # bytes in rx, of which
        self._used = 0  # these were the last frame
        self._lost = False  # bytes were passed over since the last frame
        self._boot = -1  # sequence number of this run's BOOT
        self._sequence = -1  # and of the frame taken last
        self._answer = 0  # size of the answer to it; 0: none yet
        self._again = False
        self.over = False  # the host said goodbye
        self.left = False  # the host sent LEAVE

    def room(self, length):
        """Make `tx` long enough for a payload of `length` bytes."""
        size = frames.HEAD + length + frames.TAIL
        if size > len(self.tx):
            self.tx = bytearray(size)
            self._tx_view = memoryview(self.tx)

    def send(self, kind, length):
        """Send the payload of `length` bytes that lies in `tx` from HEAD on: the answer to the last frame."""
        self._answer = frames.close_frame(self.tx, kind, length, max(self._sequence, 0))
        self._put()

    def receive(self):
        """Wait for a frame; return its kind, or BYE where the stream ended between frames.

        The payload is `length` bytes of `rx` from HEAD on. LinkBroken where the stream ended
        elsewhere, or speaks another version.
        """
        if self._again:
            self._again = False
            return frames.BOOT
        while not self.over and self._next_frame():
            kind = self.rx[1]
            sequence = frames.sequence(self.rx)
            if kind >= frames.HELLO:
                continue  # an answer of this end, come back by an echo
            if kind == frames.BYE or kind == frames.LEAVE:
                # Whatever its number: that of a host which knows of no run must do.
                self.over = True
                self.left = kind == frames.LEAVE
                break
            if self.is_new(kind, sequence):
                self._sequence = sequence
                self._answer = 0
                if kind == frames.BOOT:
                    self._boot = sequence
                return kind
            if sequence == self._sequence and self._answer:
                self._put()
            # Any other is an echo of what was done long ago.
        return frames.BYE

    def is_new(self, kind, sequence):
        """Whether a frame is to be acted upon, rather than known already."""
        if kind == frames.BOOT:
            return sequence != self._boot
        return self._sequence >= 0 and sequence == (self._sequence + 1) & frames.SEQUENCE_MASK

    def again(self):
        """Let `receive` return this BOOT once more."""
        self._again = True

    def _put(self):
        size = self._answer
        done = 0
        while done < size:
            count = self._write(self._tx_view[done:size])
            if count:
                done += count
        if self._flush is not None:
            self._flush()

    def _next_frame(self):
        """Bring the next whole frame to the head of rx; False where the stream ended between frames."""
        self._drop(self._used)
        self._used = 0
        while True:
            if self._got < frames.HEAD and not self._fill(frames.HEAD):
                return False
            size = frames.size(self.rx)
            if size:
                self._grow(size)
                if self._got < size:
                    self._fill(size)
                found = self.judge(size)
                if found == frames.GOOD:
                    self._used = size
                    self._lost = False
                    self.length = size - frames.HEAD - frames.TAIL
                    return True
                if found == frames.BAD_VERSION:
                    raise LinkBroken("link version %d, this end speaks %d" % (self.rx[0] & 15, frames.VERSION))
            self._pass_over()

    def judge(self, size):
        """What frames.check says of the `size` bytes at the head of rx."""
        return frames.check(self.rx, size)

    def _grow(self, size):
        if size > len(self.rx):
            rx = bytearray(size)
            rx[: self._got] = self.rx[: self._got]
            self.rx = rx
            self._rx_view = memoryview(rx)

    def _pass_over(self):
        """These bytes begin no frame: go on to the next that might."""
        self._lost = True
        rx = self.rx
        place = 1
        while place < self._got and rx[place] & 0xF0 != frames.MARK:
            place += 1
        self._drop(place)

    def _drop(self, count):
        """Take the first `count` bytes out of rx."""
        left = self._got - count
        if left and count:
            rx = self.rx
            for index in range(left):
                rx[index] = rx[index + count]
        self._got = left

    def _fill(self, end):
        """Read on to rx[:end]; False where the stream ended and nothing was begun."""
        while self._got < end:
            count = self._readinto(self._rx_view[self._got : end])
            if not count:
                if self._got or self._lost:
                    raise LinkBroken("the stream ended within a frame")
                return False
            self._got += count
        return True

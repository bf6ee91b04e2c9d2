"""Frames in and out of a byte stream, at the device's end."""

from hal.lockstep import frames


class LinkBroken(Exception):
    """The stream ended within a frame, or a frame is not one of ours."""


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

    def room(self, length):
        """Make `tx` long enough for a payload of `length` bytes."""
        size = frames.HEAD + length + frames.TAIL
        if size > len(self.tx):
            self.tx = bytearray(size)
            self._tx_view = memoryview(self.tx)

    def send(self, kind, length):
        """Send the payload of `length` bytes that lies in `tx` from HEAD on."""
        size = frames.close_frame(self.tx, kind, length)
        done = 0
        while done < size:
            count = self._write(self._tx_view[done:size])
            if count:
                done += count
        if self._flush is not None:
            self._flush()

    def receive(self):
        """Wait for a frame; return its kind, or BYE where the stream ended between frames.

        The payload is `length` bytes of `rx` from HEAD on.
        """
        if not self._fill(0, frames.HEAD):
            return frames.BYE
        length = frames.payload_length(self.rx)
        size = frames.HEAD + length + frames.TAIL
        if self.rx[0] != frames.VERSION:
            raise LinkBroken("link version %d, this end speaks %d" % (self.rx[0], frames.VERSION))
        if size > len(self.rx):
            head = bytes(self._rx_view[: frames.HEAD])
            self.rx = bytearray(size)
            self._rx_view = memoryview(self.rx)
            self.rx[: frames.HEAD] = head
        if not self._fill(frames.HEAD, size):
            raise LinkBroken("the stream ended within a frame")
        if frames.check(self.rx, length) != frames.GOOD:
            raise LinkBroken("a frame's checksum does not hold")
        self.length = length
        return self.rx[1]

    def _fill(self, start, end):
        """Read into rx[start:end]; False where the stream ended before its first byte."""
        begin = start
        while start < end:
            count = self._readinto(self._rx_view[start:end])
            if not count:
                if start == begin:
                    return False
                raise LinkBroken("the stream ended within a frame")
            start += count
        return True

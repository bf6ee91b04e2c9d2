"""`machine.UART` of the RP2040: buffers of a size, and bytes that are lost where they are full.

`chip.uart[bus]` is a pair of bytearrays: what the world has sent, taken in at the line's speed,
and what the chip has sent. A write that does not fit waits for the line, as on the chip.
"""

from hal.stubs.chip import current
from hal.stubs.machine.mux import number_of, take

_BITS_A_BYTE = 10
_LEAST, _MOST = 32, 32766


class UART:
    """One of the two. ValueError for a bus, pins or a buffer that there are not."""

    def __init__(self, id, baudrate=115_200, *, bits=8, parity=None, stop=1, tx=None, rx=None,  # noqa: A002
                 timeout=0, timeout_char=0, rxbuf=256, txbuf=256):  # fmt: skip
        if id not in (0, 1):
            raise ValueError(f"UART({id}) doesn't exist")
        for name, pin, place, usual in (("TX", tx, 0, (0, 4)), ("RX", rx, 1, (1, 5))):
            number = number_of(usual[id] if pin is None else pin)
            if number & 3 != place or (number + 4 & 8) >> 3 != id:
                raise ValueError(f"bad {name} pin")
            take(number, "uart")
        if rxbuf > _MOST:
            raise ValueError("rxbuf too large")
        if txbuf > _MOST:
            raise ValueError("txbuf too large")
        self._chip = current()
        self._in, self._out = self._chip.uart.setdefault(id, (bytearray(), bytearray()))
        self._byte_us = _BITS_A_BYTE * 1_000_000 // baudrate
        self._rx_size, self._tx_size = max(rxbuf, _LEAST), max(txbuf, _LEAST)
        self._rx, self._tx = bytearray(), bytearray()
        self._rx_us = self._tx_us = self._chip.us
        self._timeout_us = timeout * 1000
        self.lost = 0  # bytes that found no room: the chip does not tell
        self._chip.beside.append(self._run)

    def any(self):
        """Bytes that wait."""
        return len(self._rx)

    def readinto(self, buf, nbytes=None):
        """Take what waits, None for nothing; waits at most the time-out for the first byte."""
        if not self._rx and self._timeout_us:
            self._chip.advance(self._timeout_us)
        count = min(len(buf) if nbytes is None else min(nbytes, len(buf)), len(self._rx))
        if not count:
            return None
        buf[:count] = self._rx[:count]
        del self._rx[:count]
        return count

    def read(self, nbytes=-1):
        """The same as new bytes."""
        buf = bytearray(len(self._rx) if nbytes < 0 else nbytes)
        count = self.readinto(buf)
        return None if count is None else bytes(buf[:count])

    def write(self, buf):
        """Send; what exceeds the buffer waits for the line, whatever the time-out."""
        for byte in bytes(buf):
            if len(self._tx) >= self._tx_size:
                self._chip.stall(self._byte_us)
            self._tx.append(byte)
        return len(buf)

    def txdone(self):
        """Whether all is out."""
        return not self._tx

    def _run(self, us):
        """The line goes on up to `us`, and returns how far it got: all the way."""
        while self._rx_us + self._byte_us <= us:
            if not self._in:
                self._rx_us = us
                break
            self._rx_us += self._byte_us
            byte = self._in.pop(0)
            if len(self._rx) < self._rx_size:
                self._rx.append(byte)
            else:
                self.lost += 1
        while self._tx_us + self._byte_us <= us:
            if not self._tx:
                self._tx_us = us
                break
            self._tx_us += self._byte_us
            self._out.append(self._tx.pop(0))
        return us

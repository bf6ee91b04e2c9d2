"""`machine.SPI` of the RP2040. `chip.spi[bus]` lists the devices on a bus; who is selected answers.

A device has `selected()` and `exchange(byte)`, which returns a byte. No device: MISO reads 0.
"""

from hal.stubs.chip import current
from hal.stubs.machine.mux import number_of, take


class SPI:
    """One of the two buses. ValueError for a bus or pins that there are not."""

    MSB, LSB = 1, 0

    def __init__(
        self, id, baudrate=1_000_000, *, polarity=0, phase=0, bits=8, firstbit=MSB, sck=None, mosi=None, miso=None  # noqa: A002
    ):  # fmt: skip
        if id not in (0, 1):
            raise ValueError(f"SPI({id}) doesn't exist")
        if firstbit == self.LSB:
            raise NotImplementedError("LSB")
        wanted = (("SCK", sck, 2, (18, 10)), ("MOSI", mosi, 3, (19, 11)), ("MISO", miso, 0, (16, 8)))
        for name, pin, place, usual in wanted:
            number = number_of(usual[id] if pin is None else pin)
            if number & 3 != place or (number & 8) >> 3 != id:
                raise ValueError(f"bad {name} pin")
            take(number, "spi")
        self._chip = current()
        self._id = id
        self._baudrate = baudrate
        self._mode = (polarity, phase, bits)

    def write(self, buf):
        """Send `buf`; what comes back is lost."""
        self._exchange(bytes(buf))

    def readinto(self, buf, write=0):
        """Fill `buf`, sending `write` each time."""
        buf[:] = self._exchange(bytes([write]) * len(buf))

    def read(self, nbytes, write=0):
        """Read `nbytes` bytes."""
        return bytes(self._exchange(bytes([write]) * nbytes))

    def write_readinto(self, write_buf, read_buf):
        """Both at once; ValueError for buffers of two lengths."""
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        read_buf[:] = self._exchange(bytes(write_buf))

    def _exchange(self, data):
        self._chip.stall(len(data) * 8 * 1_000_000 // self._baudrate)
        devices = [device for device in self._chip.spi.get(self._id, ()) if device.selected()]
        if self._mode != (0, 0, 8) or len(devices) > 1:
            return bytes(0xFF for _ in data)  # nobody understands, or two drive one wire
        if not devices:
            return bytes(len(data))
        return bytes(devices[0].exchange(byte) for byte in data)

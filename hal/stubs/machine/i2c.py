"""`machine.I2C` of the RP2040: a C call that takes as long as its bits do, and fails as the bus does.

`chip.i2c[bus][address]` are devices (hal/stubs/devices): no device, OSError(EIO); a line held
low or stretched past the time-out, OSError(ETIMEDOUT). The time-out is for a whole transfer.
"""

from hal.stubs.chip import current
from hal.stubs.machine.mux import number_of, take

EIO, ETIMEDOUT = 5, 110
_BITS_A_BYTE = 9


class I2C:
    """One of the two buses. ValueError for a bus or pins that there are not."""

    def __init__(self, id, freq=400_000, *, scl=None, sda=None, timeout=50_000):  # noqa: A002 (MicroPython's name)
        if id not in (0, 1):
            raise ValueError(f"I2C({id}) doesn't exist")
        scl = number_of((5, 7)[id] if scl is None else scl)
        sda = number_of((4, 6)[id] if sda is None else sda)
        if scl & 1 != 1 or (scl & 2) >> 1 != id:
            raise ValueError("bad SCL pin")
        if sda & 1 != 0 or (sda & 2) >> 1 != id:
            raise ValueError("bad SDA pin")
        self._chip = current()
        self._devices = self._chip.i2c[id]
        self._freq = freq
        self._timeout = timeout
        self._pins = (scl, sda)
        for pin in self._pins:
            take(pin, "i2c")
            self._chip.wire(pin).pull = 1

    def scan(self):
        """Addresses that answer."""
        found = []
        for address in range(0x08, 0x78):
            try:
                self.writeto(address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def readfrom(self, addr, nbytes, stop=True):
        """Read `nbytes` bytes."""
        return bytes(self._transfer(addr, count=nbytes))

    def readfrom_into(self, addr, buf, stop=True):
        """Fill `buf`."""
        buf[:] = self._transfer(addr, count=len(buf))

    def writeto(self, addr, buf, stop=True):
        """Write `buf`; returns how many bytes the device took."""
        self._transfer(addr, data=bytes(buf))
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        """Write buffers as one. (On the device it joins them in a new buffer.)"""
        return self.writeto(addr, b"".join(bytes(part) for part in vector))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Write a register's address, then read."""
        self._transfer(addr, data=_register(memaddr, addrsize))
        return bytes(self._transfer(addr, count=nbytes))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """The same into `buf`."""
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write a register's address and what goes there. (On the device it joins them in a new buffer.)"""
        self._transfer(addr, data=_register(memaddr, addrsize) + bytes(buf))

    def _transfer(self, address, data=None, count=0):
        """One transfer: bytes out (`data`), or `count` bytes in, which are returned."""
        if not 0 <= address < 0x80:
            raise ValueError("invalid address")
        device = self._devices.get(address)
        fault = device.fault() if device is not None else None
        if fault == "hold":
            device.hold(self._chip, *self._pins)
        if any(each.holding for each in self._devices.values()) or not all(map(self._is_bus, self._pins)):
            self._fail(self._timeout, ETIMEDOUT)
        if device is None or not device.present or fault == "nak":
            self._fail(self._us(1), EIO)
        us = self._us(1 + (count if data is None else len(data))) + device.stretch_us
        if us > self._timeout:
            self._fail(self._timeout, ETIMEDOUT)
        self._chip.stall(us)
        if data is None:
            return device.read(count)
        if not device.write(data):
            self._fail(0, EIO)
        return b""

    def _is_bus(self, pin):
        return self._chip.wire(pin).function == "i2c"

    def _us(self, bytes_moved):
        return (bytes_moved * _BITS_A_BYTE + 2) * 1_000_000 // self._freq

    def _fail(self, us, code):
        self._chip.stall(us)
        raise OSError(code, "I2C")  # with one argument CPython gives it no errno


def _register(memaddr, addrsize):
    if addrsize not in (0, 8, 16, 24, 32):
        raise ValueError("invalid addrsize")
    return memaddr.to_bytes(addrsize // 8, "big")

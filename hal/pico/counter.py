"""A counter that only rises, in two sectors of the Pico's flash: one bit is cleared for each count.

It survives a loss of power at any byte, and wears a sector once in 30,720 counts. It is no security: a stock
Pico's flash can be rewritten by whoever holds it, so it shows a store that was set back by accident only.

A sector: base (32 bits, little-endian) and its CRC-32, and from byte 256 on the bits. The higher count is the one.
"""

import struct

from hal.compat import MASK, const, crc32
from hal.ports import ERR_FAILED, OK

_SECTORS = const(2)
_HEAD = const(8)
_BITS_AT = const(256)
_BYTES = const(4096 - 256)
_NONE = const(-1)


class FlashCounter:
    """Matches hal.ports.SecureCounter. `region` is flash_store.Region."""

    def __init__(self, region):
        self._region = region
        self._first = 1
        self._byte = bytearray(1)
        self._head = bytearray(_HEAD)

    def read(self):
        """The count; -1 where the flash does not answer, or holds what is no count."""
        newest = self._newest()
        if newest != _NONE:
            return self._count(newest)
        return 0 if self._untouched() else _NONE

    def advance(self):
        """Add one, durably; OK or ERR_FAILED."""
        newest = self._newest()
        if newest == _NONE:
            return self._begin(self._first, 1) if self._untouched() else ERR_FAILED
        done = self._cleared(newest)
        if done == _NONE:
            return ERR_FAILED
        if done == 8 * _BYTES:
            return self._begin(2 * self._first + 1 - newest, self._base(newest) + done + 1)
        self._byte[0] = 0x7F >> done % 8
        return self._region.write(newest, _BITS_AT + done // 8, self._byte)

    def _begin(self, sector, base):
        region = self._region
        rc = region.erase(sector)
        if rc:
            return rc
        head = self._head
        struct.pack_into("<I", head, 0, base)
        struct.pack_into("<I", head, 4, crc32(memoryview(head)[:4]))
        return region.write(sector, 0, head)

    def _newest(self):
        """The sector with the higher base, or _NONE."""
        newest = _NONE
        most = _NONE
        for sector in range(self._first, self._first + _SECTORS):
            base = self._base(sector)
            if base > most:
                most = base
                newest = sector
        return newest

    def _base(self, sector):
        head = self._head
        if self._region.read(sector, 0, head) != OK:
            return _NONE
        base, check = struct.unpack("<II", head)
        # Of four bytes 0xFF the CRC-32 is four bytes 0xFF: a blank sector holds no base.
        return base if base <= MASK and check == crc32(memoryview(head)[:4]) else _NONE

    def _count(self, sector):
        done = self._cleared(sector)
        return self._base(sector) + done if done >= 0 else _NONE

    def _cleared(self, sector):
        """Bits cleared: all bytes before one are 0, all behind it 0xFF; _NONE where the flash does not answer."""
        low = 0
        high = _BYTES
        while low < high:
            middle = (low + high) // 2
            byte = self._at(sector, middle)
            if byte < 0:
                return _NONE
            if byte == 0:
                low = middle + 1
            else:
                high = middle
        if low == _BYTES:
            return 8 * _BYTES
        byte = self._at(sector, low)
        if byte < 0:
            return _NONE
        cleared = 0
        while cleared < 8 and not byte >> 7 - cleared & 1:
            cleared += 1
        return 8 * low + cleared

    def _at(self, sector, index):
        return self._byte[0] if self._region.read(sector, _BITS_AT + index, self._byte) == OK else _NONE

    def _untouched(self):
        """Neither sector ever held a count: one at most was begun, and cut off."""
        for sector in range(self._first, self._first + _SECTORS):
            if self._region.read(sector, _BITS_AT, self._byte) != OK or self._byte[0] != 0xFF:
                return False
        return True

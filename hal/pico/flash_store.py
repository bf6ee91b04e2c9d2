"""The store in the Pico's own flash: NOR semantics as the part has them, in 31 sectors below the file system.

Stock MicroPython mounts a file system over all that `rp2.Flash()` reaches and remakes it where its
size is another, so there is no room above. Below it, between the interpreter's image and the file
system, every official image leaves more than 200 KB free; blocks there have negative numbers, which
`rp2.Flash` takes without a word (ports/rp2/rp2_flash.c, 1.27 to 1.29). Nothing is written there
but into sectors that are blank or bear our header: what else lies there is somebody's, and is refused.

    sector 0       header, never erased
    sectors 1, 2   the counter (counter.py)
    sectors 3 …    library 8, journals 5 and 5, audit 4 and 4, credentials 1 and 1

No read, write or erase leaves an exception. A write programs whole pages of 256 bytes with interrupts off,
0.4 ms each; an erase 45 to 400 ms for each sector that is not blank: a journal's five are 2 s at worst, which a lease
outlasts, and live twelve years. A stock Pico cannot lock any of it.
"""

import rp2

from hal.compat import const
from hal.ports import AREA_KEYS_B, AREA_LIBRARY, ERR_ABSENT, ERR_FAILED, ERR_RANGE, OK

SECTOR = const(4096)
_PAGE = const(256)
_SECTORS = const(31)
_FIRST = const(-31)
HEADER = b"KVO store 2\n"
_ERASE_BLOCK = const(6)
_BLANK = b"\xff" * _PAGE
# First sector and number of sectors of each area, by its code.
_PLACES = bytes((3, 8, 11, 5, 16, 5, 21, 4, 25, 4, 29, 1, 30, 1))


class Region:
    """The reserved sectors. `state` is OK, or why nothing is read or written: ERR_ABSENT, ERR_FAILED."""

    def __init__(self):
        self._flash = rp2.Flash()
        self._page = bytearray(_PAGE)
        self._check = bytearray(_PAGE)
        self.state = OK
        self.state = self._claim()

    def _claim(self):
        """Find our header; where all is blank, put it there. ERR_ABSENT over what is somebody else's."""
        found = bytearray(len(HEADER))
        if self.read(0, 0, found) != OK:
            return ERR_FAILED
        if found == HEADER:
            return OK
        if not self._is_begun():
            return ERR_ABSENT
        for sector in range(1, _SECTORS):
            if not self.is_blank(sector):
                return ERR_ABSENT
        return self.write(0, 0, HEADER)

    def _is_begun(self):
        """Whether the first sector is blank, or holds what a header leaves that was cut off."""
        check = self._check
        for offset in range(0, SECTOR, _PAGE):
            if self.read(0, offset, check) != OK:
                return False
            if offset == 0:
                for place in range(len(HEADER)):
                    if check[place] & HEADER[place] != HEADER[place]:
                        return False
                    check[place] = 0xFF
            if check != _BLANK:
                return False
        return True

    def read(self, sector, offset, into):
        """Fill `into` from a sector's offset; ERR_FAILED where the flash does not answer."""
        if self.state:
            return self.state
        try:
            self._flash.readblocks(_FIRST + sector, into, offset)
        except OSError:
            return ERR_FAILED
        return OK

    def write(self, sector, offset, data):
        """Clear bits; ERR_FAILED where a bit had to be set, or was not taken."""
        if self.state:
            return self.state
        done = 0
        view = memoryview(data)
        while done < len(view):
            at = offset + done
            count = min(_PAGE - at % _PAGE, len(view) - done)
            rc = self._write_page(sector, at, view[done : done + count])
            if rc:
                return rc
            done += count
        return OK

    def _write_page(self, sector, offset, part):
        """What lies beside `part` in its page is programmed with ones, which changes nothing."""
        page = self._page
        for place in range(_PAGE):
            page[place] = 0xFF
        inside = offset % _PAGE
        page[inside : inside + len(part)] = part
        check = memoryview(self._check)[: len(part)]
        try:
            self._flash.writeblocks(_FIRST + sector, page, offset - inside)
            self._flash.readblocks(_FIRST + sector, check, offset)
        except OSError:
            return ERR_FAILED
        return OK if check == part else ERR_FAILED

    def erase(self, sector):
        """Set a sector to 0xFF; one that is so already is not worn."""
        if self.state:
            return self.state
        if self.is_blank(sector):
            return OK
        try:
            self._flash.ioctl(_ERASE_BLOCK, _FIRST + sector)
        except OSError:
            return ERR_FAILED
        return OK if self.is_blank(sector) else ERR_FAILED

    def is_blank(self, sector):
        """Whether every bit of a sector is set."""
        check = self._check
        for offset in range(0, SECTOR, _PAGE):
            if self.read(sector, offset, check) != OK or check != _BLANK:
                return False
        return True


class FlashStore:
    """Matches hal.ports.Store. ERR_ABSENT from every call where the place was somebody else's."""

    def __init__(self, region):
        self._region = region

    def size(self, area):
        """Bytes in `area`, 0 for an area that is not there."""
        return _PLACES[2 * area + 1] * SECTOR if AREA_LIBRARY <= area <= AREA_KEYS_B else 0

    def read(self, area, offset, into):
        """Fill `into` from `offset`; OK or ERR_*."""
        if not self._holds(area, offset, len(into)):
            return ERR_RANGE
        return self._region.read(_PLACES[2 * area], offset, into)

    def write(self, area, offset, data):
        """Write `data` at `offset`; OK or ERR_*."""
        if not self._holds(area, offset, len(data)):
            return ERR_RANGE
        return self._region.write(_PLACES[2 * area], offset, data)

    def erase(self, area):
        """Set the whole area to 0xFF, the first sector first: cut short, what is left is no area in use."""
        if not self.size(area):
            return ERR_RANGE
        first = _PLACES[2 * area]
        rc = OK
        for index in range(_PLACES[2 * area + 1]):
            if rc == OK:
                rc = self._region.erase(first + index)
        return rc

    def erase_block(self, area, offset):
        """Set a sector to 0xFF; ERR_RANGE where `offset` begins none."""
        if offset % SECTOR or not self._holds(area, offset, SECTOR):
            return ERR_RANGE
        return self._region.erase(_PLACES[2 * area] + offset // SECTOR)

    def _holds(self, area, offset, length):
        return 0 <= offset and offset + length <= self.size(area)

"""The store in the Pico's own flash: NOR semantics as the part has them, in 41 sectors below the file system.

Stock MicroPython mounts a file system over all that `rp2.Flash()` reaches and remakes it where its
size is another, so there is no room above. Below it, between the interpreter's image and the file
system, every official image leaves more than 200 KB free; blocks there have negative numbers, which
`rp2.Flash` takes without a word (ports/rp2/rp2_flash.c, 1.27 to 1.29). Nothing is written there
but into sectors that are blank or bear our header: what else lies there is somebody's, and is refused. An interpreter
that was built with a ROM partition has it there; the store then lies below that.

    sector 0       header, never erased
    sectors 1, 2   the counter (counter.py)
    sectors 3 …    library 4, journals 5 and 5, audit 4 and 4, credentials 1 and 1, the stage 6, boot records 1 and 1,
                   root records 1 and 1, the library's second copy 4

No read, write or erase leaves an exception. A write programs whole pages of 256 bytes with interrupts off,
0.4 ms each; an erase 45 to 400 ms for each sector that is not blank: a journal's five are 2 s at worst, which a lease
outlasts, and live twelve years. A stock Pico cannot lock any of it.
"""

import rp2
import vfs

from hal.compat import const
from hal.ports import ERR_ABSENT, ERR_FAILED, ERR_RANGE, OK

SECTOR = const(4096)
_PAGE = const(256)
_SECTORS = const(41)
_FIRST = const(-41)
HEADER = b"KVO store 3\n"
_BLOCKS = const(4)  # what `ioctl` is asked for
_ERASE_BLOCK = const(6)
_ROM_PARTITIONS = const(1)  # what `rom_ioctl` is asked for
_ROM_PARTITION = const(2)
_BLANK = b"\xff" * _PAGE
# First sector and number of sectors of each area, by its code; none: it is not in this flash.
_PLACES = bytes(
    (
        3, 4, 7, 5, 12, 5, 17, 4, 21, 4, 25, 1, 26, 1, 27, 6, 33, 1, 34, 1, 35, 1, 36, 1, 0, 0, 0, 0, 0, 0, 37, 4,
    )
)  # fmt: skip
_AREAS = const(16)


def _rom_sectors():
    """Sectors of the interpreter's ROM partition, 0 where it has none."""
    if not hasattr(vfs, "rom_ioctl") or vfs.rom_ioctl(_ROM_PARTITIONS) < 1:
        return 0
    return vfs.rom_ioctl(_ROM_PARTITION, 0).ioctl(_BLOCKS, 0)


class Region:
    """The reserved sectors. `state` is OK, or why nothing is read or written: ERR_ABSENT, ERR_FAILED."""

    def __init__(self):
        self._flash = rp2.Flash()
        self._first = _FIRST - _rom_sectors()
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
            self._flash.readblocks(self._first + sector, into, offset)
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
            self._flash.writeblocks(self._first + sector, page, offset - inside)
            self._flash.readblocks(self._first + sector, check, offset)
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
            self._flash.ioctl(_ERASE_BLOCK, self._first + sector)
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
        return _PLACES[2 * area + 1] * SECTOR if 0 <= area < _AREAS else 0

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

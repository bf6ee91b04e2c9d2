"""`rp2.Flash`: the block device over the flash chip. Programming and erasing stall the chip: no Python runs."""

from hal.stubs.chip import current
from hal.stubs.flash import PAGE, SECTOR


class Flash:
    """`rp2.Flash([start, len])`: a block device of 4096-byte blocks over what the file system has, or a part of it.

    As on the chip, the blocks before the first are the memory below: nothing is checked there. An access
    outside of the chip raises here.
    """

    def __init__(self, *, start=-1, len=-1):  # noqa: A002 (MicroPython's name)
        self._chip = current()
        self._memory = memory = self._chip.flash
        whole = _size(memory.data) - memory.base
        if start != -1 and not (0 <= start < whole and start % SECTOR == 0):
            raise ValueError
        first = max(start, 0)
        if len != -1 and not (0 < len and first + len <= whole and len % SECTOR == 0):
            raise ValueError
        self._start = memory.base + first
        self._length = whole - first if len == -1 else len

    def readblocks(self, block, buf, offset=0):
        """Copy from the part into `buf`."""
        start = self._place(block, offset, _size(buf))
        memoryview(buf)[:] = self._memory.data[start : start + _size(buf)]

    def writeblocks(self, block, buf, offset=None):
        """Program; without an offset, erase first."""
        start = self._place(block, offset or 0, _size(buf))
        if offset is None:
            if _size(buf) % SECTOR:
                raise RuntimeError("flash_range_erase: length must be whole sectors of 4096 bytes")
            for sector in range(start // SECTOR, (start + _size(buf)) // SECTOR):
                self._erase(sector)
        self._memory.program(start, bytes(buf))
        self._chip.stall(self._memory.program_us * (_size(buf) // PAGE))

    def ioctl(self, op, arg):
        """1, 2, 3: init, deinit, sync; 4: blocks; 5: block size; 6: erase a block."""
        if op in (1, 2, 3):
            return 0
        if op == 4:
            return self._length // SECTOR
        if op == 5:
            return SECTOR
        if op == 6:
            self._erase(self._place(arg, 0, SECTOR) // SECTOR)
            return 0
        return None

    def _erase(self, sector):
        self._memory.erase(sector)
        self._chip.stall(self._memory.erase_us)

    def _place(self, block, offset, length):
        address = self._start + block * SECTOR + offset
        if address < 0 or address + length > _size(self._memory.data):
            raise RuntimeError(f"flash: {address:#x} is outside of the chip")
        return address


_size = len

"""The Pico's flash chip behind `rp2.Flash`: programming only clears bits, by pages; an erase sets a sector.

Both run with interrupts off and nothing read from flash, so no Python runs: the chip stalls. MicroPython
checks neither erasure nor alignment. What a part would do with a page that is not aligned (wrap within it)
is a bug of the program and is raised here.
"""

SECTOR = 4096
PAGE = 256
# Winbond W25Q16JV: page program 0.4 ms typical, 3 ms at most; sector erase 45 ms typical, 400 ms at most.
PROGRAM_US = 400
ERASE_US = 45_000


# A Pico's 2 MiB: MicroPython's image from the start, its file system in the last 1408 KiB (1.27 to 1.29).
SIZE = 2048 * 1024
STORAGE = 1408 * 1024
IMAGE = 340 * 1024


class FlashMemory:
    """The bytes of the part by address, and how long it takes.

    `storage` is what the file system has of it, `rom` what a ROM partition just below that.
    """

    def __init__(self, storage=STORAGE, image=IMAGE, rom=0):
        self.base = SIZE - storage
        self.rom = rom
        self.image = image
        self.data = bytearray(b"\xff" * SIZE)
        self.data[:image] = b"\x4b" * image
        self.erase_us = ERASE_US
        self.program_us = PROGRAM_US
        self.erases = {}  # how often, by sector
        self.programs = 0
        self.dead = False  # a part that takes no command: nothing changes, nothing is said
        self.cut_after = None  # power goes after so many bytes more: programmed, or a sector's erased
        self.on_cut = None  # called then; it raises

    def program(self, address, data):
        """Clear bits of whole pages. RuntimeError for what the part would do elsewhere."""
        if address % PAGE or len(data) % PAGE:
            raise RuntimeError("flash_range_program: address and length must be whole pages of 256 bytes")
        self._spare(address)
        self.programs += len(data) // PAGE
        if self.dead:
            return
        count, cut = self._until_cut(len(data))
        old = self.data[address : address + count]
        self.data[address : address + count] = bytes(a & b for a, b in zip(old, data, strict=False))
        if cut:
            self.on_cut()

    def erase(self, sector):
        """Set a sector's bits; cut short, some bytes are erased and the others are not."""
        self._spare(sector * SECTOR)
        self.erases[sector] = self.erases.get(sector, 0) + 1
        if self.dead:
            return
        count, cut = self._until_cut(SECTOR)
        self.data[sector * SECTOR : sector * SECTOR + count] = b"\xff" * count
        if cut:
            self.on_cut()

    def _spare(self, address):
        if address < self.image:
            raise RuntimeError(f"flash: {address:#x} is the interpreter's own image")

    def _until_cut(self, count):
        left = self.cut_after
        if left is None:
            return count, False
        self.cut_after = None if left < count else left - count
        return min(left, count), left < count

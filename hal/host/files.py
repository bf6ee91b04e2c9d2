"""Non-volatile memory of a PC: files with the semantics of NOR flash, synced before they count."""

import os
from pathlib import Path

from hal.ports import (
    AREA_AUDIT_A,
    AREA_AUDIT_B,
    AREA_JOURNAL_A,
    AREA_JOURNAL_B,
    AREA_KEYS_A,
    AREA_KEYS_B,
    AREA_LIBRARY,
    AREA_LIBRARY_B,
    AREA_ROOTS_A,
    AREA_ROOTS_B,
    AREA_STAGE,
    BLOCK,
    ERR_FAILED,
    ERR_RANGE,
    OK,
)

SIZES = {
    AREA_LIBRARY: 32 * 1024,
    AREA_JOURNAL_A: 64 * 1024,
    AREA_JOURNAL_B: 64 * 1024,
    AREA_AUDIT_A: 16 * 1024,
    AREA_AUDIT_B: 16 * 1024,
    AREA_KEYS_A: 4 * 1024,
    AREA_KEYS_B: 4 * 1024,
    AREA_STAGE: 36 * 1024,
    AREA_ROOTS_A: 4 * 1024,
    AREA_ROOTS_B: 4 * 1024,
    AREA_LIBRARY_B: 32 * 1024,
}
_ERASED = b"\xff"


class FileStore:
    """Matches hal.ports.Store: one file an area in `folder`, made on first use."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for area, size in SIZES.items():
            path = self._path(area)
            if not path.exists() or path.stat().st_size != size:
                path.write_bytes(_ERASED * size)

    def size(self, area):
        """Bytes in `area`, 0 for an area that is not there."""
        return SIZES.get(area, 0)

    def read(self, area, offset, into):
        """Fill `into` from `offset`; OK, ERR_RANGE, or ERR_FAILED where the file does not answer."""
        if not self._holds(area, offset, len(into)):
            return ERR_RANGE
        try:
            with open(self._path(area), "rb") as file:
                file.seek(offset)
                data = file.read(len(into))
        except OSError:
            return ERR_FAILED
        if len(data) != len(into):
            return ERR_FAILED
        into[:] = data
        return OK

    def write(self, area, offset, data):
        """Clear bits at `offset` and sync; ERR_FAILED where a bit had to be set, or the disk refuses."""
        before = bytearray(len(data))
        rc = self.read(area, offset, before)
        if rc != OK:
            return rc
        after = bytes(old & new for old, new in zip(before, data, strict=True))
        rc = self._put(area, offset, after)
        return rc if rc != OK or after == bytes(data) else ERR_FAILED

    def erase(self, area):
        """Set the whole area to 0xFF and sync."""
        return self._put(area, 0, _ERASED * SIZES[area]) if area in SIZES else ERR_RANGE

    def erase_block(self, area, offset):
        """Set a block to 0xFF and sync."""
        if offset % BLOCK or not self._holds(area, offset, BLOCK):
            return ERR_RANGE
        return self._put(area, offset, _ERASED * BLOCK)

    def _holds(self, area, offset, length):
        return area in SIZES and 0 <= offset and offset + length <= SIZES[area]

    def _path(self, area):
        return self._folder / f"area-{area}.bin"

    def _put(self, area, offset, data):
        try:
            with open(self._path(area), "r+b") as file:
                file.seek(offset)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return ERR_FAILED
        return OK


class FileCounter:
    """Matches hal.ports.SecureCounter with a file. A PC protects it from nobody who owns the disk."""

    def __init__(self, path):
        self._path = Path(path)

    def read(self):
        """The count, 0 before the first advance, or -1 where the file is not a count."""
        try:
            return int(self._path.read_text()) if self._path.exists() else 0
        except (OSError, ValueError):
            return -1

    def advance(self):
        """Add one, durably: the new count replaces the old in one rename."""
        count = self.read()
        if count < 0:
            return ERR_FAILED
        fresh = self._path.with_suffix(".new")
        try:
            with open(fresh, "w") as file:
                file.write(str(count + 1))
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError:
            return ERR_FAILED
        return OK


class HostEntropy:
    """Matches hal.ports.Entropy by the operating system's generator."""

    def fill(self, into):
        """Fill `into`."""
        into[:] = os.urandom(len(into))
        return OK

"""An image in a slot as a read-only file system: MicroPython imports from it as from any other.

    vfs.mount(Volume(Files(slot), slot, booted), "/slot")
    sys.path[:] = ["/slot"]

What can be imported is what the manifest vouches for and nothing else, wherever else files lie. One file is not the
image's: FILE tells the firmware how it was started (booted.py); no path of an image begins with a dot.
"""

import io

from firmware.update.booted import FILE
from hal.compat import const
from hal.ports import OK

_FOLDER = const(0x4000)
_FILE = const(0x8000)
_ENOENT = const(2)
_EROFS = const(30)


class _Of(io.IOBase):
    """A file that is read: a stretch of the slot."""

    def __init__(self, slot, start, length):
        self._slot = slot
        self._next = start
        self._left = length

    def readinto(self, into):
        count = min(len(into), self._left)
        if self._slot.read(self._next, memoryview(into)[:count]) != OK:
            raise OSError(5)
        self._next += count
        self._left -= count
        return count

    def ioctl(self, request, argument):
        return 0


class Volume:
    """What MicroPython asks of a file system."""

    def __init__(self, files, slot, booted):
        """`files`: contents.Files of `slot`; `booted`: bytes for BOOTED."""
        self._files = files
        self._slot = slot
        self._booted = booted

    def mount(self, readonly, make):
        """Nothing to do."""

    def umount(self):
        """Nothing to do."""

    def stat(self, path):
        """As os.stat; OSError where there is no such thing."""
        path = path.strip("/")
        if path == FILE:
            return (_FILE, 0, 0, 0, 0, 0, len(self._booted), 0, 0, 0)
        found = self._files.find(path)
        if found is not None:
            return (_FILE, 0, 0, 0, 0, 0, found[1], 0, 0, 0)
        if not path or self._files.is_folder(path):
            return (_FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(_ENOENT)

    def open(self, path, mode):
        """A stream to read from; OSError where there is no such file, or it is to be written."""
        if "w" in mode or "a" in mode or "+" in mode:
            raise OSError(_EROFS)
        path = path.strip("/")
        if path == FILE:
            return io.BytesIO(self._booted)
        found = self._files.find(path)
        if found is None:
            raise OSError(_ENOENT)
        return _Of(self._slot, found[0], found[1])

"""The files of an image in a slot: whether they are what a pump can run, and where each lies.

`Inspect` goes through all of it before it is installed; `Files` finds a file at boot, when the whole has its digest.
"""

import sys

from firmware.update import bundle, reasons
from hal.compat import const
from hal.ports import ERR_BUSY, OK

MAIN = "main.py"
_MPY = ".mpy"
_MAGIC = const(0x4D)
_HEAD = const(4)  # magic, version, flags, bits of a small integer
_SMALL_INT_BITS = const(31)
_ARCHITECTURE = const(0xFC)  # of native code; ours has none
_PIECE = const(512)
_PIECES = const(4)
_PATH = const(1)
_LENGTH = const(4)
_DIGEST = const(32)
_UNKNOWN = const(6)  # where an interpreter does not say: that of MicroPython 1.20 and later


def bytecode_version():
    """The version of `.mpy` that this interpreter loads."""
    return getattr(sys.implementation, "_mpy", _UNKNOWN) & 0xFF


class _Sink:
    """Looks at each file's beginning as bundle.Reader hands it on."""

    def __init__(self, version):
        self._version = version
        self._head = b""
        self._wanted = 0
        self.has_main = False
        self.other = False

    def begin(self, path, length):
        self.has_main = self.has_main or path == MAIN
        self._head = b""
        self._wanted = _HEAD if path.endswith(_MPY) else 0
        return True

    def data(self, piece):
        if len(self._head) < self._wanted:
            self._head += piece[: self._wanted - len(self._head)]
        return True

    def end(self):
        head = self._head
        if self._wanted:
            right = len(head) == _HEAD and head[0] == _MAGIC and head[1] == self._version
            if not right or head[2] & _ARCHITECTURE or head[3] > _SMALL_INT_BITS:
                self.other = True
        return True


class Inspect:
    """`step` until it is not ERR_BUSY: OK, or `reason` says why the image is none that this pump could run."""

    def __init__(self, slot, version):
        """`slot`: whole, and its digest is right. `version`: of bytecode (bytecode_version)."""
        self._slot = slot
        self._sink = _Sink(version)
        self._reader = bundle.Reader(self._sink)
        self._piece = bytearray(_PIECE)
        self._at = 0
        self.reason = 0

    def step(self):
        """Look at a few pieces; ERR_BUSY while there are more."""
        for _ in range(_PIECES):
            count = min(_PIECE, self._slot.length - self._at)
            if not count:
                break
            piece = memoryview(self._piece)[:count]
            if self._slot.read(self._at, piece) != OK:
                self.reason = reasons.UNREADABLE
                return OK
            self._at += count
            verdict = self._reader.take(bytes(piece))
            if verdict == bundle.BAD_PATH:
                self.reason = reasons.BAD_PATH
                return OK
            if verdict not in (bundle.MORE, bundle.COMPLETE):
                self.reason = reasons.NO_BUNDLE
                return OK
        if self._at < self._slot.length:
            return ERR_BUSY
        if self._reader.verdict != bundle.COMPLETE:
            self.reason = reasons.NO_BUNDLE
        elif self._sink.other:
            self.reason = reasons.OTHER_INTERPRETER
        elif not self._sink.has_main:
            self.reason = reasons.NO_MAIN
        return OK


class Files:
    """Where the files of an image lie. Three bytes a file; names are read where they stand, in order."""

    def __init__(self, slot):
        """Go through the heads of `slot`, whose image is whole."""
        self._slot = slot
        self._places = bytearray()
        at = 0
        while at < slot.length:
            path, start, length = self._head(at)
            if not path:
                break
            self._places += at.to_bytes(3, "big")
            at = start + length

    def _head(self, at):
        """Path, where its data begins, and their length; an empty path at the end or where it does not read."""
        head = bytearray(_PATH)
        if self._slot.read(at, head) != OK or not head[0]:
            return "", at, 0
        path = bytearray(head[0])
        size = bytearray(_LENGTH)
        start = at + _PATH + head[0]
        if self._slot.read(at + _PATH, path) != OK or self._slot.read(start, size) != OK:
            return "", at, 0
        return str(path, "utf-8"), start + _LENGTH + _DIGEST, int.from_bytes(size, "big")

    def count(self):
        """How many there are."""
        return len(self._places) // 3

    def path(self, number):
        """The path of a file by its number, in order."""
        return self._at(number)[0]

    def _at(self, number):
        return self._head(int.from_bytes(self._places[3 * number : 3 * number + 3], "big"))

    def find(self, path):
        """(start, length) of a file, or None."""
        low = self._first_from(path)
        if low < self.count():
            found, start, length = self._at(low)
            if found == path:
                return start, length
        return None

    def is_folder(self, path):
        """Whether a file lies below it."""
        low = self._first_from(path + "/")
        return low < self.count() and self.path(low).startswith(path + "/")

    def _first_from(self, path):
        """The number of the first file whose path is not below `path` in order."""
        low, high = 0, self.count()
        while low < high:
            middle = (low + high) // 2
            if self.path(middle) < path:
                low = middle + 1
            else:
                high = middle
        return low

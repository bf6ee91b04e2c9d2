"""A folder as one payload: its files one after another, each with path, length and SHA-256, in order of path.

    file    1 byte: length of the path; the path; 4 bytes: length of the data; 32 bytes: their SHA-256; the data
    end     1 byte: 0

Numbers have their highest byte first. One folder has one payload, so the digest in a manifest stands for exactly
its files. Paths are plain, and rise: none twice, none upward, none that a file system would take for another.
"""

from hashlib import sha256

from firmware.trust.mac import equal
from hal.compat import const

PATH_MOST = const(64)  # bytes
PARTS_MOST = const(5)  # folders and a name
FILES_MOST = const(400)
_HEAD = const(36)  # bytes after the path: length and digest
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789_-."

# What comes of a piece; the refusals end it.
MORE = const(0)
COMPLETE = const(0x4C93)
BAD_PATH = const(1)
BAD_ORDER = const(2)
WRONG_DIGEST = const(3)
TRAILING = const(4)
TOO_MANY = const(5)
REFUSED_BY_SINK = const(6)


def is_path(path):
    """Whether `path` (str) names a file below the slot and nowhere else."""
    if not 0 < len(path) <= PATH_MOST:
        return False
    parts = path.split("/")
    if len(parts) > PARTS_MOST:
        return False
    for part in parts:
        if not part or part[0] == "." or part[-1] == ".":
            return False
        for letter in part:
            if letter not in _PLAIN:
                return False
    return True


class Reader:
    """Takes a payload in pieces and hands files on: `sink.begin(path, length)`, `sink.data(piece)`, `sink.end()`.

    Each returns whether it could. A file whose digest is wrong is begun and never ended. `files`: how many were.
    """

    __slots__ = ("_digest", "_hash", "_head", "_last", "_left", "_sink", "_want", "files", "verdict")

    def __init__(self, sink):
        self._sink = sink
        self._head = b""
        self._want = 1  # bytes of head before something can be said
        self._left = 0  # bytes of data to come
        self._last = ""
        self._hash = self._digest = None
        self.files = 0
        self.verdict = MORE

    def take(self, piece):
        """MORE, COMPLETE, or why not. `piece` is bytes; however they are cut, the same comes of it."""
        place = 0
        while place < len(piece) and self.verdict == MORE:
            if self._hash is not None:
                count = min(self._left, len(piece) - place)
                self._data(piece[place : place + count])
            else:
                count = min(self._want - len(self._head), len(piece) - place)
                self._head += piece[place : place + count]
                if len(self._head) == self._want:
                    self._on_head()
            place += count
        if place < len(piece) and self.verdict == COMPLETE:
            self.verdict = TRAILING
        return self.verdict

    def _on_head(self):
        length = self._head[0]
        if self._want == 1:
            if not length:
                self.verdict = COMPLETE
            elif length > PATH_MOST:
                self.verdict = BAD_PATH
            else:
                self._want = 1 + length + _HEAD
            return
        head = self._head
        self._head = b""
        self._want = 1
        path = head[1 : 1 + length]
        for byte in path:
            if not 0x20 < byte < 0x7F:
                self.verdict = BAD_PATH
                return
        path = str(path, "utf-8")
        if not is_path(path):
            self.verdict = BAD_PATH
        elif path <= self._last:
            self.verdict = BAD_ORDER
        elif self.files >= FILES_MOST:
            self.verdict = TOO_MANY
        else:
            self._begin(path, head[1 + length :])

    def _begin(self, path, head):
        self._last = path
        self._left = head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3]
        self._digest = head[4:]
        self._hash = sha256()
        if not self._sink.begin(path, self._left):
            self.verdict = REFUSED_BY_SINK
        elif not self._left:
            self._end()

    def _data(self, piece):
        self._hash.update(piece)
        self._left -= len(piece)
        if not self._sink.data(piece):
            self.verdict = REFUSED_BY_SINK
        elif not self._left:
            self._end()

    def _end(self):
        good = equal(self._digest, self._hash.digest())
        self._hash = None
        if not good:
            self.verdict = WRONG_DIGEST
        elif not self._sink.end():
            self.verdict = REFUSED_BY_SINK
        else:
            self.files += 1

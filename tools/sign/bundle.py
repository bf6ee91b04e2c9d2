"""Makes the payload of a folder, as firmware/update/bundle.py takes it apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from firmware.update import bundle
from tools.sign.problem import SignProblem


def make_bundle(files: Mapping[str, bytes]) -> bytes:
    """The payload of files by path. SignProblem where a pump would refuse a path."""
    if not 0 < len(files) <= bundle.FILES_MOST:
        raise SignProblem(f"{len(files)} files; a pump takes 1 to {bundle.FILES_MOST} in one payload")
    parts = []
    for path in sorted(files):
        if not bundle.is_path(path):
            raise SignProblem(
                f"{path!r} is no path for a pump: up to {bundle.PATH_MOST} small letters, digits, '_', '-' and '.' "
                f"in at most {bundle.PARTS_MOST} parts, none beginning or ending with '.'; rename it"
            )
        data = files[path]
        parts += [bytes([len(path)]), path.encode(), len(data).to_bytes(4, "big"), hashlib.sha256(data).digest(), data]
    return b"".join([*parts, b"\x00"])


def read_folder(folder: Path) -> dict[str, bytes]:
    """The folder's files by path. SignProblem where something in it is neither file nor folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise SignProblem(f"{path} is no plain file; a slot holds files alone: replace it or take it out")
        if path.is_file():
            found[name] = path.read_bytes()
    return found


class Collected:
    """A sink that keeps the files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._path = ""
        self._data = b""

    def begin(self, path: str, length: int) -> bool:
        """A file begins."""
        self._path, self._data = path, b""
        return True

    def data(self, piece: bytes) -> bool:
        """More of it."""
        self._data += piece
        return True

    def end(self) -> bool:
        """It was whole."""
        self.files[self._path] = self._data
        return True

"""Packs files into a ROM file system, from which MicroPython runs bytecode in place: it takes no room in the heap.

The format is MicroPython's own (docs.micropython.org, "ROMFS"), written by `mpremote`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.homes.base import HomeError

# The file that homes/webassembly.py takes for such an image, and mounts at FOLDER.
NAME = "rom.img"
# Where MicroPython mounts a board's ROM partition when it starts (py/runtime.c, 1.25 and later).
FOLDER = "/rom"


def rom_image(files: Mapping[str, bytes]) -> bytes:
    """The ROM file system that holds `files`, by path, in order of path. HomeError without mpremote."""
    try:
        from mpremote.romfs import VfsRomWriter
    except ImportError:
        raise HomeError("a ROM image: mpremote is not installed; pip install 'kvo[device]'") from None
    tree: dict[str, Any] = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = data
    writer = VfsRomWriter()
    _fill(writer, tree)
    return bytes(writer.finalise())


def _fill(writer: Any, tree: Mapping[str, Any]) -> None:
    for name, what in sorted(tree.items()):
        if isinstance(what, dict):
            writer.opendir(name)
            _fill(writer, what)
            writer.closedir()
        else:
            writer.mkfile(name, what)

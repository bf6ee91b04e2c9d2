"""Whether an image fits: its place in the board's file system, and what it holds of the heap once it has booted."""

from __future__ import annotations

from dataclasses import dataclass

from tools.image.image import MAIN, MANIFEST, Image, ImageProblem
from tools.image.resident import resident

# MicroPython mounts LittleFS 2 on erase blocks of 4 KB. A file takes whole blocks; a folder two.
BLOCK = 4096
_FOLDER_BLOCKS = 2
# Left to whoever puts more on it; the pump's own store lies below the file system (hal/pico/flash_store.py).
SPARE_BYTES = 64 * 1024
# Live bytes once booted, to a byte of resident `.mpy`: 1.7 was measured, rounded up (kvo bench device).
LIVE_PER_BYTE_PERCENT = 175
# What must stay free to work in: a Pico W's TLS handshake took 35 KB, the import of a module up to 20.
WORKING_BYTES = 40 * 1024


def room_of(path: str) -> str:
    """The room that a file of an image belongs to."""
    parts = path.split("/")
    if len(parts) == 1:
        return "main.py"
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


@dataclass(frozen=True)
class Fit:
    """What an image takes, in bytes. `rooms` maps a room to its count of files and their bytes."""

    rooms: dict[str, tuple[int, int]]
    flash_bytes: int
    flash_room: int
    resident_bytes: int
    live_bytes: int
    live_room: int


def weigh(image: Image) -> Fit:
    """What `image` takes, and what there is."""
    rooms: dict[str, tuple[int, int]] = {}
    for path, data in image.files.items():
        files, size = rooms.get(room_of(path), (0, 0))
        rooms[room_of(path)] = files + 1, size + len(data)
    written = [*image.files.values(), image.manifest()]
    folders = {path.rsplit("/", 1)[0] for path in image.files if "/" in path} | {"", "firmware", "hal"}
    blocks = sum(-(-len(data) // BLOCK) for data in written) + _FOLDER_BLOCKS * len(folders)
    sources = {MAIN: image.files[MAIN], **image.sources}
    later = {path.removesuffix(".py") + ".mpy" for path in set(sources) - resident(sources, MAIN)}
    held = sum(len(data) for path, data in image.files.items() if path.endswith(".mpy") and path not in later)
    target = image.target
    return Fit(
        rooms, blocks * BLOCK, target.flash_bytes - SPARE_BYTES, held, held * LIVE_PER_BYTE_PERCENT // 100,
        target.heap_bytes - WORKING_BYTES,
    )  # fmt: skip


def refuse_what_does_not_fit(image: Image, fit: Fit) -> None:
    """Raise ImageProblem, with what is to be had, where the image would not fit."""
    title = image.target.title
    if fit.flash_bytes > fit.flash_room:
        raise ImageProblem(
            f"the image needs {fit.flash_bytes // 1024} KB of a {title}'s file system, which has room for "
            f"{fit.flash_room // 1024} KB; choose a larger board"
        )
    if fit.live_bytes > fit.live_room:
        raise ImageProblem(
            f"the firmware would hold about {fit.live_bytes // 1024} KB of a {title}'s heap, of which "
            f"{fit.live_room // 1024} KB may be held; choose a larger board"
        )


__all__ = ["MANIFEST", "Fit", "refuse_what_does_not_fit", "room_of", "weigh"]

"""Whether an image fits: its place in the board's file system, and what it holds of the heap once it has booted."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tools.image.image import MAIN, MANIFEST, ROM, Image, ImageProblem, start_of
from tools.image.resident import resident
from tools.image.targets import BOARDS

# MicroPython mounts LittleFS 2 on erase blocks of 4 KB. A file takes whole blocks; a folder two.
BLOCK = 4096
_GATEKEEPER = "firmware/trust/gatekeeper.py"
_FOLDER_BLOCKS = 2
# Left to whoever puts more on it; the pump's own store lies below the file system (hal/pico/flash_store.py).
SPARE_BYTES = 64 * 1024
# Live bytes once booted, to a byte of resident `.mpy`: 1.73 was measured (kvo bench device), of the bare board with
# its store, its words and its screen 2.0.
LIVE_PER_BYTE_PERCENT = 175
_OF_THE_BARE_BOARD = 200
# The same where the bytecode runs from a ROM partition: 1.04 without keys and 1.0 with, of the bare board 1.24.
LIVE_PER_ROM_BYTE_PERCENT = 106
_OF_THE_BARE_BOARD_IN_ROM = 126
# What must stay free to work in: the import of a module takes up to 20 KB, a Pico W's TLS handshake, which only a pump
# with keys makes, took 35.
WORKING_BYTES = 24 * 1024
TLS_BYTES = 40 * 1024


# Without its radio a Pico W is a Pico, whose MicroPython leaves 40 KB more.
_INSTEAD = {("pico-w", "bare"): "put the Pico's MicroPython on it, whose radio is not wanted here, and build for pico"}


def room_of(path: str) -> str:
    """The room that a file of an image belongs to."""
    parts = path.split("/")
    if len(parts) == 1:
        return "main.py"
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


@dataclass(frozen=True)
class Fit:
    """What an image takes, in bytes. `rooms` maps a room to its count of files and their bytes.

    `live_bytes` are of a pump without keys, `live_with_keys` of one that has loaded its gatekeeper; `rom_bytes` of
    the ROM partition that it wants, in whole blocks, which the file system (`flash_room`) gives up.
    """

    rooms: dict[str, tuple[int, int]]
    flash_bytes: int
    flash_room: int
    resident_bytes: int
    live_bytes: int
    live_room: int
    live_with_keys: int
    room_with_keys: int
    rom_bytes: int = 0


def weigh(image: Image) -> Fit:
    """What `image` takes, and what there is."""
    rooms: dict[str, tuple[int, int]] = {}
    for path, data in image.contents.items():
        files, size = rooms.get(room_of(path), (0, 0))
        rooms[room_of(path)] = files + 1, size + len(data)
    rom = -(-len(image.files.get(ROM, b"")) // BLOCK) * BLOCK
    flash = _blocks({path: data for path, data in image.files.items() if path != ROM}, image.manifest()) * BLOCK
    sources = {MAIN: image.files[MAIN], **image.sources}
    package = BOARDS.get(image.board, image.board)
    starts = (MAIN, *start_of(package).loads)
    held = _held(image, sources, starts)
    with_keys = _held(image, sources, (*starts, *_of_a_pump_with_keys(sources)))
    percent = _percent(package == "bare", rom > 0)
    target = image.target
    return Fit(
        rooms, flash, target.flash_bytes - SPARE_BYTES - rom, held, held * percent // 100,
        target.heap_bytes - WORKING_BYTES, with_keys * percent // 100,
        target.heap_bytes - (TLS_BYTES if target.has_radio else WORKING_BYTES), rom,
    )  # fmt: skip


def _blocks(files: dict[str, bytes], manifest: bytes) -> int:
    """Blocks of the file system that `files` and the manifest take."""
    folders = {path.rsplit("/", 1)[0] for path in files if "/" in path} | {"", "firmware", "hal"}
    return sum(-(-len(data) // BLOCK) for data in (*files.values(), manifest)) + _FOLDER_BLOCKS * len(folders)


def _percent(bare: bool, rom: bool) -> int:
    if rom:
        return _OF_THE_BARE_BOARD_IN_ROM if bare else LIVE_PER_ROM_BYTE_PERCENT
    return _OF_THE_BARE_BOARD if bare else LIVE_PER_BYTE_PERCENT


def _held(image: Image, sources: dict[str, bytes], starts: tuple[str, ...]) -> int:
    """Bytes of `.mpy` that loading `starts` loads; of what has no source, all."""
    later = {path.removesuffix(".py") + ".mpy" for path in set(sources) - resident(sources, *starts)}
    return sum(len(data) for path, data in image.contents.items() if path.endswith(".mpy") and path not in later)


def _of_a_pump_with_keys(sources: dict[str, bytes]) -> list[str]:
    """What the gatekeeper of such a pump imports, also within a function."""
    found = [_GATEKEEPER]
    for path in found:
        for node in ast.walk(ast.parse(sources.get(path, b""))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            other = f"{(module or '').replace('.', '/')}.py"
            if other.startswith("firmware/trust/") and other in sources and other not in found:
                found.append(other)
    return found


def refuse_what_does_not_fit(image: Image, fit: Fit) -> None:
    """Raise ImageProblem, with what is to be had, where the image would not fit."""
    title, target = image.target.title, image.target.name
    if fit.rom_bytes and fit.flash_room < fit.flash_bytes:
        raise ImageProblem(
            f"a ROM partition of {fit.rom_bytes // 1024} KB leaves a {title} no file system; choose a larger board"
        )
    if fit.flash_bytes > fit.flash_room:
        raise ImageProblem(
            f"the image needs {fit.flash_bytes // 1024} KB of a {title}'s file system, which has room for "
            f"{fit.flash_room // 1024} KB; choose a larger board"
        )
    if fit.live_bytes > fit.live_room:
        raise ImageProblem(
            f"the firmware would hold about {fit.live_bytes // 1024} KB of a {title}'s heap, of which "
            f"{fit.live_room // 1024} KB may be held; {_INSTEAD.get((target, image.board), 'choose a larger board')}"
        )


__all__ = ["MANIFEST", "Fit", "refuse_what_does_not_fit", "room_of", "weigh"]

"""Puts an image onto a board that runs MicroPython, over its serial port, and verifies it there.

The board's main.py goes first and comes last, so that a board that is unplugged half-way starts
nothing. What the manifest does not have goes from our folders: a stray .py shadows a .mpy.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from simulator.homes import stream
from simulator.homes.base import HomeError
from simulator.homes.rom import NAME as ROM
from tools import flash_rom

MANIFEST = "manifest.json"
FORMAT = "kvo-image/1"
MAIN = "main.py"
# Folders that are ours on a board: in these nothing else may lie.
OURS = ("firmware", "hal", "simulator")
# Raspberry Pi's vendor id, and MicroPython's product id for its boards.
USB_VENDOR, USB_PRODUCT = 0x2E8A, 0x0005
_CHUNK = 512
_ANSWER_S = 10.0
_HALF = (
    "the board is half written: it has no main.py and starts nothing. Plug it in and run 'kvo flash' again; "
    "it goes on where this ended"
)
# What a board says it is, by the image's target.
MACHINES = {
    "pico": "Pico with RP2040",
    "pico-w": "Pico W with RP2040",
    "pico2": "Pico 2 with RP2350",
    "pico2-w": "Pico 2 W with RP2350",
}
_ASK = """\
import sys
i = sys.implementation
print(repr((i[0], tuple(i[1][:3]), getattr(i, "_mpy", 0) & 255, getattr(i, "_machine", ""))), end="")
"""
_WALK = """\
import os
def walk(path):
    for entry in os.ilistdir(path):
        name = path + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(name)
        else:
            print(repr(name), end=",")
"""
_FREE = "import os\ns = os.statvfs('.')\nprint(s[0] * s[3], end='')\n"
# What a board with a pump's parts says of its store: the code of its place (hal/pico/flash_store.py), and whether
# something stands where the credentials do.
_KEYS = """\
from hal.pico.flash_store import FlashStore, Region
from firmware.trust.closed import is_provisioned
r = Region()
print(r.state, int(is_provisioned(FlashStore(r))), end="")
"""
_RESET = "import machine\nmachine.reset()\n"


class FlashProblem(RuntimeError):
    """The board does not have the image. The text says why, what state it is in, and what to do."""


@dataclass(frozen=True)
class Image:
    """An image that lies in a folder: its files by path, and what the manifest says of the board."""

    files: dict[str, bytes]
    manifest: bytes
    target: str
    micropython: str
    bytecode: int
    board: str = ""


@dataclass
class Flashed:
    """What was done to the board at `port`. `hint`: what is left to do there, or empty."""

    port: str
    about: str
    hint: str = ""
    written: int = 0
    kept: int = 0
    removed: int = 0
    rom_written: int = 0  # blocks of the ROM partition
    rom_kept: int = 0


def read_image(folder: Path) -> Image:
    """Read and check an image that `kvo build` made. FlashProblem where it is none, or not what it says."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        said = json.loads(manifest)
        if said["format"] != FORMAT:
            raise FlashProblem(f"{folder}: an image of format {said['format']!r}, not {FORMAT}; build it anew")
        files = {entry["path"]: _checked(folder, entry) for entry in said["files"]}
        image = Image(
            files, manifest, said["target"], said["micropython"], int(said["bytecode"]), str(said.get("board", ""))
        )
    except OSError as error:
        raise FlashProblem(f"{error.filename}: {error.strerror}; name a folder that 'kvo build' made") from None
    except (ValueError, KeyError, TypeError):
        raise FlashProblem(f"{folder / MANIFEST}: no manifest of an image; build it anew") from None
    if MAIN not in files:
        raise FlashProblem(f"{folder}: an image without {MAIN} starts nothing; build it anew")
    return image


def _checked(folder: Path, entry: dict[str, Any]) -> bytes:
    path = PurePosixPath(entry["path"])
    if path.is_absolute() or ".." in path.parts or (len(path.parts) > 1 and path.parts[0] not in OURS):
        raise FlashProblem(f"{folder}: {path} does not belong on a board; build the image anew")
    data = (folder / path).read_bytes()
    if len(data) != entry["length"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise FlashProblem(f"{folder / path}: not what the manifest says; build the image anew")
    return data


def find_port() -> str:
    """The serial port of the one board that is plugged in. FlashProblem for none, and for several."""
    from serial.tools import list_ports

    found = sorted(port.device for port in list_ports.comports() if (port.vid, port.pid) == (USB_VENDOR, USB_PRODUCT))
    if len(found) == 1:
        return str(found[0])
    if found:
        raise FlashProblem(f"there are {len(found)} boards: {', '.join(found)}; name one with --port")
    raise FlashProblem(
        "no board with MicroPython is plugged in. A new Pico has none: hold BOOTSEL while you plug it in and copy "
        "MicroPython's .uf2 onto the drive that appears. A board on a UART is named with --port"
    )


def flash(image: Image, port: str, tell: Callable[[int, int, str], None] = lambda done, total, path: None) -> Flashed:
    """Put `image` onto the board at `port`; `tell(done, total, path)` before each file.

    FlashProblem, and HomeError where the port cannot be opened.
    """
    begun = False
    with _board(port) as board:
        try:
            done = Flashed(port, _about(board, image, port))
            _has_room(board, image, port)
            begun = True
            _copy(board, image, done, tell)
            done.hint = _hint(board, image, port)
            _reset(board)
            return done
        except FlashProblem as problem:
            raise FlashProblem(f"{problem}; {_HALF}" if begun else str(problem)) from None
        except Exception as error:
            if not _is_of_the_link(error):
                raise
            what = f"{port}: the board answers no more ({str(error) or type(error).__name__})"
            raise FlashProblem(f"{what}; {_HALF if begun else 'nothing was changed'}") from None


def _is_of_the_link(error: Exception) -> bool:
    """Whether pySerial or mpremote gave the board up; a struct.error is mpremote's for a read in vain."""
    return isinstance(error, OSError) or type(error).__name__ in ("TransportError", "error")


@contextlib.contextmanager
def _board(port: str) -> Iterator[Any]:
    """A raw prompt on the board."""
    try:
        from mpremote.transport import TransportError
        from mpremote.transport_serial import SerialTransport
    except ImportError:
        raise HomeError(f"{port}: mpremote is not installed; pip install 'kvo[device]'") from None
    first = stream.open_port(port)  # for its words where it cannot be had
    with contextlib.suppress(OSError):
        stream.give_back(first)
    stream.close_port(first)
    board = None
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
            board = SerialTransport(port, timeout=_ANSWER_S)
            board.enter_raw_repl(soft_reset=False)
    except (TransportError, OSError) as error:
        if board is not None:
            _close(board)
        raise FlashProblem(
            f"{port}: no MicroPython prompt answers ({error}); nothing was changed. Is MicroPython on the board? Plug "
            "it in anew, and if that does not help put MicroPython on it again: hold BOOTSEL while you plug it in"
        ) from None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield board
    finally:
        _close(board)


def _close(board: Any) -> None:
    with contextlib.suppress(OSError):
        stream.close_port(board.serial)


def _about(board: Any, image: Image, port: str) -> str:
    """Which interpreter the board has; FlashProblem where it is not the image's."""
    import ast

    name, version, bytecode, machine = ast.literal_eval(board.exec(_ASK).decode())
    about = f"{name} {'.'.join(map(str, version))} on {machine}"
    fits = name == "micropython" and bytecode == image.bytecode
    if not fits or ".".join(map(str, version[:2])) != image.micropython:
        raise FlashProblem(
            f"{port}: the board runs {about}, bytecode {bytecode}; the image is for MicroPython {image.micropython}, "
            f"bytecode {image.bytecode}; nothing was changed: put MicroPython {image.micropython} for this board on it "
            "(hold BOOTSEL while you plug it in)"
        )
    if "RP2" in machine and not machine.endswith(MACHINES.get(image.target, "")):
        raise FlashProblem(f"{port}: the board is {machine}, the image is for {image.target}; nothing was changed")
    return about


def _has_room(board: Any, image: Image, port: str) -> None:
    """FlashProblem where the image wants a ROM partition that the board has not."""
    wanted = len(image.files.get(ROM, b""))
    if not wanted:
        return
    try:
        room = flash_rom.room_on(board)
    except flash_rom.NoPartition:
        raise FlashProblem(
            f"{port}: the board's MicroPython has no ROM partition; nothing was changed. Build the image without "
            "--rom, or put a MicroPython with one on the board (docs/device.md)"
        ) from None
    if wanted > room:
        raise FlashProblem(
            f"{port}: the board's ROM partition has {room:,} bytes, the image wants {wanted:,}; nothing was changed"
        )


def _copy(board: Any, image: Image, done: Flashed, tell: Callable[[int, int, str], None]) -> None:
    """Remove, write, verify; main.py first and last."""
    there = _there(board)
    _remove(board, MAIN)
    for path in there:
        if path not in image.files:
            _remove(board, path)
            done.removed += 1
    if ROM in image.files:
        _write_rom(board, image.files[ROM], done, tell)
    _make_folders(board, image)
    last = {MANIFEST: image.manifest, MAIN: image.files[MAIN]}
    rest = {path: data for path, data in image.files.items() if path not in (MAIN, ROM)}
    total = len(rest) + len(last)
    for place, (path, data) in enumerate({**rest, **last}.items()):
        tell(place, total, path)
        if path in there and _has(board, path, data):
            done.kept += 1
            continue
        _write(board, path, data)
        if not _has(board, path, data):
            raise FlashProblem(f"{path}: the board has not what was written")
        done.written += 1
    tell(total, total, "")


def _write_rom(board: Any, data: bytes, done: Flashed, tell: Callable[[int, int, str], None]) -> None:
    """Write the ROM partition, from which nothing runs then: main.py is gone, and the interpreter is started anew."""
    _start_anew(board)
    flash_rom.room_on(board)
    done.rom_written, done.rom_kept = flash_rom.write(board, data, lambda place, total: tell(place, total, ROM))


def _start_anew(board: Any) -> None:
    """What was loaded from the partition goes: its bytecode lies where something else will."""
    board.enter_raw_repl(soft_reset=True)


def _there(board: Any) -> list[str]:
    """Every file in our folders on the board."""
    import ast

    calls = "".join(f"try:\n    walk({folder!r})\nexcept OSError:\n    pass\n" for folder in OURS)
    return list(ast.literal_eval("[" + board.exec(_WALK + calls).decode() + "]"))


def _remove(board: Any, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        board.fs_rmfile(path)


def _make_folders(board: Any, image: Image) -> None:
    folders = {str(parent) for path in image.files for parent in PurePosixPath(path).parents} - {"."}
    for folder in sorted(folders):
        with contextlib.suppress(FileExistsError):
            board.fs_mkdir(folder)


def _has(board: Any, path: str, data: bytes) -> bool:
    found: bytes = board.fs_hashfile(path, "sha256", chunk_size=_CHUNK)
    return found == hashlib.sha256(data).digest()


def _write(board: Any, path: str, data: bytes) -> None:
    try:
        board.fs_writefile(path, data, chunk_size=_CHUNK)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        free = int(board.exec(_FREE))
        raise FlashProblem(
            f"{path}: the board's file system is full ({free:,} bytes free, {len(data):,} wanted); remove what is not "
            "the pump's, or format it"
        ) from None


def _hint(board: Any, image: Image, port: str) -> str:
    """What is left to do on the board."""
    if image.board == "bare":
        return "open it with a terminal: the panel is there. It keeps nothing once its power is gone, keys neither"
    if image.board == "lockstep":
        return f"no pump by itself: 'kvo hil PROGRAMME --port {port}' plays everything around it"
    if image.board != "parts":
        return ""
    try:
        state, keys = (int(word) for word in board.exec(_KEYS).decode().split())
    except Exception as error:  # an interpreter without that flash: the board is flashed all the same
        if type(error).__name__ == "TransportExecError" or isinstance(error, ValueError):
            return "whether it has keys was not to be learnt"
        raise
    if state:
        return (
            "its store has no place: something else lies below the file system, and the pump will give no dose; "
            "docs/pico.md, 'The flash', says what to do"
        )
    if keys:
        return "it has keys, which stay"
    return (
        "it has no keys yet, and refuses all that comes over the network. 'kvo provision SITE_DIR' makes a site; then, "
        f"in maintenance and with the key switch turned, 'kvo provision install SITE_DIR PUMP --port {port}'"
    )


def _reset(board: Any) -> None:
    """The board starts anew, and its port goes away: no answer is waited for."""
    with contextlib.suppress(OSError):
        board.exec_raw_no_follow(_RESET)

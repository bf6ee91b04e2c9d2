"""`kvo flash` of a ROM image: MicroPython's prompt, and a ROM partition of make-believe behind `vfs.rom_ioctl`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.homes import mpy
from simulator.homes.base import HomeError
from simulator.homes.rom import NAME, rom_image
from tests.command import kvo
from tools import flash as flashing
from tools.flash import FlashProblem

from .images import MAIN, MAIN_PY, make_image
from .test_flash import BOARD, board, files_on, flash_without_reset

__all__ = ["board"]

# As ports/rp2/rp2_flash.c: a block device; a write without an offset erases its blocks.
PARTITION = """
class Partition:
    def __init__(self, blocks):
        self.data = bytearray(b"\\xff" * 4096 * blocks)
        self.wrote = []
    def readblocks(self, block, into, offset=0):
        place = block * 4096 + offset
        into[:] = self.data[place : place + len(into)]
    def writeblocks(self, block, data):
        self.wrote.append(block)
        self.data[block * 4096 : block * 4096 + len(data)] = data
    def ioctl(self, op, arg):
        return {4: len(self.data) // 4096, 5: 4096}.get(op)

partition = Partition(ROM_BLOCKS)

class Vfs:
    VfsRom = vfs.VfsRom
    mount = vfs.mount
    @staticmethod
    def rom_ioctl(op, *which):
        return 1 if op == 1 else partition

sys.modules["vfs"] = Vfs
"""


@pytest.fixture
def with_rom(board: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts boards with a ROM partition of so many blocks."""
    flash_without_reset(monkeypatch)
    monkeypatch.setattr(flashing, "_start_anew", lambda prompt: None)  # it would end this port

    def start(rom_blocks: int) -> Any:
        script = tmp_path / "with_rom.py"
        script.write_text((BOARD + PARTITION).replace("ROM_BLOCKS", str(rom_blocks)).replace("BLOCKS", "64"))
        return board(script=script)

    return start


def rom_of(folder: Path, source: bytes) -> Path:
    """An image whose ROM holds one module, and some bytes that fill a block and more."""
    try:
        app = mpy.compile_source("firmware/app.py", source)
    except HomeError as absent:
        pytest.skip(str(absent))
    packed = {"firmware/app.mpy": app, "hal/more": bytes(range(256)) * 20}
    return make_image(folder, {MAIN_PY: MAIN, NAME: rom_image(packed)}, board="bare")


def test_a_rom_image_is_written_verified_and_runs_in_place(with_rom: Any, tmp_path: Path) -> None:
    device = with_rom(4)
    device.run("import os\nos.mkdir('firmware')")
    device.put("firmware/app.py", "SHADOW = 1")
    image = flashing.read_image(rom_of(tmp_path / "image", b"def answer():\n    return 42\n"))
    done = flashing.flash(image, device.path)
    assert (done.rom_written, done.rom_kept, done.written, done.removed) == (2, 0, 2, 1)
    assert files_on(device) == {MAIN_PY, "manifest.json"}
    ran = device.run(
        "vfs.mount(vfs.VfsRom(memoryview(partition.data)), '/rom')\nsys.path[:] = ['/rom']\n"
        "from firmware.app import answer\nprint(answer(), end='')"
    )
    assert ran == "42"
    other = flashing.read_image(rom_of(tmp_path / "other", b"def answer():\n    return 43\n"))
    again = flashing.flash(other, device.path)
    assert (again.rom_written, again.rom_kept) == (1, 1), "what stands there is left"
    assert device.run("print(partition.wrote, end='')") == "[0, 1, 0]"


def test_a_partition_that_is_too_small_or_not_there_is_named_before_anything_changes(
    with_rom: Any, board: Any, tmp_path: Path
) -> None:
    folder = rom_of(tmp_path / "image", b"def answer():\n    return 42\n")
    small = with_rom(1)
    small.put(MAIN_PY, "old")
    said = kvo("flash", folder, "--port", small.path)
    assert said.exit_code == 2 and "the board's ROM partition has 4,096 bytes, the image wants" in said.stderr
    none = board()
    none.put(MAIN_PY, "old")
    with pytest.raises(FlashProblem, match=r"no ROM partition; nothing was changed.*without --rom.*docs/device.md"):
        flashing.flash(flashing.read_image(folder), none.path)
    assert files_on(small) == files_on(none) == {MAIN_PY}


def test_a_partition_that_keeps_nothing_leaves_a_board_that_starts_nothing(with_rom: Any, tmp_path: Path) -> None:
    device = with_rom(4)
    device.run("Partition.writeblocks = lambda self, block, data: None")
    image = flashing.read_image(rom_of(tmp_path / "image", b"def answer():\n    return 42\n"))
    with pytest.raises(FlashProblem, match=r"block 0 of the ROM partition has not what was written.*half written"):
        flashing.flash(image, device.path)
    assert files_on(device) == set()

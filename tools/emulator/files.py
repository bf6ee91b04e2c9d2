"""Makes the file system that the emulated board boots with: littlefs, with an image's files in their folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS, LittleFSError, UserContext

from tools.emulator import EmulatorProblem

# What every MicroPython of these years mounts.
_ON_DISK = 0x00020000
_PROGRAM_BYTES = 256


def file_system(files: Mapping[str, bytes], block_bytes: int, blocks: int) -> bytes:
    """A littlefs of `blocks` blocks that holds `files` by path. EmulatorProblem where they do not fit."""
    context = UserContext(buffsize=block_bytes * blocks)
    disk = LittleFS(
        context=context, block_size=block_bytes, block_count=blocks, prog_size=_PROGRAM_BYTES, disk_version=_ON_DISK
    )
    try:
        for path, data in files.items():
            folder = str(PurePosixPath(path).parent)
            if folder != ".":
                disk.makedirs(folder, exist_ok=True)
            with disk.open(path, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        size = sum(len(data) for data in files.values())
        raise EmulatorProblem(
            f"{path}: the files ({size:,} bytes) do not fit in the board's {block_bytes * blocks:,}: {error}"
        ) from None
    disk.unmount()
    return bytes(context.buffer)

"""Puts a ROM image into a board's ROM partition, over its prompt, and verifies it there.

The partition is a block device (docs.micropython.org, `vfs.rom_ioctl`; ports/rp2/rp2_flash.c): its blocks are erased
and written one by one, and those that are right already stay.
"""

from __future__ import annotations

import ast
import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

# Blocks of the board's partition, their bytes, or why there are none.
_ASK = """\
import vfs
p = vfs.rom_ioctl(2, 0) if hasattr(vfs, "rom_ioctl") and vfs.rom_ioctl(1) > 0 else None
print((p.ioctl(4, 0), p.ioctl(5, 0)) if hasattr(p, "ioctl") else None, end="")
"""
# What is needed block by block; the buffers are made once.
_BEGIN = """\
from binascii import a2b_base64, hexlify
from hashlib import sha256
size = p.ioctl(5, 0)
buf = bytearray(size)
def digest(block, count):
    p.readblocks(block, buf)
    print(hexlify(sha256(memoryview(buf)[:count]).digest()).decode(), end="")
def take(block, count, piece, at):
    buf[at : at + len(piece)] = piece
    if at + len(piece) == count:
        p.writeblocks(block, buf)
"""
_PIECE = 1024  # bytes of the image in a line at the prompt


class NoPartition(Exception):
    """The board's MicroPython has no ROM partition that can be written. Nothing was changed."""


def room_on(board: Any) -> int:
    """Bytes of the board's ROM partition. NoPartition where it has none."""
    found = ast.literal_eval(board.exec(_ASK).decode())
    if found is None:
        raise NoPartition
    blocks, size = found
    return int(blocks) * int(size)


def write(board: Any, image: bytes, tell: Callable[[int, int], None]) -> tuple[int, int]:
    """Write and verify `image`; `tell(done, total)` in blocks. How many blocks were written, and how many stood there.

    room_on was asked before: the partition is `p` at the prompt. OSError where a block does not read back.
    """
    board.exec(_BEGIN)
    size = int(board.eval("size"))
    blocks = [image[at : at + size] for at in range(0, len(image), size)]
    kept = 0
    for number, block in enumerate(blocks):
        tell(number, len(blocks))
        if _stands(board, number, block):
            kept += 1
            continue
        for at in range(0, len(block), _PIECE):
            piece = b64encode(block[at : at + _PIECE]).decode()
            board.exec(f"take({number}, {len(block)}, a2b_base64('{piece}'), {at})")
        if not _stands(board, number, block):
            raise OSError(f"block {number} of the ROM partition has not what was written")
    tell(len(blocks), len(blocks))
    return len(blocks) - kept, kept


def _stands(board: Any, number: int, block: bytes) -> bool:
    said: bytes = board.exec(f"digest({number}, {len(block)})")
    return said.decode() == hashlib.sha256(block).hexdigest()

"""Judges a UF2 image before the emulator gets it: it takes whatever it is given.

Microsoft's USB Flashing Format: blocks of 512 bytes, a family that says which chip they are for.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tools.emulator import EmulatorProblem

_BLOCK = 512
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HAS_FAMILY = 0x2000
RP2040 = 0xE48BFF56
# Blocks for no chip, which newer images carry for the sake of an erratum of the RP2350.
ABSOLUTE = 0xE48BFF57
_FAMILIES = {0xE48BFF59: "RP2350", 0xE48BFF5A: "RP2350 (RISC-V)", 0xE48BFF5B: "RP2350"}
FLASH_START, FLASH_BYTES = 0x10000000, 2 * 1024 * 1024
_GET_ONE = "name an official MicroPython .uf2 for the Raspberry Pi Pico (or Pico W) that you have on this machine"


def check_uf2(path: Path) -> None:
    """EmulatorProblem where the file at `path` is no UF2 image for an RP2040's flash."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EmulatorProblem(f"{path}: {error.strerror}; {_GET_ONE}") from None
    if not data or len(data) % _BLOCK:
        raise EmulatorProblem(f"{path}: no UF2 image, or one cut off ({len(data):,} bytes); {_GET_ONE}")
    ours = 0
    for place in range(0, len(data), _BLOCK):
        first, second, flags, address, size, _, _, family = _HEAD.unpack_from(data, place)
        (end,) = struct.unpack_from("<I", data, place + _BLOCK - 4)
        if (first, second) != _MAGIC or end != _MAGIC_END:
            raise EmulatorProblem(f"{path}: no UF2 image (block {place // _BLOCK} has not its marks); {_GET_ONE}")
        family = family if flags & _HAS_FAMILY else RP2040
        if family == ABSOLUTE:
            continue
        if family != RP2040:
            name = _FAMILIES.get(family, f"family {family:#010x}")
            raise EmulatorProblem(f"{path}: an image for {name}; the emulator has an RP2040; {_GET_ONE}")
        if size > 476 or not FLASH_START <= address <= FLASH_START + FLASH_BYTES - size:
            raise EmulatorProblem(f"{path}: a block for {address:#010x}, which is not in a Pico's flash; {_GET_ONE}")
        ours += 1
    if not ours:
        raise EmulatorProblem(f"{path}: an image with nothing for an RP2040; {_GET_ONE}")

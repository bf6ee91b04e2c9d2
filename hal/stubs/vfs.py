"""`vfs` for CPython: the ROM partition, as ports/rp2/rp2_flash.c has it. Stock images have none, nor `rom_ioctl`."""

from hal.stubs.chip import current
from hal.stubs.flash import SECTOR
from hal.stubs.flash_device import Flash


def __getattr__(name):
    if name == "rom_ioctl" and current().flash.rom:
        return _rom_ioctl
    raise AttributeError(f"module 'vfs' has no attribute {name!r}")


def _rom_ioctl(op, partition=0):
    """1: number of partitions; 2: the partition, a block device."""
    if op == 1:
        return 1
    if op == 2 and partition == 0:
        return _Partition()
    return -22


class _Partition(Flash):
    """`rp2.Flash` over the partition: the same type, whose blocks begin elsewhere."""

    def __init__(self):
        super().__init__()
        memory = current().flash
        self._start = memory.base - memory.rom
        self._length = memory.rom // SECTOR * SECTOR

"""What an image for the tests starts: the bare board, with slots in a file beside it. Says in a line how it went.

The file has the areas of AREAS one after another; the bytes of its store beside them lie in memory, as on any bare
board. Found in the slot, with the firmware that it runs, or on a PC for the boot before it.
"""

import json
import os

from firmware.main import boot
from hal import ports
from hal.bare.board import BareBoard
from hal.bare.desk import Desk
from hal.bare.library import LIBRARY
from hal.bare.pacer import BarePacer
from hal.bare.parts import Store

FLASH = "flash.bin"
SLOT = 65 * 4096
AREAS = (
    (ports.AREA_BOOT_A, 4096), (ports.AREA_BOOT_B, 4096), (ports.AREA_ROOTS_A, 4096), (ports.AREA_ROOTS_B, 4096),
    (ports.AREA_SLOT_A, SLOT), (ports.AREA_SLOT_B, SLOT), (ports.AREA_GOLDEN, SLOT),
)  # fmt: skip


class Kept(Store):
    """Matches hal.ports.Store: what AREAS names lies in the file, as NOR flash."""

    def __init__(self, stall):
        Store.__init__(self, LIBRARY, stall)
        self._file = open(FLASH, "r+b")

    def _place(self, area):
        at = 0
        for one, size in AREAS:
            if one == area:
                return at
            at += size
        return -1

    def size(self, area):
        for one, size in AREAS:
            if one == area:
                return size
        return Store.size(self, area)

    def read(self, area, offset, into):
        at = self._place(area)
        if at < 0:
            return Store.read(self, area, offset, into)
        if offset < 0 or offset + len(into) > self.size(area):
            return ports.ERR_RANGE
        self._file.seek(at + offset)
        into[:] = self._file.read(len(into))
        return ports.OK

    def write(self, area, offset, data):
        at = self._place(area)
        if at < 0:
            return Store.write(self, area, offset, data)
        there = bytearray(len(data))
        rc = self.read(area, offset, there)
        if rc != ports.OK:
            return rc
        for index in range(len(there)):
            there[index] &= data[index]
        self._file.seek(at + offset)
        self._file.write(there)
        self._file.flush()
        return ports.OK if there == data else ports.ERR_FAILED

    def erase(self, area):
        return self._blank(area, 0, self.size(area)) if self._place(area) >= 0 else Store.erase(self, area)

    def erase_block(self, area, offset):
        return self._blank(area, offset, ports.BLOCK)

    def _blank(self, area, offset, count):
        self._file.seek(self._place(area) + offset)
        self._file.write(b"\xff" * count)
        self._file.flush()
        return ports.OK


class Nobody:
    """No panel, no keys, and no time lost."""

    def draw(self):
        pass

    def get(self):
        return -1

    def wait(self, ms):
        pass


def main(seconds=6):
    """Run for so long, virtually, and say what boots next and where the firmware came from."""
    import firmware.app
    from firmware.update.record import Record

    board = BareBoard(ports.HEAD_VOLUMETRIC)
    board.store = Kept(board.advance)
    desk = Desk(board)
    desk.speed = 0
    board.pacer = BarePacer(desk, Nobody(), Nobody(), seconds + 4)
    loop = boot(board)
    mode = loop.app.updates.booted.mode  # before its trial is confirmed
    while board.clock.s < seconds and loop.step():
        pass
    record = Record(board.store)
    updates = loop.app.updates
    print(json.dumps({
        "from": firmware.app.__file__, "mode": mode, "number": updates.booted.number,
        "confirmed": record.confirmed, "trial": record.trial, "floor": record.floor, "ended": record.ended,
        "delivery": board.status.delivery, "files": len(os.listdir()) > 0, "raised": loop.raised,
    }))  # fmt: skip

"""A pump on the bare board whose local port is the standard streams. On MicroPython's unix port, a terminal behind it.

Arguments: the project's root, a folder that keeps the areas of its store when the power goes, what the pump is doing
(maintenance, unlocked: maintenance without the key, standby), and after how many store operations the power goes,
before the next, or -1. Time is the machine's own.
"""

import os
import sys
import time

sys.path.insert(0, sys.argv[1])

from firmware.main import boot
from firmware.therapy.tables import ST_MAINTENANCE
from hal import ports
from hal.bare.board import BareBoard
from hal.bare.desk import Desk
from hal.bare.library import LIBRARY
from hal.bare.pacer import BarePacer
from hal.bare.parts import Store
from hal.pico.usb import usb_port

KEPT = (ports.AREA_KEYS_A, ports.AREA_KEYS_B)


class Kept(Store):
    """Keys in files. Where the power is to go, the program ends between two operations."""

    def __init__(self, library, stall, folder, left):
        Store.__init__(self, library, stall)
        self._folder = folder
        self._left = -1
        for area in KEPT:
            try:
                with open(self._path(area), "rb") as file:
                    self.write(area, 0, file.read())
            except OSError:
                pass
        self._left = left

    def _path(self, area):
        return self._folder + "/area-" + str(area)

    def _spend(self, area):
        if area in KEPT and self._left >= 0:
            if not self._left:
                raise SystemExit
            self._left -= 1

    def write(self, area, offset, data):
        self._spend(area)
        rc = Store.write(self, area, offset, data)
        self._keep(area)
        return rc

    def erase(self, area):
        self._spend(area)
        rc = Store.erase(self, area)
        self._keep(area)
        return rc

    def _keep(self, area):
        if area in KEPT:
            data = bytearray(self.size(area))
            self.read(area, 0, data)
            with open(self._path(area) + ".new", "wb") as file:
                file.write(data)
            os.rename(self._path(area) + ".new", self._path(area))


class Nobody:
    """No panel, and no keys."""

    def draw(self):
        pass

    def get(self):
        return -1

    def wait(self, ms):
        time.sleep_ms(ms)


def main(folder, doing, left):
    board = BareBoard(ports.HEAD_VOLUMETRIC)
    board.store = Kept(LIBRARY, board.advance, folder, left)
    desk = Desk(board)
    desk.speed = 10
    board.pacer = BarePacer(desk, Nobody(), Nobody())
    loop = boot(board)
    board.plant.key_switch = 1
    while board.clock.s < 2:
        loop.step()
    if doing != "standby":
        board.press(ports.KEY_MAINTENANCE_ON)
        while board.status.delivery != ST_MAINTENANCE:
            loop.step()
    if doing == "unlocked":
        board.plant.key_switch = 0
    board.local = usb_port()  # from here on: what was said before waits in the terminal
    while loop.step():
        pass


main(sys.argv[2], sys.argv[3], int(sys.argv[4]))

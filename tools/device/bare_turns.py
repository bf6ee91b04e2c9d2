"""The bare board's share of a turn with MicroPython's heap locked. Prints one JSON line.

Arguments: the project's root, and "keeps" for a mutant whose `show` keeps a tuple. Time passes, the board is
read, written and shown through an infusion and an occlusion; whatever asks for memory is counted.
"""

import gc
import json
import sys

import micropython

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # while modules are loaded, as firmware/__main__.py

sys.path.insert(0, sys.argv[1])

from firmware.app import App
from firmware.trust.closed import ClosedGatekeeper
from hal import ports
from hal.bare.board import BareBoard
from hal.bare.desk import Desk
from hal.bare.keys import place_of

_TURNS = 3000


class Keeps(BareBoard):
    """A mutant."""

    kept = None

    def show(self, status):
        self.kept = (status, status.lamp)
        BareBoard.show(self, status)


def turn(board, readings, drive, status):
    board.advance(100)
    board.read(readings)
    board.write(drive)
    board.show(status)


def main(mutant):
    board = (Keeps if mutant else BareBoard)(ports.HEAD_VOLUMETRIC)
    desk = Desk(board)
    app = App(board, ClosedGatekeeper(board))
    readings = ports.Readings()
    refused = stopped = 0
    for number in range(_TURNS):
        if number in (20, 40, 60):
            desk.do(place_of(b"ncg"[(number - 20) // 20]))
        elif number == 600:
            desk.do(place_of(b"o"[0]), 1)
        app.step()
        status = app.controller.status
        stopped |= 1 << status.delivery
        if number % 50 == 0:
            gc.collect()
        micropython.heap_lock()
        try:
            turn(board, readings, app.drive, status)
        except MemoryError:
            refused += 1
        micropython.heap_unlock()
        if readings.key:  # this reading took it from the firmware's next
            board.press(readings.key, readings.key_value)
    print(json.dumps({"turns": _TURNS, "refused": refused, "states": stopped}))


main(sys.argv[2] if len(sys.argv) > 2 else "")

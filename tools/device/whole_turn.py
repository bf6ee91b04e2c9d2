"""The program of the claim turn-allocates-nothing, run by MicroPython. Prints one JSON line.

Arguments: the project's root, and the mutant's name if there is one.

The whole turn, not the tick alone, runs with the heap locked through a steady infusion, while
network bytes come in and the link goes and comes. The heap in use is compared besides.
"""

import gc
import json
import sys

import micropython

sys.path.insert(0, sys.argv[1])

from firmware.app import App
from hal import ports
from simulator.standins.gatekeeper import ScriptedGatekeeper
from tools.device.parts import Board, Kept
from tools.device.tour import prescription

_TURN_MS = 100
_TURNS = 3000
_SETTLE = 200  # by then every alarm of the link has been told once
_PERIOD = 300  # of the link, in turns: lost, and back


class BindsAnew(App):
    """A mutant: hands the gatekeeper a method that is bound at each turn."""

    def _look_at_comms(self):
        self._post = self.controller.mailbox.post
        App._look_at_comms(self)


class Pump:
    """A pump that infuses, and bytes that reach its inbox."""

    def __init__(self, make_app):
        self.board = Board()
        self.app = make_app(self.board, ScriptedGatekeeper())
        self.app.controller.library_ok = True
        self.app.keeper.journal = Kept()
        self._bytes = bytearray(range(64))
        rx = prescription(self.board.head, 0, 60000, 1)
        for number in range(40):
            self.pass_turn(number)
            if number == 12:
                self.board.key = ports.KEY_PROGRAMME
            elif number == 14:
                self.app.therapy.offer_prescription(rx)
                self.board.key = ports.KEY_START
            self.app.turn()

    def pass_turn(self, number):
        """What comes before a turn."""
        self.board.pass_ms(_TURN_MS)
        self.board.flags = ports.RF_MAINS | (0 if number % _PERIOD < _PERIOD // 2 else ports.RF_LINK_UP)
        if number % 3 == 0:
            self.app.inbox.put(self._bytes, 64)
        self.app.background()


def main(mutant):
    pump = Pump(BindsAnew if mutant else App)
    app = pump.app
    refused = grown = 0
    gc.collect()
    gc.disable()
    for number in range(_TURNS):
        pump.pass_turn(number)
        if number % 500 == 0:
            gc.collect()
        if number < _SETTLE:
            app.turn()
            continue
        before = gc.mem_alloc()
        micropython.heap_lock()
        try:
            app.turn()
        except MemoryError:
            refused += 1
        micropython.heap_unlock()
        if gc.mem_alloc() != before:
            grown += 1
    status = app.controller.status
    print(
        json.dumps(
            {
                "turns": _TURNS - _SETTLE, "refused": refused, "grown": grown, "trust": status.trust,
                "delivery": status.delivery, "delivered_ul": status.delivered_ul,
            }
        )
    )  # fmt: skip


main(sys.argv[2] if len(sys.argv) > 2 else "")

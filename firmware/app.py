"""Wires the rooms to a board. One `step` is one turn of the loop, ten times a second."""

from firmware.therapy.controller import Controller
from firmware.therapy.dosing import Dosing
from firmware.therapy.journal import Journal
from firmware.therapy.library import read_library
from firmware.therapy.programming import Programming
from firmware.therapy.records import REC_PRESCRIPTION
from hal.compat import const
from hal.ports import AREA_LIBRARY, KEY_PROGRAMME, OK, Drive, Readings

# The kind of a journal frame that holds a record of the tick; others use records.REC_*.
FRAME_RECORD = const(0)


class App:
    """The firmware on a board. A reset makes a new one; nothing outlives it but the store."""

    def __init__(self, board, gatekeeper, dosing=None):
        """`gatekeeper.step(link, readings, post)` runs outside the tick and posts trust events.

        `dosing` stands in for therapy's own arithmetic where a test needs another.
        """
        self.board = board
        self.readings = Readings()
        self.drive = Drive()
        self.gatekeeper = gatekeeper
        self.controller = Controller(board.head, Dosing() if dosing is None else dosing)
        self.journal = Journal(board.store)
        self.library = read_library(board.store, AREA_LIBRARY)
        self.controller.library_ok = self.library.entries > 0
        self.programming = Programming(self.controller, self.library, board.head, self._keep)

    def step(self):
        """Read, tick, write, then persist and look at the world."""
        board = self.board
        readings = self.readings
        controller = self.controller
        board.read(readings)
        controller.tick(board.clock.ticks_ms(), readings, self.drive)
        board.write(self.drive)
        board.show(controller.status)
        self._persist()
        if readings.key >= KEY_PROGRAMME:  # programme, confirm, cancel and fields
            self.programming.key(readings)
        self.gatekeeper.step(board.link, readings, controller.mailbox.post)

    def _persist(self):
        outbox = self.controller.outbox
        record = outbox.oldest()
        while record is not None:
            if self.journal.append(FRAME_RECORD, record) != OK:
                return  # tried again next turn; a grant that waits too long is dropped
            self.readings.stored_seq = outbox.done()
            record = outbox.oldest()

    def _keep(self, data):
        return self.journal.append(REC_PRESCRIPTION, data)

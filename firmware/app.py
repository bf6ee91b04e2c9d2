"""Wires the rooms to a board.

`turn` is what must go on whatever befalls the rest: on a device a soft timer calls it ten times
a second, between any two bytecodes of the main loop, which calls `background`. A simulated home
calls `step`, which is both.
"""

from firmware.comms.raw import RawComms
from firmware.therapy.journal import Journal
from firmware.therapy.library import read_library
from firmware.therapy.programming import Programming
from firmware.therapy.records import REC_PRESCRIPTION
from firmware.therapy.therapy import Therapy
from firmware.trust.ring import Ring
from firmware.trust.supervisor import Supervisor
from hal.compat import const
from hal.ports import AREA_LIBRARY, KEY_PROGRAMME, OK, Drive, Readings

# The kind of a journal frame that holds a record of the tick; others use records.REC_*.
FRAME_RECORD = const(0)
_MAILBOX = const(256)


class App:
    """The firmware on a board. A reset makes a new one; nothing outlives it but the store."""

    def __init__(self, board, gatekeeper, make_comms=RawComms, dosing=None, guardian=None):
        """`gatekeeper.step(inbox, facts, readings, post)` runs after each tick and posts trust events.

        `make_comms(link, inbox, facts)` makes what the supervisor polls: bytes into `inbox`, a
        mailbox, and out of `facts`. `dosing` and `guardian` stand in for therapy's own where a test needs another.
        """
        self.board = board
        self.readings = Readings()
        self.drive = Drive()
        self.gatekeeper = gatekeeper
        self.inbox = Ring(_MAILBOX)
        self.facts = Ring(_MAILBOX)
        self.supervisor = Supervisor(make_comms, board.link, board.scratch, self.inbox, self.facts)
        self.therapy = Therapy(board.head, dosing, guardian)
        self.controller = self.therapy.controller
        self.journal = Journal(board.store)
        self.library = read_library(board.store, AREA_LIBRARY)
        self.controller.library_ok = self.library.entries > 0
        self.programming = Programming(self.therapy, self.library, board.head, self._keep)

    def step(self):
        """A turn, then what may wait."""
        self.turn()
        self.background()

    def background(self):
        """Let comms have its say; nothing that a dose needs."""
        self.supervisor.poll()

    def turn(self):
        """Read, tick, write, then persist and look at what came."""
        board = self.board
        readings = self.readings
        controller = self.controller
        board.read(readings)
        self.therapy.tick(board.clock.ticks_ms(), readings, self.drive)
        board.write(self.drive)
        board.show(controller.status)
        self._persist()
        if readings.key >= KEY_PROGRAMME:  # programme, confirm, cancel and fields
            self.programming.key(readings)
        self.gatekeeper.step(self.inbox, self.facts, readings, controller.mailbox.post)

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

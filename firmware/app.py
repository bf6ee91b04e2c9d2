"""Wires the rooms to a board.

`turn` is what must go on whatever befalls the rest: on a device a soft timer calls it ten times
a second, between any two bytecodes of the main loop, which calls `background`. A simulated home
calls `step`, which is both.
"""

from firmware.comms.raw import RawComms
from firmware.therapy import messages as msg
from firmware.therapy.controller import Controller
from firmware.therapy.dosing import Dosing
from firmware.therapy.journal import Journal
from firmware.therapy.library import read_library
from firmware.therapy.programming import Programming
from firmware.therapy.records import REC_PRESCRIPTION
from firmware.therapy.tables import EV_HOSTILE
from firmware.trust.headroom import DEPTH, reach
from firmware.trust.leave import Leave
from firmware.trust.linkwatch import LinkWatch
from firmware.trust.ring import Ring
from firmware.trust.scratch import Marks
from firmware.trust.supervisor import Supervisor
from hal.compat import const, heap_lock, heap_unlock
from hal.ports import AREA_LIBRARY, KEY_PROGRAMME, OK, RF_LINK_UP, Drive, Readings

# The kind of a journal frame that holds a record of the tick; others use records.REC_*.
FRAME_RECORD = const(0)
_MAILBOX = const(256)


class App:
    """The firmware on a board. A reset makes a new one; nothing outlives it but the store."""

    def __init__(self, board, gatekeeper, make_comms=RawComms, dosing=None):
        """`gatekeeper.step(inbox, facts, readings, post)` runs after each tick and posts trust events.

        `make_comms(link, inbox, facts, leave)` makes what the supervisor polls: bytes into `inbox`, a
        mailbox, and out of `facts`. `dosing` stands in for therapy's own arithmetic where a test needs another.
        """
        self.board = board
        self.readings = Readings()
        self.drive = Drive()
        self.gatekeeper = gatekeeper
        self.inbox = Ring(_MAILBOX)
        self.facts = Ring(_MAILBOX)
        self.leave = Leave()
        self.marks = Marks(board.scratch)
        self.supervisor = Supervisor(make_comms, board, self.marks, self.inbox, self.facts, self.leave)
        self.controller = Controller(board.head, Dosing() if dosing is None else dosing)
        self.linkwatch = LinkWatch(self.controller.mailbox, board.clock.ticks_ms())
        self._post = self.controller.mailbox.post  # bound once: binding makes an object
        self.journal = Journal(board.store)
        self.library = read_library(board.store, AREA_LIBRARY)
        self.controller.library_ok = self.library.entries > 0
        self.programming = Programming(self.controller, self.library, board.head, self._keep)

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
        inside = self.supervisor.inside  # this turn pre-empts comms
        if inside:
            try:
                reach(DEPTH)
            except RuntimeError:  # no room for a whole turn
                return
        board.read(readings)
        if inside:
            heap_lock()  # comms may have left none: the tick is not to wait for a collection
        try:
            controller.tick(board.clock.ticks_ms(), readings, self.drive)
        finally:
            if inside:
                heap_unlock()
        board.write(self.drive)
        board.show(controller.status)
        try:
            self._persist()
            if readings.key >= KEY_PROGRAMME:  # programme, confirm, cancel and fields
                self.programming.key(readings)
        except MemoryError:  # what is short here, comms holds
            self.supervisor.drop()
            controller.status.message = msg.BUSY
        self._look_at_comms()

    def _look_at_comms(self):
        """How comms fares, and what it brought. Waits for nothing, and lets nothing out."""
        readings = self.readings
        supervisor = self.supervisor
        mailbox = self.controller.mailbox
        now_ms = self.board.clock.ticks_ms()
        supervisor.watch(now_ms, readings.key)
        self.linkwatch.step(now_ms, readings.flags & RF_LINK_UP, supervisor.silent)
        mailbox.comms_held = supervisor.is_down()
        self.leave.renew(self.drive, self.controller.status)
        try:
            self.gatekeeper.step(self.inbox, self.facts, readings, self._post)
        except Exception:  # a mailbox or a message that makes the gatekeeper stumble was made to
            mailbox.post(EV_HOSTILE)

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

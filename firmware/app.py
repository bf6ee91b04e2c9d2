"""Wires the rooms to a board.

`turn` is what must go on whatever befalls the rest: on a device a soft timer calls it ten times
a second, between any two bytecodes of the main loop, which calls `background`. A simulated home
calls `step`, which is both.
"""

from firmware.comms.raw import RawComms
from firmware.therapy import messages as msg
from firmware.therapy.keeper import Keeper, is_running
from firmware.therapy.library import AREAS, read_newest
from firmware.therapy.programming import Programming
from firmware.therapy.remote import Remote
from firmware.therapy.selfcheck import DOUBT
from firmware.therapy.tables import EV_COMPROMISED, EV_HOSTILE, ST_FAILED, ST_MAINTENANCE, ST_SELF_TEST
from firmware.therapy.therapy import Therapy
from firmware.trust.headroom import DEPTH, reach
from firmware.trust.leave import Leave
from firmware.trust.linkwatch import LinkWatch
from firmware.trust.local import LocalPort
from firmware.trust.memory import MemoryWatch
from firmware.trust.ring import Ring
from firmware.trust.scratch import RESUME_OK, Marks
from firmware.trust.supervisor import Supervisor
from hal.compat import const, heap_lock, heap_unlock
from hal.ports import KEY_PROGRAMME, RF_LINK_UP, Drive, Readings

_MAILBOX = const(1280)  # the longest message and its length


class App:
    """The firmware on a board. A reset makes a new one; nothing outlives it but the store."""

    def __init__(self, board, gatekeeper, make_comms=RawComms, dosing=None, guardian=None, make_keeper=Keeper,
                 updates=None):  # fmt: skip
        """`gatekeeper.step(inbox, facts, readings, post)` runs after each tick and posts trust events.

        Before the first, `gatekeeper.meet(remote)` hands it the one way to therapy.

        `make_comms(link, inbox, facts, leave)` makes what the supervisor polls: bytes into `inbox`, a
        mailbox, and out of `facts`. `dosing`, `guardian` and `make_keeper` stand in where a test needs another.
        `updates`: firmware.update.running.Updates, of a pump that was booted from a slot.
        """
        self.board = board
        self.readings = Readings()
        self.drive = Drive()
        self.gatekeeper = gatekeeper
        self.local = LocalPort(board, gatekeeper)
        self.inbox = Ring(_MAILBOX)
        self.facts = Ring(_MAILBOX)
        self.leave = Leave()
        self.marks = Marks(board.scratch)
        self.supervisor = Supervisor(make_comms, board, self.marks, self.inbox, self.facts, self.leave)
        self.therapy = Therapy(board.head, dosing, guardian)
        self.controller = self.therapy.controller
        self.linkwatch = LinkWatch(self.controller.mailbox, board.clock.ticks_ms())
        self.memory = MemoryWatch(self.supervisor, self.controller.mailbox, board.clock.ticks_ms())
        self._post = self.controller.mailbox.post  # bound once: binding makes an object
        self.keeper = make_keeper(board, self.therapy)
        self.library = read_newest(board.store, getattr(gatekeeper, "library_areas", AREAS))
        self.controller.library_ok = self.library.entries > 0
        warm = self.marks.warm
        running = self.marks.found & RESUME_OK != 0
        self.marks.of_turn(RESUME_OK, running)  # as it was, until the first turn
        self._running = running
        self.keeper.boot(warm, running)
        if self.keeper.rolled_back:
            self.controller.mailbox.post(EV_COMPROMISED)
        self.programming = Programming(self.therapy, self.library, board.head, self.keeper.keep)
        self.remote = Remote(self.controller, self.programming, board)
        self.updates = updates
        if updates is not None:
            gatekeeper.updates = updates
            if updates.recovers():  # its self-test never passes: no motor power, and a HIGH alarm
                self.controller.detectors.frame.register(_recovers, DOUBT)
        gatekeeper.meet(self.remote)

    def step(self):
        """A turn, then what may wait."""
        self.turn()
        self.background()

    def background(self):
        """Let comms have its say, and whoever stands at the local port; nothing that a dose needs."""
        self.supervisor.poll()
        self.local.step(self.controller.delivery.state, self.readings.flags, self.remote)
        self.memory.look(self.board.clock.ticks_ms())
        if self.updates is not None:
            self._look_at_updates()

    def _look_at_updates(self):
        """A slice of what a pump with slots does beside its dose."""
        state = self.controller.delivery.state
        tested = 0 if state == ST_SELF_TEST else 2 if state == ST_FAILED else 1
        try:
            now_ms = self.board.clock.ticks_ms()
            if self.updates.step(now_ms, self.remote.is_at_rest(), state == ST_MAINTENANCE, tested):
                self._post(EV_COMPROMISED)
        except MemoryError:
            self.updates.drop()

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
            self.therapy.tick(board.clock.ticks_ms(), readings, self.drive)
        finally:
            if inside:
                heap_unlock()
        board.write(self.drive)
        board.show(controller.status)
        self._mark_running()
        try:
            self.keeper.persist(readings)
            if readings.key >= KEY_PROGRAMME:  # programme, confirm, cancel and fields
                self.programming.key(readings)
            self.remote.look()
        except MemoryError:  # what is short here, comms holds
            self.memory.ran_out()
            controller.status.message = msg.BUSY
        except RuntimeError:  # the interpreter's word for a stack that is used up
            self.memory.ran_out()
            controller.status.message = msg.BUSY
        self._look_at_comms()
        board.watchdog.feed()  # only a turn that came to its end

    def _mark_running(self):
        """Tell the run after a watchdog reset whether flow was meant to be: a person's Stop counts at once."""
        state = self.controller.delivery.state
        if state == ST_SELF_TEST:
            return  # nothing has been decided yet: the mark of the last run stands
        running = is_running(state)
        if running != self._running:
            self._running = running
            self.marks.of_turn(RESUME_OK, running)

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


def _recovers():
    """A check that fails: this image is there to take another one in, and not to infuse."""
    return 0

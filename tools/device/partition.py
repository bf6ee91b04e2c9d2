"""The partitions on MicroPython: comms misbehaves for real while the turn pre-empts it.

Arguments: the project's root, the misbehaviour's name (or mute; or deep: turns at every depth of the
stack; or counts: bytes that count, both ways), the number of turns, the rate in µL/h, a mutant's
name if there is one.

A thread stands for the device's soft timer: it schedules the turn, which then runs between any
two bytecodes of the main loop, so of comms. Virtual time passes by 100 ms a turn. Prints one
JSON line when the last turn is over. A main loop that hangs goes on hanging: whoever reads the
line ends the process.
"""

import _thread
import gc
import hashlib
import struct
import sys
import time

import micropython

sys.path.insert(0, sys.argv[1])

from firmware import app as firmware_app
from firmware.app import App
from firmware.trust.ring import Ring
from hal import ports
from simulator.standins.comms import MISBEHAVIOURS, Carries, Mute, maker
from simulator.standins.gatekeeper import ScriptedGatekeeper
from tools.device.parts import Board, CountingGatekeeper, CountingLink, Kept
from tools.device.tour import prescription

TURN_MS = 100
_RECORD = "<12i"
_POLICY = 1  # sustain
# What a person presses, by turn.
_KEYS = {
    12: ports.KEY_PROGRAMME, 14: ports.KEY_START, 300: ports.KEY_PATIENT_BOLUS, 520: ports.KEY_CLINICIAN_BOLUS,
    760: ports.KEY_PAUSE, 800: ports.KEY_START, 820: ports.KEY_PATIENT_BOLUS,
}  # fmt: skip
_OFFER = 13
_STARTED = 30  # the infusion runs before comms begins
_BALLAST = 8192
_BLOCKS = 3
_PATIENCE = 20  # rounds of the timer
_DEPTHS = 40  # calls back from the end of the stack, at each of which a turn is tried


class Run:
    """One pump, its turns, and what they left. `turn` takes no memory of its own."""

    def __init__(self, kind, turns, rate_ul_h, counts=False):
        self.board = Board()
        if counts:
            self.board.link = CountingLink()
        self.gatekeeper = CountingGatekeeper() if counts else ScriptedGatekeeper()
        self.app = App(self.board, self.gatekeeper, make_comms=maker(kind, self))
        self.app.controller.library_ok = True
        self.app.keeper.journal = Kept()
        self.turns = turns
        self.turn_number = 0
        self.raised = 0
        self.left_out = 0
        self.blocks = 0
        self.blocked = 0  # calls in which no turn came
        self.waits = False  # a turn is scheduled
        self._rx = prescription(self.board.head, 0, rate_ul_h, _POLICY)
        self._record = bytearray(struct.calcsize(_RECORD))
        self._hash = hashlib.sha256()
        self._ballast = bytearray(_BALLAST)
        self.scheduled = self.turn

    def over(self):
        return self.turn_number >= self.turns

    def turn(self, _):
        """The soft timer's callback."""
        self.waits = False
        if self.over():
            return
        self.turn_number += 1
        board = self.board
        board.pass_ms(TURN_MS)
        key = _KEYS.get(self.turn_number, 0)
        if key:
            board.key = key
        if self.turn_number == _OFFER:
            self.app.therapy.offer_prescription(self._rx)
        reads = board.reads
        try:
            self.app.turn()
        except Exception:
            self.raised += 1
        if board.reads == reads:
            self.left_out += 1
        self._observe()
        if self.over():
            self.tell()

    def _observe(self):
        d = self.app.drive
        s = self.app.controller.status
        struct.pack_into(
            _RECORD, self._record, 0, d.step_rate_mhz, d.step_end, d.enable, d.relay, s.delivery, s.therapy_alarms,
            s.commanded_ul, s.commanded_rest, s.delivered_ul, s.segment, s.bolus, self.board.count,
        )  # fmt: skip
        self._hash.update(self._record)

    def tell(self):
        """Comms does not run meanwhile; it may have left no memory."""
        self._ballast = None
        gc.collect()
        s = self.app.controller.status
        supervisor = self.app.supervisor
        print(
            '{"therapy": "%s", "turns": %d, "raised": %d, "left_out": %d, "falls": %d, "hung": %d, "held": %d,'
            % (
                "".join(["%02x" % byte for byte in self._hash.digest()]), self.turn_number, self.raised,
                self.left_out, supervisor.falls, supervisor.hung, supervisor.held,
            ),
            '"trust": %d, "trust_alarms": %d, "delivered_ul": %d, "delivery": %d, "blocked": %d,'
            % (s.trust, s.trust_alarms, s.delivered_ul, s.delivery, self.blocked),
            self._counted(),
        )  # fmt: skip

    def _counted(self):
        """Bytes that passed each way, and how many of them were not the next."""
        link = self.board.link
        gatekeeper = self.gatekeeper
        if not isinstance(link, CountingLink):
            return '"came": 0, "went": 0, "broken": 0}'
        return '"came": %d, "went": %d, "broken": %d}' % (gatekeeper.came, link.came, gatekeeper.broken + link.broken)

    # The means of comms.

    def hang(self):
        while True:
            pass

    def block(self, ms):
        """A real C call, in which no turn can come; it is short, and virtual time stands meanwhile."""
        self.blocks += 1
        if self.blocks > _BLOCKS:
            return
        before = self.turn_number
        sum(range(3000000))
        if self.turn_number == before:
            self.blocked += 1

    def fill(self, held):
        """Take the last block of the heap, by small pieces: a torn heap has no long ones."""
        if not held:
            held.append(None)
        while True:
            held[0] = (held[0], self.turn_number)


class TellsFirst(Ring):
    """A mutant: the place is told before the bytes lie there."""

    def put(self, data, count):
        count = min(count, self.room())
        place = self._next
        self._next = (place + count) % self._size
        for index in range(count):
            self._bytes[(place + index) % self._size] = data[index]
        return count


def does_not_reach(depth):
    """A mutant's."""


def dig(run, spare):
    """Go to the end of the stack, `spare` calls back, and take a turn there, as if it pre-empted comms."""
    try:
        left = dig(run, spare)
    except RuntimeError:
        return spare
    if left == 0:
        run.turn(0)
    return left - 1


def deep(run):
    """A turn at each depth: whole, or left out, and never half. No timer: nothing here is by chance."""
    run.app.supervisor.inside = True
    for spare in range(_DEPTHS):
        dig(run, spare)
        run.turn(0)
    run.tell()


def soft_timer(run):
    """Runs in a thread of its own. A turn that could not even be called is asked for again after a while."""
    missed = 0
    while True:
        time.sleep_us(200)
        missed += 1
        if not run.waits or missed > _PATIENCE:
            missed = 0
            run.waits = True
            try:
                micropython.schedule(run.scheduled, 0)
            except Exception:  # the queue is full, or there is no memory to say so
                run.waits = False


def main(name, turns, rate_ul_h, mutant):
    kind = Mute
    for known, misbehaving in MISBEHAVIOURS:
        if known == name:
            kind = misbehaving
    if mutant == "asks for no stack":
        firmware_app.reach = does_not_reach
    elif mutant == "tells first":
        firmware_app.Ring = TellsFirst
    run = Run(Carries if name == "counts" else kind, turns, rate_ul_h, name == "counts")
    for _ in range(_STARTED):
        run.turn(0)
    gc.collect()
    if name == "deep":
        deep(run)
        return
    _thread.start_new_thread(soft_timer, (run,))
    while not run.over():
        run.app.background()


main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] if len(sys.argv) > 5 else "")

"""A provisioned pump on MicroPython: the firmware as it is on a device, over mutual TLS at a broker on this machine.

Arguments: the project's root (or a folder of its bytecode), the pump's credential record, a compiled drug library, the
folder of the pump's identity (DER) or `alone` for a pump without a network, the broker's port, the most turns, real
milliseconds a turn. The first key of the audit lies beside the record, as audit.key.

Standard input plays the nurse, a line each: `at TURN CODE VALUE` and `key CODE VALUE` press a key (at most one a turn
reaches the pump), `run` lets the turns begin, `end` ends them. Virtual time passes by 100 ms a turn, so the trace of
therapy says whether the network changed a dose. Prints one JSON line when the last turn is over.
"""

import gc
import hashlib
import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, sys.argv[1])

from firmware.app import App
from firmware.main import comms_for, gatekeeper_for
from firmware.trust.credentials import Record
from firmware.trust.install import install
from firmware.trust.sealed import make_seal
from hal import ports
from hal.compat import MASK
from tools.device.flash import Counter, Flash
from tools.device.parts import Board, Link
from tools.device.tls_link import TlsLink, context, read

TURN_MS = 100
HANDSHAKE_MS = 1000
_RECORD = "<10i"


class RealClock:
    """Comms waits by the wall's clock, therapy doses by the virtual one."""

    def ticks_ms(self):
        return time.ticks_ms() & MASK


class Entropy:
    def fill(self, into):
        into[:] = os.urandom(len(into))
        return ports.OK


class Nurse:
    """Keys from standard input. `begun` after `run`, `over` after `end`; without input at all the turns begin."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._open = True
        self._at = {}
        self._keys = []
        self.begun = False
        self.over = False

    def look(self):
        """Take the lines that wait."""
        while self._open and self._poll.poll(0):
            line = sys.stdin.readline()
            if not line:
                self._open = False
                self.begun = True
                return
            words = line.split()
            if words[0] == "run":
                self.begun = True
            elif words[0] == "end":
                self.over = True
            elif words[0] == "at":
                self._at[int(words[1])] = (int(words[2]), int(words[3]))
            elif words[0] == "key":
                self._keys.append((int(words[1]), int(words[2])))

    def key(self, turn):
        """Return the key of this turn and its value."""
        if turn in self._at:
            return self._at[turn]
        return self._keys.pop(0) if self._keys else (ports.KEY_NONE, 0)


class Bench(Board):
    """The ideal motor, with a store, a counter and keys that carry a value."""

    def __init__(self, record, audit_key, library):
        Board.__init__(self)
        self.store = Flash()
        if install(self.store, record, audit_key) != ports.OK:
            raise OSError("the record cannot be installed")
        self.store.load(ports.AREA_LIBRARY, library + make_seal(record, library, bytes(32), (0, 0)))
        self.counter = Counter()
        self.entropy = Entropy()
        self.value = 0

    def read(self, r):
        Board.read(self, r)
        r.key_value = self.value


class Run:
    """One pump and what its therapy did."""

    def __init__(self, record, audit_key, library, folder, port):
        self.board = board = Bench(record, audit_key, library)
        if folder == "alone":
            board.link = Link()
        else:
            address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
            board.link = TlsLink(address, "localhost", context(folder), HANDSHAKE_MS)
        self.gatekeeper = gatekeeper_for(board)
        self._make_comms = comms_for(board.link, self.gatekeeper.pump_id(), RealClock(), board.entropy)
        self.comms = None
        self.app = App(board, self.gatekeeper, self._make)
        self._record = bytearray(struct.calcsize(_RECORD))
        self._hash = hashlib.sha256()

    def _make(self, link, inbox, facts, leave):
        self.comms = self._make_comms(link, inbox, facts, leave)
        return self.comms

    def turn(self, key, value):
        self.board.pass_ms(TURN_MS)
        self.board.key = key
        self.board.value = value
        self.app.turn()
        d = self.app.drive
        s = self.app.controller.status
        struct.pack_into(
            _RECORD, self._record, 0, d.step_rate_mhz, d.step_end, d.enable, d.relay, s.delivery, s.therapy_alarms,
            s.commanded_ul, s.commanded_rest, s.delivered_ul, self.board.count,
        )  # fmt: skip
        self._hash.update(self._record)

    def tell(self, turns):
        comms = self.comms
        head = self.gatekeeper.audit.head()
        gc.collect()
        print(
            '{"therapy": "%s", "delivered_ul": %d, "refused": %d, "falls": %d, "records": %d, "live": %d,'
            % (
                "".join(["%02x" % byte for byte in self._hash.digest()]), self.app.controller.status.delivered_ul,
                sum(self.gatekeeper.tally.counts[1:]), self.app.supervisor.falls, 0 if head is None else head[0],
                gc.mem_alloc(),
            ),
            '"turns": %d, "connections": %d, "violations": %d}'
            % (turns, getattr(comms, "connections", 0), getattr(comms, "violations", 0)),
        )  # fmt: skip


def main(record_path, library_path, folder, port, turns, turn_ms):
    record = Record()
    if not record.decode(read(record_path)):
        print("that is no credential record: " + record_path)
        return 1
    audit_key = read(record_path[: record_path.rindex("/") + 1] + "audit.key")
    run = Run(record, audit_key, read(library_path), folder, port)
    nurse = Nurse()
    while not nurse.begun:
        nurse.look()
        time.sleep_ms(1)
    due_ms = time.ticks_ms()
    number = 0
    while number < turns and not nurse.over:
        nurse.look()
        if time.ticks_diff(time.ticks_ms(), due_ms) >= 0:
            number += 1
            due_ms = time.ticks_add(due_ms, turn_ms)
            run.turn(*nurse.key(number))
        else:
            run.app.background()
            time.sleep_ms(1)
    run.tell(number)
    return 0


sys.exit(main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7])))

"""A pump on MicroPython that infuses while its comms speaks MQTT over mutual TLS, at a broker on this machine.

Arguments: the project's root, the pump's id in hex, the folder of its identity (DER), the broker's port, the most
turns, real milliseconds a turn; `alone` instead of the folder is a pump without a network. The request `end` ends it.

Whatever request comes whole is answered by a fact that holds it: nobody judges here. Virtual time passes by 100 ms a
turn, so the trace of therapy says whether the network changed a dose. Prints one JSON line when the last turn is over.
"""

import hashlib
import os
import socket
import struct
import sys
import time

sys.path.insert(0, sys.argv[1])

from firmware.app import App
from firmware.comms.mqtt import MqttMaker
from firmware.comms.raw import RawComms
from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from hal import ports
from hal.compat import MASK
from tools.device.parts import Board, Kept, Link
from tools.device.tls_link import TlsLink, context
from tools.device.tour import prescription

TURN_MS = 100
HANDSHAKE_MS = 1000
_RECORD = "<10i"
_POLICY = 1  # sustain
_RATE_UL_H = 20000
_KEYS = {12: ports.KEY_PROGRAMME, 14: ports.KEY_START}
_OFFER = 13
_ACK = 4


class RealClock:
    """Comms waits by the wall's clock, therapy doses by the virtual one."""

    def ticks_ms(self):
        return time.ticks_ms() & MASK


class Entropy:
    def fill(self, into):
        into[:] = os.urandom(len(into))
        return ports.OK


class Echo:
    """Answers each request with a fact that holds it."""

    def __init__(self, pump_id):
        self._pump_id = pump_id
        self._key = MacKey(pump_id)
        self._in = b""
        self._out = b""
        self._bytes = bytearray(64)
        self.came = 0
        self.over = False

    def meet(self, remote):
        """Nothing is asked of therapy."""

    def step(self, inbox, facts, readings, post):
        count = inbox.take(self._bytes)
        self._in += bytes(self._bytes[:count])
        while len(self._in) >= 2 and len(self._in) >= 2 + (self._in[0] << 8 | self._in[1]):
            end = 2 + (self._in[0] << 8 | self._in[1])
            self._answer(self._in[2:end])
            self._in = self._in[end:]
        if self._out:
            self._out = self._out[facts.put(self._out, len(self._out)) :]

    def _answer(self, request):
        self.came += 1
        self.over = request == b"end"
        payload = encode({1: _ACK, 2: self.came, 3: 0, 4: {1: request}})
        fact = make_mac0(payload, self._key, {KEY_ID: self._pump_id}, b"kvo fact 1")
        self._out += len(fact).to_bytes(2, "big") + fact


class Run:
    """One pump and what its therapy did."""

    def __init__(self, pump_id, folder, port):
        self.board = Board()
        maker = RawComms
        if folder == "alone":
            self.board.link = Link()
        else:
            address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
            self.board.link = TlsLink(address, "localhost", context(folder), HANDSHAKE_MS)
            maker = self._make
        self._maker = MqttMaker(pump_id, RealClock(), Entropy())
        self.comms = None
        self.gatekeeper = Echo(pump_id)
        self.app = App(self.board, self.gatekeeper, make_comms=maker)
        self.app.controller.library_ok = True
        self.app.keeper.journal = Kept()
        self._rx = prescription(self.board.head, 0, _RATE_UL_H, _POLICY)
        self._record = bytearray(struct.calcsize(_RECORD))
        self._hash = hashlib.sha256()

    def _make(self, link, inbox, facts, leave):
        self.comms = self._maker.make(link, inbox, facts, leave)
        return self.comms

    def turn(self, number):
        self.board.pass_ms(TURN_MS)
        key = _KEYS.get(number, 0)
        if key:
            self.board.key = key
        if number == _OFFER:
            self.app.therapy.offer_prescription(self._rx)
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
        print(
            '{"therapy": "%s", "delivered_ul": %d, "came": %d, "falls": %d,'
            % (
                "".join(["%02x" % byte for byte in self._hash.digest()]), self.app.controller.status.delivered_ul,
                self.gatekeeper.came, self.app.supervisor.falls,
            ),
            '"turns": %d, "connections": %d, "violations": %d}'
            % ((turns, 0, 0) if comms is None else (turns, comms.connections, comms.violations)),
        )  # fmt: skip


def main(pump_id, folder, port, turns, turn_ms):
    run = Run(bytes.fromhex(pump_id), folder, port)
    due_ms = time.ticks_ms()
    number = 0
    while number < turns and not run.gatekeeper.over:
        if time.ticks_diff(time.ticks_ms(), due_ms) >= 0:
            number += 1
            due_ms = time.ticks_add(due_ms, turn_ms)
            run.turn(number)
        else:
            run.app.background()
            time.sleep_ms(1)
    run.tell(number)


main(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))

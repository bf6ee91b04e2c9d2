"""A board of parts out of its box: keys, root record and first library over its local port, and then it infuses."""

import contextlib
import dataclasses
import hashlib

import pytest

from firmware.app import App
from firmware.main import Loop, gatekeeper_for
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from hal.pico import pins
from hal.stubs import installed
from hal.stubs.chip import ChipReset
from simulator.asked import PHARMACIST, PINS
from simulator.files.library import compile_library
from simulator.files.programme import find_programme, load_programme
from tests.pico.desk import Desk
from tests.pico.test_complete_board import RATE_ML_H, STEP_ML, Whole
from tests.pico.wiring import Bench
from tools.provision.install import PIECE, Holds, Line, carry_over
from tools.sign.parcel import Packed, unpack
from tools.update_cases.carried import RECORD, numbered, parcel
from tools.update_cases.pump import roots

FIRST, NEXT = 3, 4  # numbers of libraries


class Pico(Whole):
    """With the gatekeeper of a device, and a serial line at its local port; it runs whenever the host waits."""

    timeout = 0.0

    def __init__(self, bench, desk):
        from hal.pico.board import make_board
        from hal.pico.fitted import LINK_UART, Fitted

        self.bench, self.desk, self.chip = bench, desk, bench.chip
        self.there, self.said = bytearray(), bytearray()
        self.board = make_board(Fitted(link=LINK_UART))
        self.board.local = self
        self.app = App(self.board, gatekeeper_for(self.board))
        self.loop = Loop(self.app, self.board.pacer, self.board.clock)

    # The pump's end.

    def receive(self, into):
        count = min(len(into), len(self.there))
        into[:count] = self.there[:count]
        del self.there[:count]
        return count

    def send(self, data, count):
        self.said += data[:count]
        return count

    # The host's.

    @property
    def in_waiting(self):
        return len(self.said)

    def write(self, data):
        self.there += data

    def read(self, count):
        self.run(20)
        data = bytes(self.said[:count])
        del self.said[:count]
        return data

    def maintenance(self):
        self.desk.closed |= 1 << pins.SWITCH_KEY
        self.run(300)
        self.type("D", "7")
        assert self.app.controller.delivery.state == t.ST_MAINTENANCE

    def log_in(self):
        self.type(*f"24*{PHARMACIST}#", *f"25*1{PINS[PHARMACIST]}#")
        self.run(4_000)
        assert self.app.controller.status.operator == PHARMACIST


@pytest.fixture
def switched_on(tmp_path, monkeypatch):
    """A Pico and its desk; each call is one time from power-on to power-off."""
    monkeypatch.chdir(tmp_path)
    bench = Bench()
    desk = Desk(bench.chip)
    desk.rtc.set_unix(1_777_836_800)
    desk.counts["pressure"] = int(65_536 * (0.1 + 0.8 * 108 / 1600))
    desk.counts["plunger"] = 60_000

    @contextlib.contextmanager
    def on():
        desk.closed &= ~(1 << pins.SWITCH_KEY)
        bench.start()
        with installed(bench.chip):
            pico = Pico(bench, desk)
            pico.until(t.ST_STANDBY, 5_000)
            yield pico
            assert (pico.board.failures, pico.loop.raised) == (0, 0)
            with contextlib.suppress(ChipReset):
                bench.chip.lose_power()

    return on


def test_it_gets_its_library_over_the_local_port_and_infuses(switched_on):
    programme = dataclasses.replace(load_programme(find_programme("norepinephrine-8h")), events=(), faults=())
    library = compile_library(programme.library)
    with switched_on() as pico:
        pico.type("D", "A")
        assert pico.app.controller.delivery.state == t.ST_STANDBY  # no library: nothing to programme
        pico.maintenance()
        line = Line("the bench", pico)
        data = RECORD.encode()
        line.key(bytes(range(32)))
        for offset in range(0, len(data), PIECE):
            line.put(offset, data[offset : offset + PIECE])
        line.end(len(data), hashlib.sha256(data).hexdigest())
        signed = unpack(parcel(numbered(FIRST, library)))
        first = Packed(FIRST, roots().encode(), signed.envelope, signed.payload)
        assert carry_over(line, first.pack(), FIRST, first=True) == Holds(0, 0, -1)
    with switched_on() as pico:
        assert pico.app.library.sequence == FIRST
        pico.maintenance()
        # The next one comes the same way, and is in force for nothing without somebody who may say so.
        assert carry_over(Line("the bench", pico), parcel(numbered(NEXT, library)), NEXT, first=True).library == FIRST
    with switched_on() as pico:
        assert pico.app.library.sequence == FIRST
        pico.log_in()
        pico.maintenance()
        pico.type(*f"26*{NEXT}#", "#")
        assert pico.app.controller.status.message == msg.AT_NEXT_START
    with switched_on() as pico:
        assert pico.app.library.sequence == NEXT
        pico.log_in()
        pico.programme(programme)
        pico.until(t.ST_INFUSING, 5_000)
        began = pico.bench.turned
        pico.run(30_000)
        assert (pico.bench.turned - began) * STEP_ML == pytest.approx(RATE_ML_H / 120, rel=0.02)

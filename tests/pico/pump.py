"""The firmware on a Pico board, on a chip of make-believe."""

from contextlib import contextmanager

from firmware.app import App
from hal.pico import pins
from hal.ports import KEY_NONE, KEY_PROGRAMME, KEY_START, KEY_STOP, OK, RF_MAINS
from hal.stubs import installed
from simulator.ideal import NoGatekeeper, prescription
from tests.pico.wiring import Bench


class Hands:
    """Stands for switches, keypad and sensors: keys that a test presses, and values that no alarm minds."""

    def __init__(self, chip):
        self.keys = []
        self.down_mmhg = 10
        chip.wire(pins.STOP).watchers.append(lambda level: level or self.keys.insert(0, (KEY_STOP, 0)))

    def read(self, readings):
        readings.flags = RF_MAINS
        readings.key, readings.key_value = self.keys.pop(0) if self.keys else (KEY_NONE, 0)
        readings.down_mmhg = self.down_mmhg
        readings.reservoir_ul = 40_000
        readings.size_um = 26_720
        return OK


class Plain:
    """What make_board takes as fitted, with a test's hands for sensors and nothing else answering."""

    def __init__(self, hands, panel):
        self.sensors = (hands,)
        self.panel = panel
        self.rtc = self.link = self.identity = self

    def read_s(self):
        return -1

    def receive(self, into):
        return 0

    def send(self, data, count):
        return 0

    def present(self):
        return -1


class Pump:
    """An App on the board; `run` lets the chip's timer take the turns."""

    def __init__(self, bench, hands, panel):
        from hal.pico.board import make_board

        self.bench = bench
        self.chip = bench.chip
        self.hands = hands
        self.board = make_board(Plain(hands, panel))
        self.app = App(self.board, NoGatekeeper())
        self.app.controller.library_ok = True
        self.board.pacer.start(self._turn, 100)

    def _turn(self, _):
        self.app.turn()

    def run(self, ms):
        self.chip.advance(ms * 1000)

    def infuse(self, rate_ul_h, syringe=5, **settings):
        """Programme and start; through the panel's back door, as a nurse would through its front."""
        self.run(2_000)
        self.hands.keys.append((KEY_PROGRAMME, 0))
        self.run(300)
        rx = prescription(rate_ul_h, head=self.board.head, **settings)
        rx.syringe = syringe
        self.app.keeper.keep(rx.encode())
        self.app.therapy.offer_prescription(rx)
        self.hands.keys.append((KEY_START, 0))
        self.run(300)


@contextmanager
def pump(bench=None, hands=None, panel=()):
    """A pump that has booted."""
    bench = Bench() if bench is None else bench
    with installed(bench.chip):
        yield Pump(bench, Hands(bench.chip) if hands is None else hands, panel)

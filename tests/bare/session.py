"""Somebody at a terminal of make-believe: types keys to the bare board and reads what pyte shows."""

import pyte

from firmware.app import App
from firmware.main import Loop
from firmware.trust.gatekeeper import Gatekeeper
from hal.bare.desk import GOES_ON, make_desk
from hal.bare.pacer import BarePacer
from hal.bare.panel import Panel
from hal.bare.screen import Screen
from hal.ports import HEAD_VOLUMETRIC


class Typed:
    """A console that gives what was typed and waits for nobody."""

    def __init__(self):
        self.waiting = bytearray()

    def get(self):
        return self.waiting.pop(0) if self.waiting else -1

    def wait(self, ms):
        pass


class Paused(BarePacer):
    """A pacer that lets go of the loop when the session's time has come."""

    until_ms = 0

    def rest(self):
        return super().rest() and self._desk.board.clock.ms < self.until_ms


class Session:
    """A pump, its terminal and whoever types; time is virtual and as fast as it goes."""

    def __init__(self, head=HEAD_VOLUMETRIC, colour=True):
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = bytearray()
        self.desk = make_desk(head)
        self.desk.speed = 0
        self.board = self.desk.board
        self.plant = self.board.plant
        self.console = Typed()
        self.panel = Panel(self.desk, Screen(self._put, colour))
        self.board.pacer = Paused(self.desk, self.panel, self.console)
        self.boots = 0
        self._boot()

    def _put(self, buffer, count):
        self._stream.feed(bytes(buffer))
        self.sent += bytes(buffer)
        return count

    def _boot(self):
        self.boots += 1
        board = self.board
        self.app = App(board, Gatekeeper(board.counter, board.clock))
        self.loop = Loop(self.app, board.pacer, board.clock)

    def pass_s(self, s):
        """Let so many virtual seconds pass; returns whether the board is still switched on."""
        self.board.pacer.until_ms = self.board.clock.ms + s * 1000
        while self.board.clock.ms < self.board.pacer.until_ms:
            self.loop.run()
            if self.desk.why != GOES_ON:
                if not self.desk.after_run():
                    return False
                self._boot()
        self.panel.draw()
        return True

    def type(self, text, s=1):
        """Type characters, one a second, the last of them `s` seconds ago."""
        for place, letter in enumerate(text):
            self.console.waiting += letter.encode()
            self.pass_s(s if place == len(text) - 1 else 1)
        return self

    @property
    def status(self):
        return self.board.status

    @property
    def lines(self):
        return self.screen.display

    @property
    def text(self):
        return "\n".join(self.screen.display)

    def row_of(self, words):
        """The first line that holds `words`."""
        return next(line for line in self.lines if words in line)


def infusing(head=HEAD_VOLUMETRIC, s=30):
    """A session in which norepinephrine has been infused for a while."""
    session = Session(head)
    session.pass_s(2)
    return session.type("nc").type("g", s)

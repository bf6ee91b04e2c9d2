"""The bare board by itself in any home: its demo, or a person who types. Prints one JSON line.

Arguments: the project's root, seconds of virtual time, the head (1 syringe, 2 volumetric), a mutant's name or "",
and what is typed, as second:byte,second:byte, instead of the demo. The line holds the hash of every byte that
the panel sent, where the dose stood each minute, and every state that was passed through.

A script on CPython and MicroPython's unix port; on the WebAssembly port runner.mjs calls `main` with the
arguments but the first, and then what it returns: memory is freed only in between. The panel's bytes come out there.
"""

import gc
import hashlib
import json
import sys

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # this, and what follows the imports: as firmware/__main__.py

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.main import boot
from hal.bare import board as bare
from hal.bare.desk import Desk
from hal.bare.pacer import BarePacer
from hal.bare.panel import Panel
from hal.bare.screen import Screen
from hal.compat import collect, crc32

if hasattr(gc, "threshold"):
    gc.threshold(24_576)

_POLICY_AT = 3  # in a library's entry, and in it the code of a policy that stops
_POLICY_STOP = 4
_CRC_AT = 12


class LetsGo(bare.BareBoard):
    """A mutant: no carrier, no motor."""

    def write(self, drive):
        bare.BareBoard.write(self, drive)
        if not self.plant.link_up:
            self.plant.drive(0, 0, 0, 0)


class Leaks(bare.BareBoard):
    """A mutant: of what flows in a tenth of a second, a nanolitre in 182 goes astray."""

    def advance(self, ms):
        before = self.plant.delivered_nl
        bare.BareBoard.advance(self, ms)
        if self.plant.delivered_nl > before:
            self.plant.delivered_nl -= 1


def stops_when_isolated(library):
    """A mutant's library: norepinephrine, its first entry, is stopped where help is gone."""
    data = bytearray(library)
    data[16 + _POLICY_AT] = _POLICY_STOP
    crc = crc32(bytes(data[16:]))
    for place in range(4):
        data[_CRC_AT + place] = crc >> 8 * place & 0xFF
    return bytes(data)


class Typist:
    """A console at which somebody types at given seconds. Time is as fast as it goes, whatever a key says."""

    def __init__(self, desk, typed):
        self._desk = desk
        self._typed = typed
        self._next = 0

    def get(self):
        desk = self._desk
        if desk.speed:
            desk.board.pacer.panel.draw()  # that is seen
            desk.speed = 0
        if self._next < len(self._typed) and self._typed[self._next][0] <= desk.board.clock.s:
            self._next += 1
            return self._typed[self._next - 1][1]
        return -1

    def wait(self, ms):
        """Nobody waits."""


class Recorder:
    """Stands between pacer and panel: hashes what is sent, and looks at the dose each minute."""

    def __init__(self, desk, out):
        self._desk = desk
        self._out = out
        self._hash = hashlib.sha256()
        self._panel = Panel(desk, Screen(self.put))
        self._due_s = 0
        self.sent = 0
        self.marks = []
        self.delivery = 0
        self.trust = 0
        self.peak_mmhg = 0
        self.used = 0

    def put(self, buffer, count):
        self._hash.update(buffer)
        self.sent += count
        self._out(buffer)
        return count

    def step(self):
        """Asked for only where a timer gives the turns."""

    def draw(self):
        desk = self._desk
        self._panel.draw()
        status = desk.board.status
        if status is None:
            return
        plant = desk.board.plant
        self.delivery |= 1 << status.delivery
        self.trust |= 1 << status.trust
        self.peak_mmhg = max(self.peak_mmhg, plant.down_mmhg())
        s = desk.board.clock.s
        if s >= self._due_s:
            self._due_s = s // 60 * 60 + 60
            delivered_nl = plant.delivered_ul * 1000 + plant.delivered_nl
            self.marks.append((s, delivered_nl, status.commanded_ul, status.delivery, status.trust))
            self.weigh()

    def weigh(self):
        """Note what a collection leaves; where none can be made while Python runs, what is there."""
        if hasattr(gc, "mem_alloc"):
            collect()
            self.used = max(self.used, gc.mem_alloc())

    def redraw(self):
        self._panel.redraw()

    def hex(self):
        return "".join(["%02x" % byte for byte in self._hash.digest()])


class Player:
    """Runs the firmware on the bare board, round by round, and boots it again after whatever ends it."""

    def __init__(self, seconds, head, mutant="", typed="", out=lambda buffer: None):
        made = {"lets go": LetsGo, "leaks": Leaks}.get(mutant, bare.BareBoard)(head)
        if mutant == "stops when isolated":
            made.store.replace_library(stops_when_isolated(bare.LIBRARY))
        self._desk = desk = Desk(made)
        desk.speed = 0
        self._recorder = Recorder(desk, out)
        pairs = [[int(word) for word in pair.split(":")] for pair in typed.split(",") if pair]
        console = Typist(desk, pairs) if pairs else None
        made.pacer = BarePacer(desk, self._recorder, console, seconds)
        made.pacer.panel = self._recorder
        if not pairs:
            desk.play()
        self._boots = 0
        self._loop = None

    def step(self):
        """One round of the main loop; False when it is over, and the line is printed."""
        if self._loop is None:
            self._boots += 1
            self._loop = boot(self._desk.board)
        if self._loop.step():
            return True
        self._loop = None
        if self._desk.after_run():
            collect()
            return True
        self._tell()
        return False

    def _tell(self):
        desk = self._desk
        recorder = self._recorder
        print(
            json.dumps(
                {
                    "seconds": desk.board.clock.s, "panel_sha256": recorder.hex(), "panel_bytes": recorder.sent,
                    "marks": recorder.marks, "delivery": recorder.delivery, "trust": recorder.trust,
                    "boots": self._boots, "events": desk.log.total, "rounds": desk.demo.rounds,
                    "peak_mmhg": recorder.peak_mmhg,
                }
            )
        )  # fmt: skip
        sys.stderr.write("live bytes at most: " + str(recorder.used) + "\n")


def main(seconds, head, mutant="", typed=""):
    """What runner.mjs calls again and again, a second of virtual time each."""
    import kvo_pipe
    from uctypes import addressof

    def out(buffer):
        sent = 0
        while sent < len(buffer):
            count = kvo_pipe.write(addressof(buffer) + sent, len(buffer) - sent)
            if count < 0:
                raise OSError(32)
            sent += count

    player = Player(int(seconds), int(head), mutant, typed, out)

    def step():
        for _ in range(100):
            if not player.step():
                return False
        return True

    return step


if __name__ == "__main__":
    player = Player(int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
    while player.step():
        pass

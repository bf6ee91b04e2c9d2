"""The bare board's demo, played by itself in any home. Prints one JSON line.

Arguments: the project's root, seconds of virtual time, the head (1 syringe, 2 volumetric), and a mutant's name
if there is one. The line holds the hash of every byte that the panel sent, where the dose stood each
minute, and every state that was passed through.
"""

import gc
import hashlib
import json
import sys

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # this, and what follows the imports: as firmware/__main__.py

sys.path.insert(0, sys.argv[1])

from firmware.main import run
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


class Recorder:
    """Stands between pacer and panel: hashes what is sent, and looks at the dose each minute."""

    def __init__(self, desk):
        self._desk = desk
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
        return count

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
            if hasattr(gc, "mem_alloc"):
                collect()
                self.used = max(self.used, gc.mem_alloc())

    def redraw(self):
        self._panel.redraw()

    def hex(self):
        return "".join(["%02x" % byte for byte in self._hash.digest()])


def main(seconds, head, mutant):
    made = {"lets go": LetsGo, "leaks": Leaks}.get(mutant, bare.BareBoard)(head)
    if mutant == "stops when isolated":
        made.store.replace_library(stops_when_isolated(bare.LIBRARY))
    desk = Desk(made)
    desk.speed = 0
    recorder = Recorder(desk)
    made.pacer = BarePacer(desk, recorder, None, seconds)
    desk.play()
    boots = 0
    while True:
        boots += 1
        run(made)
        if not desk.after_run():
            break
        collect()
    print(
        json.dumps(
            {
                "seconds": made.clock.s, "panel_sha256": recorder.hex(), "panel_bytes": recorder.sent,
                "marks": recorder.marks, "delivery": recorder.delivery, "trust": recorder.trust, "boots": boots,
                "events": desk.log.total, "rounds": desk.demo.rounds, "peak_mmhg": recorder.peak_mmhg,
            }
        )
    )  # fmt: skip
    return recorder.used


def start():
    used = main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
    sys.stderr.write("live bytes at most: " + str(used) + "\n")


start()

"""What the firmware takes of a device: live bytes once booted, and how long a tick lasts. Prints one JSON line.

Run by `kvo bench device` as a script under MicroPython's unix port, whose argument is the
project's root; by runner.mjs, a step at a time, in home webassembly; and imported on CPython.
Live bytes are what a collection leaves of the firmware and its ports, without the interpreter
and the board that plays the parts here.
"""

import gc
import json
import sys
import time

_LOOP = 1000
_PASSES = 5
_ALL = 0xFFFF
_TURN_MS = 100
_MOST = 8000  # ticks of a tour


try:
    from kvo_pipe import ticks_us  # that port's own clock counts milliseconds
except ImportError:
    if hasattr(time, "ticks_us"):
        ticks_us = time.ticks_us
    else:

        def ticks_us():
            """Microseconds, modulo 2**30."""
            return time.perf_counter_ns() // 1000 & 0x3FFFFFFF


def since_us(begun):
    """Microseconds since `begun`."""
    return ticks_us() - begun & 0x3FFFFFFF


def _live():
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def loop_us():
    """The stated loop: _LOOP times `n += i`, the best of some."""
    best = 1 << 29
    for _ in range(20):
        begun = ticks_us()
        n = 0
        for i in range(_LOOP):
            n += i
        best = min(best, since_us(begun))
    return best


class Ticks:
    """How long each tick of a tour lasted, the best of some passes: what else the machine did falls away."""

    def __init__(self):
        from array import array

        # Made before anything else: a heap that is capped has no long piece left later.
        self._best = array("H", bytearray(2 * _MOST))
        self._late = bytearray(_MOST)  # per tick: whether more than a turn had passed
        self._at = 0
        self._last_ms = 0
        self.ticks = 0

    def around(self, therapy, now_ms, readings, drive):
        """Do one tick of the tour, timed."""
        from hal.compat import ticks_diff

        tick = therapy.tick
        begun = ticks_us()
        tick(now_ms, readings, drive)
        took = min(since_us(begun), _ALL)
        if self._at == self.ticks:
            self._best[self._at] = took
            self._late[self._at] = ticks_diff(now_ms, self._last_ms) > _TURN_MS
            self.ticks += 1
        elif took < self._best[self._at]:
            self._best[self._at] = took
        self._at += 1
        self._last_ms = now_ms

    def tour(self, head, syringe, rate):
        """One pass; it takes the same ticks each time."""
        from tools.device import tour

        self._at = 0
        tour.tour(self.around, head, syringe, rate, 0x3FFF0000)

    def worst_us(self, late):
        """The worst of the ticks that came in time, or of those after a stall."""
        worst = 0
        for at in range(self.ticks):
            if self._late[at] == late and self._best[at] > worst:
                worst = self._best[at]
        return worst

    def mean_us(self):
        return sum(self._best) / self.ticks


class Counter:
    """Matches hal.ports.SecureCounter, and Entropy that has none."""

    count = 0

    def fill(self, into):
        return 0

    def read(self):
        return self.count

    def advance(self):
        self.count += 1
        return 0


class KeyStore:
    """Keeps the credentials; takes all else and holds nothing, as parts.Store."""

    def __init__(self):
        from tools.device import parts

        self._other = parts.Store()
        self._areas = {5: bytearray(b"\xff" * 512), 6: bytearray(b"\xff" * 512)}

    def size(self, area):
        return len(self._areas[area]) if area in self._areas else self._other.size(area)

    def read(self, area, offset, into):
        if area not in self._areas:
            return self._other.read(area, offset, into)
        for index in range(len(into)):
            into[index] = self._areas[area][offset + index]
        return 0

    def write(self, area, offset, data):
        if area in self._areas:
            self._areas[area][offset : offset + len(data)] = data
        return 0

    def erase(self, area):
        return 0


def record():
    """Somebody's, made up."""
    from firmware.trust.credentials import Person, Record

    made = Record()
    made.pump_id, made.pump_key = bytes(8), bytes(32)
    made.people = [Person(number, 1, bytes(16), bytes(32), 2000) for number in (1, 2, 3)]
    return made


class Measure:
    """Takes one step at a time, with a collection between any two. `found` holds the figures at the end."""

    def __init__(self, say=print, passes=_PASSES):
        self._steps = ["_begin", "_ports", "_board", "_therapy", "_weigh_therapy", "_all", "_weigh_all"]
        if sys.maxsize < 1 << 31:  # elsewhere the gatekeeper is compiled in a heap that is capped
            self._steps += ["_keys", "_speak", "_weigh_keys", "_install", "_weigh_install"]
        self._steps += ["_tour"] * passes + ["_end"]
        self._say = say
        self._kept = []
        self._base = 0  # what is not the firmware's
        self._ticks = Ticks()
        self.found = {}

    def step(self):
        """False after the last."""
        getattr(self, self._steps.pop(0))()
        gc.collect()
        return len(self._steps) > 0

    def _begin(self):
        self.found["words"] = 64 if sys.maxsize > 1 << 31 else 32

    def _ports(self):
        self._base = _live()
        from hal.ports import Readings

        self._kept.append(Readings)

    def _board(self):
        self._base -= _live()
        from tools.device import parts

        self._kept[0] = parts.Board()

    def _therapy(self):
        """Therapy alone, with all that it needs to dose, remember and be programmed."""
        self._base += _live()
        from firmware.therapy.keeper import Keeper
        from firmware.therapy.library import read_library
        from firmware.therapy.programming import Programming
        from firmware.therapy.therapy import Therapy

        board = self._kept[0]
        therapy = Therapy(board.head)
        keeper = Keeper(board, therapy)
        keeper.boot(False, False)
        library = read_library(board.store, 0)
        self._kept += [therapy, keeper, library, Programming(therapy, library, board.head, keeper.keep)]

    def _weigh_therapy(self):
        self._weigh("therapy")

    def _all(self):
        """The firmware as it boots on a pump without keys, and all that its main program loads."""
        del self._kept[1:]
        from firmware.app import App
        from firmware.main import gatekeeper_for

        board = self._kept[0]
        self._kept.append(App(board, gatekeeper_for(board)))

    def _weigh_all(self):
        self._weigh("all")
        del self._kept[1:]

    def _keys(self):
        """The same on a pump with keys and three people, an empty link and nobody who asks."""
        self._base -= _live()
        self._kept[0].store = store = KeyStore()
        self._kept[0].counter = self._kept[0].entropy = Counter()
        self._base += _live()
        from firmware.trust.credentials import Credentials

        credentials = Credentials(store)
        credentials.write(record())
        credentials.mend()

    def _speak(self):
        from firmware.app import App
        from firmware.main import gatekeeper_for

        board = self._kept[0]
        app = App(board, gatekeeper_for(board))
        for _ in range(50):
            board.pass_ms(_TURN_MS)
            app.step()
        self._kept.append(app)
        self.found["speaks"] = app.gatekeeper.speaker is not None

    def _weigh_keys(self):
        self._weigh("keys")

    def _install(self):
        """And somebody at its local port, in maintenance."""
        from firmware.trust.install import Installer

        app = self._kept[1]
        self._kept.append(Installer(None, app.board.store, app.gatekeeper))

    def _weigh_install(self):
        self._weigh("install")
        del self._kept[1:]

    def _weigh(self, what):
        if hasattr(gc, "mem_alloc"):
            self.found["live_" + what] = _live() - self._base
            self.found["free"] = gc.mem_free()

    def _tour(self):
        self._ticks.tour(2, 0, 1200000)

    def _end(self):
        ticks = self._ticks
        if ticks.ticks:
            self._time(ticks)
        self._say(json.dumps(self.found))

    def _time(self, ticks):
        self.found["ticks"] = ticks.ticks
        self.found["worst_us"] = ticks.worst_us(0)
        self.found["worst_late_us"] = ticks.worst_us(1)
        self.found["mean_us"] = ticks.mean_us()
        self.found["loop_us"] = loop_us()


def main():
    """For runner.mjs."""
    return Measure().step


if __name__ == "__main__":
    gc.threshold(8192)  # while modules are loaded: a heap that is tidied often is not torn to pieces
    sys.path.insert(0, sys.argv[1])
    measure = Measure()
    while measure.step():
        pass

"""Live bytes of a Pico that is nothing but a board: firmware, plant, panel and demo. Prints one JSON line.

Run by runner.mjs, a step at a time: memory is freed only in between.
"""

import gc
import json


class Weigh:
    """`step` is called again and again; False when all is said."""

    def __init__(self):
        self._steps = ["_begin", "_make", "_boot", "_infuse", "_end"]
        self._base = 0
        self._desk = None
        self._loop = None

    def step(self):
        getattr(self, self._steps.pop(0))()
        gc.collect()
        return len(self._steps) > 0

    def _begin(self):
        gc.collect()

    def _make(self):
        self._base = gc.mem_alloc()
        from firmware.__main__ import Options, build

        self._desk = build(Options(["--demo", "--speed", "0"]), self, True)

    def put(self, buffer, count):
        """A console that takes all and says nothing."""
        return count

    def get(self):
        return -1

    def wait(self, ms):
        pass

    def _boot(self):
        from firmware.main import boot

        self._loop = boot(self._desk.board)

    def _infuse(self):
        while self._desk.board.clock.s < 120:
            self._loop.step()

    def _end(self):
        print(json.dumps({"live_bare": gc.mem_alloc() - self._base}))


def main():
    """For runner.mjs."""
    return Weigh().step

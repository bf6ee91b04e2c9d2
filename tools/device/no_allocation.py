"""The program of the claim tick-allocates-nothing, run by MicroPython. Prints one JSON line.

Arguments: the project's root, and the mutant's name if there is one.

Each tick of the tour runs with the heap locked: what allocates raises MemoryError, which the
tick turns into a failed pump and the tour notices. The heap in use is compared besides.
"""

import gc
import json
import sys

import micropython

sys.path.insert(0, sys.argv[1])

from firmware.therapy.therapy import Therapy
from tools.device import tour


class Keeps(Therapy):
    """A mutant: each tick keeps a tuple of what it saw."""

    def tick(self, now_ms, readings, drive):
        Therapy.tick(self, now_ms, readings, drive)
        self.seen = (now_ms, readings.flags)


class Watch:
    """Ticks with the heap locked."""

    def __init__(self):
        self.grown = 0
        self.refused = 0

    def around(self, therapy, now_ms, readings, drive):
        tick = therapy.tick
        before = gc.mem_alloc()
        micropython.heap_lock()
        try:
            tick(now_ms, readings, drive)
        except MemoryError:
            self.refused += 1
        micropython.heap_unlock()
        if gc.mem_alloc() != before:
            self.grown += 1


def main(mutant):
    """Tour the extremes; `mutant` is '' or 'keeps a tuple'."""
    gc.disable()
    watch = Watch()
    around = watch.around
    visited = 0
    ticks = 0
    faults = []
    for head, syringe, rate in tour.extremes():
        gc.collect()
        pump = tour.tour(around, head, syringe, rate, 0x3FFF0000, Keeps if mutant else Therapy)
        visited |= pump.visited
        ticks += pump.ticks
        faults += pump.faults
        if mutant:
            break
    print(
        json.dumps(
            {"visited": visited, "ticks": ticks, "grown": watch.grown, "refused": watch.refused, "faults": faults}
        )
    )


main(sys.argv[2] if len(sys.argv) > 2 else "")

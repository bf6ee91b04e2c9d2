"""What runs in the home webassembly: firmware, board and gatekeeper, a step at a time.

Run by runner.mjs: `main()`, or `main("judges")` for the gatekeeper of a device instead of the scripted
one; then what it returns, until that gives False. That port frees memory only while no Python runs,
and waits for nothing, so that the loop is the runner's and bytes come and go through its module
`kvo_pipe`, by the address of a buffer.

The heap is locked while the tick runs, as on a device whose turn pre-empts comms: a number that
leaves a Pico's 31 bits, or any object made, is a MemoryError, a failed pump and another trace.
"""

import sys

import kvo_pipe
from uctypes import addressof

from firmware.app import App
from hal.compat import heap_lock, heap_unlock
from hal.lockstep.serve import Server
from simulator.standins.gatekeeper import ScriptedGatekeeper


class Pipe:
    """The runner's standard streams."""

    def readinto(self, buffer):
        return kvo_pipe.read(addressof(buffer), len(buffer))

    def write(self, buffer):
        count = kvo_pipe.write(addressof(buffer), len(buffer))
        if count < 0:
            raise OSError(32)
        return count


class Locked:
    """Therapy, whose tick makes no object."""

    def __init__(self, therapy):
        self._tick = therapy.tick

    def tick(self, now_ms, readings, drive):
        heap_lock()
        try:
            self._tick(now_ms, readings, drive)
        finally:
            heap_unlock()


def make_app(board):
    return locked(App(board, ScriptedGatekeeper()))


def make_judge(board):
    from firmware.main import gatekeeper_for

    return locked(App(board, gatekeeper_for(board)))


def locked(app):
    app.therapy = Locked(app.therapy)
    return app


def main(*words):
    """Join the firmware to the link; returns what the runner calls again and again."""
    pipe = Pipe()
    version = ".".join([str(part) for part in sys.implementation[1][:3]])
    about = sys.implementation[0] + " " + version + ", WebAssembly"
    return Server(pipe, pipe, make_judge if "judges" in words else make_app, about).step

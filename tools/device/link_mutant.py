"""A device's end with a check left out, for the claim lockstep-robust; run by MicroPython.

Arguments: the project's root, the TCP port, and which check is left out.
"""

import sys

sys.path.insert(0, sys.argv[1])

from firmware.app import App
from hal.lockstep import frames
from hal.lockstep.channel import Channel
from hal.lockstep.tcp import listen, serve_next
from simulator.standins.gatekeeper import ScriptedGatekeeper


class NoCrc(Channel):
    """A mutant: takes every frame for a whole one."""

    def judge(self, size):
        return frames.GOOD


class NoSequence(Channel):
    """A mutant: acts upon every frame, known or not."""

    def is_new(self, kind, sequence):
        return True


MUTANTS = {"no-crc": NoCrc, "no-sequence": NoSequence}


def main():
    """As simulator/homes/device_tcp.py."""
    listener = listen(int(sys.argv[2]))
    print("listening on 127.0.0.1:" + sys.argv[2])
    while True:
        serve_next(listener, lambda board: App(board, ScriptedGatekeeper()), "mutant", MUTANTS[sys.argv[3]])


main()

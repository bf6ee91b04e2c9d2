"""What runs behind the lockstep link on a board's USB serial port: firmware, board and scripted gatekeeper.

A board's main.py calls `main` (`kvo build pico --board lockstep`); MicroPython's unix port runs
`micropython device_usb.py REPOSITORY` on a terminal. The console is the link: nothing here prints.
"""

import gc
import sys

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # a heap that is tidied often while modules are loaded is not torn to pieces

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from firmware.app import App
from hal.lockstep.usb import serve_usb
from simulator.standins.gatekeeper import ScriptedGatekeeper


def main():
    """Join the firmware to the link on the console."""
    about = sys.implementation[0] + " " + ".".join([str(part) for part in sys.implementation[1][:3]])
    serve_usb(lambda board: App(board, ScriptedGatekeeper()), about)


if __name__ == "__main__":
    main()

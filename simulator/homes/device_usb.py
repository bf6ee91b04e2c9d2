"""What runs behind the lockstep link on a board's USB serial port: firmware, board and scripted gatekeeper.

A board runs it as its main program, without arguments; MicroPython's unix port as
`micropython device_usb.py REPOSITORY` on a terminal. The console is the link: nothing here prints.
"""

import sys


def main():
    """Join the firmware to the link on the console."""
    if len(sys.argv) > 1:
        sys.path.insert(0, sys.argv[1])
    from firmware.app import App
    from hal.lockstep.usb import serve_usb
    from simulator.standins.gatekeeper import ScriptedGatekeeper

    about = sys.implementation[0] + " " + ".".join([str(part) for part in sys.implementation[1][:3]])
    serve_usb(lambda board: App(board, ScriptedGatekeeper()), about)


main()

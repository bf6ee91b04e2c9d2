"""What runs inside a home behind the lockstep link: firmware, board and scripted gatekeeper.

Started as a script by MicroPython (`micropython device_main.py REPOSITORY [judges]`), never imported;
`judges`: with the gatekeeper of a device instead of the scripted one.
Standard output is the link: nothing here prints.
"""

import sys


def main():
    """Join the firmware to the link on the standard streams."""
    sys.path.insert(0, sys.argv[1])
    from firmware.app import App
    from hal.lockstep.serve import serve
    from simulator.standins.gatekeeper import ScriptedGatekeeper

    judges = "judges" in sys.argv[2:]
    if judges:
        from firmware.main import gatekeeper_for

    version = ".".join([str(part) for part in sys.implementation[1][:3]])
    serve(
        sys.stdin.buffer,
        sys.stdout.buffer,
        lambda board: App(board, gatekeeper_for(board) if judges else ScriptedGatekeeper()),
        sys.implementation[0] + " " + version,
    )


main()

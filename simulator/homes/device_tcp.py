"""What runs behind the lockstep link on TCP: firmware, board and scripted gatekeeper.

Started as a script by MicroPython (`micropython device_tcp.py REPOSITORY PORT`), never imported.
Says `listening on 127.0.0.1:PORT`, then serves one host at a time, and the next when that has gone.
"""

import sys


def main():
    """Join the firmware to the link on each connection in turn."""
    sys.path.insert(0, sys.argv[1])
    from firmware.app import App
    from hal.lockstep.tcp import listen, serve_next
    from simulator.standins.gatekeeper import ScriptedGatekeeper

    listener = listen(int(sys.argv[2]))
    about = sys.implementation[0] + " " + ".".join([str(part) for part in sys.implementation[1][:3]])
    print("listening on 127.0.0.1:" + sys.argv[2])
    while True:
        serve_next(listener, lambda board: App(board, ScriptedGatekeeper()), about)


main()

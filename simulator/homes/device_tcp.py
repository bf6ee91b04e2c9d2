"""What runs behind the lockstep link on TCP: firmware, board and scripted gatekeeper.

Started as a script by MicroPython (`micropython device_tcp.py REPOSITORY PORT`), never imported.
Listens on 127.0.0.1 and on nothing else; serves one host at a time, and the next when that has gone.
"""

import sys


def listen(port):
    """A socket that listens on this machine alone."""
    import socket

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    listener.listen(1)
    return listener


def main():
    """Join the firmware to the link on each connection in turn."""
    sys.path.insert(0, sys.argv[1])
    from firmware.app import App
    from hal.lockstep.serve import serve
    from simulator.standins.gatekeeper import ScriptedGatekeeper

    listener = listen(int(sys.argv[2]))
    about = sys.implementation[0] + " " + ".".join([str(part) for part in sys.implementation[1][:3]])
    print("listening on 127.0.0.1:" + sys.argv[2])
    while True:
        stream = listener.accept()[0]
        try:
            serve(stream, stream, lambda board: App(board, ScriptedGatekeeper()), about)
        except OSError:
            pass  # a host that has gone in mid-answer
        stream.close()


main()

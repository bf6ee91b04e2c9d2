"""The device's end on TCP, for MicroPython's unix port and for tests: this machine alone may connect."""

import socket

from hal.compat import const
from hal.lockstep.serve import serve

# MicroPython's unix port does not name them; the numbers are the same everywhere.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


def listen(port):
    """A socket that listens on 127.0.0.1 and nowhere else. OSError where the port is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    listener.listen(1)
    return listener


def serve_next(listener, make_app, about, make_channel=None):
    """Serve one host, from its connection to its end; see `serve` of hal/lockstep/serve.py."""
    stream = listener.accept()[0]
    # An answer that is sent twice must not wait for the first to be acknowledged.
    stream.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    try:
        if make_channel is None:
            return serve(stream, stream, make_app, about)
        return serve(stream, stream, make_app, about, make_channel)
    finally:
        stream.close()

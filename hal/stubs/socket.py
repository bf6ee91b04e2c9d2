"""`socket` as MicroPython's lwIP has it, as far as a non-blocking stream goes, over the chip's air.

A blocking call raises here: a driver that waits for the network is what these tests look for.
"""

from hal.stubs.chip import current
from hal.stubs.network import air

AF_INET, SOCK_STREAM = 2, 1
EAGAIN, ECONNRESET, ENOTCONN, EINPROGRESS, EHOSTUNREACH, ECONNREFUSED, EBADF = 11, 104, 128, 115, 113, 111, 9
_CONNECT_US = 20_000


class Host:
    """A listening host: what it received, and what it has to say. `window`: bytes it takes before it is read."""

    def __init__(self, window=2920):
        self.received = bytearray()
        self.to_send = bytearray()
        self.window = window
        self.refuses = False
        self.connections = 0
        self._socket = None

    def lose(self):
        """The connection is gone, without a word to either."""
        if self._socket is not None:
            self._socket.reset()
            self._socket = None

    def close(self):
        """The host ends the connection in good order."""
        if self._socket is not None:
            self._socket.ended = True

    def accept(self, connection):
        """A connection is there."""
        self._socket = connection
        self.connections += 1


def getaddrinfo(host, port, *rest):
    """Numbers only: a name would wait for a server, seconds in one C call."""
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise RuntimeError("getaddrinfo with a name waits for the network")
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket:
    """One stream."""

    def __init__(self, family=AF_INET, kind=SOCK_STREAM, proto=0):
        self._chip = current()
        self._blocking = True
        self._host = None
        self._state = "new"
        self.ended = False

    def setblocking(self, flag):
        """Whether calls wait."""
        self._blocking = bool(flag)

    def connect(self, address):
        """Begin; OSError(EINPROGRESS) as always when not blocking."""
        self._refuse_to_wait()
        if not any(station.isconnected() for station in air().stations):
            raise OSError(EHOSTUNREACH, "EHOSTUNREACH")
        self._state = "connecting"
        host = air().hosts.get(address)
        self._chip.at(self._chip.us + _CONNECT_US, lambda: self._answered(host))
        raise OSError(EINPROGRESS, "EINPROGRESS")

    def readinto(self, buf, nbytes=None):
        """Bytes taken; None for none yet, 0 at the end."""
        self._check()
        waiting = self._host.to_send
        count = min(len(buf) if nbytes is None else nbytes, len(buf), len(waiting))
        if not count:
            return 0 if self.ended else None
        buf[:count] = waiting[:count]
        del waiting[:count]
        return count

    def write(self, buf):
        """Bytes taken; None where the window is full."""
        self._check()
        room = self._host.window - len(self._host.received)
        count = min(len(buf), max(room, 0))
        self._host.received += bytes(buf[:count])
        return count or None

    def readable(self):
        """What poll tells: bytes wait, or there will be none."""
        return self._state in ("reset", "refused") or (self._state == "up" and bool(self._host.to_send or self.ended))

    def hung_up(self):
        """What poll tells: not connected yet, reset or refused; not while it connects."""
        return self._state in ("new", "reset", "refused")

    def writable(self):
        """What poll tells: connected and with room, or failed."""
        if self._state in ("reset", "refused"):
            return True
        return self._state == "up" and len(self._host.received) < self._host.window

    def close(self):
        """Let go."""
        self._state = "closed"

    def reset(self):
        """The other end is gone."""
        self._state = "reset"

    def _answered(self, host):
        if self._state != "connecting" or host is None:
            return  # nobody there: it stays connecting, as TCP does for minutes
        if host.refuses:
            self._state = "refused"
            return
        self._state, self._host = "up", host
        host.accept(self)

    def _check(self):
        self._refuse_to_wait()
        codes = {"new": ENOTCONN, "connecting": EAGAIN, "reset": ECONNRESET, "refused": ECONNREFUSED, "closed": EBADF}
        if self._state == "connecting":
            raise OSError(EAGAIN, "EAGAIN")
        if self._state != "up":
            raise OSError(codes[self._state], self._state)

    def _refuse_to_wait(self):
        if self._blocking:
            raise RuntimeError("this socket would wait for the network")

"""A network link of a PC: a TCP socket, under TLS where there is a context, dialled and never waited for."""

import select
import socket
import ssl

from hal.ports import ERR_BUSY, ERR_FAILED, OK

_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SocketLink:
    """Matches a hal.ports.Link that is dialled. The handshake is stepped too, so `open` never blocks."""

    blocks_ms = 0

    def __init__(self, host, port, tls=None):
        """`tls`: an ssl.SSLContext; the broker's certificate must be for `host`."""
        self.host = host
        self.port = port
        self._tls = tls
        self._socket = None
        self._connected = False

    def open(self):
        """OK once bytes can pass."""
        try:
            if self._socket is None:
                self._begin()
            if not self._connected and not self._is_connected():
                return ERR_BUSY
            if self._tls is not None:
                self._socket.do_handshake()
        except _WAITS:
            return ERR_BUSY
        except (OSError, ValueError):
            self.close()
            return ERR_FAILED
        return OK

    def _begin(self):
        plain = socket.socket()
        plain.setblocking(False)
        # Small packets back to back: else the second one waits 40 ms for the far end's acknowledgement of the first.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain
        self._connected = False
        plain.connect_ex((self.host, self.port))

    def _is_connected(self):
        """Whether the TCP connection stands; begins with TLS when it does. OSError where it was refused."""
        if not select.select((), (self._socket,), (), 0)[1]:
            return False
        wrong = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if wrong:
            raise OSError(wrong, "connect")
        self._connected = True
        if self._tls is not None:
            self._socket = self._tls.wrap_socket(
                self._socket, server_hostname=self.host, do_handshake_on_connect=False
            )
        return True

    def receive(self, into):
        """Copy what came; -1 where the far end is gone."""
        if self._socket is None:
            return -1
        try:
            count = self._socket.recv_into(into)
        except _WAITS:
            return 0
        except OSError:
            return -1
        return count or -1

    def send(self, data, count):
        """Hand over what the socket takes; -1 where the far end is gone."""
        if self._socket is None:
            return -1
        try:
            return self._socket.send(memoryview(data)[: max(min(count, len(data)), 0)])
        except _WAITS:
            return 0
        except OSError:
            return -1

    def close(self):
        """Close the socket."""
        one, self._socket = self._socket, None
        self._connected = False
        if one is not None:
            one.close()

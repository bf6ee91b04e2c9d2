"""A network link of MicroPython: a socket under mutual TLS, its handshake one C call.

MicroPython checks no certificate unless it is told to, speaks TLS 1.2 and reads DER.
"""

import socket
import ssl

from hal.ports import ERR_FAILED, OK


def read(path):
    """Return a file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def context(folder):
    """TLS with the identity in `folder`: ca.crt.der, client.crt.der, client.key.der."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(cadata=read(folder + "/ca.crt.der"))
    tls.load_cert_chain(read(folder + "/client.crt.der"), read(folder + "/client.key.der"))
    return tls


class TlsLink:
    """Matches a hal.ports.Link that is dialled."""

    def __init__(self, address, host, tls, blocks_ms):
        """`address`: as getaddrinfo gives it; the broker's certificate must be for `host`.

        `blocks_ms`: the longest that a handshake was measured to take.
        """
        self.blocks_ms = blocks_ms
        self._address = address
        self._host = host
        self._tls = tls
        self._plain = None
        self._stream = None

    def open(self):
        """Connect and shake hands; waits for both."""
        self.close()
        try:
            self._plain = socket.socket()
            self._plain.connect(self._address)
            self._stream = self._tls.wrap_socket(self._plain, server_hostname=self._host)
            self._stream.setblocking(False)
        except (OSError, ValueError):  # mbedTLS's refusals are either
            self.close()
            return ERR_FAILED
        return OK

    def receive(self, into):
        """Copy what came; -1 where the far end is gone."""
        if self._stream is None:
            return -1
        try:
            count = self._stream.readinto(into)
        except OSError:
            return -1
        return 0 if count is None else count or -1

    def send(self, data, count):
        """Hand over what the socket takes; -1 where the far end is gone."""
        if self._stream is None:
            return -1
        try:
            return self._stream.write(memoryview(data)[: max(min(count, len(data)), 0)]) or 0
        except OSError:
            return -1

    def close(self):
        """Close the socket."""
        for one in (self._stream, self._plain):
            if one is not None:
                try:
                    one.close()
                except OSError:
                    pass
        self._stream = self._plain = None

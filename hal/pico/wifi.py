"""A Pico W's radio and one TCP stream to a host that a record on the pump names. Matches hal.ports.Link.

The record is the file wifi.txt in the root of the file system, four lines: network, its key,
the host's IPv4 address in numbers (a name would be asked for in a C call that waits seconds), port.
It lies in plain text in flash that a Pico cannot lock: a key for the bench, not for a ward.

The stream is bare TCP: whom it reaches is nobody's guarantee, and nothing that comes by it counts
unless it is signed. `idle` does one step and waits for nothing; switching the radio on, a C call of
a quarter of a second or more, happens in __init__, at boot.
"""

import select
import socket

import network

from hal.compat import const, ticks_diff
from hal.ports import ERR_ABSENT, ERR_FAILED, ERR_RANGE, OK, RF_LINK_UP

RECORD = "wifi.txt"
_LONGEST = const(64)
_EAGAIN = const(11)
_EINPROGRESS = const(115)
POLLOUT = const(4)
JOIN_MS = const(15_000)
CONNECT_MS = const(10_000)
FIRST_REST_MS = const(1000)
LAST_REST_MS = const(60_000)

# Steps.
RESTING = const(0)
JOINING = const(1)
CONNECTING = const(2)
UP = const(3)


class Record:
    """What wifi.txt says. `read` returns OK, ERR_ABSENT where there is none, ERR_RANGE where it says something else."""

    def __init__(self):
        self.ssid = ""
        self.key = ""
        self.host = ""
        self.port = 0

    def read(self, path=RECORD):
        """Read the file."""
        try:
            with open(path) as file:
                lines = file.read(4 * _LONGEST).split("\n")
        except OSError:
            return ERR_ABSENT
        except ValueError:  # no UTF-8
            return ERR_RANGE
        while lines and not lines[-1].strip():
            lines.pop()
        if len(lines) != 4:
            return ERR_RANGE
        ssid, key, host, port = [line.rstrip("\r") for line in lines]
        port = port.strip()
        if not 1 <= len(ssid) <= 32 or not (key == "" or 8 <= len(key) <= 63) or not is_address(host.strip()):
            return ERR_RANGE
        if not port.isdigit() or not 1 <= int(port) <= 65_535:
            return ERR_RANGE
        self.ssid, self.key, self.host, self.port = ssid, key, host.strip(), int(port)
        return OK


class WifiLink:
    """The stream. `step` says how far it is; `drops` counts how often it was lost."""

    def __init__(self, record, now_ms):
        """Switch the radio on; OSError where this is no Pico W."""
        self._record = record
        self._wlan = network.WLAN(network.STA_IF)
        self._wlan.active(True)
        self._socket = None
        self._poll = None
        self.step = RESTING
        self._since_ms = now_ms
        self._rest_ms = 0
        self._next_rest_ms = FIRST_REST_MS
        self.drops = 0

    def read(self, readings):
        """Write RF_LINK_UP: whether the stream is open, as far as anyone has heard."""
        if self.step == UP:
            readings.flags |= RF_LINK_UP
        else:
            readings.flags &= ~RF_LINK_UP
        return OK

    def idle(self, now_ms):
        """Do one step; OK while it is up, else ERR_FAILED."""
        try:
            self._go_on(now_ms, ticks_diff(now_ms, self._since_ms))
        except OSError:
            self._drop(now_ms)
        return OK if self.step == UP else ERR_FAILED

    def _go_on(self, now_ms, waited_ms):
        step = self.step
        if step == RESTING:
            if waited_ms >= self._rest_ms:
                self._join(now_ms)
        elif step == JOINING:
            if self._wlan.isconnected():
                self._connect(now_ms)
            elif self._wlan.status() < 0 or waited_ms >= JOIN_MS:
                self._drop(now_ms)
        elif not self._wlan.isconnected():
            self._drop(now_ms)
        elif step == CONNECTING:
            events = self._events()
            if events & ~POLLOUT:  # refused, or reset
                self._drop(now_ms)
            elif events:
                self._go(UP, now_ms)
            elif waited_ms >= CONNECT_MS:
                self._drop(now_ms)
        elif waited_ms >= LAST_REST_MS:  # it holds: the next loss is a new one
            self._next_rest_ms = FIRST_REST_MS
            self._since_ms = now_ms

    def receive(self, into):
        """Copy waiting bytes."""
        stream = self._socket
        if self.step != UP or stream is None:
            return 0
        try:
            count = stream.readinto(into)
        except OSError as error:
            return self._failed(error)
        if count == 0:  # the other end has closed
            self._lost()
            return 0
        return count or 0

    def send(self, data, count):
        """Take what the stack takes."""
        count = min(count, len(data))
        stream = self._socket
        if self.step != UP or stream is None or count <= 0:
            return 0
        try:
            return stream.write(memoryview(data)[:count]) or 0
        except OSError as error:
            return self._failed(error)

    def _failed(self, error):
        if error.errno != _EAGAIN:
            self._lost()
        return 0

    def _lost(self):
        """Seen outside `idle`, which alone knows the time: rest from its last."""
        self._drop(self._since_ms)

    def _join(self, now_ms):
        self._go(JOINING, now_ms)
        if not self._wlan.isconnected():
            record = self._record
            self._wlan.connect(record.ssid, record.key or None)

    def _connect(self, now_ms):
        record = self._record
        self._go(CONNECTING, now_ms)
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, POLLOUT)
        try:
            self._socket.connect(socket.getaddrinfo(record.host, record.port)[0][-1])
        except OSError as error:
            if error.errno != _EINPROGRESS:
                raise

    def _events(self):
        """What poll says of the socket now: POLLOUT alone once it is connected."""
        events = 0
        if self._poll is None:
            return events
        for found in self._poll.poll(0):
            events |= found[1]
        return events

    def _go(self, step, now_ms):
        self.step = step
        self._since_ms = now_ms

    def _drop(self, now_ms):
        """Let go, and rest longer each time."""
        if self.step == UP:
            self.drops = self.drops + 1 & 0x3FFFFFFF
        if self._socket is not None:
            try:
                self._socket.close()
            except OSError:
                pass
            self._socket = None
            self._poll = None
        self._rest_ms = self._next_rest_ms
        self._next_rest_ms = min(self._rest_ms * 2, LAST_REST_MS)
        self._go(RESTING, now_ms)


def is_address(text):
    """Whether it is four numbers."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)

"""The malicious broker on real sockets: what is said arrives as the kernel pleases, and connections end as they do."""

from __future__ import annotations

import socket
import threading
from random import Random
from typing import Any

from firmware.comms import mqtt
from firmware.trust.leave import Leave
from firmware.trust.ring import Ring
from hal.compat import ticks_add
from hal.host.sockets import SocketLink
from tools.fuzz.broker import PUMP_ID, Clock, Entropy
from tools.fuzz.packets import malformed
from tools.fuzz.reference import greeted, requests

_TOPIC = b"kvo/" + PUMP_ID.hex().encode() + b"/request"
_POLLS = 20_000
_STEP_MS = 5
_WAKE_MS = 61_000


class Server(threading.Thread):
    """Takes `count` connections, one after another; greets, grants, says its piece, and ends in one way or another."""

    def __init__(self, count: int) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._count = count

    def run(self) -> None:
        with self._listener:
            for number in range(self._count):
                one, _ = self._listener.accept()
                with one:
                    one.settimeout(10)
                    self._serve(one, number)

    def _serve(self, one: socket.socket, number: int) -> None:
        random = Random(number)
        try:
            one.recv(4096)
            if number % 3:
                one.sendall(b"\x20\x02\x00\x00")
                one.recv(4096)
            if number % 3 == 2:
                one.sendall(b"\x90\x03\xff\xff\x01")
            one.sendall(malformed(number, _TOPIC))
            if random.random() < 0.5:
                one.shutdown(socket.SHUT_WR)
            while one.recv(4096):
                pass
        except OSError:
            return  # the pump has hung up: its right


def run(count: int, change: Any = None) -> str:
    """`count` connections; what went wrong, or nothing."""
    server = Server(count)
    server.start()
    clock, inbox, leave = Clock(), Ring(1 << 18), Leave()
    leave.ms = 5000
    link = SocketLink("127.0.0.1", server.port)
    comms: Any = mqtt.MqttMaker(PUMP_ID, clock, Entropy()).make(link, inbox, Ring(256), leave)
    if change is not None:
        change(comms)
    for number in range(count):
        clock.now_ms = ticks_add(clock.now_ms, _WAKE_MS)
        begun = False
        for _ in range(_POLLS):
            comms.poll()
            clock.now_ms = ticks_add(clock.now_ms, _STEP_MS)
            begun = begun or comms.state > mqtt.DIALLING
            if begun and comms.state == mqtt.AWAY:
                break
        else:
            return f"connection {number} over sockets: it does not let go"
        into = bytearray(1 << 18)
        got = bytes(into[: inbox.take(into)])
        said = malformed(number, _TOPIC)
        may = _framed(requests(said, _TOPIC, number % 3 == 1) if number % 3 else greeted(said, _TOPIC))
        if not may.startswith(got):
            return f"connection {number} over sockets: {got[:40]!r} was taken for requests"
    server.join(10)
    return ""


def _framed(found: list[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(2, "big") + one for one in found)



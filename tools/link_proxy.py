"""A loopback proxy that spoils what passes: drops, doubles, tears, garbles, delays and swaps, by a seed.

It knows nothing of frames: it spoils pieces of the stream as they come, which behind a link that
asks and answers are mostly whole frames.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_PIECE = 4096
_POLL_S = 0.2


@dataclass(frozen=True)
class Spoil:
    """How a link is spoilt: the share of pieces, 0 … 1, that meet each fate. At most one meets a piece.

    swap: sent behind the piece that follows. noise: bytes of chance are put in front.
    dead_after: pieces, both ways together, after which nothing passes; closes: the connection ends then.
    """

    drop: float = 0.0
    double: float = 0.0
    tear: float = 0.0
    garble: float = 0.0
    delay: float = 0.0
    swap: float = 0.0
    noise: float = 0.0
    delay_s: float = 0.05
    dead_after: int | None = None
    closes: bool = False


class Spoiler:
    """What becomes of each piece of one direction, from a seed."""

    def __init__(self, spoil: Spoil, seed: str) -> None:
        self._spoil = spoil
        self._random = Random(seed)
        self._held: bytes | None = None
        self.spoilt = 0

    def pieces(self, data: bytes) -> list[tuple[float, bytes]]:
        """What is sent on for `data`: each piece with the seconds to wait before it."""
        held, self._held = self._held, None
        out = self._fate(data)
        if held is not None:
            out.append((0.0, held))
        return out

    def _fate(self, data: bytes) -> list[tuple[float, bytes]]:
        spoil, random = self._spoil, self._random
        chance = random.random()
        for fate in ("drop", "double", "tear", "garble", "delay", "swap", "noise"):
            chance -= getattr(spoil, fate)
            if chance < 0:
                self.spoilt += 1
                return getattr(self, "_" + fate)(data)
        return [(0.0, data)]

    def _drop(self, data: bytes) -> list[tuple[float, bytes]]:
        return []

    def _double(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, data + data)]

    def _tear(self, data: bytes) -> list[tuple[float, bytes]]:
        begin = self._random.randrange(len(data))
        end = self._random.randrange(begin, len(data)) + 1
        return [(0.0, data[begin:end])] if end - begin < len(data) else [(0.0, data[: len(data) // 2])]

    def _garble(self, data: bytes) -> list[tuple[float, bytes]]:
        spoilt = bytearray(data)
        for _ in range(self._random.choice((1, 1, 2, 8))):
            spoilt[self._random.randrange(len(spoilt))] ^= self._random.randrange(1, 256)
        return [(0.0, bytes(spoilt))]

    def _delay(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self._random.random() * self._spoil.delay_s, data)]

    def _swap(self, data: bytes) -> list[tuple[float, bytes]]:
        self._held = data
        return []

    def _noise(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, self._random.randbytes(self._random.randrange(1, 40)) + data)]


class Proxy:
    """Listens on 127.0.0.1, passes one connection on to `target`'s TCP port there, spoils it, and ends with it."""

    def __init__(self, target: int, spoil: Spoil, seed: int) -> None:
        self._target = target
        self._spoil = spoil
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_S)
        self.port: int = self._listener.getsockname()[1]
        self.out = Spoiler(spoil, f"{seed}/to the device")
        self.back = Spoiler(spoil, f"{seed}/from the device")
        self.url = f"socket://127.0.0.1:{self.port}"
        self._passed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, and whatever passes."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._listener:
            while not self._stop.is_set():
                with contextlib.suppress(TimeoutError):
                    near = self._listener.accept()[0]
                    break
            else:
                return
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            ways = [
                threading.Thread(target=self._pass_on, args=(near, far, self.out), daemon=True),
                threading.Thread(target=self._pass_on, args=(far, near, self.back), daemon=True),
            ]
            for side in (near, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                side.settimeout(_POLL_S)
            for way in ways:
                way.start()
            for way in ways:
                way.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket, spoiler: Spoiler) -> None:
        """Pass pieces on until either side ends; then end both."""
        while not self._stop.is_set():
            try:
                data = source.recv(_PIECE)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            self._passed += 1
            if self._spoil.dead_after is not None and self._passed > self._spoil.dead_after:
                if self._spoil.closes:
                    break
                continue
            try:
                for wait_s, piece in spoiler.pieces(data):
                    time.sleep(wait_s)
                    sink.sendall(piece)
            except OSError:
                break
        self._stop.set()
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def spoilt(target: int, spoil: Spoil, seed: int) -> Iterator[Proxy]:
    """A proxy for one connection to `target`; `url` is its other end's."""
    proxy = Proxy(target, spoil, seed)
    try:
        yield proxy
    finally:
        proxy.close()

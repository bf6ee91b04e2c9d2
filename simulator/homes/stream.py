"""Home on any byte stream: a firmware behind a serial port, a socket or another URL that pySerial opens.

Virtual time only: while an answer is waited for, or asked for again, no simulated time passes.
Where none comes any more the home raises LinkLost, and the world goes on without the firmware.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Any

from hal import ports
from simulator.homes.base import HomeError, LinkLost
from simulator.homes.lockstep import Lockstep
from simulator.homes.peer import Patience, Peer

BAUD = 115_200  # of a UART; USB takes no notice
SILENCE_S = 10.0
TRIES = 8
_REMEDY = "pip install 'kvo[device]'"


def patience(silence_s: float = SILENCE_S) -> Patience:
    """Give up after `silence_s` and TRIES."""
    return Patience(silence_s, TRIES, min(1.0, silence_s / 8), min(0.03, silence_s / 64))


def open_port(url: str) -> Any:
    """Open what pySerial opens at `url`. HomeError, with the remedy, where it cannot be had."""
    if not url:
        raise HomeError("--port names no port; write such as /dev/ttyACM0 or socket://127.0.0.1:5555")
    try:
        import serial
    except ImportError:
        raise HomeError(f"{url}: pySerial is not installed; {_REMEDY}") from None
    try:
        port = serial.serial_for_url(url, baudrate=BAUD, timeout=1.0, write_timeout=SILENCE_S, **_alone(url))
    except (OSError, ValueError) as wrong:  # SerialException is an OSError
        raise HomeError(f"{url}: {_why_not(url, wrong)}") from None
    if isinstance(found := getattr(port, "_socket", None), socket.socket):
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # pySerial has no word for it
    return port


def give_back(port: Any) -> None:
    """Ask a board that serves the link on its console for the console; does no harm to another."""
    Peer(port.write, lambda want, timeout_s: None).leave()
    port.flush()


def close_port(port: Any) -> None:
    """Close what `open_port` opened, whatever has become of it."""
    below = getattr(port, "_socket", None)
    with contextlib.suppress(OSError):
        port.close()
    if isinstance(below, socket.socket):
        below.close()  # pySerial leaves one open whose other end has gone


def _alone(url: str) -> dict[str, bool]:
    """Nobody else may open a real port meanwhile."""
    return {} if "://" in url or os.name == "nt" else {"exclusive": True}


def _why_not(url: str, wrong: Exception) -> str:
    code = getattr(wrong, "errno", None)
    text = str(wrong)
    if code == errno.EACCES or "PermissionError" in text or "Permission denied" in text:
        return "no permission; on Linux join the group that owns it (sudo usermod -aG dialout $USER) and log in again"
    if code in (errno.EAGAIN, errno.EBUSY) or "lock" in text:
        return "busy: another program has it open (a terminal, mpremote, a second kvo); end that first"
    if code == errno.ENOENT or "FileNotFoundError" in text:
        found = _ports()
        return f"there is no such port; {'there are ' + ', '.join(found) if found else 'is the board plugged in?'}"
    if url.startswith("socket:") and "NoneType" in text:
        return "it names no TCP port; write such as socket://127.0.0.1:5555"
    if "refused" in text:
        return "nobody listens there; start the device's end first"
    if isinstance(wrong, ValueError):
        return f"no port and no URL that pySerial knows ({text}); write such as /dev/ttyACM0 or socket://127.0.0.1:5555"
    return text


def _ports() -> list[str]:
    from serial.tools import list_ports

    return sorted(port.device for port in list_ports.comports())


class StreamHome:
    """The firmware at the far end of `url`; it must run `serve` of hal/lockstep there."""

    def __init__(self, url: str, silence_s: float = SILENCE_S) -> None:
        self._url = url
        self._patience = patience(silence_s)
        self._port: Any = None
        self._lockstep: Lockstep | None = None
        self.drive = ports.Drive()
        self.status = ports.Status()

    @property
    def about(self) -> str:
        """Which interpreter answered."""
        return self._lockstep.about if self._lockstep else ""

    def boot(self, board: Any) -> None:
        """Open the port and boot the firmware there on `board`, whatever it ran before."""
        self._port = open_port(self._url)
        self._port.write_timeout = self._patience.silence_s
        self._lockstep = Lockstep(Peer(self._send, self._receive, self._patience), board)
        self.drive, self.status = self._lockstep.drive, self._lockstep.status
        self._say(self._lockstep.boot)

    def step(self) -> None:
        """One turn over there."""
        if self._lockstep is None:
            raise HomeError("the home is not booted, or closed")
        self._say(self._lockstep.turn)

    def close(self) -> None:
        """Say good-bye and close the port."""
        lockstep, self._lockstep = self._lockstep, None
        if lockstep is not None:
            with contextlib.suppress(HomeError):
                lockstep.bye()
        port, self._port = self._port, None
        if port is not None:
            close_port(port)

    def _say(self, step: Any) -> None:
        try:
            step()
        except LinkLost as lost:
            raise LinkLost(f"{self._url}: {lost}") from None
        except HomeError as gone:
            raise HomeError(f"{self._url}: {gone}") from None

    def _send(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except OSError as wrong:
            if type(wrong).__name__ == "SerialTimeoutException":
                raise LinkLost("the device is silent, and takes nothing more: nobody reads there") from None
            raise LinkLost(f"the link is gone: {wrong}") from None

    def _receive(self, want: int, timeout_s: float) -> bytes | None:
        port = self._port
        try:
            if port.timeout != timeout_s:
                port.timeout = timeout_s
            return port.read(want) or None
        except OSError as wrong:
            raise LinkLost(f"the link is gone: {wrong}") from None

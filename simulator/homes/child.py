"""What homes have in common whose interpreter is a child process on pipes."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
import weakref
from typing import IO, Any

from hal import ports
from simulator.homes.base import HomeError
from simulator.homes.lockstep import Lockstep
from simulator.homes.peer import PIPE, Peer

_READ = 1 << 16


class ChildHome:
    """The same firmware, unchanged, in a child process that speaks the lockstep link.

    `name` is the home's. `command` starts the interpreter; `preamble`, if any, is what it
    reads before the link begins.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lockstep: Lockstep | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self.drive = ports.Drive()
        self.status = ports.Status()

    def command(self) -> list[str]:
        """What to run. HomeError where it cannot be had."""
        raise NotImplementedError

    def preamble(self) -> bytes:
        """What the child reads first."""
        return b""

    @property
    def about(self) -> str:
        """Which interpreter answered."""
        return self._lockstep.about if self._lockstep else ""

    def boot(self, board: Any) -> None:
        """Start the interpreter and the firmware on `board`."""
        command, preamble = self.command(), self.preamble()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _end)
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process, self._errors)
        assert process.stdin is not None and process.stdout is not None
        peer = _peer(process.stdin.fileno(), process.stdout.fileno())
        lockstep = Lockstep(peer, board)
        self._lockstep = lockstep
        self.drive, self.status = lockstep.drive, lockstep.status
        self._turn = lockstep.turn
        try:
            peer.raw(preamble)
            lockstep.boot()
        except HomeError as gone:
            raise self._gone(gone) from None

    def step(self) -> None:
        """One turn over there."""
        if self._lockstep is None:
            raise HomeError("the home is not booted, or closed")
        try:
            self._turn()
        except HomeError as gone:
            raise self._gone(gone) from None

    def close(self) -> None:
        """Say good-bye and wait for the child; kill it where it does not listen."""
        lockstep, self._lockstep = self._lockstep, None
        if lockstep is not None:
            with contextlib.suppress(HomeError):
                lockstep.bye()
        if self._process is not None:
            self._finalizer()
            self._process = None

    def _gone(self, why: HomeError) -> HomeError:
        """The error to raise for a child that is of no more use; ends it."""
        said = ""
        if self._process is not None and self._errors is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
        self._lockstep = None
        self.close()
        return HomeError(f"home {self._name}: {why}" + (f"; it said: {said}" if said else ""))


def _peer(to_child: int, from_child: int) -> Peer:
    poll = select.poll()
    poll.register(from_child, select.POLLIN)

    def send(data: bytes) -> None:
        try:
            while data:
                data = data[os.write(to_child, data) :]
        except OSError as wrong:
            raise HomeError(f"the device does not listen ({wrong.strerror})") from None

    def receive(want: int, timeout_s: float) -> bytes | None:
        return os.read(from_child, _READ) if poll.poll(timeout_s * 1000) else None

    return Peer(send, receive, PIPE)


def _end(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    """Leave no zombie: end of input first, then the kill, then the wait."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
    errors.close()

"""Home 2: the firmware in MicroPython's unix port, a child process on pipes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Any

from hal import ports
from simulator.homes.base import HomeError
from simulator.homes.lockstep import Lockstep
from simulator.homes.peer import PIPE, Peer

ROOT = Path(__file__).resolve().parents[2]
DEVICE_MAIN = Path(__file__).with_name("device_main.py")
# Objects are twice the size of those on a Pico, which has 240 KB free.
HEAP = "512k"
_READ = 1 << 16
_REMEDY = "pip install 'kvo[micropython]', or choose --home cpython"

# The package's own entry point drops the interpreter's exit code.
_START = "import sys, micropython_unix; sys.exit(micropython_unix.main())"


def interpreter() -> list[str]:
    """Command that runs MicroPython: the wheel beside this Python, else one on PATH. HomeError if none."""
    if importlib.util.find_spec("micropython_unix") is not None:
        return [sys.executable, "-P", "-c", _START]
    found = shutil.which("micropython")
    if found is None:
        raise HomeError(f"home micropython: MicroPython's unix port is not installed; {_REMEDY}")
    return [found]


def run_script(script: Path, *arguments: str, heap: str = HEAP, timeout_s: float = 60) -> str:
    """Run a script under MicroPython to its end; return what it printed. HomeError where it fails."""
    command = [*interpreter(), "-X", f"heapsize={heap}", str(script), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise HomeError(f"home micropython: {script.name} did not end within {timeout_s} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        raise HomeError(f"home micropython: {script.name} ended with {done.returncode}: {said[-2000:]}")
    return done.stdout.decode("utf-8", "replace")


def run_to_line(script: Path, *arguments: str, heap: str = HEAP, timeout_s: float = 60) -> str:
    """Run a script under MicroPython until it prints a JSON object on one line; return that line.

    The script may go on for ever: it is ended here. HomeError where no such line comes.
    """
    command = [*interpreter(), "-X", f"heapsize={heap}", str(script), *arguments]
    with tempfile.TemporaryFile() as errors, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, bufsize=0
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(timeout_s, process.kill)
        timer.start()
        last = b""
        try:
            for line in process.stdout:
                if line.startswith(b"{"):
                    return line.decode("utf-8", "replace")
                last = line
        finally:
            timer.cancel()
            process.kill()
        errors.seek(0)
        said = (last + errors.read()).decode("utf-8", "replace").strip()
    raise HomeError(f"home micropython: {script.name} ended, or {timeout_s} s, without its line: {said[-2000:]}")


class MicroPythonHome:
    """The same firmware, unchanged, on the other interpreter."""

    def __init__(self, device_main: Path = DEVICE_MAIN, heap: str = HEAP) -> None:
        self._device_main = device_main
        self._heap = heap
        self._lockstep: Lockstep | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self.drive = ports.Drive()
        self.status = ports.Status()

    @property
    def about(self) -> str:
        """Which interpreter answered."""
        return self._lockstep.about if self._lockstep else ""

    def boot(self, board: Any) -> None:
        """Start the interpreter and the firmware on `board`."""
        command = [*interpreter(), "-X", f"heapsize={self._heap}", str(self._device_main), str(ROOT)]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _end)
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process, self._errors)
        assert process.stdin is not None and process.stdout is not None
        lockstep = Lockstep(_peer(process.stdin.fileno(), process.stdout.fileno()), board)
        self._lockstep = lockstep
        self.drive, self.status = lockstep.drive, lockstep.status
        self._turn = lockstep.turn
        self._guarded(lockstep.boot)

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

    def _guarded(self, step: Any) -> None:
        try:
            step()
        except HomeError as gone:
            raise self._gone(gone) from None

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
        return HomeError(f"home micropython: {why}" + (f"; it said: {said}" if said else ""))


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

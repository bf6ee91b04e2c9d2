"""Checks that the device's Python runs on a device: `python -m tools.check_portable`.

Prints `path:line: rule; remedy` for each finding and exits 1 if there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.portable_rules import Finding, Place, Rules

ROOT = Path(__file__).resolve().parents[1]
_FIRMWARE = ("firmware.", "hal.ports", "hal.compat", "struct", "hashlib")
_DEVICE = (
    "struct", "binascii", "micropython", "machine", "sys", "os", "time", "gc", "rp2", "network", "hashlib", "select",
    "cryptolib", "framebuf", "socket", "termios", "vfs",
)  # fmt: skip
_HAL = ("hal.", *_DEVICE)
# A slot is imported from as a file system, by modules that run at boot or where an update is looked at.
_OF_SLOTS = ("firmware/start.py", "firmware/update/contents.py", "firmware/update/volume.py")
# A composition root joins a firmware to one board.
_ROOTS = (*_FIRMWARE, *_HAL, "simulator.standins.")
# In the home webassembly the runner's module is the link, by the address of a buffer.
_STEP = (*_ROOTS, "kvo_pipe", "uctypes")
_HOST_ONLY = ("hal/host/", "hal/stubs/")
_THERAPY_TICK = (
    "alarm_log", "alarms", "allowance", "annunciator", "bolus", "controller", "delivery", "detectors", "dosing",
    "engine", "estimate", "flow", "glass", "grants", "guardian", "heads", "images", "integrity", "interlocks",
    "known", "mailbox", "pace", "permit", "plausible", "profile", "records", "selfcheck", "sequence", "sums",
    "therapy", "volume",
)  # fmt: skip
# The rest of the turn pre-empts comms, which may have left no memory.
_TRUST_TURN = ("headroom", "leave", "linkwatch", "ring", "scratch", "supervisor")
# What the turn calls of the Pico's drive, sensors and panel.
_PICO_TURN = (
    "analogue", "clock", "display", "encoder", "entry", "generator", "i2c_bus", "keypad", "lamp", "link", "matrix",
    "relay", "rtc", "scratch", "sounder", "switches", "watchdog",
)  # fmt: skip
TICK = (
    "hal/compat.py",
    *(f"hal/pico/{name}.py" for name in _PICO_TURN),
    *(f"firmware/therapy/{name}.py" for name in _THERAPY_TICK),
    *(f"firmware/trust/{name}.py" for name in _TRUST_TURN),
    "hal/bare/board.py",
    "hal/bare/parts.py",
    "hal/bare/plant.py",
)


def place_of(path: str) -> Place | None:
    """What holds for the module at `path` (from the root, with '/'); None where nothing does."""
    if not path.endswith(".py") or path.startswith(_HOST_ONLY):
        return None
    tick = path in TICK
    if path == "simulator/homes/device_step.py":
        return Place(path, _STEP, tick, program=True)
    if path == "firmware/__main__.py" or path.startswith("simulator/homes/device"):
        return Place(path, _ROOTS, tick, program=True)
    if path in _OF_SLOTS:
        return Place(path, (*_FIRMWARE, "sys", "io"), tick)
    if path.startswith("firmware/"):
        return Place(path, _FIRMWARE, tick)
    if path.startswith("hal/"):
        return Place(path, _HAL, tick)
    if path.startswith("simulator/standins/"):
        return Place(path, (*_FIRMWARE, "simulator.standins."), tick)
    return None


def device_files(root: Path = ROOT) -> Iterator[tuple[Path, Place]]:
    """Every file that runs on a device, with what holds for it."""
    for folder in ("firmware", "hal", "simulator/standins", "simulator/homes"):
        for path in sorted((root / folder).rglob("*.py")):
            place = place_of(path.relative_to(root).as_posix())
            if place is not None:
                yield path, place


def check_text(text: str, path: str) -> list[Finding]:
    """Findings in `text`, were it at `path`; none where no rule holds."""
    place = place_of(path)
    return Rules(place).check(text) if place is not None else []


def check(root: Path = ROOT) -> list[Finding]:
    """Findings in the whole tree."""
    return [
        finding
        for path, place in device_files(root)
        for finding in Rules(place).check(path.read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Print the findings; 1 if there are any."""
    findings = check()
    for finding in findings:
        print(finding)
    if not findings:
        print(f"portable: {sum(1 for _ in device_files())} files, nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""MicroPython's modules for CPython, on a chip of make-believe: for running hal/pico on a PC.

    with installed(Chip()) as chip:
        board = make_board()
        chip.advance(100_000)  # µs

Inside, `import machine`, `rp2`, `network` give the stubs and `time` has MicroPython's functions.
Modules of hal/pico are imported anew for each chip, as on each boot.
"""

import sys
import time
from contextlib import contextmanager

from hal.stubs import chip as _chip
from hal.stubs.chip import Chip

__all__ = ["Chip", "installed"]

# Module's name on the device, and where its stub is.
MODULES = {
    "machine": "hal.stubs.machine",
    "rp2": "hal.stubs.rp2",
    "framebuf": "hal.stubs.framebuf",
    "network": "hal.stubs.network",
    "select": "hal.stubs.select",
    "socket": "hal.stubs.socket",
    "vfs": "hal.stubs.vfs",
}
_TICKS = 1 << 30


@contextmanager
def installed(chip):
    """Make `chip` the one that `machine` and its like speak of; undone at the end, whatever happens."""
    before = {name: sys.modules.get(name) for name in MODULES}
    _forget_drivers()
    _chip.make_current(chip)
    functions = _time_functions(chip)
    missing = object()
    kept = {name: getattr(time, name, missing) for name in functions}
    try:
        for name, stub in MODULES.items():
            __import__(stub)
            sys.modules[name] = sys.modules[stub]
        for name, function in functions.items():
            setattr(time, name, function)
        yield chip
    finally:
        for name, function in kept.items():
            if function is missing:
                delattr(time, name)
            else:
                setattr(time, name, function)
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        _chip.make_current(None)
        _forget_drivers()


def _forget_drivers():
    for name in [name for name in sys.modules if name == "hal.pico" or name.startswith("hal.pico.")]:
        del sys.modules[name]


def _time_functions(chip):
    """What MicroPython's `time` has and CPython's has not, on the chip's clock."""
    return {
        "ticks_us": lambda: chip.us % _TICKS,
        "ticks_ms": lambda: chip.us // 1000 % _TICKS,
        "ticks_diff": lambda a, b: (a - b + _TICKS // 2) % _TICKS - _TICKS // 2,
        "ticks_add": lambda a, b: (a + b) % _TICKS,
        "sleep_us": chip.sleep,
        "sleep_ms": lambda ms: chip.sleep(ms * 1000),
    }

"""The boards that an image can be made for, and what there is room for on each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A board of the shop's. `flash_bytes` is its file system, `heap_bytes` what is free at the prompt."""

    name: str
    title: str
    flash_bytes: int
    heap_bytes: int
    source: str

    @property
    def has_radio(self) -> bool:
        """Whether its MicroPython has Wi-Fi and TLS."""
        return self.name.endswith("-w")


_RP2 = "MicroPython, ports/rp2/boards/"
# An RP2350 has 520 KB of RAM where an RP2040 has 264; some of the difference is left to the interpreter.
_MORE_RAM = 240 * 1024
_OF_THE_RP2350 = "; heap not measured: that of an RP2040 and 240 of the 256 KB that an RP2350 has more"
_MEASURED = "; heap: docs/design.md"

TARGETS = {
    target.name: target
    for target in (
        Target(
            "pico", "Raspberry Pi Pico", 1408 * 1024, 240 * 1024,
            f"{_RP2}RPI_PICO/mpconfigboard.h: MICROPY_HW_FLASH_STORAGE_BYTES 1408 KB of 2 MB{_MEASURED}",
        ),
        Target(
            "pico-w", "Raspberry Pi Pico W", 848 * 1024, 200 * 1024,
            f"{_RP2}RPI_PICO_W/mpconfigboard.h: MICROPY_HW_FLASH_STORAGE_BYTES 848 KB of 2 MB{_MEASURED}",
        ),
        Target(
            "pico2", "Raspberry Pi Pico 2", 3072 * 1024, 240 * 1024 + _MORE_RAM,
            f"{_RP2}RPI_PICO2/mpconfigboard.cmake: MICROPY_HW_FLASH_STORAGE_BYTES 3 MB of 4 MB{_OF_THE_RP2350}",
        ),
        Target(
            "pico2-w", "Raspberry Pi Pico 2 W", 2560 * 1024, 200 * 1024 + _MORE_RAM,
            f"{_RP2}RPI_PICO2_W/mpconfigboard.h: 4 MB less 1536 KB for the interpreter{_OF_THE_RP2350}",
        ),
    )
}  # fmt: skip

# What `--board` calls a package of hal/.
BOARDS = {"parts": "pico", "bare": "bare", "lockstep": "lockstep"}


@dataclass(frozen=True)
class Start:
    """How the firmware starts on a board's package: the lines of its main.py, and what else of ours it has.

    `more` are files by path beside firmware and the package; `loads` those that are loaded at each start, though by an
    import within a function.
    """

    lines: str
    more: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()


# Of a package that is not named here the module `board` has make_board, and firmware/main.py runs it.
STARTS = {
    "pico": Start(
        "from firmware.main import run\nfrom hal.pico.board import make_board\n\nrun(make_board())\n",
        loads=("hal/pico/fitted.py",),
    ),
    "bare": Start("from firmware.__main__ import main\n\nmain([])\n", ("firmware/__main__.py",)),
    # No pump: the simulator has the motor, and the same scripted gatekeeper as in every home.
    "lockstep": Start(
        "from simulator.homes.device_usb import main\n\nmain()\n",
        (
            "simulator/__init__.py", "simulator/homes/device_usb.py", "simulator/standins/__init__.py",
            "simulator/standins/gatekeeper.py",
        ),
    ),
}  # fmt: skip

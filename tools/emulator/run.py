"""Boots the emulated board with an image of MicroPython and ours, and joins its console to the outside."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rp2040py.boards import BOARDS, BoardSpec, resolve_layout
from rp2040py.cli.socket_repl import SocketInteractiveRepl
from rp2040py.cli.stdio_repl import StdioInteractiveRepl
from rp2040py.device import MicroPythonDevice
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.external.led_mock import LEDMock

from tools.emulator import EmulatorProblem
from tools.emulator.files import file_system
from tools.emulator.network import LocalWifi
from tools.emulator.uf2 import check_uf2
from tools.emulator.usb import Throttle

BOOT_S = 120.0
_LED = 25
_LOOK_S = 0.05


def board_of(name: str, micropython: Path) -> BoardSpec:
    """The board `name`, pico or pico_w, with the MicroPython image at that path and the network walled in."""
    check_uf2(micropython)
    extras: list[Any] = [lambda: LEDMock(gpio=_LED), BootselButton]
    if name == "pico_w":
        extras.append(LocalWifi)
    return BoardSpec(extras=tuple(extras), layout=resolve_layout(BOARDS[name], "micropython"), image=micropython)


def device_of(board: BoardSpec, files: Mapping[str, bytes]) -> tuple[MicroPythonDevice, Throttle]:
    """The emulated device with `files` in its file system, and the throttle on its USB host."""
    layout = board.layout
    if layout is None:
        raise EmulatorProblem("the emulator does not know where this board's MicroPython keeps its files")
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder) / "disk"
        disk.write_bytes(file_system(files, layout.fs_blocksize, layout.fs_blockcount))
        device = MicroPythonDevice(board=board, filesystem=disk)
    return device, Throttle(device.cdc, device.mcu.clock)


async def emulate(
    board: BoardSpec,
    files: Mapping[str, bytes],
    tcp: int | None,
    seconds: float | None,
    tell: Callable[[str], None],
    boot_s: float = BOOT_S,
) -> None:
    """Run until the console is left (Ctrl-X), `seconds` are over, or the emulator fails. EmulatorProblem for that."""
    device, _ = device_of(board, files)
    simulator = device.simulator
    leave = simulator.shutdown_request
    console: Any
    if tcp is None:
        console = StdioInteractiveRepl(device.cdc, simulator, on_quit=leave.request, on_data=lambda data: None)
    else:
        console = SocketInteractiveRepl(device.cdc, simulator, on_quit=leave.request, port=tcp)
    try:
        await console.start()
    except OSError as error:
        raise EmulatorProblem(f"127.0.0.1:{tcp}: {error.strerror}; name another port with --tcp") from None
    try:
        if tcp is not None:
            tell(f"the board's console is on socket://127.0.0.1:{console.port}")
        await _boot(device, board, boot_s)
        until = time.monotonic() + seconds if seconds is not None else None
        while not leave.event.is_set() and (until is None or time.monotonic() < until):
            if simulator.engine_room_error is not None:
                raise EmulatorProblem(f"the emulator failed: {simulator.engine_room_error!r}")
            await asyncio.sleep(_LOOK_S)
    finally:
        await console.stop()
        device.stop()


async def _boot(device: MicroPythonDevice, board: BoardSpec, boot_s: float) -> None:
    try:
        await device.astart(boot_s)
    except Exception as error:
        late = isinstance(error, TimeoutError)
        what = f"no USB console came up within {boot_s:g} s" if late else f"the emulator failed: {error!r}"
        raise EmulatorProblem(f"{board.image}: {what}; is it MicroPython for this board?") from None

"""`kvo emulate`: run an image on an emulated Pico."""

from __future__ import annotations

import asyncio
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import fail


class EmulatedBoard(str, Enum):  # noqa: UP042 (typer shows the values of such an enumeration)
    """The boards that the emulator has."""

    pico = "pico"
    pico_w = "pico_w"


def emulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An image: a folder that 'kvo build' made.")],
    image: Annotated[
        Path, typer.Option(help="An official MicroPython .uf2 for the board, of the release that DIR was made for.")
    ],
    board: Annotated[EmulatedBoard, typer.Option(help="The board to emulate.")] = EmulatedBoard.pico,
    tcp: Annotated[
        int | None, typer.Option(help="Put the console on this TCP port of 127.0.0.1 (0: any).", min=0, max=65535)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End after so many seconds of the wall clock.", min=0)
    ] = None,
) -> None:
    """Run the image in DIR on an emulated RP2040 with the MicroPython that you name; none comes with KVO.

    About 17 times slower than a real one. Its console is this terminal (Ctrl-X leaves), or a TCP port
    that 'kvo hil --port socket://127.0.0.1:PORT' and mpremote take. The guest's network ends at this
    machine: its gateway 10.0.0.1 is 127.0.0.1, and nothing else answers.

    Example: kvo emulate build/pico-bare --image ~/RPI_PICO-v1.29.0.uf2
    """
    from tools.flash import read_image

    try:
        from tools.emulator import EmulatorProblem
        from tools.emulator import run as emulator
    except ImportError as missing:
        fail(f"the emulator is not installed ({missing.name} is missing); pip install 'kvo[emulate]'")
    built = read_image(folder)
    files = {**built.files, "manifest.json": built.manifest}
    try:
        spec = emulator.board_of(board.value, image)
        asyncio.run(emulator.emulate(spec, files, tcp, seconds, typer.echo))
    except EmulatorProblem as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None

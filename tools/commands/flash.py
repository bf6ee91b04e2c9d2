"""`kvo flash`: put an image onto a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import progress


def flash(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An image: a folder that 'kvo build' made.")],
    port: Annotated[
        str | None,
        typer.Option(help="The board's serial port, or another pySerial URL; none: the one board that is plugged in."),
    ] = None,
) -> None:
    """Copy the image in DIR onto a board that runs MicroPython, verify it there, and reset the board.

    The board's MicroPython must be of the release that the image was made for. What is there already
    is left; what the image does not have is removed from our folders. The board's main.py goes
    first and comes last: unplugged in the middle, it starts nothing, and the command goes on
    where it was when it is run again.

    Example: kvo flash build/pico-bare --port /dev/ttyACM0
    """
    from tools import flash as flashing

    image = flashing.read_image(folder)
    where = port if port is not None else flashing.find_port()
    with progress(f"{folder}, {where}") as advance:
        done = flashing.flash(image, where, lambda place, total, path: advance(place, total))
    rom = done.rom_written + done.rom_kept
    if rom:
        typer.echo(f"{done.port}: {rom} blocks of its ROM partition verified, {done.rom_kept} of which were there")
    typer.echo(
        f"{done.port}: {done.about}: {done.written} files written and verified, {done.kept} were there, "
        f"{done.removed} removed; the board is reset"
    )
    if done.hint:
        typer.echo(f"{done.port}: {done.hint}")

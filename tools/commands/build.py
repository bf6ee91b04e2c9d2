"""`kvo build`: make the files that go onto a board."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import write_json

if TYPE_CHECKING:
    from tools.image.fit import Fit
    from tools.image.image import Image


class TargetName(str, Enum):  # noqa: UP042 (typer shows the values of such an enumeration)
    """The boards of tools/image/targets.py."""

    pico = "pico"
    pico_w = "pico-w"
    pico2 = "pico2"
    pico2_w = "pico2-w"


class BoardName(str, Enum):  # noqa: UP042
    """What is wired to it."""

    parts = "parts"
    bare = "bare"
    lockstep = "lockstep"


def build(
    target: Annotated[TargetName, typer.Argument(help="The board that the image is for.")],
    board: Annotated[
        BoardName,
        typer.Option(
            help="parts: a pump's parts are wired to it; bare: nothing is, a plant runs inside it; "
            "lockstep: nothing is, 'kvo hil' plays everything around the firmware over USB."
        ),
    ] = BoardName.parts,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the image; build/TARGET-BOARD where none is named.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the sizes to this file.", dir_okay=False)
    ] = None,
    rom: Annotated[
        bool,
        typer.Option(
            "--rom", help="For a MicroPython that was built with a ROM partition: the bytecode runs there, in place."
        ),
    ] = False,
) -> None:
    """Make the files that go onto a board: bytecode, a main.py, and a manifest with each file's SHA-256.

    The same sources give the same bytes, wherever and whenever they are built. Exit code 2 where
    the image would not fit, or a part of it is missing; nothing is written then.

    With --rom the bytecode becomes one file for a ROM partition and takes no room in the heap: 75 KB less of it
    are held. MicroPython's own images for these boards have no such partition; docs/device.md says how to make one.

    Example: kvo build pico --board bare --out image
    """
    from tools.image.fit import refuse_what_does_not_fit, weigh
    from tools.image.folder import write_image
    from tools.image.image import make_image

    name = f"{target.value}-{board.value}" + ("-rom" if rom else "")
    folder = out if out is not None else Path("build") / name
    image = make_image(target.value, board.value, rom=True) if rom else make_image(target.value, board.value)
    fit = weigh(image)
    _table(image, fit)
    refuse_what_does_not_fit(image, fit)
    write_image(image, folder)
    if json is not None:
        write_json(json, sizes(image, fit))
    typer.echo(f"image: {folder.resolve()}, {len(image.files)} files and manifest.json")


def sizes(image: Image, fit: Fit) -> dict[str, object]:
    """What `--json` holds; bytes."""
    from hashlib import sha256

    return {
        "target": image.target.name,
        "board": image.board,
        "manifest_sha256": sha256(image.manifest()).hexdigest(),
        "rooms": {room: {"files": files, "bytes": size} for room, (files, size) in sorted(fit.rooms.items())},
        "flash": {"needed": fit.flash_bytes, "room": fit.flash_room},
        "rom": {"partition": fit.rom_bytes},
        "resident_mpy": fit.resident_bytes,
        "heap": {"estimate": fit.live_bytes, "room": fit.live_room},
        "heap_with_keys": {"estimate": fit.live_with_keys, "room": fit.room_with_keys},
    }


def _table(image: Image, fit: Fit) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{image.target.title}, board {image.board}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("room")
    for name in ("files", "bytes", "share"):
        table.add_column(name, justify="right")
    whole = sum(size for _, size in fit.rooms.values())
    for room, (files, size) in sorted(fit.rooms.items()):
        table.add_row(room, str(files), f"{size:,}", f"{size / whole:.0%}")
    table.add_row("all", str(len(image.contents)), f"{whole:,}", "")
    Console().print(table)
    typer.echo(f"flash: {fit.flash_bytes // 1024:,} KB in whole blocks, room for {fit.flash_room // 1024:,} KB")
    if fit.rom_bytes:
        typer.echo(f"rom: a partition of {fit.rom_bytes // 1024:,} KB, which the file system gives up")
    typer.echo(
        f"heap: about {fit.live_bytes // 1024:,} KB held once booted, of {fit.live_room // 1024:,} KB that may be "
        f"(resident .mpy: {fit.resident_bytes // 1024:,} KB)"
    )
    over = fit.live_with_keys - fit.room_with_keys
    if image.board == "parts":
        said = f"with keys: about {fit.live_with_keys // 1024:,} KB"
        if over > 0:
            remedy = "such a pump wants a larger board" + ("" if fit.rom_bytes else ", or --rom")
            said += f", {over // 1024 + 1:,} more than may be held: {remedy}"
        typer.echo(said)

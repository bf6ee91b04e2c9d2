"""`kvo programme` and `kvo library`: what is shipped, and whether a file would be taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tools.commands.console import BAD_INPUT

programme_app = typer.Typer(no_args_is_help=True, help="The programmes that are shipped, and checks of your own.")
library_app = typer.Typer(no_args_is_help=True, help="Drug libraries: checks, and the way to a pump.")


@programme_app.command("list")
def programme_list() -> None:
    """List the shipped programmes; 'kvo run NAME' runs one."""
    from simulator.files.programme import HEADS, load_programme, shipped_programmes
    from tools.commands.console import clock

    heads = {code: name for name, code in HEADS.items()}
    rows = [("programme", "mode", "head", "lasts", "title")]
    for name, path in shipped_programmes().items():
        found = load_programme(path)
        lasts = clock(found.duration_ms / 1000)
        rows.append((name, found.therapy.mode, heads[found.head], lasts, found.title))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        columns = (cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True))
        typer.echo("  ".join((*columns, row[4])))


@programme_app.command("check")
def programme_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Programmes, by file or by shipped name.")],
) -> None:
    """Check programmes against their drug libraries without running them; exit 2 if one is refused."""
    from simulator.files.programme import find_programme, load_programme

    def says(name: str) -> str:
        found = load_programme(find_programme(name))
        passed = "".join(f"; past a soft limit: {soft}" for soft in found.soft)
        return f"good, {found.drug.name}, {found.therapy.mode}{passed}"

    _check_each(files, says)


@library_app.command("check")
def library_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Drug libraries, by file or by shipped name.")],
) -> None:
    """Check drug libraries: units, limits in order, policies, sources; exit 2 if one is refused."""
    from simulator.files.library import compile_library, load_library
    from simulator.files.programme import shipped_libraries

    def says(name: str) -> str:
        library = load_library(shipped_libraries().get(name, Path(name)))
        return f"good, {len(library.drugs)} drugs, {len(compile_library(library))} bytes for the pump"

    _check_each(files, says)


@library_app.command("push")
def library_push(
    parcel: Annotated[Path, typer.Argument(help="A file of 'kvo sign library' or 'kvo provision roots'.", exists=True)],
    port: Annotated[
        str, typer.Option(help="The pump's local port: /dev/ttyACM0, socket://127.0.0.1:5555, any pySerial URL.")
    ],
) -> None:
    """Carry a signed drug library, or a root record, to a pump over its local port. There it waits.

    Over the network the same is 'kvo ctl SITE_DIR push FILE'. Somebody who may confirms its number at the pump: log in,
    key switch, maintenance, 26 * NUMBER #, #. After the next start it is in force, or was refused.

    Example: kvo library push 7.library --port /dev/ttyACM0
    """
    from tools.commands.console import fail, progress
    from tools.provision.install import carry
    from tools.sign.parcel import unpack
    from tools.sign.problem import SignProblem

    data = parcel.read_bytes()
    try:
        number = unpack(data).number
    except SignProblem as refused:
        fail(f"{parcel}: {refused}")
    with progress(port) as advance:
        before = carry(port, data, number, False, advance)
    typer.echo(f"{parcel}: {len(data):,} bytes wait at the pump, whose library in force is {before.library or 'none'}; "
               f"confirm number {number} there")  # fmt: skip


@library_app.command("status")
def library_status(
    port: Annotated[
        str, typer.Option(help="The pump's local port: /dev/ttyACM0, socket://127.0.0.1:5555, any pySerial URL.")
    ],
) -> None:
    """Say which drug library and which root record a pump has in force, and what waits there.

    Example: kvo library status --port /dev/ttyACM0
    """
    from tools.provision.install import held

    found = held(port)
    typer.echo(f"library in force: {found.library or 'none'}")
    typer.echo(f"root record: {found.roots or 'none'}")
    typer.echo(f"waits: {found.staged if found.staged >= 0 else 'nothing'}")


def _check_each(files: list[str], says: Callable[[str], Any]) -> None:
    from simulator.files.yaml_source import FileProblem

    refused = 0
    for name in files:
        try:
            typer.echo(f"{name}: {says(name)}")
        except FileProblem as problem:
            typer.echo(str(problem), err=True)
            refused += 1
    if refused:
        raise typer.Exit(BAD_INPUT)

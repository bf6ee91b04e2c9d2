"""`kvo programme` and `kvo library`: what is shipped, and whether a file would be taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tools.commands.console import BAD_INPUT

programme_app = typer.Typer(no_args_is_help=True, help="The programmes that are shipped, and checks of your own.")
library_app = typer.Typer(no_args_is_help=True, help="Checks of drug libraries.")


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

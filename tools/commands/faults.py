"""`kvo faults`: what a programme or a test may let break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import fail

if TYPE_CHECKING:
    from simulator.faults import Kind

faults_app = typer.Typer(no_args_is_help=True, help="The faults that a programme's 'faults:' list may name.")


@faults_app.command("list")
def faults_list(
    where: Annotated[
        str | None, typer.Option("--where", help="Only those of this port or partition, such as store.")
    ] = None,
) -> None:
    """List the kinds of fault by where they strike; 'kvo faults show NAME' tells all of one."""
    from simulator.faults import KINDS, PLACES

    if where is not None and where not in PLACES:
        from simulator.files.yaml_source import did_you_mean, shown

        fail(f"nothing is called {shown(where)}; {did_you_mean(where, PLACES)}")
    rows = [("fault", "where", "lasts", "what happens")]
    for kind in KINDS.values():
        if where in (None, kind.where):
            rows.append((kind.name, kind.where, "yes" if kind.lasts else "no", kind.says))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        columns = (cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True))
        typer.echo("  ".join((*columns, row[3])))


@faults_app.command("show")
def faults_show(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Faults, by their names in 'kvo faults list'.")],
) -> None:
    """Tell what a fault does, its parameters with their units and ranges, and how to write it."""
    from simulator.faults import kind_of
    from simulator.files.yaml_source import Refusal

    for name in names:
        try:
            kind = kind_of(name)
        except Refusal as refused:
            fail(str(refused))
        _show(kind)


def _show(kind: Kind) -> None:
    from simulator.faults import PLACES

    typer.echo(f"{kind.name}: {kind.says}")
    typer.echo(f"  where: {kind.where}, {PLACES[kind.where]}")
    typer.echo(f"  lasts: {'until it is cleared' if kind.lasts else 'over once it has struck'}")
    typer.echo(f"  homes: {'cpython' if kind.firmware else 'every one'}")
    for parameter in kind.parameters:
        span = "one of " + ", ".join(parameter.choices)
        if not parameter.choices:
            span = f"{parameter.shown(parameter.low)} to {parameter.shown(parameter.high)}"
        typer.echo(f"  {parameter.name}: {parameter.says}; {span}; {parameter.shown(parameter.default)} unless given")
    typer.echo(f"  in a programme: {example(kind)}")


def example(kind: Kind) -> str:
    """An item of a programme's list, with every parameter written out."""
    written = ["at: 1 h", f"fault: {kind.name}"]
    if kind.lasts:
        written.append("for: 30 s")
    written += [f"{parameter.name}: {parameter.shown(parameter.default)}" for parameter in kind.parameters]
    return "{" + ", ".join(written) + "}"

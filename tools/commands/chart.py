"""`kvo chart` and `kvo bench`: what is drawn and measured from the code itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bench_app = typer.Typer(no_args_is_help=True, help="Measurements of the simulator on this machine.")


def chart(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if the charts are out of date.")
    ] = False,
) -> None:
    """Draw the state charts in docs/ from the tables that the firmware steps (Mermaid; SVG where Graphviz is found)."""
    from tools import charts

    if not check:
        for path in charts.write():
            typer.echo(str(path))
        return
    stale = charts.check()
    for path in stale:
        typer.echo(f"{path}: not what the tables say; run 'kvo chart' and commit the result", err=True)
    if stale:
        raise typer.Exit(1)
    typer.echo("charts: as the tables say")


@bench_app.command("speed")
def bench_speed(
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.", dir_okay=False)] = None,
) -> None:
    """Simulated seconds per wall second, for an infusion of eight hours in each home."""
    from tools.bench_speed import speed

    speed(json)


@bench_app.command("device")
def bench_device(
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.", dir_okay=False)] = None,
) -> None:
    """What the firmware takes of a device, in each home: bytes of bytecode, live bytes once booted, the worst tick.

    A tick is told as a multiple of a loop that any MicroPython can run (1000 times `n += i`), so that it can be
    compared with a device on which only that loop was timed.

    Example: kvo bench device --json device.json
    """
    from tools.bench_device import device

    device(json)


@bench_app.command("trust")
def bench_trust(
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.", dir_okay=False)] = None,
    rounds: Annotated[int, typer.Option("--rounds", help="Of the three round trips.", min=10, max=10_000)] = 150,
) -> None:
    """What authentic requests cost: verified a second in each home, a round trip against a bare one, therapy's ticks.

    The three round trips go over the same Mosquitto with mutual TLS in one run, in an order drawn by lot: a message
    that an aiomqtt client sends back, a request that a pump takes, and one that it refuses. The pump's gatekeeper comes
    round as soon as something has come; what its turn of 100 ms adds is told in ticks.

    Example: kvo bench trust --json trust.json
    """
    from tools.bench_trust import trust

    trust(json, rounds)


@bench_app.callback()
def bench() -> None:
    """Measurements of the simulator on this machine."""

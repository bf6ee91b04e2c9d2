"""`kvo bench device`: what the firmware takes of a device: bytecode, live bytes, and the tick against a stated loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from simulator.homes import micropython
from simulator.homes.base import HomeError
from tools import weigh
from tools.bench_speed import machine
from tools.commands.console import write_json

LOOP = "1000 times `n += i`"


def device(json: Path | None = None) -> None:
    """Print bytes of bytecode by room, and a line for each home; what is left out is said."""
    here = machine()
    typer.echo(f"{here['implementation']} {here['python']}, {here['system']} {here['machine']}, {here['cores']} cores")
    rooms: dict[str, int] = {}
    try:
        rooms = weigh.bytecode(weigh.resident_sources())
        typer.echo("resident .mpy: " + ", ".join(f"{room} {size:,}" for room, size in sorted(rooms.items())))
        typer.echo(f"resident .mpy: {sum(rooms.values()):,} bytes in all")
    except HomeError as error:
        typer.echo(f"resident .mpy: left out: {error}", err=True)
    homes = [found for found in (_home(name) for name in weigh.HOMES) if found is not None]
    _table(homes)
    if json is not None:
        write_json(json, {"machine": here, "loop": LOOP, "resident_mpy": rooms, "homes": homes})


def _home(name: str) -> dict[str, Any] | None:
    try:
        found = weigh.HOMES[name]()
    except HomeError as error:
        typer.echo(f"home {name}: left out: {str(error).removeprefix(f'home {name}: ')}", err=True)
        return None
    return {
        "home": name,
        "words": found["words"],
        "heap": micropython.HEAP if name == "micropython" else None,
        "live_therapy": found.get("live_therapy"),
        "live_all": found.get("live_all"),
        # With keys, where words are a Pico's: elsewhere the gatekeeper's sources would be compiled in the heap.
        "live_keys": found.get("live_keys"),
        # Another port's heap grows by itself: what is free there says nothing.
        "free": found.get("free") if name == "micropython" else None,
        "ticks": found["ticks"],
        "loop_us": found["loop_us"],
        "worst_tick": round(found["worst_us"] / found["loop_us"], 2),
        "worst_late_tick": round(found["worst_late_us"] / found["loop_us"], 2),
        "mean_tick": round(found["mean_us"] / found["loop_us"], 2),
    }


def _table(homes: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Ticks in loops of {LOOP}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("home")
    live = ("live: therapy", "live: all", "with keys", "free")
    for name in ("words", "heap", *live, "mean tick", "worst", "after a stall", "loop"):
        table.add_column(name, justify="right")
    for one in homes:
        table.add_row(
            one["home"], f"{one['words']} bits", one["heap"] or "grows", *(_bytes(one[key]) for key in _BYTES),
            *(f"{one[key]:.2f}" for key in _TICKS), f"{one['loop_us']} µs",
        )  # fmt: skip
    Console().print(table)


_TICKS = ("mean_tick", "worst_tick", "worst_late_tick")
_BYTES = ("live_therapy", "live_all", "live_keys", "free")


def _bytes(count: int | None) -> str:
    return "" if count is None else f"{count:,}"

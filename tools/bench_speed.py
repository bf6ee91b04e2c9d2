"""`kvo bench speed`: simulated seconds per wall second, ten ticks in each of them, trace on.

One line a home, with the machine it was measured on: a speed without its machine says nothing.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import typer

from simulator.homes import HOMES, HomeError
from simulator.runner import RunResult, run
from tools.commands.console import progress, write_json

PROGRAMME = "norepinephrine-8h"


def measure(home: str, programme: str = PROGRAMME) -> dict[str, Any]:
    """Run `programme` once in `home`; its figures. HomeError where the home is not to be had."""
    with progress(f"{programme}, home {home}") as advance:
        result = run(programme, home=home, progress=advance)
    return {"home": home, **_figures(result)}


def _figures(result: RunResult) -> dict[str, Any]:
    return {
        "scenario": result.scenario,
        "simulated_s": result.simulated_s,
        "wall_s": round(result.wall_s, 3),
        "simulated_per_wall": round(result.simulated_s / result.wall_s, 1),
        "trace_sha256": result.trace_sha256,
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def speed(json: Path | None = None, programme: str = PROGRAMME) -> None:
    """Print a line for every home; a home that is not to be had is left out, and that is said."""
    here = machine()
    typer.echo(f"{here['implementation']} {here['python']}, {here['system']} {here['machine']}, {here['cores']} cores")
    found: list[dict[str, Any]] = []
    for home in HOMES:
        try:
            one = measure(home, programme)
        except HomeError as error:
            typer.echo(f"home {home}: left out: {str(error).removeprefix(f'home {home}: ')}", err=True)
            continue
        found.append(one)
        typer.echo(
            f"home {home}: {one['simulated_per_wall']:,.0f} simulated seconds a second "
            f"({one['scenario']}, {one['simulated_s']:,.0f} s in {one['wall_s']:.1f} s)"
        )
    if json is not None:
        write_json(json, {"machine": here, "homes": found})

"""`kvo fuzz`: look for bytes that the firmware does not refuse as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import fail


def fuzz(
    target: Annotated[str, typer.Argument(help="What to fuzz: cbor, cose or ccm.")],
    runs: Annotated[int, typer.Option("--runs", min=1, help="Inputs to try.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=1, help="Where the fuzzer's chance begins.")] = 1,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Folder that keeps the inputs which reached something new.", file_okay=False),
    ] = None,
    mutant: Annotated[str, typer.Option("--mutant", help="Plant this fault, to see the fuzzer find it.")] = "",
) -> None:
    """Try inputs on a part of the firmware that reads what a stranger sent, guided by the code they reach.

    Prints how many were tried and, where one was found, the input in hexadecimal and what it did. Exit code 0
    where nothing was found, 1 where something was, 2 for a target that there is not.

    Example: kvo fuzz cose --runs 1000000 --corpus build/cose
    """
    from simulator.files.yaml_source import did_you_mean, shown
    from tools.fuzz import run
    from tools.fuzz.mutants import PLANTED

    if target not in run.TARGETS:
        fail(f"there is nothing to fuzz named {shown(target)}; {did_you_mean(target, run.TARGETS)}")
    if mutant and mutant not in PLANTED:
        fail(f"there is no fault {shown(mutant)} to plant; {did_you_mean(mutant, PLANTED)}")
    try:
        result = run.fuzz(target, runs, seed=seed, mutant=mutant, keep=corpus)
    except (run.FuzzerAbsent, RuntimeError, OSError) as error:
        fail(str(error))
    typer.echo(f"{target}: {result.runs:,} inputs, {result.a_second:,} a second")
    if result.found is not None:
        typer.echo(f"found: {result.found.hex()}")
        typer.echo(result.said)
        raise typer.Exit(1)

"""`kvo fuzz`: look for bytes that the firmware does not refuse as it should."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import fail, progress

if TYPE_CHECKING:
    from tools.fuzz.run import Result


def fuzz(
    target: Annotated[str, typer.Argument(help="What to fuzz: cbor, cose, ccm, messages or mqtt.")],
    runs: Annotated[int, typer.Option("--runs", min=1, help="Inputs to try.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=1, help="Where the fuzzer's chance begins.")] = 1,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus", help="Folder that keeps the inputs which reached something new, and how many were tried.",
            file_okay=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at a time; by default one a core.")
    ] = None,
    mutant: Annotated[str, typer.Option("--mutant", help="Plant this fault, to see the fuzzer find it.")] = "",
) -> None:
    """Try inputs on a part of the firmware that reads what a stranger sent, guided by the code they reach.

    Prints how many were tried and, where one was found, the input in hexadecimal and what it did. Exit code 0
    where nothing was found, 1 where something was, 2 for a target that there is not.

    Example: kvo fuzz messages --runs 1000000 --corpus build/fuzz

    Broken off, the same command takes up where it was, as long as no source has changed.
    """
    from simulator.files.yaml_source import did_you_mean, shown
    from tools.fuzz import run
    from tools.fuzz.mutants import PLANTED

    if target not in run.TARGETS:
        fail(f"there is nothing to fuzz named {shown(target)}; {did_you_mean(target, run.TARGETS)}")
    if mutant and mutant not in PLANTED:
        fail(f"there is no fault {shown(mutant)} to plant; {did_you_mean(mutant, PLANTED)}")
    try:
        if mutant:
            result = run.fuzz(target, runs, seed=seed, mutant=mutant)
            _say(target, result.runs, result.a_second, result)
        else:
            _campaign(target, runs, seed, corpus, jobs)
    except (run.FuzzerAbsent, RuntimeError, OSError) as error:
        fail(str(error))


def _campaign(target: str, runs: int, seed: int, corpus: Path | None, jobs: int | None) -> None:
    from tools.fuzz.campaign import Campaign, Tried

    with tempfile.TemporaryDirectory(prefix="kvo-corpus-") as folder:
        campaign = Campaign(corpus or Path(folder))
        with progress(target) as advance:
            found = campaign.run({target: runs}, seed, jobs, advance)
    tried = campaign.tried.get(target, Tried())
    result = None if found is None else found[1]
    inputs = tried.inputs + (result.runs if result is not None else 0)
    _say(target, inputs, tried.a_second or (result.a_second if result is not None else 0), result)


def _say(target: str, inputs: int, a_second: int, result: Result | None) -> None:
    typer.echo(f"{target}: {inputs:,} inputs, {a_second:,} a second and process")
    if result is not None and result.found is not None:
        typer.echo(f"found: {result.found.hex()}")
        typer.echo(result.said)
        raise typer.Exit(1)

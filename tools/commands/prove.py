"""`kvo prove`: run the evidence of the safety case's claims."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import Advance, fail, progress, write_json

if TYPE_CHECKING:
    from tools.claims.registry import Claim, Outcome


def prove(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Claims to prove; none lists them all.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Prove every claim.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Full counts: minutes instead of seconds.")] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Also show that the evidence rejects each of its mutants.")
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option("--json", help="Write outcomes to this file after each claim.", dir_okay=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Draw what a claim has to show (accuracy, single-faults) on this page.", dir_okay=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave out what the --json file already shows, of the same sources.")
    ] = False,
) -> None:
    """Run the evidence of claims; one line each with its figure.

    Exit code 0 only if every claim named holds (and, with --mutants, rejects its mutants), 1 if
    one does not, 2 for a claim that there is not. Without arguments: the list of claims.

    Example: kvo prove dosing-exact --deep
    """
    from tools.claims.registry import claims

    known = claims()
    if not names and not every:
        for claim in known.values():
            typer.echo(f"{claim.name}: {claim.says}")
        return
    chosen = list(known) if every else list(dict.fromkeys(names or []))
    for name in chosen:
        if name not in known:
            from simulator.files.yaml_source import did_you_mean, shown

            fail(f"there is no claim {shown(name)}; {did_you_mean(name, known)}")
    if resume and json is None:
        fail("--resume takes up where a file left off; name it with --json")
    good, done = _prove_all([known[name] for name in chosen], deep, mutants, json, resume)
    if report is not None:
        _draw(done, report)
    if not good:
        raise typer.Exit(1)


def _draw(done: list[dict[str, Any]], report: Path) -> None:
    """Write the page of what a claim's data holds: start-up and trumpet curves, or a field of cells."""
    from simulator.report.figures import accuracy_page
    from simulator.report.matrix import matrix_page
    from simulator.report.page import ReportUnavailable

    curves = next((one["data"]["curves"] for one in done if "curves" in one["data"]), None)
    cells = next((one["data"] for one in done if "cells" in one["data"]), None)
    if curves is None and cells is None:
        fail("none of these claims has anything to draw; --report goes with accuracy or single-faults")
    try:
        drawn = accuracy_page(curves, report) if curves is not None else matrix_page(cells or {}, report)
        typer.echo(f"report: {drawn}")
    except (OSError, ReportUnavailable) as error:
        fail(f"{report}: {error}")


def _prove_all(
    chosen: list[Claim], deep: bool, mutants: bool, json: Path | None, resume: bool
) -> tuple[bool, list[dict[str, Any]]]:
    """Prove claims in order, writing `json` after each; whether all are good, and what each said."""
    from tools.commands.resume import shown_before, source_digest

    sources = source_digest() if json is not None else ""
    before = shown_before(json, sources, deep, mutants) if json is not None and resume else {}
    done: list[dict[str, Any]] = []
    for place, claim in enumerate(chosen):
        if claim.name in before:
            done.append(before[claim.name])
            typer.echo(f"{claim.name}: {before[claim.name]['figure']} (shown before)")
        else:
            done.append(_prove_one(claim, deep, mutants))
        if json is not None:
            # What is still to come stays in the file, or breaking off a second time would lose it.
            rest = [before[later.name] for later in chosen[place + 1 :] if later.name in before]
            holds = place + 1 == len(chosen) and all(_good(one) for one in done)
            write_json(json, {"deep": deep, "source_sha256": sources, "holds": holds, "claims": done + rest})
    return all(_good(one) for one in done), done


def _good(one: dict[str, Any]) -> bool:
    return one["holds"] and all(mutant["rejected"] for mutant in one["mutants"].values())


def _prove_one(claim: Claim, deep: bool, mutants: bool) -> dict[str, Any]:
    """Prove one claim, print its line; what `--json` holds of it."""
    begun = time.perf_counter()
    with progress(claim.name) as advance:
        outcome, error = _evidence(claim, deep, advance)
    holds = outcome is not None and outcome.holds
    figure = outcome.figure if outcome else error
    typer.echo(f"{claim.name}: {figure}" if holds else f"{claim.name}: DOES NOT HOLD: {figure}")
    one: dict[str, Any] = {
        "name": claim.name,
        "says": claim.says,
        "holds": holds,
        "figure": figure,
        "data": outcome.data if outcome else {},
        "mutants": {},
        "wall_s": round(time.perf_counter() - begun, 3),
    }
    for mutant in claim.mutants if mutants else ():
        one["mutants"][mutant] = _mutant(claim, mutant)
    return one


def _evidence(claim: Claim, deep: bool, advance: Advance) -> tuple[Outcome | None, str]:
    """The outcome, or what went wrong: evidence that breaks off is no evidence."""
    try:
        return claim.run(deep, advance), ""
    except Exception as error:
        return None, f"the evidence broke off: {type(error).__name__}: {error}"


def _mutant(claim: Claim, mutant: str) -> dict[str, Any]:
    """Whether the evidence rejects a mutant. An exception is an error, not a rejection."""
    try:
        outcome = claim.run_mutant(mutant)
        rejected, figure = not outcome.holds, outcome.figure
    except Exception as error:
        rejected, figure = False, f"the evidence broke off: {type(error).__name__}: {error}"
    verdict = "rejected" if rejected else "NOT REJECTED"
    typer.echo(f"{claim.name}, mutant '{mutant}': {verdict}: {figure}")
    return {"rejected": rejected, "figure": figure}

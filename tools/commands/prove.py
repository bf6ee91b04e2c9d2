"""`kvo prove`: run the evidence of the safety case's claims."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import Advance, fail, progress, write_json
from tools.pool import spawned

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
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="So many claims at a time, a process each.")] = 1,
) -> None:
    """Run the evidence of claims; one line each with its figure.

    Exit code 0 only if every claim named holds (and, with --mutants, rejects its mutants), 1 if
    one does not, 2 for a claim that there is not. Without arguments: the list of claims.

    Example: kvo prove dosing-exact --deep

    Everything, on two cores: kvo prove --all --deep --jobs 2 --json deep.json --resume
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
    good, done = _prove_all([known[name] for name in chosen], deep, mutants, json, resume, jobs)
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
    chosen: list[Claim], deep: bool, mutants: bool, json: Path | None, resume: bool, jobs: int
) -> tuple[bool, list[dict[str, Any]]]:
    """Prove claims, writing `json` after each; whether all are good, and what each said, in order."""
    from tools.commands.resume import shown_before, source_digest

    sources = source_digest() if json is not None else ""
    before = shown_before(json, sources, deep, mutants) if json is not None and resume else {}
    # What is still to come stays in the file, or breaking off a second time would lose it.
    shown = {claim.name: before[claim.name] for claim in chosen if claim.name in before}
    for one in shown.values():
        typer.echo(f"{one['name']}: {one['figure']} (shown before)")
    left = [claim.name for claim in chosen if claim.name not in shown]
    for one in _in_turn(left, deep, mutants) if jobs == 1 else _side_by_side(left, deep, mutants, jobs):
        _say(one)
        shown[one["name"]] = one
        if json is not None:
            done = [shown[claim.name] for claim in chosen if claim.name in shown]
            holds = len(done) == len(chosen) and all(_good(each) for each in done)
            write_json(json, {"deep": deep, "source_sha256": sources, "holds": holds, "claims": done})
    done = [shown[claim.name] for claim in chosen]
    return all(_good(one) for one in done), done


def _in_turn(names: list[str], deep: bool, mutants: bool) -> Iterator[dict[str, Any]]:
    for name in names:
        with progress(name) as advance:
            one = prove_one(name, deep, mutants, advance)
        yield one


def _side_by_side(names: list[str], deep: bool, mutants: bool, jobs: int) -> Iterator[dict[str, Any]]:
    """Each claim in a process of its own, so many at a time, as they end."""
    with progress("claims") as advance, spawned(jobs, tasks_each=1) as pool:
        running = [pool.submit(prove_one, name, deep, mutants) for name in names]
        try:
            for done, ended in enumerate(as_completed(running), 1):
                advance(done, len(names))
                yield ended.result()
        except BrokenProcessPool:
            fail("a claim's process was ended from outside, maybe for want of memory; try fewer --jobs", code=1)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _good(one: dict[str, Any]) -> bool:
    return one["holds"] and all(mutant["rejected"] for mutant in one["mutants"].values())


def _say(one: dict[str, Any]) -> None:
    """The claim's line, and one for each of its mutants."""
    typer.echo(f"{one['name']}: {'' if one['holds'] else 'DOES NOT HOLD: '}{one['figure']}")
    for mutant, said in one["mutants"].items():
        verdict = "rejected" if said["rejected"] else "NOT REJECTED"
        typer.echo(f"{one['name']}, mutant '{mutant}': {verdict}: {said['figure']}")


def _nobody_looks(done: float, total: float, says: str = "") -> None:
    pass


def prove_one(name: str, deep: bool, mutants: bool, advance: Advance = _nobody_looks) -> dict[str, Any]:
    """Prove one claim; what `--json` holds of it."""
    from tools.claims.registry import claims

    claim = claims()[name]
    begun = time.perf_counter()
    outcome, error = _evidence(claim, deep, advance)
    one: dict[str, Any] = {
        "name": claim.name,
        "says": claim.says,
        "holds": outcome is not None and outcome.holds,
        "figure": outcome.figure if outcome else error,
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
        return {"rejected": not outcome.holds, "figure": outcome.figure}
    except Exception as error:
        return {"rejected": False, "figure": f"the evidence broke off: {type(error).__name__}: {error}"}

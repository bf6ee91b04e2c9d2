"""`kvo falsify`: searches a scenario for the timings, counts, quantities and orders that bring margins down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import fail, progress, write_json
from tools.commands.run import Home, HomeOption

if TYPE_CHECKING:
    from simulator.falsify import Found
    from simulator.falsify.falsify import Players
    from simulator.falsify.judging import Setting, Verdict
    from simulator.scenario.player import Played


def falsify(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A file, or a shipped scenario by its name.")],
    sought: Annotated[
        list[str] | None,
        typer.Option("--property", help="The property whose margin to bring down; may be given again."),
    ] = None,
    runs: Annotated[int, typer.Option(min=2, max=100_000, help="How many runs to play.")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the search, and of every run in it.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that play side by side; one a core unless given.")
    ] = None,
    home: HomeOption = Home.cpython,
    out: Annotated[
        Path | None, typer.Option(help="Where to keep the worst run; NAME-worst.yaml unless given.", dir_okay=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page of the search here.", dir_okay=False)] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write all runs here.", dir_okay=False)] = None,
    until_fails: Annotated[bool, typer.Option("--until-fails", help="End once a property fails.")] = False,
    random: Annotated[bool, typer.Option("--random", help="Draw values at random, to compare a search with.")] = False,
    added: Annotated[
        list[Path] | None, typer.Option("--with", help="A Python file that adds verbs; it is run.", dir_okay=False)
    ] = None,
) -> None:
    """Look for the timings, counts, quantities and orders that bring a scenario's margins down; exit 1 if one fails.

    What may vary is the file's 'vary:'; without it, the time of whatever the adversary does by a half, and how often.
    The worst run is kept as a scenario, which 'kvo scenario run' plays to the same margins. The same seed gives the
    same search on any number of processes. Ctrl-C ends it with what was found till then.

    Example: kvo falsify replayed-titration --property dose-untouched --runs 200 --report search.html
    """
    from simulator.falsify import falsify as look
    from simulator.falsify.judging import Setting
    from simulator.falsify.search import GUIDED, RANDOM
    from simulator.files.scenario import find_scenario
    from simulator.scenario.plugins import add_verbs

    for path in added or ():
        add_verbs(path)
    verbs = tuple(str(path) for path in added or ())
    setting = Setting(str(find_scenario(scenario)), seed, home.value, verbs)
    target = out if out is not None else Path(f"{Path(setting.path).stem}-worst.yaml")
    _check_target(target, Path(setting.path))
    with _pool(jobs or os.cpu_count() or 1) as players, progress(Path(setting.path).stem) as advance:
        found = look(
            setting, sought=sought or (), runs=runs, how=RANDOM if random else GUIDED, until_fails=until_fails,
            players=players,
            progress=lambda done, total, worst: advance(done, total, f"least score {worst.score:+.3g}"),
        )  # fmt: skip
    worst = found.play_worst()
    _check_again(found, worst)
    _keep(found, target, report, json, worst)
    _tell(found, target)
    if not found.holds:
        raise typer.Exit(1)


def _check_target(target: Path, original: Path) -> None:
    """Before the search, not after it: never write over what a search has not made."""
    from simulator.falsify.candidates import MADE

    try:
        if target.exists() and not target.read_text(encoding="utf-8", errors="replace").startswith(MADE):
            fail(f"{target}: is there already, and no search has made it; name another file with --out")
        if target.exists() and target.resolve() == original.resolve():
            fail(f"{target}: is the scenario that is searched; name another file with --out")
        if not target.resolve().parent.is_dir():
            fail(f"{target.parent}: there is no such folder; make it, or name another file with --out")
    except OSError as error:
        fail(f"{target}: cannot be read ({error.strerror}); name another file with --out")


@contextmanager
def _pool(jobs: int) -> Iterator[Players | None]:
    """What plays several at once; None where one process is enough."""
    if jobs == 1:
        yield None
        return
    from tools.pool import spawned

    pool = spawned(jobs)

    def play(setting: Setting, texts: Sequence[str]) -> list[Verdict]:
        from simulator.falsify.judging import judge

        waiting = [pool.submit(judge, setting, text) for text in texts]
        return [one.result() for one in waiting]

    try:
        yield play
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _check_again(found: Found, worst: Played) -> None:
    """What is kept must come to what was found: a home that differs from run to run would fool everybody."""
    margins = {outcome.judged.name: outcome.margin for outcome in worst.outcomes}
    if margins != found.worst.margins:
        fail(f"{found.judge.candidates.name}: run {found.worst.number} came to other margins when played again; this "
             "home does not repeat its runs, report it", 1)  # fmt: skip


def _keep(found: Found, target: Path, report: Path | None, json: Path | None, worst: Any) -> None:
    try:
        target.write_text(found.text(target.resolve().parent), encoding="utf-8")
        if report is not None:
            from simulator.report import falsify as page
            from simulator.scenario.story import happenings

            seed = found.seed
            page.write(found, worst, lambda scenario: happenings(scenario, seed), report)
            typer.echo(f"report: {report.resolve()}")
    except OSError as error:
        fail(f"{error.filename}: cannot be written ({error.strerror}); name another file with --out or --report")
    if json is not None:
        write_json(json, found.json())


def _tell(found: Found, target: Path) -> None:
    name, worst = found.judge.candidates.name, found.worst
    written, own = (found.judge.candidates.written(one) for one in (worst.values, found.judge.candidates.own_values))
    for outcome in found.nominal.outcomes:
        least = found.least(outcome.judged.name)
        margin = least.margins[outcome.judged.name]
        word = "FAILS" if margin <= 0 else "holds"
        if outcome.judged.name not in found.sought:
            word = "  -  "
        unit = f" {outcome.unit}" if outcome.unit else ""
        typer.echo(
            f"  {word}  {outcome.judged.kind:<8}  {outcome.judged.name}: least margin {margin:+.4g}{unit} in run "
            f"{least.number} ({outcome.margin:+.4g} in the file)"
        )
    left = [outcome.judged.name for outcome in found.nominal.outcomes if outcome.judged.name not in found.sought]
    if left:
        typer.echo(f"not sought, since they were not asked for or are tied to times: {', '.join(left)}")
    if found.problems:
        typer.echo(f"{len(found.problems)} runs could not be played; the first: {found.problems[0].problem}")
    changed = ", ".join(f"{label} {written[label]}" for label in written if written[label] != own[label])
    typer.echo(f"worst in run {worst.number} of {len(found.trials)}: {changed or 'as the file has it'}")
    again = f"kvo scenario run {target}" + (f" --seed {found.seed}" if found.seed else "")
    home = found.nominal.run.home
    typer.echo(f"{target}: written; '{again}{f' --home {home}' if home != 'cpython' else ''}' plays it")
    failing = sum(found.least(one).margins[one] <= 0 for one in found.sought)
    verdict = f"{failing} of {len(found.sought)} properties fail" if failing else "nothing below 0 was found"
    typer.echo(f"{name}: {verdict} in {len(found.trials)} runs")

"""`kvo attack`: play attacks against the pump, or against one that lacks some of its controls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import BAD_INPUT, clock, fail, progress, write_json
from tools.commands.run import Home, HomeOption
from tools.commands.scenario import With

if TYPE_CHECKING:
    from simulator.attack.results import Suite

MINIMAL = "minimal"


def attack(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ATTACK]...", help="Shipped attacks by name, files, or folders of files."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every attack that comes with KVO.")] = False,
    ablate: Annotated[
        list[str] | None,
        typer.Option("--ablate", metavar="CONTROL", help="Do without this control; may be given again. Or 'minimal': "
                     "find the smallest sets that let each attack reach the dose."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", help="shipped, or legacy: a pump of 2012. May be given again: side by side."),
    ] = None,
    home: HomeOption = Home.cpython,
    seeds: Annotated[str, typer.Option("--seeds", help="Such as 0-4,7.")] = "0",
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Processes; as many as cores where none.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report into this folder.", file_okay=False)
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit's XML here.", dir_okay=False)] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write all results here.", dir_okay=False)] = None,
    added: With = None,
    listed: Annotated[bool, typer.Option("--list", help="List the attacks, and play none.")] = False,
    controls: Annotated[bool, typer.Option("--controls", help="List the controls, and play nothing.")] = False,
) -> None:  # fmt: skip
    """Play attacks: what the adversary gets, by the properties of each and by the dose that the patient gets.

    Exit code 0 where every attack failed, 1 where one got through, 2 where something is refused or a run came to no
    verdict. Where the shipped pump is among those attacked, it alone decides.

    Example: kvo attack forged-titration --ablate request-mac

    In CI: kvo attack --all --junit attacks.xml

    The headline: kvo attack --all --profile shipped --profile legacy --ablate minimal --report out
    """  # fmt: skip
    if controls:
        _list_controls()
        return
    if listed:
        _list_attacks(names, added)
        return
    if not names and not every:
        fail("name an attack, a file or a folder, or say --all; 'kvo attack --list' lists what there is")
    _check_writable(report, junit, json)
    found = _jobs(names, every, ablate or [], profile or [], home.value, seeds, added)
    from tools.attack_suite import run_jobs

    with progress("attacks") as advance:
        suite = run_jobs(found, jobs, advance)
    _tell(suite)
    _write(suite, report, junit, json)
    if suite.problems:
        raise typer.Exit(BAD_INPUT)
    through = [run.profile for run in suite.through]
    if "shipped" in through or (through and not any(run.profile == "shipped" for run in suite.runs)):
        raise typer.Exit(1)


def _jobs(
    names: list[str] | None, every: bool, ablate: list[str], profile: list[str], home: str, seeds: str,
    added: list[Path] | None,
) -> Any:  # fmt: skip
    from simulator.scenario.monitors import check_available
    from tools.attack_suite import find, jobs_for, said_or_problem, shipped

    check_available()
    minimal = MINIMAL in ablate
    sets = _sets([name for name in ablate if name != MINIMAL], profile)
    if home != "cpython" and (minimal or any(sets)):
        fail(f"stand-ins for controls are classes of this process: with --home {home} only the shipped pump can be "
             "attacked; leave out --ablate and --profile, or take --home cpython")  # fmt: skip
    verbs = [str(path) for path in added or ()]
    paths = find([*(shipped() if every else ()), *(names or ())], verbs)
    for path in paths:
        said_or_problem(path)
    try:
        from simulator.files.seeds import seeds_in

        return jobs_for(paths, seeds_in(seeds), home, sets, minimal, verbs)
    except ValueError as wrong:
        fail(f"--seeds {wrong}")


def _sets(ablate: list[str], profiles: list[str]) -> list[tuple[str, ...]]:
    """What to do without: each profile asked for, with the controls named besides."""
    from simulator.attack.controls.table import PROFILES, in_order
    from simulator.files.yaml_source import did_you_mean

    for name in profiles:
        if name not in PROFILES:
            fail(f"--profile {name}: there is no such profile; {did_you_mean(name, PROFILES)}")
    try:
        names = [part.strip() for one in ablate for part in one.split(",")]
        found = [in_order((*names, *PROFILES[one])) for one in profiles or ["shipped"]]
    except ValueError as wrong:
        fail(f"--ablate: {wrong}; 'kvo attack --controls' lists them")
    return list(dict.fromkeys(found))


def _check_writable(report: Path | None, *files: Path | None) -> None:
    """Before anything is played: a run of minutes whose results cannot be kept is none."""
    try:
        if report is not None:
            report.mkdir(parents=True, exist_ok=True)
            files = (*files, report / "attacks.json")
        for path in files:
            if path is not None:
                path.open("a", encoding="utf-8").close()
    except OSError as error:
        fail(f"{error.filename}: cannot be written ({error.strerror}); name another place")


def _tell(suite: Suite) -> None:
    from simulator.attack import words

    for run in suite.runs:
        typer.echo(words.run_line(run))
    for found in suite.minimal:
        for line in words.minimal_lines(found):
            typer.echo(line)
    for name, why in suite.problems:
        typer.echo(f"{name}: no verdict: {why}", err=True)
    typer.echo(f"{words.total(suite)}; {suite.wall_s:.0f} s")


def _write(suite: Suite, report: Path | None, junit: Path | None, json: Path | None) -> None:
    from simulator.attack import words

    try:
        if junit is not None:
            junit.write_bytes(words.junit(suite))
        if report is not None:
            from simulator.report.attacks import write

            typer.echo(f"report: {write(suite, report).resolve()}")
    except OSError as error:
        fail(f"{error.filename}: cannot be written ({error.strerror}); name another place")
    if report is not None:
        write_json(report / "attacks.json", suite.json())
    if json is not None:
        write_json(json, suite.json())


def _list_controls() -> None:
    from simulator.attack.controls.table import CONTROLS, LEGACY
    from tools.commands.scenario import columns

    rows = [("control", "layer", "legacy lacks", "what it does")]
    rows += [(one.name, one.layer, "yes" if one.name in LEGACY else "", one.says) for one in CONTROLS.values()]
    columns(rows)


def _list_attacks(names: list[str] | None, added: list[Path] | None) -> None:
    from tools.attack_suite import find, said_or_problem, shipped
    from tools.commands.scenario import columns

    rows = [("attack", "lasts", "from", "stopped by", "title")]
    for path in find(names or shipped(), [str(one) for one in added or ()]):
        one = said_or_problem(path)
        rows.append((one.id, clock(one.duration_s), ", ".join(one.positions), one.control, one.title))
    columns(rows)

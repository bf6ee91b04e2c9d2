"""`kvo scenario`: write, check, draw and play scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import BAD_INPUT, clock, fail, progress, write_json
from tools.commands.run import Home, HomeOption, NearWrap, Seed

if TYPE_CHECKING:
    from simulator.files.scenario import Scenario
    from simulator.scenario.player import Played

scenario_app = typer.Typer(
    no_args_is_help=True,
    help="Scenarios: a programme, what happens to it, who attacks it, and what must hold meanwhile.",
)
File = Annotated[str, typer.Argument(metavar="FILE", help="A scenario: a file, or a shipped one by its name.")]
With = Annotated[
    list[Path] | None,
    typer.Option("--with", help="A Python file that adds verbs; it is run. May be given again.", dir_okay=False),
]


def _load(name: str, added: list[Path] | None) -> Scenario:
    from simulator.files.scenario import find_scenario, load_scenario
    from simulator.scenario.plugins import add_verbs

    for path in added or ():
        add_verbs(path)
    return load_scenario(find_scenario(name))


@scenario_app.command("list")
def scenario_list() -> None:
    """List the shipped scenarios; 'kvo scenario run NAME' plays one."""
    from simulator.files.scenario import load_scenario, shipped_attacks, shipped_scenarios

    rows = [("scenario", "lasts", "attack from", "title")]
    for name, path in (shipped_scenarios() | shipped_attacks()).items():
        found = load_scenario(path)
        where = ", ".join(found.attack.positions) if found.attack is not None else "–"
        rows.append((name, clock(found.duration_ms / 1000), where, found.title))
    columns(rows)


@scenario_app.command("new")
def scenario_new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and '-'. The file is NAME.yaml.")],
    folder: Annotated[Path, typer.Option("--in", help="Where to write it.", file_okay=False)] = Path(),
) -> None:
    """Write a commented scenario that passes its check, and beside it the schema that editors complete from.

    Example: kvo scenario new my-first-attack
    """
    import json

    from pydantic import TypeAdapter, ValidationError

    from simulator.files.scenario_models import Name
    from simulator.files.schema import scenario_schema
    from simulator.scenario.template import SCHEMA_NAME, template

    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        fail(f"{name!r} is no name of a scenario; write small letters, digits and '-', such as my-first-attack")
    path = folder / f"{name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template(name))
        (folder / SCHEMA_NAME).write_text(json.dumps(scenario_schema(), indent=1) + "\n", encoding="utf-8")
    except FileExistsError:
        fail(f"{path}: is there already; choose another name, or remove it")
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror}); choose another folder with --in")
    typer.echo(f"{path}: written; 'kvo scenario run {path}' plays it")


@scenario_app.command("check")
def scenario_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenarios, by file or by shipped name.")],
    added: With = None,
) -> None:
    """Check scenarios, down to their formulas, without playing them; exit 2 if one is refused.

    Example: kvo scenario check my-first-attack.yaml
    """
    from simulator.files.yaml_source import FileProblem

    refused = 0
    for name in files:
        try:
            found = _load(name, added)
            kinds = [one.kind for one in found.properties]
            counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("safety", "security") if kind in kinds)
            typer.echo(f"{name}: good, {clock(found.duration_ms / 1000)}, properties: {counts}")
        except FileProblem as problem:
            typer.echo(str(problem), err=True)
            refused += 1
    if refused:
        raise typer.Exit(BAD_INPUT)


@scenario_app.command("show")
def scenario_show(
    file: File,
    seed: Seed = 0,
    added: With = None,
    report: Annotated[Path | None, typer.Option(help="Write it as a page to this file.", dir_okay=False)] = None,
) -> None:
    """Draw what happens in a scenario, and list what must hold; nothing is played.

    Example: kvo scenario show forged-titration --report story.html
    """
    from simulator.scenario.story import drawn, happenings

    found = _load(file, added)
    therapy = found.programme.therapy
    typer.echo(f"{found.name}: {found.title}")
    who = f"; {found.operator} logs in and programmes it" if found.operator else "; the pump has no credentials"
    typer.echo(f"{found.programme.drug.name}, {therapy.mode}, {clock(found.duration_ms / 1000)}{who}\n")
    typer.echo(drawn(found, seed))
    typer.echo("")
    for one in found.properties:
        typer.echo(f"  {one.kind:<9} {one.name}: {one.says}\n            {one.text}")
    if found.attack is not None:
        attack, where = found.attack, ", ".join(found.attack.positions)
        typer.echo(f"\n  attack from {where}; stopped by {attack.control}; told by {attack.property}")
    if report is not None:
        from simulator.report import scenario as page

        _page(report, lambda: page.write_plan(found, happenings(found, seed), report))


@scenario_app.command("run")
def scenario_run(
    file: File,
    seed: Seed = 0,
    home: HomeOption = Home.cpython,
    near_wrap: NearWrap = False,
    added: With = None,
    report: Annotated[Path | None, typer.Option(help="Write a page of the run to this file.", dir_okay=False)] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write figures and margins here.", dir_okay=False)] = None,
) -> None:
    """Play a scenario in virtual time and say by which margin each property holds; exit 1 where one does not.

    Example: kvo scenario run forged-titration --seed 3 --home micropython --report run.html
    """
    from simulator.scenario.player import play
    from simulator.scenario.story import happenings

    found = _load(file, added)
    with progress(found.name) as advance:
        played = play(found, seed=seed, home=home.value, near_wrap=near_wrap, progress=advance)
    _tell(played)
    if report is not None:
        from simulator.report import scenario as page

        _page(report, lambda: page.write(played, happenings(found, seed), report))
    if json is not None:
        write_json(json, played.json())
    if not played.holds:
        raise typer.Exit(1)


@scenario_app.command("signals")
def scenario_signals() -> None:
    """List the signals that a property may name, with their units."""
    from simulator.scenario.signals import SIGNALS

    rows = [("signal", "unit", "what it is")]
    for one in SIGNALS.values():
        needs = {"people": " (with people)", "attack": " (with an attack)"}.get(one.needs, "")
        rows.append((one.name, "condition" if one.is_condition else one.unit or "number", one.says + needs))
    columns(rows)


@scenario_app.command("verbs")
def scenario_verbs(added: With = None) -> None:
    """List what a timeline may do, by whom, and with which keys besides at and note."""
    from simulator.scenario.plugins import add_verbs
    from simulator.scenario.verbs import verbs

    for path in added or ():
        add_verbs(path)
    columns([("verb", "takes", "keys", "what happens"), *verbs()])


@scenario_app.command("schema")
def scenario_schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; else it is printed.", dir_okay=False)] = None,
    added: With = None,
) -> None:
    """Write the JSON schema of scenario files, from which editors check and complete.

    Example: kvo scenario schema kvo-scenario-1.schema.json
    """
    import json

    from simulator.files.schema import scenario_schema as make
    from simulator.scenario.plugins import add_verbs

    for path in added or ():
        add_verbs(path)
    if file is None:
        typer.echo(json.dumps(make(), indent=1))
    else:
        write_json(file, make())


def _page(path: Path, write: Any) -> None:
    try:
        write()
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror}); name another file with --report")
    typer.echo(f"report: {path.resolve()}")


def columns(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows of one length, their cells one below the other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True))
        typer.echo("  ".join((*cells, row[-1])))


def _tell(played: Played) -> None:
    from simulator.scenario.words import event_lines, outcome_line

    run = played.run
    for line in event_lines(played):
        typer.echo(line)
    for stream, digest in run.trace_sha256.items():
        typer.echo(f"trace {stream}: {digest}")
    typer.echo(
        f"{run.scenario}: {run.delivered_ml:.3f} mL delivered of {run.prescribed_ml:.3f} mL prescribed "
        f"({run.dose_error_pct:+.2f} %), {clock(run.simulated_s)} simulated in {run.wall_s:.1f} s"
    )
    for outcome in played.outcomes:
        typer.echo(outcome_line(outcome))
    failing, count = len(played.failing), len(played.outcomes)
    verdict = f"{failing} of {count} properties fail" if failing else f"all {count} properties hold"
    typer.echo(f"{run.scenario}: {verdict}")

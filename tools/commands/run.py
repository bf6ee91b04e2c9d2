"""`kvo run` and `kvo demo`: infuse a programme and say what became of it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import clock, fail, progress, write_json

if TYPE_CHECKING:
    from simulator.runner import RunResult

DEMO = "norepinephrine-8h"
DEMO_REPORT = Path("kvo-demo.html")


class Home(str, Enum):  # noqa: UP042 (typer shows the values of such an enumeration)
    """The interpreters that the firmware runs on."""

    cpython = "cpython"
    micropython = "micropython"


Seed = Annotated[int, typer.Option(help="Seed of the sensors' noise; the same seed gives the same run, bit for bit.")]
HomeOption = Annotated[Home, typer.Option(help="Interpreter that runs the firmware.")]
NearWrap = Annotated[bool, typer.Option("--near-wrap", help="Start the pump's clock 65 s before it wraps.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the run's figures to this file.", dir_okay=False)]


def speed_of(text: str) -> float | None:
    """Simulated seconds a second, None for MAX; exit 2 for anything else."""
    if text.upper() == "MAX":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e6:
        fail(f"--speed {text!r} is no speed; write MAX, 1 (as fast as life) or such as 60")
    return speed


def infuse_and_tell(
    programme: str, seed: int, home: str, near_wrap: bool, speed: float | None, report: Path | None, json: Path | None
) -> None:
    """Run a programme in the home of that name, print what became of it, write the page and the figures asked for."""
    from simulator.runner import run as infuse

    with progress(programme) as advance:
        result = infuse(programme, seed=seed, home=home, near_wrap=near_wrap, speed=speed, progress=advance)
    _tables(result)
    _summary(result)
    if report is not None:
        _report(result, report)
    if json is not None:
        write_json(json, result.json())


def _report(result: RunResult, path: Path) -> None:
    from simulator import report

    try:
        report.write(result, path)
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror}); name another file with --report")
    typer.echo(f"report: {path.resolve()}")


def _tables(result: RunResult) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    happened = Table(title=result.title, box=box.SIMPLE_HEAD, title_justify="left")
    happened.add_column("time", justify="right")
    happened.add_column("what happened")
    happened.add_column("what the pump did")
    for at, text in result.events:
        who, _, what = text.partition(": ")
        style = "red" if "high alarm" in what.lower() else ""
        cells = (Text(what), Text("")) if who == "world" else (Text(""), Text(what, style))
        happened.add_row(clock(at), *cells)
    console.print(happened)
    doses = Table(title="Dose in each phase", box=box.SIMPLE_HEAD, title_justify="left")
    doses.add_column("from", justify="right")
    doses.add_column("phase")
    for name in ("prescribed mL", "delivered mL", "error"):
        doses.add_column(name, justify="right")
    for phase in result.phases:
        doses.add_row(
            clock(phase["start_s"]),
            Text(phase["name"]),
            f"{phase['prescribed_ml']:.3f}",
            f"{phase['delivered_ml']:.3f}",
            f"{phase['error_pct']:+.2f} %",
        )
    console.print(doses)


def _summary(result: RunResult) -> None:
    for stream, digest in result.trace_sha256.items():
        typer.echo(f"trace {stream}: {digest}")
    typer.echo(
        f"{result.scenario}: {result.delivered_ml:.3f} mL delivered of {result.prescribed_ml:.3f} mL prescribed "
        f"({result.dose_error_pct:+.2f} %), {len(result.alarms)} alarms, "
        f"{clock(result.simulated_s)} simulated in {result.wall_s:.1f} s"
    )


def run(
    programme: Annotated[str, typer.Argument(help="A shipped programme (see 'kvo programme list') or a YAML file.")],
    seed: Seed = 0,
    home: HomeOption = Home.cpython,
    speed: Annotated[str, typer.Option(help="Simulated seconds a second: MAX, 1, 60 …")] = "MAX",
    near_wrap: NearWrap = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with the run's timeline to this file.", dir_okay=False)
    ] = None,
    json: Json = None,
) -> None:
    """Infuse PROGRAMME on the simulated pump and say what became of it.

    Example: kvo run morphine-pca --seed 3 --report pca.html
    """
    infuse_and_tell(programme, seed, home.value, near_wrap, speed_of(speed), report, json)


def demo(
    seed: Seed = 0,
    home: HomeOption = Home.cpython,
    report: Annotated[Path, typer.Option(help="Where the page goes.", dir_okay=False)] = DEMO_REPORT,
    json: Json = None,
) -> None:
    """Eight hours of norepinephrine, with a lost link, an attack and an occlusion.

    About a minute at most. Shows what happened, what the pump did about it, the dose error in
    each phase, and writes a page with the timeline.
    """
    infuse_and_tell(DEMO, seed, home.value, False, None, report, json)

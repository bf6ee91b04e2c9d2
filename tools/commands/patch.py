"""`kvo patch`: how soon a ward is patched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import fail, write_json

patch_app = typer.Typer(
    no_args_is_help=True, help="Patches in a ward, from the records that roll-outs write (docs/updates.md).",
)  # fmt: skip


@patch_app.callback()
def patch() -> None:
    """Patches in a ward."""


@patch_app.command()
def metrics(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSON lines that roll-outs wrote.")],
    at: Annotated[datetime | None, typer.Option(help="Time that is asked about (UTC); now without.")] = None,
    out: Annotated[Path | None, typer.Option(help="HTML page to write.", dir_okay=False)] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.", dir_okay=False)] = None,
) -> None:
    """Say which share of a ward runs the newest release, how long that took, and whose support has ended.

    Time to patch: from the release to a pump's confirmation; time to deploy: from the first push to it. What the
    records do not say is unknown.

    Example: kvo patch metrics ward-3.jsonl --out patches.html
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from tools.supply.metrics import measure, read_records
    from tools.supply.page import big_figures, figures, rows, show
    from tools.supply.problem import SupplyProblem

    try:
        events = [one for path in files for one in read_records(path)]
    except SupplyProblem as wrong:
        fail(str(wrong))
    moment = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    found = measure(sorted(events, key=lambda one: one.at), moment)
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("pump", "runs", "state", "pushed", "confirmed", "support ends"):
        table.add_column(name)
    for row in rows(found):
        table.add_row(*row)
    Console().print(table)
    for big, small in big_figures(found):
        typer.echo(f"{small}: {big}")
    if json is not None:
        write_json(json, figures(found))
    if out is not None:
        try:
            out.write_text(show(found), encoding="utf-8")
        except OSError as wrong:
            fail(f"{out}: cannot be written ({wrong.strerror}); name another file with --out")
        typer.echo(f"{out}: written")

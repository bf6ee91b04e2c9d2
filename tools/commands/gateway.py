"""`kvo gateway`: watch a site's pumps, alarm on silence, gaps and forgeries, tell the time, collect logs and audits."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import PASSPHRASE_FILE, fail, phrase_in, write_json
from tools.commands.ending import run_until_ended

if TYPE_CHECKING:
    from simulator.gateway.events import Event
    from simulator.gateway.gateway import Gateway

_DRAW_S = 0.5
_LINES = 8  # of what happened last, below the table


def gateway(
    site_dir: Annotated[Path, typer.Argument(metavar="SITE", help="The site's folder ('kvo provision make').")],
    host: Annotated[str | None, typer.Option("--host", help="The broker's, if not the site's own.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The broker's, if not the site's own.")] = None,
    name: Annotated[str, typer.Option("--name", help="Whose certificate is used.")] = "gateway",
    seconds: Annotated[float | None, typer.Option("--for", help="Seconds; until Ctrl-C where none.", min=0)] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write how every pump stands at the end to this file.", dir_okay=False)
    ] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:  # fmt: skip
    """Watch a site's pumps: a live table on a terminal, lines elsewhere. It cannot change a dose.

    Every fact is verified; what is forged, replayed or out of order is refused and said. It alarms after ten seconds of
    silence, on a gap, when the broker says that a pump is gone, and when a pump's audit does not hold. It tells pumps
    the time after a boot and collects their logs and audits. What it notices and collects lies in SITE/clients/gateway,
    in events, logs and audits, a file of JSON lines a pump.

    Example: kvo gateway ward-3 --for 60 --json ward.json
    """
    from rich.console import Console

    phrase = phrase_in(passphrase_file)
    console = Console()
    with_table = console.is_terminal
    found: list[Gateway] = []
    lines: list[str] = []

    def keep_last(event: Event) -> None:
        lines.append(_line(event))
        del lines[:-_LINES]

    async def run() -> None:
        from simulator.gateway.gateway import Gateway
        from simulator.site.files import open_site
        from simulator.site.keyservice import KeyService

        site = open_site(site_dir)
        if not site.pumps():
            fail(f"{site_dir}: the site has no pump; 'kvo provision add {site_dir} --pumps 1' adds one")
        service = KeyService(site_dir, phrase)
        say = keep_last if with_table else _say
        async with Gateway(site, service, name, host, port, on_event=say) as one:
            found.append(one)
            for pump_id, why in one.unwatched.items():
                typer.echo(f"pump {pump_id} is not watched: {why}", err=True)
            await (_draw(one, seconds, console, lines) if with_table else _wait(one, seconds))

    run_until_ended(run())
    if found and json is not None:
        write_json(json, {"site": str(site_dir), "pumps": found[0].as_json()})


def _line(event: Event) -> str:
    mark = "ALARM " if event.is_alarm else ""
    return f"{time.strftime('%H:%M:%S')}  {event.pump_id or 'broker':<16}  {mark}{event.what}: {event.says}"


def _say(event: Event) -> None:
    typer.echo(_line(event))


async def _wait(one: Gateway, seconds: float | None) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        await one.wait(_DRAW_S if end is None else min(_DRAW_S, max(end - time.monotonic(), 0)))


async def _draw(one: Gateway, seconds: float | None, console: Any, lines: list[str]) -> None:
    from rich.console import Group
    from rich.live import Live

    end = None if seconds is None else time.monotonic() + seconds
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while end is None or time.monotonic() < end:
            live.update(Group(table_of(one), "\n".join(lines)))
            await one.wait(_DRAW_S if end is None else min(_DRAW_S, max(end - time.monotonic(), 0)))
        live.update(Group(table_of(one), "\n".join(lines)))


def table_of(one: Gateway) -> Any:
    """How the pumps stand, as a table."""
    from rich import box
    from rich.table import Table

    up = "broker there" if one.link.is_up else f"BROKER AWAY: {one.link.why or 'not connected yet'}"
    files = (one.files, one.logs, one.audits)
    count = sum(file.lost for file in files)
    lost = f"; {count} lines not written ({next((file.why for file in files if file.why), '')})"
    table = Table(title=up + (lost if count else ""), box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("pump", "link", "does", "rate", "delivered", "trust", "its alarms", "gateway alarms"):
        table.add_column(column, justify="right" if column in ("rate", "delivered") else "left")
    for watch in one.watches.values():
        status = watch.status
        said = ("", "", "", "") if status is None else (
            status.delivery, f"{status.rate_ul_h / 1000:g} mL/h", f"{status.delivered_ul / 1000:.2f} mL", status.trust,
        )  # fmt: skip
        alarms = "" if watch.alarms is None else ", ".join(watch.alarms.shown)
        active = ", ".join(watch.active(one.now_s))
        style = "bold red" if active else None
        table.add_row(watch.pump_id, watch.state, *said, alarms, active, style=style)
    return table

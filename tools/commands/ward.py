"""`kvo ward`: a site's pumps in one process, with the real firmware, at a broker, a nurse at each."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import PASSPHRASE_FILE, phrase_in, write_json
from tools.commands.ending import run_until_ended

if TYPE_CHECKING:
    from simulator.ward import Ward, WardPump

_LOOK_S = 0.2


def ward(
    site_dir: Annotated[Path, typer.Argument(metavar="SITE", help="The site's folder; with --new it is made first.")],
    new: Annotated[bool, typer.Option("--new", help="Make the site, with --pumps pumps, before it runs.")] = False,
    pumps: Annotated[int | None, typer.Option("--pumps", help="How many pumps; all of the site's where none.", min=1)]
    = None,
    programme: Annotated[str, typer.Option("--programme", help="Sets head, reservoir and library; is not started.")]
    = "fluid-bolus",
    nurse: Annotated[
        str, typer.Option("--nurse", help="Who stands at the bedsides and confirms; 'nobody' for nobody.")
    ] = "",
    port: Annotated[int | None, typer.Option("--port", help="The broker's, if not the site's own.")] = None,
    join: Annotated[bool, typer.Option("--join", help="A broker of the site's runs already.")] = False,
    embedded: Annotated[
        bool | None, typer.Option("--embedded/--mosquitto", help="Which broker; Mosquitto where it is installed.")
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="So many times as fast as the wall.", min=0.1, max=50)] = 1.0,
    seconds: Annotated[float | None, typer.Option("--for", help="Seconds; until Ctrl-C where none.", min=0)] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write how every pump stands at the end to this file.", dir_okay=False)
    ] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:  # fmt: skip
    """Run a ward: pumps of a site with the real firmware, a broker, a nurse at each.

    The broker is Mosquitto by the site's configuration; where that is not installed, the embedded one (amqtt, pip
    install 'kvo[broker]'), on this machine's loopback alone, which asks nobody for a certificate.

    For 'kvo gateway' and 'kvo ctl' in other terminals. The nurse logs in, checks and confirms what was prepared or
    asked for, and answers a ring. The pumps take their credential records from the site.

    Example: kvo ward ward-3 --new --pumps 4
    """
    from simulator.site.embedded import check_broker

    if not join:
        check_broker(embedded)  # before anything is made
    phrase = phrase_in(passphrase_file)
    if new:
        _make(site_dir, pumps or 2, phrase, port)
    found: list[Ward] = []

    async def run() -> None:
        from simulator.nurse import ABSENT, CONFIRMS
        from simulator.site.files import open_site
        from simulator.ward import Ward

        habit = ABSENT if nurse == "nobody" else CONFIRMS
        who = nurse if nurse not in ("", "nobody") else None
        one = Ward(open_site(site_dir), pumps, programme, who, habit, port, join, speed, phrase, embedded)
        async with one:
            found.append(one)
            broker = "the broker" if one.broker is None else one.broker.name
            typer.echo(f"{len(one.pumps)} pumps at {broker} on {one.host}:{one.port}; in other terminals:")
            typer.echo(f"  kvo gateway {site_dir} --port {one.port}")
            typer.echo(f"  kvo ctl {site_dir} --port {one.port} --pump {one.pumps[0].pump_id[:4]} status")
            typer.echo(f"passwords for terminals: {site_dir}/to-hand-over")
            await _run(one, seconds)

    run_until_ended(run())
    if found:
        _end(found[0], json)


def _make(site_dir: Path, pumps: int, phrase: str | None, port: int | None) -> None:
    from simulator.site.make import CLIENTS, PORT, make_site
    from simulator.site.people import USUAL, parse_operator

    people = [parse_operator(text, place + 1) for place, text in enumerate(USUAL)]
    site = make_site(site_dir, pumps, people, (*CLIENTS, "terminal-2"), port or PORT, phrase)
    typer.echo(f"{site.folder}: made, with {pumps} pumps and {len(people)} people")


async def _run(one: Ward, seconds: float | None) -> None:
    """Say what changes until it is over."""
    end = None if seconds is None else time.monotonic() + seconds
    shown = {pump.pump_id: "" for pump in one.pumps}
    told = {pump.pump_id: 0 for pump in one.pumps}
    while end is None or time.monotonic() < end:
        for pump in one.pumps:
            line = _state(pump)
            if line != shown[pump.pump_id]:
                shown[pump.pump_id] = line
                typer.echo(f"{pump.world.clock.ms / 1000:>8.1f} s  {pump.pump_id}  {line}")
            did = pump.nurse.did if pump.nurse is not None else []
            for ms, words in did[told[pump.pump_id] :]:
                typer.echo(f"{ms / 1000:>8.1f} s  {pump.pump_id}  the nurse {words}")
            told[pump.pump_id] = len(did)
        await one.wait(_LOOK_S)


def _state(pump: WardPump) -> str:
    status = pump.world.status
    link = "at the broker" if pump.is_up else "no broker"
    return f"{pump.delivery}, {status.rate_ul_h / 1000:g} mL/h, {link}"


def _end(one: Ward, json: Path | None) -> None:
    if one.late:
        typer.echo(f"this machine was too busy: {one.late} turns lost; run fewer pumps or a lower --speed", err=True)
    if json is not None:
        pumps = [
            {"pump": pump.pump_id, "simulated_s": pump.world.clock.ms / 1000, "delivery": pump.delivery,
             "rate_ul_h": pump.world.status.rate_ul_h, "delivered_ul": pump.world.status.delivered_ul,
             "flowed_ml": round(pump.world.delivered_ul() / 1000, 3),
             "connections": pump.connections, "nurse": pump.nurse.did if pump.nurse is not None else []}
            for pump in one.pumps
        ]  # fmt: skip
        write_json(json, {"site": str(one.site.folder), "late_turns": one.late, "pumps": pumps})


"""`kvo ctl`: an operator's command line. What it asks a pump for waits, or rings, at the bedside."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.commands.console import fail, progress, write_json, write_text
from tools.commands.ctl_base import REFUSED, asked_of, ctl_app, end, simple, with_pump

if TYPE_CHECKING:
    from simulator.gateway.answer import Answer
    from simulator.gateway.operator import OperatorClient
    from simulator.gateway.pump import Pump
    from simulator.gateway.views import Waveform


@ctl_app.command()
def status(ctx: typer.Context) -> None:
    """What the pump does now. With an --operator it also proves that no broker has kept the answer back.

    Example: kvo ctl ward-3 --pump 9f0f --operator ada status
    """
    from tools.commands.ctl_words import status_lines

    asked = asked_of(ctx)

    async def work(client: OperatorClient, pump: Pump) -> tuple[Pump, Answer | None]:
        return pump, await pump.read_status() if asked.operator is not None else None

    pump, answer = with_pump(asked, "status", work, needs_operator=False)
    is_fresh = answer is not None and answer.is_ok
    for line in status_lines(pump, is_fresh):
        typer.echo(line)
    if answer is not None and not answer.is_ok:
        typer.echo(str(answer), err=True)
    if asked.json is not None:
        alarms = None if pump.alarms is None else pump.alarms.as_json()
        write_json(asked.json, {"pump": asked.pump, "fresh": is_fresh, "status": pump.status.as_json(),
                                "alarms": alarms, "answer": None if answer is None else answer.as_json()})  # fmt: skip
    if answer is not None and not answer.is_ok:
        raise typer.Exit(REFUSED)


@ctl_app.command()
def prepare(
    ctx: typer.Context,
    what: Annotated[
        list[str], typer.Argument(metavar="FILE | NAME=VALUE...", help="A programme, or entries with their units.")
    ],
    library: Annotated[
        str | None, typer.Option("--library", help="For entries: the pump's drug library, a name or a file.")
    ] = None,
) -> None:
    """Have a prescription wait at the bedside: a programme's (file or shipped name), or entries by name.

    The entries are a therapy's keys as in docs/programmes.md (drug, care_area, mode, dose_rate, vtbi, volume, time,
    bolus.volume …), and weight, syringe, confirm_soft. They are held against the library before anything is sent.

    Examples: kvo ctl ward-3 --operator ada --pump 9f0f prepare fluid-bolus

    kvo ctl ward-3 --operator ada --pump 9f0f prepare --library ward drug='sodium chloride 0.9%' care_area=ward
    mode=continuous dose_rate='100 mL/h' vtbi='500 mL'
    """
    from simulator.files.programme import find_programme, load_programme
    from simulator.gateway import prescription as rx

    if len(what) == 1 and "=" not in what[0]:
        asked_for = rx.of_programme(load_programme(find_programme(what[0])))
    elif library is None:
        fail("entries are held against a drug library: name the pump's own with --library, for example --library ward")
    else:
        asked_for = rx.of_entries(what, rx.library_of(library))
    asked = asked_of(ctx)
    for soft in asked_for.soft:
        typer.echo(f"past a soft limit: {soft}", err=True)
    answer = with_pump(
        asked, "prepare", lambda client, pump: pump.prepare(asked_for.fields, asked_for.steps)
    )  # fmt: skip
    end(asked, answer, prescription=asked_for.says)


@ctl_app.command()
def titrate(
    ctx: typer.Context,
    dose: Annotated[str, typer.Argument(metavar="DOSE", help="The new dose rate with its unit: '120 mL/h'.")],
    library: Annotated[str, typer.Option("--library", help="The pump's drug library, a name or a file: for the unit.")],
) -> None:
    """Have a new dose rate wait at the bedside, for two minutes. Past a soft limit a second operator approves it too.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f titrate '120 mL/h' --library ward
    """
    from simulator.gateway import prescription as rx

    asked = asked_of(ctx)
    held = rx.library_of(library)
    running: list[int] = []

    async def work(client: OperatorClient, pump: Pump) -> Answer:
        assert pump.status is not None  # client.pump has waited for it
        running.append(pump.status.drug)
        return await pump.titrate(rx.titration(dose, pump.status.drug, held))

    answer = with_pump(asked, "titrate", work)
    end(asked, answer, dose=dose, drug=running[0])


@ctl_app.command()
def approve(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="What the first person was told: 32 hex digits.")],
) -> None:
    """Agree, as a second operator, to what waits past a soft limit. The bedside confirms it all the same.

    Example: kvo ctl ward-3 --operator bo --pump 9f0f approve DIGEST
    """
    from firmware.trust.approvals import DIGEST

    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if len(raw) != DIGEST:
        fail(f"{digest!r} names no request; copy the 32 hex digits that 'titrate' or 'prepare' told")
    simple(ctx, "approve", lambda pump: pump.approve(raw))


@ctl_app.command()
def pause(ctx: typer.Context) -> None:
    """Ring at the bedside: somebody asks for a pause. The infusion goes on until a person pauses it.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f pause
    """
    simple(ctx, "pause", lambda pump: pump.pause())


@ctl_app.command()
def stop(ctx: typer.Context) -> None:
    """Ring at the bedside, HIGH: somebody asks for a stop. The infusion goes on until a person stops it.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f stop
    """
    simple(ctx, "stop", lambda pump: pump.stop())


@ctl_app.command()
def log(
    ctx: typer.Context,
    since: Annotated[int, typer.Option("--from", help="Sequence number to begin with; 0: the oldest.", min=0)] = 0,
) -> None:
    """Read the pump's log, a page at a time.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f log --from 40
    """
    asked = asked_of(ctx)

    async def work(client: OperatorClient, pump: Pump) -> list[Any]:
        found = []
        async for page in pump.log(since):
            for entry in page:
                typer.echo(f"{entry.sequence:>6}  {entry.delivery:<12} {entry.says}")
                found.append(entry.as_json())
        return found

    found = with_pump(asked, "log", work)
    if asked.json is not None:
        write_json(asked.json, {"pump": asked.pump, "log": found})


@ctl_app.command()
def watch(
    ctx: typer.Context,
    seconds: Annotated[float | None, typer.Option("--for", help="Seconds; until Ctrl-C where none.", min=0)] = None,
) -> None:
    """Show what the pump says as it says it, until Ctrl-C. It needs no operator, and holds its terminal meanwhile.

    Example: kvo ctl ward-3 --pump 9f0f --terminal terminal-2 watch --for 60
    """
    from tools.commands.ctl_words import watch_pump

    asked = asked_of(ctx)
    with contextlib.suppress(KeyboardInterrupt):
        with_pump(asked, "watch", lambda client, pump: watch_pump(pump, seconds, typer.echo), needs_operator=False)


@ctl_app.command()
def push(
    ctx: typer.Context,
    library: Annotated[
        str, typer.Argument(metavar="LIBRARY", help="A file of 'kvo sign library'; or a name, unsigned.")
    ],
) -> None:
    """Carry a drug library to the pump, as a pharmacist or technician. It waits there, and is in force for nothing.

    Somebody who may confirms its number at the pump; what nobody signed is refused there at the next start.
    It begins only where nothing flows. Broken off, it goes on where it was when it is asked for again.

    Example: kvo ctl ward-3 --operator bo --pump 9f0f push ward
    """
    from simulator.files.library import compile_library
    from simulator.gateway.carry import Refused, carry
    from simulator.gateway.prescription import library_of
    from tools.sign.parcel import is_parcel

    data = Path(library).read_bytes() if Path(library).is_file() and not library.endswith((".yaml", ".yml")) else b""
    if not is_parcel(data):
        data = compile_library(library_of(library))
    asked = asked_of(ctx)

    async def work(client: OperatorClient, pump: Pump) -> int:
        with progress("to the pump") as advance:
            return await carry(pump, data, advance)

    try:
        chunks = with_pump(asked, "push", work)
    except Refused as refused:
        end(asked, refused.answer)
    else:
        typer.echo(f"push: OK: {len(data):,} bytes in {chunks} chunks; it waits at the pump, in force for nothing")
        if asked.json is not None:
            write_json(asked.json, {"pump": asked.pump, "bytes": len(data), "chunks": chunks})


@ctl_app.command("time")
def tell_time(ctx: typer.Context) -> None:
    """Have the key service tell the pump the site's time: after each boot it needs that before it hears an operator.

    Example: kvo ctl ward-3 --pump 9f0f time
    """
    asked = asked_of(ctx)
    end(asked, with_pump(asked, "time", lambda client, pump: client.tell_time(pump), needs_operator=False))


@ctl_app.command()
def revoke(
    ctx: typer.Context,
    operator: Annotated[int, typer.Argument(metavar="NUMBER", help="The operator's number.", min=1, max=2**31 - 1)],
) -> None:
    """Have the key service tell the pump to hear an operator no more, and to let that person in at the bedside no more.

    It counts at once; OK says that it outlives a reset. 'kvo provision revoke' takes the person out of the site.

    Example: kvo ctl ward-3 --pump 9f0f revoke 7
    """
    asked = asked_of(ctx)
    end(asked, with_pump(asked, "revoke", lambda client, pump: client.revoke(pump, operator), needs_operator=False))


@ctl_app.command()
def epoch(ctx: typer.Context) -> None:
    """Have the key service raise the pump's epoch: each key that was given out for this pump is worth nothing then.

    For a terminal that was lost, or a key that may be known. The infusion goes on; terminals that are at work log in
    again, and a gateway follows by itself. One that was broken off is ended by asking again.

    Example: kvo ctl ward-3 --pump 9f0f epoch
    """
    asked = asked_of(ctx)

    async def work(client: OperatorClient, pump: Pump) -> tuple[Answer, int]:
        return await client.raise_epoch(pump), pump.epoch

    answer, now = with_pump(asked, "epoch", work, needs_operator=False, behind=True)
    end(asked, answer, epoch=now)


@ctl_app.command()
def waveform(
    ctx: typer.Context,
    seconds: Annotated[
        int, typer.Option("--for", help="Seconds, in pieces of ten.", min=1, max=590, metavar="SECONDS")
    ] = 30,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write each sample to this file, a row each 100 ms.", dir_okay=False)
    ] = None,
) -> None:
    """Show line pressure and steps of the drive as the pump tells them, a line each ten seconds.

    The pump tells a waveform only while somebody has asked for it. --csv, or --json, holds every sample.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f waveform --for 60 --csv line.csv
    """
    from simulator.gateway.pump import PIECE_S
    from tools.commands.ctl_words import wave_line, wave_rows

    asked = asked_of(ctx)

    async def work(client: OperatorClient, pump: Pump) -> list[Waveform]:
        found = []
        async for piece in pump.waveform(-(-seconds // PIECE_S)):
            typer.echo(wave_line(piece))
            found.append(piece)
        return found

    found = with_pump(asked, "waveform", work)
    if csv is not None:
        write_text(csv, wave_rows(found), "--csv")
    if asked.json is not None:
        write_json(asked.json, {"pump": asked.pump, "waveform": [piece.as_json() for piece in found]})

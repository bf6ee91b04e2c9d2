"""`kvo ctl`: an operator's command line. What it asks a pump for waits, or rings, at the bedside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tools.commands.console import fail, progress, write_json

if TYPE_CHECKING:
    from simulator.gateway.answer import Answer
    from simulator.gateway.operator import OperatorClient
    from simulator.gateway.pump import Pump

REFUSED = 1
_VALUED = (
    "--operator", "--pump", "--terminal", "--host", "--port", "--password-file", "--passphrase-file", "--json",
)  # fmt: skip
_SHORTEST = 4  # of a pump's id


class _AnyOrder(TyperGroup):
    """Options of `kvo ctl` may stand behind the subcommand too; `kvo ctl COMMAND --help` needs no site."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] in self.commands and "--help" in args:
            args = [".", *args]
        front: list[str] = []
        rest: list[str] = []
        left = list(args)
        while left:
            one = left.pop(0)
            if one == "--":
                rest += [one, *left]
                break
            name = one.partition("=")[0]
            if name not in _VALUED:
                rest.append(one)
                continue
            front.append(one)
            if one == name and left:
                front.append(left.pop(0))
        # What asks for a command's own help is that command's.
        return super().parse_args(ctx, [*front, *rest])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        from simulator.files.yaml_source import did_you_mean

        if args and args[0] not in self.commands:
            fail(f"there is no 'kvo ctl … {args[0]}'; {did_you_mean(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


ctl_app = typer.Typer(
    cls=_AnyOrder,
    no_args_is_help=True,
    help=(
        "Ask a pump of a site for something, as an operator at a terminal. Nothing asked for here changes a dose: it "
        "waits, or rings, at the bedside, where a person confirms it.\n\n"
        "The password is asked for, or read from --password-file; it is never an argument. Each call logs in, and its "
        "keys are for one pump and one shift.\n\n"
        "Example: kvo ctl ward-3 --operator ada --pump 9f0f titrate '120 mL/h' --library ward\n\n"
        "Exit codes: 0 the pump took it; 1 it did not, or did not answer; 2 nothing was asked."
    ),
)


@dataclass
class _Asked:
    """What the options say. `pump` is a whole id."""

    site: Path
    operator: str | None
    pump: str
    terminal: str
    host: str | None
    port: int | None
    password_file: Path | None
    passphrase_file: Path | None
    json: Path | None


@ctl_app.callback()
def ctl(
    ctx: typer.Context,
    site_dir: Annotated[Path, typer.Argument(metavar="SITE", help="The site's folder ('kvo provision make').")],
    operator: Annotated[str | None, typer.Option("--operator", help="Who asks: a name of the site's.")] = None,
    pump: Annotated[str | None, typer.Option("--pump", help="The pump's id; its first four digits are enough.")] = None,
    terminal: Annotated[str, typer.Option("--terminal", help="Whose certificate is used.")] = "terminal-1",
    host: Annotated[str | None, typer.Option("--host", help="The broker's, if not the site's own.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The broker's, if not the site's own.")] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File with the operator's password.", dir_okay=False)
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="File with the key store's passphrase, if it lies elsewhere.",
                     dir_okay=False),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write what came of it to this file.", dir_okay=False)]
    = None,
) -> None:  # fmt: skip
    """Ask a pump of a site for something."""
    ctx.obj = (site_dir, operator, pump, terminal, host, port, password_file, passphrase_file, json)


def _asked(ctx: typer.Context) -> _Asked:
    """The options, with the pump found; ends where the site or the pump is none."""
    from simulator.site.files import open_site

    site_dir, operator, pump, *others = ctx.obj
    site = open_site(site_dir)
    known = site.pumps()
    if pump is None:
        if len(known) != 1:
            fail(f"name a pump with --pump; the site's: {', '.join(known) or 'none'}")
        pump = known[0]
    found = [one for one in known if one == pump or (len(pump) >= _SHORTEST and one.startswith(pump))]
    if len(found) != 1:
        what = "there is no pump" if not found else "more than one pump begins with"
        fail(f"{site_dir}: {what} {pump!r}; the site's: {', '.join(known) or 'none'}")
    return _Asked(site_dir, operator, found[0], *others)


def _text_of(path: Path, what: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        fail(f"{path}: the {what} cannot be read ({getattr(wrong, 'strerror', None) or 'not text'}); name its file")
    return text.rstrip("\r\n")


def _password(asked: _Asked) -> str:
    if asked.password_file is not None:
        return _text_of(asked.password_file, "password")
    import sys

    if not sys.stdin.isatty():
        fail("no terminal to ask for the password at; name its file with --password-file")
    typed: str = typer.prompt(f"Password of {asked.operator}", hide_input=True, err=True)
    return typed


Work = Callable[["OperatorClient", "Pump"], Awaitable[Any]]


def _with_pump(asked: _Asked, what: str, work: Work, needs_operator: bool = True) -> Any:
    """Connect, log in where an operator is named, wait for the pump, and do `work`."""
    if needs_operator and asked.operator is None:
        fail(f"say who asks, with --operator NAME: 'kvo ctl SITE --operator ada --pump {asked.pump[:4]} {what}'")
    password = _password(asked) if asked.operator is not None else ""

    async def run() -> Any:
        from simulator.gateway.operator import OperatorClient
        from simulator.site.files import open_site
        from simulator.site.keyservice import KeyService

        phrase = None if asked.passphrase_file is None else _text_of(asked.passphrase_file, "passphrase")
        site = open_site(asked.site)
        service = KeyService(asked.site, phrase)
        client = OperatorClient(site, service, asked.terminal, asked.host, asked.port, f"kvo ctl {what}")
        async with client:
            if asked.operator is not None:
                await client.log_in(asked.operator, password)
            return await work(client, await client.pump(asked.pump))

    return asyncio.run(run())


def _end(asked: _Asked, answer: Answer, **more: Any) -> None:
    """Say what a request came to; exit 1 where the pump did not take it."""
    if asked.json is not None:
        write_json(asked.json, {"pump": asked.pump, "operator": asked.operator, **answer.as_json(), **more})
    typer.echo(str(answer), err=not answer.is_ok)
    if not answer.is_ok:
        raise typer.Exit(REFUSED)


def _simple(ctx: typer.Context, what: str, ask: Callable[[Pump], Awaitable[Answer]]) -> None:
    asked = _asked(ctx)
    _end(asked, _with_pump(asked, what, lambda client, pump: ask(pump)))


@ctl_app.command()
def status(ctx: typer.Context) -> None:
    """What the pump does now. With an --operator it also proves that no broker has kept the answer back.

    Example: kvo ctl ward-3 --pump 9f0f --operator ada status
    """
    from tools.commands.ctl_words import status_lines

    asked = _asked(ctx)

    async def work(client: OperatorClient, pump: Pump) -> tuple[Pump, Answer | None]:
        return pump, await pump.read_status() if asked.operator is not None else None

    pump, answer = _with_pump(asked, "status", work, needs_operator=False)
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
    asked = _asked(ctx)
    for soft in asked_for.soft:
        typer.echo(f"past a soft limit: {soft}", err=True)
    answer = _with_pump(
        asked, "prepare", lambda client, pump: pump.prepare(asked_for.fields, asked_for.steps)
    )  # fmt: skip
    _end(asked, answer, prescription=asked_for.says)


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

    asked = _asked(ctx)
    held = rx.library_of(library)
    running: list[int] = []

    async def work(client: OperatorClient, pump: Pump) -> Answer:
        assert pump.status is not None  # client.pump has waited for it
        running.append(pump.status.drug)
        return await pump.titrate(rx.titration(dose, pump.status.drug, held))

    answer = _with_pump(asked, "titrate", work)
    _end(asked, answer, dose=dose, drug=running[0])


@ctl_app.command()
def approve(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="What the first person was told: 16 hex digits.")],
) -> None:
    """Agree, as a second operator, to what waits past a soft limit. The bedside confirms it all the same.

    Example: kvo ctl ward-3 --operator bo --pump 9f0f approve 5d0c1f2a9be47768
    """
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if len(raw) != 8:
        fail(f"{digest!r} names no request; copy the 16 hex digits that 'titrate' or 'prepare' told")
    _simple(ctx, "approve", lambda pump: pump.approve(raw))


@ctl_app.command()
def pause(ctx: typer.Context) -> None:
    """Ring at the bedside: somebody asks for a pause. The infusion goes on until a person pauses it.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f pause
    """
    _simple(ctx, "pause", lambda pump: pump.pause())


@ctl_app.command()
def stop(ctx: typer.Context) -> None:
    """Ring at the bedside, HIGH: somebody asks for a stop. The infusion goes on until a person stops it.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f stop
    """
    _simple(ctx, "stop", lambda pump: pump.stop())


@ctl_app.command()
def log(
    ctx: typer.Context,
    since: Annotated[int, typer.Option("--from", help="Sequence number to begin with; 0: the oldest.", min=0)] = 0,
) -> None:
    """Read the pump's log, a page at a time.

    Example: kvo ctl ward-3 --operator ada --pump 9f0f log --from 40
    """
    asked = _asked(ctx)

    async def work(client: OperatorClient, pump: Pump) -> list[Any]:
        found = []
        async for page in pump.log(since):
            for entry in page:
                typer.echo(f"{entry.sequence:>6}  {entry.delivery:<12} {entry.says}")
                found.append(entry.as_json())
        return found

    found = _with_pump(asked, "log", work)
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

    asked = _asked(ctx)
    with contextlib.suppress(KeyboardInterrupt):
        _with_pump(asked, "watch", lambda client, pump: watch_pump(pump, seconds, typer.echo), needs_operator=False)


@ctl_app.command()
def push(
    ctx: typer.Context,
    library: Annotated[str, typer.Argument(metavar="LIBRARY", help="A drug library: a shipped name, or a file.")],
) -> None:
    """Carry a drug library to the pump, as a pharmacist or technician. It waits there, and is in force for nothing.

    It begins only where nothing flows. Broken off, it goes on where it was when it is asked for again.

    Example: kvo ctl ward-3 --operator bo --pump 9f0f push ward
    """
    from simulator.files.library import compile_library
    from simulator.gateway.carry import Refused, carry
    from simulator.gateway.prescription import library_of

    data = compile_library(library_of(library))
    asked = _asked(ctx)

    async def work(client: OperatorClient, pump: Pump) -> int:
        with progress("to the pump") as advance:
            return await carry(pump, data, advance)

    try:
        chunks = _with_pump(asked, "push", work)
    except Refused as refused:
        _end(asked, refused.answer)
    else:
        typer.echo(f"push: OK: {len(data):,} bytes in {chunks} chunks; it waits at the pump, in force for nothing")
        if asked.json is not None:
            write_json(asked.json, {"pump": asked.pump, "bytes": len(data), "chunks": chunks})


@ctl_app.command("time")
def tell_time(ctx: typer.Context) -> None:
    """Have the key service tell the pump the site's time: after each boot it needs that before it hears an operator.

    Example: kvo ctl ward-3 --pump 9f0f time
    """
    asked = _asked(ctx)
    _end(asked, _with_pump(asked, "time", lambda client, pump: client.tell_time(pump), needs_operator=False))

"""What the commands of `kvo ctl` share: whom they ask, as whom, over which broker, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tools.commands.console import fail, write_json

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
class Asked:
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


def asked_of(ctx: typer.Context) -> Asked:
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
    return Asked(site_dir, operator, found[0], *others)


def _text_of(path: Path, what: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        fail(f"{path}: the {what} cannot be read ({getattr(wrong, 'strerror', None) or 'not text'}); name its file")
    return text.rstrip("\r\n")


def _password(asked: Asked) -> str:
    if asked.password_file is not None:
        return _text_of(asked.password_file, "password")
    import sys

    if not sys.stdin.isatty():
        fail("no terminal to ask for the password at; name its file with --password-file")
    typed: str = typer.prompt(f"Password of {asked.operator}", hide_input=True, err=True)
    return typed


Work = Callable[["OperatorClient", "Pump"], Awaitable[Any]]


def with_pump(
    asked: Asked, what: str, work: Work, needs_operator: bool = True, behind: bool = False
) -> Any:  # fmt: skip
    """Connect, log in where an operator is named, wait for the pump, and do `work`.

    `behind`: as in OperatorClient.pump.
    """
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
            return await work(client, await client.pump(asked.pump, behind=behind))

    return asyncio.run(run())


def end(asked: Asked, answer: Answer, **more: Any) -> None:
    """Say what a request came to; exit 1 where the pump did not take it."""
    if asked.json is not None:
        write_json(asked.json, {"pump": asked.pump, "operator": asked.operator, **answer.as_json(), **more})
    typer.echo(str(answer), err=not answer.is_ok)
    if not answer.is_ok:
        raise typer.Exit(REFUSED)


def simple(ctx: typer.Context, what: str, ask: Callable[[Pump], Awaitable[Answer]]) -> None:
    """A request that takes no more than a pump and a person."""
    asked = asked_of(ctx)
    end(asked, with_pump(asked, what, lambda client, pump: ask(pump)))

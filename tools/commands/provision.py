"""`kvo provision`: make a site, add to it, replace and revoke what it gave out, find weak credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tools.commands.console import PASSPHRASE_FILE, fail, phrase_in, progress

_SITE = typer.Argument(metavar="SITE_DIR", help="The site's folder.")


class _MakesByDefault(TyperGroup):
    """`kvo provision SITE_DIR` is `kvo provision make SITE_DIR`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        first = args[0]
        if first not in self.commands:
            close = get_close_matches(first, self.commands, 1)
            if close:
                fail(f"there is no 'kvo provision {first}'; did you mean {close[0]}? "
                     f"A site of that name: kvo provision make {first}")
            args = ["make", *args]
        return super().resolve_command(ctx, args)


provision_app = typer.Typer(
    cls=_MakesByDefault,
    no_args_is_help=True,
    help=(
        "A site's credentials: 'kvo provision SITE_DIR' makes a whole site, nothing of it ever the same twice.\n\n"
        "An authority, a broker's configuration (Mosquitto, mutual TLS), an identity and a key for each pump, "
        "operators with PIN, password and card, two recovery cards. docs/provisioning.md says what goes where.\n\n"
        "Example: kvo provision ward-3 --pumps 4 --operator ada:nurse --operator bo:pharmacist"
    ),
)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in one line what a site refuses, or what the disk does."""
    from simulator.site.files import SiteError

    try:
        yield
    except SiteError as refused:
        fail(str(refused))
    except OSError as wrong:
        fail(f"{wrong.filename or 'the site'}: {wrong.strerror}; nothing half-written was left")


@provision_app.command()
def make(
    site_dir: Annotated[Path, typer.Argument(metavar="SITE_DIR", help="Folder to make; it must not be there yet.")],
    pumps: Annotated[int, typer.Option("--pumps", help="How many pumps to begin with.")] = 2,
    operator: Annotated[
        list[str] | None, typer.Option("--operator", metavar="NAME:ROLE", help="A person; may be given often.")
    ] = None,
    operators: Annotated[
        Path | None, typer.Option("--operators", help="YAML file: 'operators' with 'name' and 'role' each.")
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option("--client", metavar="NAME", help="A terminal or gateway; may be given often.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="The broker's, on 127.0.0.1.")] = 8883,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Make a site in one step. Writes over nothing; where it fails it leaves nothing.

    Roles: nurse, physician, pharmacist, biomed, manufacturer. Without operators: six, two of a kind where two must
    agree. Without clients: gateway and terminal-1.

    Example: kvo provision ward-3 --pumps 4 --operator ada:nurse --operator bo:pharmacist
    """
    with _refusals():
        from simulator.site.make import CLIENTS, make_site
        from simulator.site.people import USUAL, parse_operator, read_people_file

        people = read_people_file(operators.read_text(encoding="utf-8")) if operators is not None else []
        names = operator or ([] if people else list(USUAL))
        people += [parse_operator(text, len(people) + place + 1) for place, text in enumerate(names)]
        site = make_site(site_dir, pumps, people, tuple(client or CLIENTS), port, phrase_in(passphrase_file))
    typer.echo(f"{site.folder}: {len(site.pumps())} pumps, {len(people)} operators, broker on 127.0.0.1:{port}")
    for pump_id in site.pumps():
        typer.echo(f"pump {pump_id}")
    typer.echo(f"start the broker: mosquitto -c {site.config}")
    typer.echo("then take apart what must not lie together: docs/provisioning.md, 'After making'")


@provision_app.command()
def add(
    site_dir: Annotated[Path, _SITE],
    pumps: Annotated[int, typer.Option("--pumps", "--add-pump", help="How many pumps more.")] = 0,
    operator: Annotated[
        list[str] | None, typer.Option("--operator", metavar="NAME:ROLE", help="A person more.")
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option("--client", metavar="NAME", help="A terminal; one that is there stays.")
    ] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Add pumps, people and terminals to a site; what is there stays as it is.

    Example: kvo provision add ward-3 --pumps 1 --client terminal-2
    """
    with _refusals():
        from simulator.site.make import add_to_site

        made, people = add_to_site(site_dir, pumps, operator or (), client or (), phrase_in(passphrase_file))
    for pump_id in made:
        typer.echo(f"pump {pump_id}")
    for one in people:
        typer.echo(f"operator {one.number}: {one.name} ({one.role}); pumps that are there already know them at the "
                   "bedside after 'kvo provision record'")  # fmt: skip


@provision_app.command()
def rotate(
    site_dir: Annotated[Path, _SITE],
    what: Annotated[str, typer.Argument(help="A pump's id, a client, an operator, 'broker' or 'recovery'.")],
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Replace the secrets of one pump, client or person, of the broker, or both recovery cards.

    Example: kvo provision rotate ward-3 terminal-1
    """
    with _refusals():
        from simulator.site import change

        typer.echo(change.rotate(site_dir, what, phrase_in(passphrase_file)))


@provision_app.command()
def revoke(
    site_dir: Annotated[Path, _SITE],
    what: Annotated[str, typer.Argument(help="A pump's id, a client or an operator.")],
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Take a pump, a client or a person out of use.

    Example: kvo provision revoke ward-3 ada
    """
    with _refusals():
        from simulator.site import change

        typer.echo(change.revoke(site_dir, what, phrase_in(passphrase_file)))


@provision_app.command()
def record(
    site_dir: Annotated[Path, _SITE],
    pump: Annotated[str, typer.Argument(help="The pump's id.")],
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Write a pump's credential record anew, for its local port: the people and revocations of today.

    Example: kvo provision record ward-3 9f0ff2064739a3c3
    """
    with _refusals():
        from simulator.site import change

        typer.echo(change.renew_record(site_dir, pump, phrase_in(passphrase_file)))


@provision_app.command("roots")
def make_roots(
    site_dir: Annotated[Path, _SITE],
    maker: Annotated[
        Path | None, typer.Option("--maker", help="The manufacturer's public key; else one is made.", exists=True)
    ] = None,
    revoke_keys: Annotated[
        list[str] | None, typer.Option("--revoke", metavar="KEY", help="The id of a key that counts no more.")
    ] = None,
    height: Annotated[int, typer.Option("--height", help="Of new keys: 5, 10 or 15; 2 to its power signatures.")] = 10,
) -> None:
    """Make the site's root record: whose signatures count on its pumps for firmware and for drug libraries.

    The first time with the keys: a root key, one for each pharmacist, and one for the manufacturer unless it is named.
    Later the next record, signed by the root key: the pharmacists of today, another manufacturer's key, keys revoked.

    Example: kvo provision roots ward-3 --maker maker-key/public
    """
    from tools.sign.problem import SignProblem

    with _refusals():
        try:
            from tools.sign.site import make_site_roots

            made = make_site_roots(site_dir, maker, revoke_keys or (), height)
        except SignProblem as refused:
            fail(str(refused))
    record = made.roots
    typer.echo(f"{site_dir}/roots/root.cbor: root record {record.sequence}, {len(record.makers)} keys of the "
               f"manufacturer, {len(record.pharmacists)} pharmacists, {len(record.revoked)} keys revoked")  # fmt: skip
    if made.parcel is None:
        typer.echo("pumps get it with 'kvo provision install'; each key's folder goes to whom it belongs to")
    else:
        typer.echo(f"carry {made.parcel} to the pumps ('kvo library push'), and confirm number {record.sequence} there")


@provision_app.command()
def install(
    site_dir: Annotated[Path, _SITE],
    pump: Annotated[str, typer.Argument(help="The pump's id.")],
    port: Annotated[
        str, typer.Option(help="The pump's local port: /dev/ttyACM0, COM3, socket://127.0.0.1:5555, any pySerial URL.")
    ],
    library: Annotated[
        Path | None,
        typer.Option("--library", help="The pump's first drug library, signed ('kvo sign library').", exists=True),
    ] = None,
) -> None:
    """Put a pump's credential record into it over its local port, and read back that it stands there.

    The pump takes it in maintenance, with no patient and the key switch turned: one without keys takes any record, one
    with keys a newer record of its own key (people, revocations). It goes in whole or not at all, whatever power does.
    A pump that has none gets the site's root record with it, and its first drug library.

    Example: kvo provision install ward-3 9f0ff2064739a3c3 --port /dev/ttyACM0
    """
    with _refusals():
        from simulator.site.files import open_site
        from tools.provision.first import first_parcel
        from tools.provision.install import carry
        from tools.provision.install import install as put

        record_path = open_site(site_dir).pump(pump) / "record.cbor"
        first = first_parcel(site_dir, library)
    with progress(f"{port}") as advance:
        done = put(record_path, port, advance)
        if first is not None:
            carry(port, first.pack(), first.number, True, advance)
    what = "installed, and read back" if done.written else "stood there already"
    found = done.pump
    typer.echo(f"pump {found.pump_id}: record {what}: number {found.sequence}, SHA-256 {found.digest[:16]}…")
    typer.echo("switch the pump off and on: it takes its keys when it starts")
    typer.echo(f"then wipe the file, which has the key in the clear: kvo provision wipe {site_dir} record:{pump}")


@provision_app.command()
def wipe(
    site_dir: Annotated[Path, _SITE],
    what: Annotated[str, typer.Argument(help="'handed-over', 'record:PUMP', or 'site' for all of it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Overwrite and remove what need lie here no longer.

    Example: kvo provision wipe ward-3 handed-over
    """
    if what == "site" and not yes and not typer.confirm(f"Wipe the whole site in {site_dir}? Nothing brings it back"):
        fail("nothing was wiped", 1)
    with _refusals():
        from simulator.site import change

        typer.echo(change.wipe(site_dir, what))


@provision_app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Sites, builds, repositories, files.")],
    published: Annotated[
        list[Path] | None,
        typer.Option("--published", metavar="FILE", help="File of published test vectors: random strings are its job."),
    ] = None,
) -> None:
    """Find credentials that are hard-coded, shared, expired or weak; exit 1 if there is one.

    Each finding names file, line, rule and remedy. Several paths are checked as one: a site's key in a build is found.

    Example: kvo provision check ward-3 build/
    """
    with _refusals():
        try:
            from tools.provision.scan import Scan
        except ImportError as absent:
            fail(f"this needs the package {absent.name}; pip install 'kvo[site]'")
        scan = Scan(published or ())
        for path in paths:
            if not path.exists():
                fail(f"{path}: is not there; name a site, a folder or a file")
            scan.look(path)
    findings = scan.findings()
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        raise typer.Exit(1)
    typer.echo(f"nothing found in {scan.files} files")

"""`kvo evidence`: take a pump's evidence, verify it away from the pump, and show an incident."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.commands.console import PASSPHRASE_FILE, fail, phrase_in, progress, write_json

if TYPE_CHECKING:
    from tools.evidence.verify import Result

evidence_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Evidence of an incident: a pump's audit, journal, log, what its credentials were (never a key), digests.\n\n"
        "'export' takes it over the pump's local port and counter-signs it; 'verify' says offline whether it is what "
        "the pump handed out and, if not, from which record on; 'show' tells it as a timeline. docs/evidence.md."
    ),
)

_FILE = typer.Argument(metavar="FILE", help="What 'kvo evidence export' wrote.", dir_okay=False)
_SITE = typer.Option("--site", help="The site's folder: its key service and exporter have the keys.", file_okay=False)
_AUDIT_KEY = typer.Option("--audit-key", help="The audit's first key, where no --site is at hand.", dir_okay=False)
_EXPORTER = typer.Option("--exporter", help="The exporter's public key, with --audit-key.", dir_okay=False)
_HEAD = typer.Option("--head", metavar="NUMBER:SHA-256", help="A head that the pump published; may be given often.")
_SINCE = typer.Option("--since", min=0, help="Record that it should begin with; a pump keeps the last ones.")
_BEFORE = typer.Option("--before", help="Evidence from before a recovery, which this one must follow.", dir_okay=False)


@evidence_app.command()
def export(
    site_dir: Annotated[Path, typer.Argument(metavar="SITE_DIR", help="The site whose exporter counter-signs.")],
    port: Annotated[str, typer.Option(help="The pump's local port, any URL that pySerial opens.")],
    out: Annotated[Path, typer.Option(help="File to write; one that is there is not written over.", dir_okay=False)],
) -> None:
    """Take a pump's evidence over its local port, counter-sign it, write it down.

    The key switch is turned; the pump is in maintenance, or isolated while an infusion runs on by the policy 'sustain'.
    Nothing in the pump changes but its audit, which notes that evidence was handed out.

    Example: kvo evidence export ward-3 --port /dev/ttyACM0 --out incident.kvo
    """
    from simulator.site.cards import read_exporter
    from simulator.site.files import open_site
    from tools.evidence.take import take
    from tools.provision.install import line_to

    if out.exists():
        fail(f"{out}: is there already, and evidence is not written over; name another file with --out")
    exporter = read_exporter(open_site(site_dir))
    with progress(f"{port}") as advance, line_to(port) as line:
        taken, _ = take(line, exporter, int(time.time()), tell=lambda done: advance(done, 0))
    keep(out, taken.encode())
    typer.echo(f"{out}: {len(taken.evidence):,} bytes of evidence, counter-signed")
    typer.echo(f"verify it: kvo evidence verify {out} --site {site_dir}")


def keep(out: Path, data: bytes) -> None:
    """Write evidence down, whole and on the disk, or end with one line."""
    from simulator.site.files import write_private

    try:
        write_private(out, data)
    except OSError as wrong:
        fail(f"{out}: cannot be written ({wrong.strerror}); the pump still has it all: name another file with --out")


@evidence_app.command()
def verify(
    file: Annotated[Path, _FILE],
    site: Annotated[Path | None, _SITE] = None,
    audit_key: Annotated[Path | None, _AUDIT_KEY] = None,
    exporter: Annotated[Path | None, _EXPORTER] = None,
    head: Annotated[list[str] | None, _HEAD] = None,
    since: Annotated[int | None, _SINCE] = None,
    before: Annotated[Path | None, _BEFORE] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the verdict to this file.", dir_okay=False)] = None,
) -> None:
    """Say whether evidence is what the pump handed out; exit 1 where it is not.

    Each finding says what is missing, altered, cut or rewritten and from which record of the audit on.

    Example: kvo evidence verify incident.kvo --site ward-3
    """
    from tools.evidence.page import verdict

    result = _held(file, site, audit_key, exporter, head, since, before, passphrase_file)
    typer.echo(verdict(result))
    for one in result.problems:
        typer.echo(f"  {one}")
    if json is not None:
        write_json(json, {
            "file": str(file), "sound": result.sound, "pump": result.body.pump_id if result.body else "",
            "records": len(result.records), "sure_until": result.sure_until,
            "findings": [{"what": one.what, "record": one.sequence, "where": one.where} for one in result.problems],
        })  # fmt: skip
    if not result.sound:
        raise typer.Exit(1)


@evidence_app.command()
def show(
    file: Annotated[Path, _FILE],
    site: Annotated[Path | None, _SITE] = None,
    audit_key: Annotated[Path | None, _AUDIT_KEY] = None,
    exporter: Annotated[Path | None, _EXPORTER] = None,
    head: Annotated[list[str] | None, _HEAD] = None,
    since: Annotated[int | None, _SINCE] = None,
    before: Annotated[Path | None, _BEFORE] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
    out: Annotated[Path | None, typer.Option(help="HTML page to write; lines of text without.", dir_okay=False)] = None,
) -> None:
    """Tell an incident: the verdict first, then what the audit and the pump's log say, in order.

    The page needs nothing else and no network. What could not be verified is marked.

    Example: kvo evidence show incident.kvo --site ward-3 --out incident.html
    """
    from tools.evidence.page import lines
    from tools.evidence.page import show as page_of

    result = _held(file, site, audit_key, exporter, head, since, before, passphrase_file)
    if out is None:
        for line in lines(result):
            typer.echo(line)
        return
    try:
        out.write_text(page_of(result, file.name), encoding="utf-8")
    except OSError as wrong:
        fail(f"{out}: cannot be written ({wrong.strerror}); name another file with --out")
    typer.echo(f"{out}: written")


def _held(
    file: Path, site: Path | None, audit_key: Path | None, exporter: Path | None, head: list[str] | None,
    since: int | None, before: Path | None, passphrase_file: Path | None,
) -> Result:
    import hashlib

    from tools.evidence.body import read_body
    from tools.evidence.container import read_container
    from tools.evidence.keys import best, read_exactly, read_file, read_head, site_keys
    from tools.evidence.problem import EvidenceProblem
    from tools.evidence.verify import Expected

    data = read_file(file)
    pump: str | None = None
    if site is not None:
        keys, public, found = site_keys(site, data, phrase_in(passphrase_file))
        pump = found or None
    elif audit_key is not None and exporter is not None:
        keys = [read_exactly(audit_key, 32, "the audit's first key (audit.key)")]
        public = read_exactly(exporter, 33, "the exporter's public key (verifying/exporter.pub)")
    else:
        raise EvidenceProblem("it is verified by keys: name --site, or --audit-key and --exporter")
    follows = None
    if before is not None:
        earlier = read_container(read_file(before))
        body = None if earlier is None else read_body(earlier.evidence)
        if earlier is None or body is None:
            raise EvidenceProblem(f"{before}: is no evidence that anything could follow")
        follows = (hashlib.sha256(earlier.evidence).digest(), body.head[0])
    heads = tuple(read_head(one) for one in head or ())
    return best(data, keys, Expected(keys[0], public, pump, None, heads, follows, since))

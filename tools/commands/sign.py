"""`kvo sign` and `kvo update`: signing keys, envelopes of updates, and an envelope in words."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import fail

sign_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Sign updates with HSS/LMS keys. A leaf of a key signs once: its number is on the disk before a signature "
        "leaves, and a key's folder that was copied or put back is refused.\n\n"
        "Example: kvo sign key maker-key; kvo sign update maker-key image/ --number 7 --component firmware "
        "--vendor UUID --class UUID --uri update/7 --out 7.suit --payload-out 7.bin"
    ),
)
update_app = typer.Typer(no_args_is_help=True, help="Updates. Example: kvo update inspect 7.suit")
_KEY = typer.Argument(metavar="KEY_DIR", help="The signing key's folder.")


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in one line what is refused, or what the disk does."""
    from tools.sign.problem import SignProblem

    try:
        yield
    except SignProblem as refused:
        fail(str(refused))
    except OSError as wrong:
        fail(f"{wrong.filename or 'the disk'}: {wrong.strerror}; nothing was given out")


def _uuid(text: str, option: str) -> bytes:
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        fail(f"{option} {text!r} is no UUID; write it as fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe")


@sign_app.command()
def key(
    folder: Annotated[Path, typer.Argument(metavar="KEY_DIR", help="Folder to make; it must not be there yet.")],
    height: Annotated[int, typer.Option("--height", help="5, 10 or 15: the key signs 32, 1024 or 32768 times.")] = 10,
) -> None:
    """Make a signing key (LMS_SHA256_M24, W4): half a minute for height 15.

    Example: kvo sign key maker-key
    """
    with _refusals():
        from tools.sign.keys import make_key

        made = make_key(folder, height)
        typer.echo(f"{folder}: key {made.identifier()}, good for {made.capacity()} signatures; "
                   f"pumps get {folder / 'public'}")  # fmt: skip


@sign_app.command()
def status(folder: Annotated[Path, _KEY]) -> None:
    """Say how many signatures a key has left; exit code 2 where it must not sign.

    Example: kvo sign status maker-key
    """
    with _refusals():
        from tools.sign.keys import SigningKey

        one = SigningKey(folder)
        used = one.used()
        typer.echo(f"{folder}: key {one.identifier()}, {used} of {one.capacity()} signatures spent")
        if one.warning():
            typer.echo(one.warning(), err=True)


@sign_app.command()
def update(
    folder: Annotated[Path, _KEY],
    payload: Annotated[Path, typer.Argument(help="A file, or a folder whose files become one payload.", exists=True)],
    number: Annotated[int, typer.Option("--number", min=0, max=0x7FFFFFFF, help="The sequence number: it must rise.")],
    vendor: Annotated[str, typer.Option("--vendor", metavar="UUID")],
    klass: Annotated[str, typer.Option("--class", metavar="UUID", help="The model of pump.")],
    out: Annotated[Path, typer.Option("--out", help="The envelope.", dir_okay=False)],
    component: Annotated[str, typer.Option("--component", help="What is updated.")] = "firmware",
    uri: Annotated[str, typer.Option("--uri", help="Where pumps fetch it; else it goes into the envelope.")] = "",
    payload_out: Annotated[
        Path | None, typer.Option("--payload-out", help="The payload of a folder, to be served.", dir_okay=False)
    ] = None,
    text: Annotated[str, typer.Option("--text", help="A description for people.")] = "",
    facility_key: Annotated[
        Path | None, typer.Option("--facility-key", help="Also counter-sign with this facility's MAC key.", exists=True)
    ] = None,
) -> None:
    """Sign an update of one component: a file, or a folder's files with their digests.

    Example: kvo sign update maker-key lib.bin --number 3 --component library --vendor UUID --class UUID --out 3.suit
    """
    with _refusals():
        from firmware.update import commands, manifest
        from tools.sign import bundle, envelope
        from tools.sign.keys import SigningKey
        from tools.sign.words import describe

        data = bundle.make_bundle(bundle.read_folder(payload)) if payload.is_dir() else payload.read_bytes()
        most = manifest.PAYLOAD_MOST
        if not uri and len(data) > most:
            fail(f"{payload}: {len(data):,} bytes; an envelope carries {most:,}: name where pumps fetch it with --uri")
        if len(uri) > commands.URI_MOST or len(component.encode()) > manifest.PART_MOST or not component:
            fail(f"--uri takes {commands.URI_MOST} characters, --component 1 to {manifest.PART_MOST} bytes")
        if payload.is_dir() and uri and payload_out is None:
            fail(f"{payload}: what pumps fetch of a folder is one file; say with --payload-out where to write it")
        part = envelope.Component((component.encode(),), data, uri or "#payload")
        start = component == "firmware"
        head, severed = envelope.make_manifest(
            number, [part], _uuid(vendor, "--vendor"), _uuid(klass, "--class"), text, start
        )
        inside = {} if uri else {part.uri: data}
        good, lines = describe(envelope.make_envelope(head, [], severed, inside))
        if not good:
            fail(f"{lines[-1]}; nothing was signed: shorten the text or the names")
        signer = SigningKey(folder)
        provers = [envelope.sign1(signer.sign)]
        if facility_key is not None:
            provers.append(envelope.mac0(facility_key.read_bytes()))
        made = envelope.make_envelope(head, provers, severed, inside)
        out.write_bytes(made)
        if payload_out is not None:
            payload_out.write_bytes(data)
        typer.echo(f"{out}: sequence number {number}, {len(made):,} bytes, signed by key {signer.identifier()}")
        if signer.warning():
            typer.echo(signer.warning(), err=True)


@sign_app.command()
def countersign(
    envelope_file: Annotated[Path, typer.Argument(metavar="ENVELOPE", exists=True, dir_okay=False)],
    facility_key: Annotated[Path, typer.Option("--facility-key", help="File with the MAC key.", exists=True)],
    out: Annotated[Path, typer.Option("--out", help="The envelope with both proofs.", dir_okay=False)],
) -> None:
    """Add the facility's MAC to a signed envelope; pumps demand both for firmware.

    Example: kvo sign countersign 7.suit --facility-key facility.key --out 7-ours.suit
    """
    with _refusals():
        from tools.sign.envelope import countersigned

        out.write_bytes(countersigned(envelope_file.read_bytes(), facility_key.read_bytes()))
        typer.echo(f"{out}: counter-signed")


@update_app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="An envelope.", exists=True, dir_okay=False)],
    public_key: Annotated[
        Path | None, typer.Option("--key", help="A signing key's 'public' file: check the signature.", exists=True)
    ] = None,
) -> None:
    """Say in words what an envelope holds, and what a pump would object to.

    Exit code 1 where a pump would refuse to read it, 2 where it is no envelope.

    Example: kvo update inspect 7.suit --key maker-key/public
    """
    with _refusals():
        from tools.sign.words import describe

        good, lines = describe(file.read_bytes(), public_key.read_bytes() if public_key else None)
        for line in lines:
            typer.echo(line)
    if not good:
        raise typer.Exit(1)

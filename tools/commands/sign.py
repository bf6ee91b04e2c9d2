"""`kvo sign` and `kvo update`: signing keys, envelopes of updates, and an envelope in words."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tools.commands.console import PASSPHRASE_FILE, fail, phrase_in

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
    from simulator.site.files import SiteError
    from tools.sign.problem import SignProblem

    try:
        yield
    except (SignProblem, SiteError) as refused:
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
        provers = [envelope.sign1(signer.sign, key_id=bytes.fromhex(signer.identifier()))]
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
    out: Annotated[Path, typer.Option("--out", help="The envelope with both proofs; of a site's pumps, a folder.")],
    facility_key: Annotated[
        Path | None, typer.Option("--facility-key", help="File with one MAC key.", exists=True)
    ] = None,
    site_dir: Annotated[
        Path | None, typer.Option("--site", metavar="SITE_DIR", help="Once for each pump of this site, by its own key.")
    ] = None,
    pump: Annotated[list[str] | None, typer.Option("--pump", metavar="ID", help="This one of them alone.")] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE_FILE] = None,
) -> None:
    """Add the facility's MAC to a signed envelope; pumps demand both for firmware.

    Each pump has a key of its own for it, so that who reads one pump's flash counter-signs for that pump alone.

    Example: kvo sign countersign 7.suit --site ward-3 --out 7-for-ward-3
    """
    with _refusals():
        from tools.sign.envelope import countersigned

        data = envelope_file.read_bytes()
        if (facility_key is None) == (site_dir is None):
            fail("name --site SITE_DIR, whose pumps the envelope is for, or --facility-key FILE")
        if site_dir is None or facility_key is not None:
            out.write_bytes(countersigned(data, Path(str(facility_key)).read_bytes()))
            typer.echo(f"{out}: counter-signed")
            return
        from simulator.site.files import open_site
        from simulator.site.keystore import unseal
        from simulator.site.make import read_passphrase
        from tools.sign.site import countersign_keys

        site = open_site(site_dir)
        store = unseal(site.keystore, read_passphrase(site, phrase_in(passphrase_file)))
        known = {name: one.key for name, one in store.pumps.items() if not one.revoked}
        keys = countersign_keys(site, known, pump or ())
        out.mkdir(parents=True, exist_ok=True)
        for name, key in keys.items():
            (out / f"{name}.suit").write_bytes(countersigned(data, key))
        typer.echo(f"{out}: counter-signed for {len(keys)} pumps, a file for each")


@sign_app.command("library")
def sign_library(
    folder: Annotated[Path, _KEY],
    library: Annotated[
        str, typer.Argument(metavar="LIBRARY", help="A drug library (a shipped name, or YAML), or one that one signed.")
    ],
    roots: Annotated[Path, typer.Option("--roots", help="The root record: SITE_DIR/roots/root.cbor.", exists=True)],
    out: Annotated[Path, typer.Option("--out", help="The file for the pumps.", dir_okay=False)],
) -> None:
    """Sign a drug library as a pharmacist; pumps want two, each with a key of their own.

    The first signs the library's source, the second the file that the first made. Its number is the source's sequence.

    Example: kvo sign library ward-3/roots/pharmacist-3 ward --roots ward-3/roots/root.cbor --out 7-one.library

    Then: kvo sign library ward-3/roots/pharmacist-4 7-one.library --roots ward-3/roots/root.cbor --out 7.library
    """
    with _refusals():
        from tools.sign import library as lib
        from tools.sign import parcel
        from tools.sign.keys import SigningKey
        from tools.sign.roots import read_roots

        record = read_roots(roots.read_bytes())
        signer = SigningKey(folder)
        path = Path(library)
        data = path.read_bytes() if path.is_file() else b""
        if parcel.is_parcel(data):
            done = lib.cosign(parcel.unpack(data), record, signer.public(), signer.sign)
        else:
            from simulator.files.library import compile_library
            from simulator.gateway.prescription import library_of

            compiled = compile_library(library_of(library))
            number, manifest = lib.begin(compiled, record)
            prover = lib.prover(record, signer.public(), signer.sign)
            done = lib.pack(number, manifest, compiled, [prover])
        out.write_bytes(done.pack())
        content = lib.content(done)
        left = 2 - len(lib.signers(done))
        drugs = int.from_bytes(content[6:8], "little")
        typer.echo(f"{out}: library {done.number}, {drugs} drugs, signed by key {signer.identifier()}"
                   + ("; a second pharmacist signs this file next" if left else ""))  # fmt: skip
        if signer.warning():
            typer.echo(signer.warning(), err=True)


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

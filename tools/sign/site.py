"""A site's root record and the keys that it names: made, and followed by the next, signed by the root key before.

    roots/root-key/        signs the next record; belongs in a safe
    roots/maker-key/       the manufacturer's, unless his public key was named
    roots/pharmacist-N/    one for each pharmacist of the site, whose number is N: each goes to that person; where it is
                           revoked, pharmacist-N-key-2 and so on
    roots/root.cbor        the record in force, public; pumps get it with their credentials
    roots/root-N.parcel    the record N, signed, for pumps that have the one before
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.update import roots as r
from simulator.site.files import Site, open_site, write_private, writing
from simulator.site.people import read_people
from tools.sign.keys import SigningKey, make_key
from tools.sign.parcel import Packed
from tools.sign.problem import SignProblem
from tools.sign.roots import make_roots, read_roots, sign_roots

# SUIT's way: the vendor's id from its name in the DNS, a class's from the vendor's (RFC 9124, UUID version 5).
VENDOR = uuid.uuid5(uuid.NAMESPACE_DNS, "kvo.invalid")
CLASS = uuid.uuid5(VENDOR, "kvo pump")


@dataclass(frozen=True)
class Made:
    """The record, and the parcel that carries it to pumps that have the one before; None for the first."""

    roots: r.Roots
    parcel: Path | None


def record_path(site: Site) -> Path:
    """Where a site's root record lies."""
    return site.folder / "roots" / "root.cbor"


def read_site_roots(site: Site) -> r.Roots:
    """The site's root record. SignProblem where there is none."""
    path = record_path(site)
    if not path.is_file():
        raise SignProblem(f"{path}: there is no root record; 'kvo provision roots {site.folder}' makes it")
    return read_roots(path.read_bytes())


def make_site_roots(
    folder: Path, maker: Path | None = None, revoke: Sequence[str] = (), height: int = 10,
    vendor: bytes = VENDOR.bytes, klass: bytes = CLASS.bytes,
) -> Made:  # fmt: skip
    """Make a site's first root record and its keys; or, where there is one, the next, with the pharmacists of today.

    maker: the manufacturer's public key, one more where there is a record. revoke: ids of keys (16 hex digits).
    """
    site = open_site(folder)
    with writing(site):
        place = site.folder / "roots"
        path = record_path(site)
        before = read_roots(path.read_bytes()) if path.is_file() else None
        people = [one.number for one in read_people(site) if one.role == "pharmacist" and not one.revoked]
        revoked = [] if before is None else list(before.revoked)
        revoked += [one for one in map(_identifier, revoke) if one not in revoked]
        pharmacists = [(number, _unrevoked(place / f"pharmacist-{number}", revoked, height)) for number in people]
        if len(pharmacists) < r.PHARMACISTS_LEAST:
            raise SignProblem(
                f"{folder}: {len(pharmacists)} pharmacists; a drug library wants two: 'kvo provision add {folder} "
                "--operator NAME:pharmacist'"
            )
        root_key = _key(place / "root-key", height)
        makers = [] if before is None else list(before.makers)
        if maker is not None:
            makers += [one for one in (maker.read_bytes(),) if one not in makers]
        elif before is None:
            makers.append(_key(place / "maker-key", height).public())
        if before is None:
            made = make_roots(1, vendor, klass, root_key.public(), makers, pharmacists, revoked)
            write_private(path, made.encode())
            return Made(made, None)
        made = make_roots(
            before.sequence + 1, before.vendor_id, before.class_id, root_key.public(), makers, pharmacists, revoked
        )
        signed = sign_roots(made, root_key.sign, before.root_key)
        parcel = place / f"root-{made.sequence}.parcel"
        write_private(parcel, Packed(made.sequence, signed).pack())
        write_private(path, made.encode())
        return Made(made, parcel)


def _key(folder: Path, height: int) -> SigningKey:
    """The key in a folder, made where there is none."""
    return SigningKey(folder) if (folder / "public").is_file() else make_key(folder, height)


def _unrevoked(folder: Path, revoked: Sequence[bytes], height: int) -> bytes:
    """A person's public key: of the first folder whose key is not revoked, made where all are."""
    number = 1
    place = folder
    while (place / "public").is_file() and r.key_id((place / "public").read_bytes()) in revoked:
        number += 1
        place = folder.with_name(f"{folder.name}-key-{number}")
    return _key(place, height).public()


def _identifier(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != r.KEY_ID:
        raise SignProblem(f"{text!r} is no key's id, {2 * r.KEY_ID} hex digits; 'kvo sign status KEY_DIR' tells it")
    return found


def countersign_keys(site: Site, keys: dict[str, bytes], pumps: Sequence[str]) -> dict[str, bytes]:
    """The key of the facility's counter-signature for each of the site's pumps that is named, or for all."""
    from firmware.trust.mac import hkdf

    for name in pumps:
        site.pump(name)
    return {name: hkdf(keys[name], bytes.fromhex(name), r.COUNTERSIGN) for name in pumps or sorted(keys)}

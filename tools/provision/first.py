"""What a pump out of its box gets beside its record: the site's root record, and its first drug library."""

from __future__ import annotations

from pathlib import Path

from simulator.site.files import SiteError, open_site
from tools.sign.parcel import Packed, unpack
from tools.sign.problem import SignProblem
from tools.sign.roots import read_roots


def first_parcel(folder: Path, library: Path | None) -> Packed | None:
    """The parcel; None where the site has no root record and no library is named. SiteError for what is refused."""
    path = open_site(folder).folder / "roots" / "root.cbor"
    try:
        if not path.is_file():
            if library is not None:
                raise SignProblem(f"{path}: a library wants a root record; 'kvo provision roots {folder}' makes it")
            return None
        data = path.read_bytes()
        roots = read_roots(data)
        if library is None:
            return Packed(roots.sequence, data)
        signed = unpack(library.read_bytes())
        if not signed.envelope:
            raise SignProblem(f"{library}: no drug library is in it; 'kvo sign library' makes one")
    except SignProblem as refused:
        raise SiteError(str(refused)) from None
    return Packed(signed.number, data, signed.envelope, signed.payload)

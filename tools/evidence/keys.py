"""Which keys a file of evidence is held against: a site's own, or files that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tools.evidence.body import read_body
from tools.evidence.container import read_container
from tools.evidence.problem import EvidenceProblem
from tools.evidence.verify import Expected, Result, verify

_KEY = 32
_POINT = 33


def read_exactly(path: Path, size: int, what: str) -> bytes:
    """A file of so many bytes; EvidenceProblem for any other."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise EvidenceProblem(f"{path}: {wrong.strerror}; name {what}") from None
    if len(data) != size:
        raise EvidenceProblem(f"{path}: {len(data)} bytes are not {what}, which has {size}")
    return data


def read_file(path: Path) -> bytes:
    """A file of evidence; EvidenceProblem where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise EvidenceProblem(f"{path}: {wrong.strerror}; 'kvo evidence export' writes such a file") from None


def read_head(text: str) -> tuple[int, bytes]:
    """A head that a pump published, as NUMBER:SHA-256; EvidenceProblem for any other."""
    number, _, digest = text.partition(":")
    try:
        value = bytes.fromhex(digest)
        if len(value) == _KEY and 0 <= int(number) < 1 << 32:
            return int(number), value
    except ValueError:
        pass
    raise EvidenceProblem(f"--head {text}: a head is NUMBER:SHA-256, for example 41:9f…, 64 hex digits")


def site_keys(folder: Path, data: bytes, passphrase: str | None) -> tuple[list[bytes], bytes, str]:
    """The audit keys of the pump that a file says it is of, the newest first, the exporter's key, and the pump."""
    from simulator.site.files import open_site
    from simulator.site.keystore import unseal
    from simulator.site.make import read_passphrase

    site = open_site(folder)
    container = read_container(data)
    body = None if container is None else read_body(container.evidence)
    exporter = read_exactly(site.verifying() / "exporter.pub", _POINT, "the exporter's public key")
    if body is None:
        return [bytes(_KEY)], exporter, ""
    pump = unseal(site.keystore, read_passphrase(site, passphrase)).pumps.get(body.pump_id)
    if pump is None:
        raise EvidenceProblem(f"{folder}: it is evidence of pump {body.pump_id or 'unknown'}, none of this site's")
    return [*([pump.audit] if pump.audit else []), *reversed(pump.older)], exporter, body.pump_id


def best(data: bytes, keys: Sequence[bytes], expected: Expected) -> Result:
    """The verdict by whichever of a pump's audit keys tells the most: it has one for each audit that it began."""
    found = [verify(data, replace(expected, audit_key=key)) for key in keys]
    return min(found, key=lambda one: (len(one.problems), -len(one.records)))

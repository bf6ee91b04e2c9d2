"""Walks sites, builds and repositories and lists what is weak in them: `kvo provision check`."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tools.provision import sources
from tools.provision.finding import Finding
from tools.provision.identities import (
    Secret,
    certificates,
    judge_certificate,
    judge_key,
    judge_record,
    mark_of,
    private_keys,
    record,
    secrets_of,
)

_LEFT_OUT = {".git", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache",
             ".hypothesis", ".import_linter_cache"}  # fmt: skip
_LARGEST = 64 << 20
_HEAD = 8192
_RAW_KEY = 32
_PIN = re.compile(r"(?i)\bPIN\b[^:\n]*:\s*(\d{3,12})\b")


class Scan:
    """Findings of all paths together: what is shared is found across them."""

    def __init__(self, published: Collection[Path] = ()) -> None:
        """`published`: files of published test vectors, whose random strings are known to all."""
        self.files = 0
        self._published = {path.resolve() for path in published}
        self._findings: set[Finding] = set()
        self._secrets: list[Secret] = []
        self._certificates: dict[str, dict[int, Path]] = defaultdict(dict)
        self._read: list[tuple[Path, bytes]] = []

    def look(self, path: Path) -> None:
        """Check a file, or everything in a folder. OSError where it is not there."""
        path.stat()
        if path.is_dir():
            for parent, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
                for folder in folders:
                    self._look_at_mode(Path(parent) / folder)
                for name in sorted(names):
                    self._file(Path(parent) / name)
            self._look_at_mode(path)
        else:
            self._file(path)

    def findings(self) -> list[Finding]:
        """All of them, in order of place."""
        return sorted(self._findings | set(self._shared()) | set(self._spilt()))

    def _file(self, path: Path) -> None:
        if path.is_symlink() or not path.is_file():
            return
        self.files += 1
        try:
            if path.stat().st_size > _LARGEST:
                raise OSError(0, "larger than 64 MiB")
            data = path.read_bytes()
        except OSError as wrong:
            self._findings.add(Finding(path, 0, "cannot-be-read", wrong.strerror or "unreadable"))
            return
        self._look_at_mode(path)
        in_site = site_of(path) is not None
        holds_key = self._identities(path, data)
        if holds_key and not in_site and path.stat().st_mode & 0o077:
            self._findings.add(Finding(path, 0, "readable-by-others", f"a private key with mode {_mode(path)}"))
        if in_site:
            self._in_site(path, data)
        else:
            self._source(path, data)
        if path.name == "mosquitto.conf":
            self._findings.update(_broker(path, data.decode("utf-8", "replace")))
        self._read.append((path, data))

    def _identities(self, path: Path, data: bytes) -> bool:
        """Judge certificates, keys and records; whether there is a private key."""
        found = False
        for line, one in certificates(data):
            self._findings.update(judge_certificate(path, line, one))
            self._certificates[mark_of(one.public_key())].setdefault(one.serial_number, path)
        for line, key in private_keys(data):
            found = True
            self._findings.update(judge_key(path, line, key.public_key(), "the private key"))
            self._secrets.append(Secret(path, mark_of(key.public_key()), "a private key"))
        value = record(data) if path.suffix == ".cbor" else None
        if value is not None:
            found = True
            self._findings.update(judge_record(path, value))
            self._secrets.extend(secrets_of(path, value))
        return found

    def _in_site(self, path: Path, data: bytes) -> None:
        if path.name == "card.key":
            self._secrets.append(Secret(path, hashlib.sha256(data).hexdigest(), "a card's key", data[:_RAW_KEY]))
        if path.name == "passphrase" and (path.parent / "pumps.sealed").exists():
            self._findings.add(
                Finding(path, 0, "secret-beside-its-lock", "the key store's passphrase lies beside it")
            )
        if path.suffix == ".txt":
            for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
                match = _PIN.search(line)
                if match and sources.is_weak_pin(match[1]):
                    self._findings.add(Finding(path, number, "weak-pin", f"the PIN {match[1]}"))

    def _source(self, path: Path, data: bytes) -> None:
        if b"\0" in data[:_HEAD]:
            if sources.PEM.search(data.decode("latin-1")):
                self._findings.add(Finding(path, 0, "private-key-in-source", "a private key in PEM in a binary"))
            return
        known = path.resolve() in self._published
        for line, rule, what in sources.look(data.decode("utf-8", "replace")):
            if not (known and rule == "hard-coded-secret"):
                self._findings.add(Finding(path, line, rule, what))

    def _look_at_mode(self, path: Path) -> None:
        if site_of(path) is not None and not path.is_symlink() and path.stat().st_mode & 0o077:
            self._findings.add(Finding(path, 0, "readable-by-others", f"mode {_mode(path)} in a site"))

    def _shared(self) -> Iterator[Finding]:
        """Secrets that are in two places that should not share them."""
        places: dict[str, dict[tuple[Path, str], Secret]] = defaultdict(dict)
        for one in self._secrets:
            # The same identity in PEM and in DER lies side by side, under one name.
            places[one.mark].setdefault((one.path.parent, one.path.name.split(".")[0]), one)
        for holders in places.values():
            if len(holders) > 1:
                for one in holders.values():
                    others = ", ".join(str(other.path) for other in holders.values() if other is not one)
                    yield Finding(one.path, 0, "same-key-twice", f"{one.what} that is in {others} too")
        for same in self._certificates.values():
            if len(same) > 1:
                for path in same.values():
                    yield Finding(path, 0, "same-key-twice", "another certificate is for the same key")

    def _spilt(self) -> Iterator[Finding]:
        """A site's raw secrets anywhere else, as bytes or as hex."""
        for one in self._secrets:
            if len(one.raw) < _RAW_KEY:
                continue
            forms = (one.raw, one.raw.hex().encode(), one.raw.hex().upper().encode())
            for path, data in self._read:
                if path != one.path and any(form in data for form in forms) and record(data) is None:
                    yield Finding(path, 0, "hard-coded-secret", f"holds {one.what} of {one.path}")


def site_of(path: Path) -> Path | None:
    """The site's folder that `path` lies in or is, or None."""
    for folder in (path, *path.parents):
        if (folder / "site.yaml").is_file() and (folder / "ca").is_dir():
            return folder
    return None


def _mode(path: Path) -> str:
    return format(path.stat().st_mode & 0o777, "o")


def _broker(path: Path, text: str) -> Iterator[Finding]:
    options = {}
    for number, line in enumerate(text.split("\n"), 1):
        name, _, value = line.strip().partition(" ")
        options[name] = value.strip()
        if name == "allow_anonymous" and value.strip() == "true":
            yield Finding(path, number, "anonymous-broker", "clients without a name are let in")
    if "listener" in options or "port" in options:
        for name in ("require_certificate", "use_identity_as_username"):
            if options.get(name) != "true":
                yield Finding(path, 0, "anonymous-broker", f"{name} is not true")


def check(paths: Iterable[Path], published: Collection[Path] = ()) -> list[Finding]:
    """What is weak in `paths`."""
    scan = Scan(published)
    for path in paths:
        scan.look(path)
    return scan.findings()

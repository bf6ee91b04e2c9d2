"""Where things lie in a site's folder, and how they are written: private, whole, one writer at a time."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PUMP_ID = re.compile(r"[0-9a-f]{16}")
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
_CHUNK = 1 << 16


class SiteError(Exception):
    """What was asked of a site is refused; says why and what to do."""


class Site:
    """A site's folder. Paths only: nothing is read or written here."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.about = self.folder / "site.yaml"
        self.operators = self.folder / "operators.yaml"
        self.ca_key = self.folder / "ca" / "ca.key"
        self.ca = self.folder / "ca" / "ca.crt"
        self.crl = self.folder / "ca" / "revoked.crl"
        self.broker = self.folder / "broker"
        self.config = self.broker / "mosquitto.conf"
        self.acl = self.broker / "acl"
        self.keystore = self.folder / "keystore" / "pumps.sealed"
        self.passphrase = self.folder / "keystore" / "passphrase"
        self.exporter = self.folder / "exporter" / "exporter.key"
        self.log = self.folder / "keystore" / "handed-out.log"

    def pump(self, pump_id: str) -> Path:
        """The folder of one pump; SiteError where `pump_id` (16 hex digits) is none of the site's."""
        folder = self.folder / "pumps" / pump_id
        if not PUMP_ID.fullmatch(pump_id) or not folder.is_dir():
            known = ", ".join(self.pumps()) or "none"
            raise SiteError(f"{self.folder}: there is no pump {pump_id!r}; the site's pumps: {known}")
        return folder

    def pumps(self) -> list[str]:
        """The pumps' ids, in order."""
        folder = self.folder / "pumps"
        return sorted(one.name for one in folder.iterdir() if PUMP_ID.fullmatch(one.name)) if folder.is_dir() else []

    def client(self, name: str) -> Path:
        """The folder of a client's certificate (gateway, a terminal); SiteError where there is none."""
        folder = self.folder / "clients" / name
        if not NAME.fullmatch(name) or not folder.is_dir():
            raise SiteError(f"{self.folder}: there is no client {name!r}; the site's: {', '.join(self.clients())}")
        return folder

    def clients(self) -> list[str]:
        """The clients' names, in order."""
        folder = self.folder / "clients"
        return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []

    def card(self, number: int) -> Path:
        """The folder that stands for an operator's card."""
        return self.folder / "cards" / str(number)

    def recovery(self, number: int) -> Path:
        """The folder that stands for recovery card 1 or 2; to be taken elsewhere, each elsewhere."""
        return self.folder / f"recovery-card-{number}"

    def verifying(self) -> Path:
        """The folder of the cards' public keys."""
        return self.folder / "verifying"


def open_site(folder: Path | str) -> Site:
    """The Site in `folder`; SiteError where there is none."""
    site = Site(folder)
    if not site.about.is_file():
        raise SiteError(f"{folder}: no site is here (no site.yaml); 'kvo provision make {folder}' makes one")
    return site


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, that only its owner may enter."""
    for part in reversed([path, *path.parents]):
        if not part.exists():
            part.mkdir(mode=PRIVATE_FOLDER)


def write_private(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all, readable by its owner alone; it is on the disk when this returns."""
    make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with open(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def append_private(path: Path, line: str) -> None:
    """Add a line to a log that only its owner reads."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with open(descriptor, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def wipe_file(path: Path) -> None:
    """Write random bytes over a file, sync, and remove it.

    On flash and on file systems that copy on write the old blocks may live on: where that matters,
    what counts is that the key service's store is sealed, and that its passphrase lies elsewhere.
    """
    if path.is_symlink() or not path.is_file():
        path.unlink(missing_ok=True)
        return
    with open(path, "r+b") as file:
        left = path.stat().st_size
        while left:
            count = min(left, _CHUNK)
            file.write(os.urandom(count))
            left -= count
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def wipe_folder(folder: Path) -> int:
    """Wipe every file under `folder` and remove it; how many files there were. Links are not followed."""
    wiped = 0
    for parent, folders, names in os.walk(folder, topdown=False, followlinks=False):
        for name in names:
            wipe_file(Path(parent) / name)
            wiped += 1
        for name in folders:
            path = Path(parent) / name
            if path.is_symlink():
                path.unlink()
            else:
                path.rmdir()
    folder.rmdir()
    return wiped


@contextmanager
def held(folder: Path, busy: Exception) -> Iterator[None]:
    """Hold a folder for one program at a time; raises `busy` where another has it."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def writing(site: Site) -> Iterator[None]:
    """Hold the site for one writer; SiteError where another has it."""
    with held(site.folder, SiteError(f"{site.folder}: another 'kvo provision' is at work here; try again after it")):
        yield

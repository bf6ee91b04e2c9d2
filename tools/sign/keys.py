"""An HSS/LMS signing key in a folder, which never signs twice with one leaf.

    private   the key as pyhsslms made it, never written again
    public    what verifies (RFC 8554, section 6)
    state     which leaf comes next, and which file on which machine it counts for
    log       a line for each leaf: its number and the SHA-256 of what was signed

Signing twice with one leaf lets anyone forge. So the next number is on the disk, synced, before the signature is
made, and again in a **witness** elsewhere on this machine. A copied folder is noticed by `private`, whose inode and
machine the state names; a state put back, alone or with its folder, by the witness, which is ahead of it. A whole
machine put back (a snapshot) cannot be noticed from inside: docs/updates.md says what to do.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware.trust import lms
from simulator.site.files import append_private, held, make_folder, write_private
from tools.sign.problem import SignProblem

try:
    import pyhsslms
except ImportError as absent:
    raise SignProblem("signing needs the package pyhsslms; pip install 'kvo[site]'") from absent

HEIGHTS = (5, 10, 15)
FEW = 32  # signatures left from which it warns, at most a quarter and at least a tenth of all
_FORMAT = "kvo-signing-key/1"
_LEAST_MACHINE_ID = 8


def witness_folder() -> Path:
    """Where the witnesses lie: $KVO_SIGN_WITNESS, or the user's state folder."""
    named = os.environ.get("KVO_SIGN_WITNESS")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kvo" / "sign"


def machine() -> str:
    """What tells this machine from another."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if len(text) >= _LEAST_MACHINE_ID:
            return hashlib.sha256(f"kvo sign {text}".encode()).hexdigest()
    return hashlib.sha256(f"kvo sign {os.uname().nodename}".encode()).hexdigest()


def _sync_folder(folder: Path) -> None:
    """A renamed file is there after a power cut only if its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes | str) -> None:
    write_private(path, data)
    _sync_folder(path.parent)


class SigningKey:
    """The key in `folder`. Nothing is read before a method is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._private = folder / "private"
        self._state = folder / "state"

    def public(self) -> bytes:
        """The public key. SignProblem where there is no key."""
        try:
            return (self.folder / "public").read_bytes()
        except OSError:
            raise SignProblem(
                f"{self.folder}: no signing key is here; 'kvo sign key {self.folder}' makes one"
            ) from None

    def identifier(self) -> str:
        """The first 16 hex digits of the public key's SHA-256: what people and envelopes call it by."""
        return hashlib.sha256(self.public()).hexdigest()[:16]

    def capacity(self) -> int:
        """How many signatures it has from the first."""
        kind = int.from_bytes(self.public()[4:8], "big")
        return int(2 ** (5 + (kind - 5) % 5 * 5))

    def used(self) -> int:
        """How many leaves are spent. SignProblem where the state is a copy, was put back or cannot be read."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            used, inode, where = int(state["next"]), int(state["inode"]), str(state["machine"])
            if state["format"] != _FORMAT or state["key"] != self.identifier() or used < 0:
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError):
            raise SignProblem(
                f"{self._state}: the state is missing or damaged, so which leaves are spent is not known; "
                "this key must not sign again: make another and rotate to it"
            ) from None
        if where != machine() or inode != self._private.stat().st_ino:
            raise SignProblem(
                f"{self.folder}: this is a copy of a signing key, and the original may have signed since; "
                "sign where it was made, or make another key and rotate to it"
            )
        seen = self._witnessed()
        if used < seen:
            raise SignProblem(
                f"{self._state}: says that {used} leaves are spent, the witness in {witness_folder()} says {seen}: the "
                "state was put back; this key must not sign again: make another and rotate to it"
            )
        return used

    def _witness(self) -> Path:
        return witness_folder() / self.identifier()

    def _witnessed(self) -> int:
        try:
            return int(self._witness().read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise SignProblem(
                f"{self._witness()}: the witness of this key's leaves is missing or damaged, so a state that was put "
                "back would not be noticed; bring it back, or make another key and rotate to it"
            ) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.public()
        with held(self.folder, SignProblem(f"{self.folder}: another 'kvo sign' uses this key; try again after it")):
            yield

    def _reserve(self, used: int) -> None:
        """Spend leaf `used` for good. First the state, then its witness: cut between, the state is ahead, and good."""
        state = {
            "format": _FORMAT, "inode": self._private.stat().st_ino, "key": self.identifier(), "machine": machine(),
            "next": used + 1,
        }  # fmt: skip
        _write(self._state, json.dumps(state, sort_keys=True) + "\n")
        _write(self._witness(), f"{used + 1}\n")

    def sign(self, message: bytes) -> bytes:
        """A signature of `message`, by a leaf that was never used. SignProblem where there is none, or none is safe.

        OSError where the disk does not take the new state; then nothing was signed.
        """
        with self._alone():
            used = self.used()
            if used >= self.capacity():
                raise SignProblem(f"{self.folder}: all {used} signatures are spent; make another key and rotate to it")
            self._reserve(used)
            append_private(self.folder / "log", f"{used} {hashlib.sha256(message).hexdigest()}")
            key: Any = pyhsslms.HssPrivateKey.deserialize(self._private.read_bytes())
            key.prv[0].q = used
            signature = bytes(key.sign(message))
        if lms.verify(self.public(), message, signature) != lms.VERIFIED:
            raise SignProblem(
                f"{self.folder}: what it signs does not verify: 'private' is damaged, or of another key; "
                "nothing was given out, one leaf is spent"
            )
        return signature

    def warning(self) -> str:
        """A line where few signatures are left, or ''."""
        left = self.capacity() - self.used()
        if left > max(min(FEW, self.capacity() // 4), self.capacity() // 10):
            return ""
        return f"{self.folder}: {left} of {self.capacity()} signatures are left; make another key and rotate to it soon"


def make_key(folder: Path, height: int = 10) -> SigningKey:
    """Make a key of one tree, LMS_SHA256_M24 and W4, good for 2**height signatures. SignProblem where one is there."""
    if height not in HEIGHTS:
        raise SignProblem(f"no height {height}; choose one of {', '.join(map(str, HEIGHTS))}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SignProblem(f"{folder} is there already; name a folder that is not")
    key: Any = pyhsslms.HssPrivateKey(
        levels=1, lms_type=getattr(pyhsslms, f"lms_sha256_m24_h{height}"), lmots_type=pyhsslms.lmots_sha256_n24_w4
    )
    make_folder(folder)
    made = SigningKey(folder)
    _write(folder / "private", key.serialize())
    _write(folder / "public", key.publicKey().serialize())
    made._reserve(-1)
    return made

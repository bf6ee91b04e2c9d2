"""The key service's store: the pumps' keys and the operators' secrets, sealed under a passphrase.

AES-256-GCM under a key from scrypt (RFC 7914). What it holds is deterministic CBOR; the header is
authenticated with it, so nobody lowers the cost of guessing unseen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.trust.cbor import Refused, decode, encode
from simulator.site.files import SiteError, write_private

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
except ImportError as absent:
    raise SiteError("the key store needs the package cryptography; pip install 'kvo[site]'") from absent

VERSION = 1
COST = 1 << 15  # scrypt's N: 32 MiB and some 0.1 s for each guess
_SALT = 16
_NONCE = 12
_HEADER = 8 + _SALT + _NONCE
_MAGIC = b"KVOKEYS" + bytes((VERSION,))
_ITEMS = 1 << 20
_PASSPHRASE_LEAST = 12


@dataclass
class PumpEntry:
    """One pump: its key, its epoch, whether it was taken out of use, and the first key of its audit log.

    audit: b"" in a store from before there was one. older: those of logs that ended when the pump's key was replaced,
    the last one last, since evidence of before is verified by them.
    """

    key: bytes
    epoch: int = 1
    revoked: bool = False
    audit: bytes = b""
    older: list[bytes] = field(default_factory=list)


@dataclass
class OperatorEntry:
    """What an operator knows or holds, as the site needs it: PIN, and the password's scrypt verifier."""

    pin: str
    salt: bytes
    verifier: bytes


@dataclass
class Keys:
    """All of it, opened."""

    pumps: dict[str, PumpEntry] = field(default_factory=dict)
    operators: dict[int, OperatorEntry] = field(default_factory=dict)


def seal(path: Path, keys: Keys, passphrase: str) -> None:
    """Write `keys` to `path`, sealed."""
    if len(passphrase) < _PASSPHRASE_LEAST:
        raise SiteError(f"the passphrase has fewer than {_PASSPHRASE_LEAST} characters; take a longer one")
    header = _MAGIC + os.urandom(_SALT + _NONCE)
    plain = encode([
        {name: [one.key, one.epoch, one.revoked, one.audit, one.older] for name, one in keys.pumps.items()},
        {number: [one.pin, one.salt, one.verifier] for number, one in keys.operators.items()},
    ])  # fmt: skip
    sealed = _cipher(header, passphrase).encrypt(header[8 + _SALT :], plain, header)
    write_private(path, header + sealed)


def unseal(path: Path, passphrase: str) -> Keys:
    """The keys in `path`; SiteError where the passphrase is not the one, or the file is not as it was written."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise SiteError(f"{path}: cannot be read ({wrong.strerror}); restore the site's key store") from None
    header, sealed = data[:_HEADER], data[_HEADER:]
    if header[:8] != _MAGIC or len(header) != _HEADER:
        raise SiteError(f"{path}: this is no key store of version {VERSION}; restore the site's own")
    try:
        plain = _cipher(header, passphrase).decrypt(header[8 + _SALT :], sealed, header)
        return _read(decode(plain, items=_ITEMS))
    except (InvalidTag, Refused):
        raise SiteError(f"{path}: wrong passphrase, or the store was changed; restore it, or name the passphrase that "
                        "belongs to it with --passphrase-file") from None


def derive(password: str, salt: bytes, length: int = 32) -> bytes:
    """`length` bytes stretched from a password by scrypt."""
    return Scrypt(salt=salt, length=length, n=COST, r=8, p=1).derive(password.encode())


def _cipher(header: bytes, passphrase: str) -> Any:
    return AESGCM(derive(passphrase, header[8 : 8 + _SALT]))


def _read(value: Any) -> Keys:
    pumps, operators = value
    return Keys(
        {name: PumpEntry(*one) for name, one in pumps.items()},
        {number: OperatorEntry(*one) for number, one in operators.items()},
    )

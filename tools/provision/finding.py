"""A weak credential: where it is, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """`line` from 1, 0 for the whole file; `rule` is a name in RULES."""

    path: Path
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {self.rule}: {self.what}; {RULES[self.rule]}"


# Rule and remedy.
RULES = {
    "private-key-in-source": "take it out of the tree and its history, and replace it: 'kvo provision rotate'",
    "hard-coded-secret": "make it at run time or read it from a site's folder, and replace it wherever it was used",
    "default-password": "make a random one; 'kvo provision' does",
    "weak-pin": "take six random digits; 'kvo provision rotate SITE OPERATOR' makes them",
    "same-key-twice": "each pump, person and broker has its own: 'kvo provision rotate' the ones that share it",
    "weak-key": "EC P-256, Ed25519 or RSA of 2,048 bits and more: 'kvo provision rotate' makes one",
    "weak-signature": "have it signed anew with SHA-256: 'kvo provision rotate'",
    "expired": "'kvo provision rotate' makes a new one",
    "not-yet-valid": "put the clock right, or have it signed anew",
    "readable-by-others": "chmod 600 for a file, 700 for a folder",
    "secret-beside-its-lock": "take the passphrase away from the store that it opens, to where the key service gets it",
    "anonymous-broker": "set allow_anonymous false, require_certificate true and use_identity_as_username true",
    "cannot-be-read": "look at it by hand; what cannot be read was not checked",
}

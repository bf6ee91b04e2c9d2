"""The way of a drug library with one look left out, for the claim libraries-refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from firmware import settling
from firmware.therapy import soundness
from firmware.trust import sealed, taking
from firmware.update import libraries, manifest, proofs, refusal, rotation
from firmware.update import roots as r


def _always(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def _one_signer(roots: r.Roots) -> list[Any]:
    """The first will do."""
    found = r.library_proofs(roots)
    found[0].used.append(bytes(r.KEY_ID))
    return found[:1]


class _Forgetful(list[bytes]):
    """Holds who has signed, and knows nobody of them again."""

    def __contains__(self, _: object) -> bool:
        return False


def _forgetful(roots: r.Roots) -> list[Any]:
    """Two signatures, and nobody asks whether by two."""
    used = _Forgetful()
    return [proofs.Signer(one._keys, roots.revoked, used) for one in r.library_proofs(roots)]


def _unrevoked(roots: r.Roots) -> list[Any]:
    found = r.library_proofs(roots)
    return [proofs.Signer(one._keys, [], one.used) for one in found]


def _any_number(roots: r.Roots, record: Any, number: int = 0, digest: Any = None) -> manifest.Device:
    made: manifest.Device = r.device_of(roots, record)
    return made


def _first(data: bytes, before: r.Roots) -> Any:
    """A record that is plain follows as well."""
    return rotation.read_first(data)


def _unwritten(store: Any, what: int, code: int, word: Any, signers: Any, digest: bytes) -> None:
    """Spent, and nobody is told."""
    store.write(7, word.place, b"\0")


def _heard(store: Any, record: Any, digest: bytes, count: int) -> Any:
    """Any word holds."""
    word = _HEARD(store, record, digest, count)
    if word is not None:
        word.holds = True
    return word


_HEARD = taking.heard
# Where, what of it, and what stands there instead.
MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "one signature is enough": (libraries, "library_proofs", _one_signer),
    "one person may sign twice": (libraries, "library_proofs", _forgetful),
    "revoked keys count": (libraries, "library_proofs", _unrevoked),
    "signatures unread": (proofs.Signature, "step", lambda self, hashes: proofs.HOLDS),
    "a library of any number": (libraries, "device_of", _any_number),
    "limits unread": (soundness, "check", _always(soundness.SOUND)),
    "words of anybody's": (settling.taking, "heard", _heard),
    "a word of anybody who is logged in": (taking, "may_take", _always(True)),
    "while a therapy stands": (settling, "is_idle", _always(True)),
    "any seal": (sealed, "equal", _always(True)),
    "root records unsigned": (rotation, "read_next", _first),
    "root signatures unread": (rotation, "_holds", _always(True)),
    "root records of any sequence": (rotation, "_may_follow", _always(refusal.IN_FORCE)),
    "nobody is told": (settling.taking, "spend", _unwritten),
}


@contextlib.contextmanager
def without(name: str | None) -> Iterator[None]:
    """The shipped firmware, but for what the mutant `name` leaves out."""
    if name is None:
        yield
        return
    where, what, instead = MUTANTS[name]
    before = getattr(where, what)
    setattr(where, what, instead)
    try:
        yield
    finally:
        setattr(where, what, before)

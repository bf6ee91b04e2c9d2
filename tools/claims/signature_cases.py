"""Signatures altered in every way that a stranger might think of, for the claim signatures-verify."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from firmware.trust import lms

FILE = Path(__file__).with_name("lms_vectors.json")
# Bytes of a hash and chains of a set, and where it has room: RFC 8554, table 1, and RFC 9858, section 3.
_OTS = {1: (32, 265), 2: (32, 133), 3: (32, 67), 4: (32, 34), 5: (24, 200), 6: (24, 101), 7: (24, 51), 8: (24, 26)}
_KEY_HEAD = 24


@dataclass(frozen=True)
class Case:
    """A signature with its key and message. `expect`: the one verdict that is right, or any but VERIFIED."""

    key: bytes
    message: bytes
    signature: bytes
    name: str = ""
    expect: int | None = None

    @property
    def ots(self) -> int:
        """Code of the key's LM-OTS set."""
        return int.from_bytes(self.key[8:12], "big")

    @property
    def lms(self) -> int:
        """Code of the key's LMS set."""
        return int.from_bytes(self.key[4:8], "big")

    @property
    def path(self) -> int:
        """Where the first tree's path begins."""
        n, chains = _OTS[self.ots]
        return 4 + 4 + 4 + n * (1 + chains) + 4

    @property
    def n(self) -> int:
        """Bytes of a hash."""
        return _OTS[self.ots][0]

    @property
    def height(self) -> int:
        """Of a tree."""
        return 5 + (self.lms - 5) % 5 * 5

    def put(self, place: int, data: bytes, expect: int | None = None) -> Case:
        """With `data` at `place` of the signature."""
        signature = self.signature[:place] + data + self.signature[place + len(data) :]
        return replace(self, signature=signature, expect=expect)


def load() -> dict[str, list[dict[str, str]]]:
    """The file's two lists."""
    loaded: dict[str, list[dict[str, str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def case_of(one: dict[str, str]) -> Case:
    """A Case of a vector."""
    key, message, signature = (bytes.fromhex(one[part]) for part in ("public_key", "message", "signature"))
    return Case(key, message, signature, one["source"])


def _flip(case: Case, rng: random.Random) -> Case:
    place = rng.randrange(len(case.signature))
    return case.put(place, bytes([case.signature[place] ^ 1 << rng.randrange(8)]))


def _cut(case: Case, rng: random.Random) -> Case:
    return replace(case, signature=case.signature[: rng.randrange(len(case.signature))])


def _longer(case: Case, rng: random.Random) -> Case:
    return replace(case, signature=case.signature + rng.randbytes(rng.randint(1, 80)), expect=lms.REFUSED_LENGTH)


def _other(rng: random.Random, code: int) -> bytes:
    return struct.pack(">I", rng.choice([one for one in (*range(26), 0xFFFFFFFF) if one != code]))


def _ots_type(case: Case, rng: random.Random) -> Case:
    return case.put(8, _other(rng, case.ots), lms.REFUSED_TYPE)


def _lms_type(case: Case, rng: random.Random) -> Case:
    return case.put(case.path - 4, _other(rng, case.lms), lms.REFUSED_TYPE)


def _levels(case: Case, rng: random.Random) -> Case:
    return case.put(0, _other(rng, int.from_bytes(case.signature[:4], "big")), lms.REFUSED_LEVELS)


def _leaf(case: Case, rng: random.Random) -> Case:
    leaf = int.from_bytes(case.signature[4:8], "big")
    return case.put(4, struct.pack(">I", leaf ^ 1 << rng.randrange(case.height)), lms.REFUSED_SIGNATURE)


def _no_such_leaf(case: Case, rng: random.Random) -> Case:
    leaf = int.from_bytes(case.signature[4:8], "big")
    return case.put(4, struct.pack(">I", leaf | 1 << rng.randrange(case.height, 32)), lms.REFUSED_LEAF)


def _path(case: Case, rng: random.Random) -> Case:
    """Two neighbours of the path change places, or all move by one."""
    nodes = [case.signature[case.path + at * case.n :][: case.n] for at in range(case.height)]
    turn = rng.randrange(1, case.height)
    turned = nodes[turn:] + nodes[:turn]
    if rng.random() < 0.5:
        first, second = rng.sample(range(case.height), 2)
        turned = list(nodes)
        turned[first], turned[second] = nodes[second], nodes[first]
    return case.put(case.path, b"".join(turned), lms.REFUSED_SIGNATURE)


def _chains(case: Case, rng: random.Random) -> Case:
    """Two chains change places."""
    first, second = rng.sample(range(_OTS[case.ots][1]), 2)
    one, two = (case.signature[12 + case.n * (1 + at) :][: case.n] for at in (first, second))
    expect = lms.REFUSED_SIGNATURE if one != two else lms.VERIFIED
    return case.put(12 + case.n * (1 + first), two).put(12 + case.n * (1 + second), one, expect)


def _message(case: Case, rng: random.Random) -> Case:
    choice = rng.randrange(3)
    if choice == 0:
        return replace(case, message=case.message + rng.randbytes(1), expect=lms.REFUSED_SIGNATURE)
    if choice == 1:
        return replace(case, message=case.message[: rng.randrange(len(case.message))], expect=lms.REFUSED_SIGNATURE)
    place = rng.randrange(len(case.message))
    flipped = bytes([case.message[place] ^ 1 << rng.randrange(8)])
    message = case.message[:place] + flipped + case.message[place + 1 :]
    return replace(case, message=message, expect=lms.REFUSED_SIGNATURE)


def _key(case: Case, rng: random.Random) -> Case:
    place = rng.randrange(12, len(case.key))
    flipped = case.key[:place] + bytes([case.key[place] ^ 1 << rng.randrange(8)]) + case.key[place + 1 :]
    return replace(case, key=flipped, expect=lms.REFUSED_SIGNATURE)


def _key_length(case: Case, rng: random.Random) -> Case:
    length = rng.randrange(len(case.key) + 9)
    key = (case.key + rng.randbytes(9))[: length + (length == len(case.key))]
    return replace(case, key=key, expect=lms.REFUSED_KEY)


def _key_sets(case: Case, rng: random.Random) -> Case:
    """Key and signature agree, on a set that there is not, or on one of the other hash and the same height."""
    other = (case.lms + 5 if case.lms < 10 else case.lms - 5) if rng.random() < 0.5 else rng.choice([0, 4, 15, 24])
    code = struct.pack(">I", other)
    return replace(case.put(case.path - 4, code), key=case.key[:4] + code + case.key[8:], expect=lms.REFUSED_KEY)


def _key_levels(case: Case, rng: random.Random) -> Case:
    """Key and signature agree on no trees, or on more than there may be."""
    levels = rng.choice([0, 9, 255, 0x80000000])
    signature = struct.pack(">I", (levels - 1) & 0xFFFFFFFF) + case.signature[4:]
    return replace(case, key=struct.pack(">I", levels) + case.key[4:], signature=signature, expect=lms.REFUSED_KEY)


KINDS: tuple[tuple[int, Callable[[Case, random.Random], Case]], ...] = (
    (50, _flip), (8, _cut), (5, _longer), (4, _ots_type), (4, _lms_type), (2, _levels), (3, _leaf), (3, _no_such_leaf),
    (4, _path), (3, _chains), (6, _message), (3, _key), (2, _key_length), (2, _key_sets), (1, _key_levels),
)  # fmt: skip


def altered(cases: list[Case], count: int, seed: int) -> Iterator[tuple[str, Case]]:
    """`count` alterations by chance, each with its kind's name."""
    rng = random.Random(seed)
    weights = [weight for weight, _ in KINDS]
    for _ in range(count):
        [(_, alter)] = rng.choices(KINDS, weights)
        yield alter.__name__.strip("_"), alter(rng.choice(cases), rng)


def lower_tree_of_another(case: Case, stranger: Case) -> Case:
    """The message as a stranger's key signed it, put below the first tree's signature of the true lower key."""
    first = case.path + case.n * case.height
    own = stranger.key[4:] + stranger.signature[4:]
    return replace(case, message=stranger.message, signature=case.signature[:first] + own,
                   expect=lms.REFUSED_SIGNATURE)  # fmt: skip


def by_header(n: int, height: int, ots: int) -> Case:
    """A signature of a set whose trees nobody makes in a test: all is well with it but the hashes."""
    n_ots, chains = _OTS[ots]
    if n_ots != n:
        raise ValueError("no such set")
    code = (5 if n == 32 else 10) + height // 5 - 1
    key = struct.pack(">III", 1, code, ots) + bytes(16 + n)
    leaf = struct.pack(">I", (1 << height) - 1)
    signature = bytes(4) + leaf + struct.pack(">I", ots) + bytes(n * (1 + chains)) + struct.pack(">I", code)
    return Case(key, b"", signature + bytes(n * height), f"height {height}, set {ots}", lms.REFUSED_SIGNATURE)


def parts(case: Case) -> dict[str, Any]:
    """As tools/device/signatures.py takes it."""
    return {
        "source": case.name, "public_key": case.key.hex(), "message": case.message.hex(),
        "signature": case.signature.hex(),
    }  # fmt: skip

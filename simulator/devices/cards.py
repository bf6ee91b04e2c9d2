"""Cards that sign, and the reader at the bedside. Matches hal.ports.Identity.

The card is what a chip would be: it keeps its key and answers what it is asked, no matter who asks. Its signature is
that of RFC 6979, so that a run can be repeated. `Reader` has the awkward states of a real one, one attribute each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from firmware.trust.p256 import Curve
from hal import ports
from simulator.clock import VirtualClock

# A contactless chip takes some tenths of a second for a signature.
SIGNING_MS = 300
_WORD = 32
_ORDER = Curve().n
_REMEDY = "cards that sign need the package cryptography; pip install 'kvo[site]'"


class SignCard:
    """A person's card. `number`: whose it says it is; `uid`: what a reader calls it."""

    def __init__(self, number: int, key: bytes, uid: int | None = None) -> None:
        """`key`: 32 bytes, big-endian, 1 … order - 1; ValueError for any other. RuntimeError without the package."""
        try:
            from cryptography.hazmat.primitives.asymmetric import ec
        except ImportError:
            raise RuntimeError(_REMEDY) from None
        secret = int.from_bytes(key, "big")
        if len(key) != _WORD or not 0 < secret < _ORDER:
            raise ValueError(f"a card's key is {_WORD} bytes, from 1 to the order of P-256 less 1")
        self.number = number
        self.uid = int.from_bytes(hashlib.sha256(key).digest()[:4], "big") & 0x3FFFFFFF if uid is None else uid
        self._key: Any = ec.derive_private_key(secret, ec.SECP256R1())

    @property
    def public(self) -> bytes:
        """The point, compressed: 33 bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        made: bytes = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return made

    def sign(self, question: bytes) -> bytes:
        """What the card answers: person, r, s (ports.CARD_ANSWER bytes)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        signed = self._key.sign(question, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(signed)
        return self.number.to_bytes(4, "big") + r.to_bytes(_WORD, "big") + s.to_bytes(_WORD, "big")


def card_of(seed: int, number: int) -> SignCard:
    """A card for simulations: its key follows the seed, so that a run can be repeated. Never for a pump."""
    return SignCard(number, Random(f"{seed}/card {number}").randrange(1, _ORDER).to_bytes(_WORD, "big"))


def find_card(cards: Mapping[int, SignCard], number: int) -> SignCard:
    """A person's card among `cards`; ValueError where there is none."""
    if number not in cards:
        have = ", ".join(map(str, sorted(cards))) or "nobody"
        raise ValueError(f"person {number} has no card here; those who have one: {have}")
    return cards[number]


class Reader:
    """One card at a time. `card`: what lies there; `says(answer)`, where it is set, is what the firmware gets of it.

    `mute`: the card answers nothing. `plain`: it is a tag without a chip that signs.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._ready_ms = -1
        self._answer = b""
        self.card: SignCard | None = None
        self.mute = False
        self.plain = False
        self.questions: list[bytes] = []  # all that were asked, as somebody listening would have them
        self.says: Callable[[bytes], bytes] | None = None

    def lay(self, card: SignCard | None) -> None:
        """Lay a card down, in place of any other, or take it away (None). What the other was at is lost."""
        self.card = card
        self._answer = b""

    def present(self) -> int:
        """The card's name, or -1."""
        return -1 if self.card is None else self.card.uid

    def ask(self, question: bytes) -> int:
        """Have the card sign."""
        if self.card is None or self.plain:
            return ports.ERR_ABSENT
        question = bytes(question)
        self.questions.append(question)
        self._answer = self.card.sign(question)
        self._ready_ms = self._clock.ms + SIGNING_MS
        return ports.OK

    def answer(self, into: bytearray) -> int:
        """What it signed, once it has."""
        if not self._answer:
            return ports.ERR_ABSENT
        if self.mute or self._clock.ms < self._ready_ms:
            return ports.ERR_BUSY
        said = self._answer if self.says is None else self.says(self._answer)
        if len(said) != len(into):
            return ports.ERR_FAILED
        into[:] = said
        return ports.OK

    def reset(self) -> None:
        """The board restarts: the card forgets what it was asked."""
        self._answer = b""

"""SUIT envelopes as they are made (simulator/site/envelope.py), and the facility's MAC put into one."""

from __future__ import annotations

from firmware.trust.cbor import Refused, Tag, decode, encode
from firmware.update import suit
from simulator.site.envelope import (
    NOT_IN_THE_WAY,
    REPORT,
    Component,
    Prover,
    digest_of,
    digest_of_member,
    mac0,
    make_envelope,
    make_manifest,
    sequence,
    sign1,
)
from tools.sign.problem import SignProblem

__all__ = [
    "NOT_IN_THE_WAY", "REPORT", "Component", "Prover", "countersigned", "digest_of", "digest_of_member", "mac0",
    "make_envelope", "make_manifest", "sequence", "sign1",
]  # fmt: skip


def countersigned(data: bytes, key: bytes) -> bytes:
    """The envelope with the facility's MAC after its signature. SignProblem where it is no envelope with one proof."""
    try:
        members = decode(data, 2).value
        blocks = decode(members[suit.WRAPPER], 1)
        digest = suit.read_digest(blocks[0])
        manifest = members[suit.MANIFEST]
        if len(blocks) != 2 or digest != suit.hash_of(manifest):
            raise ValueError
    except (Refused, AttributeError, KeyError, TypeError, ValueError, IndexError):
        raise SignProblem("no envelope with one signature; 'kvo update inspect' says what it is") from None
    wrapper = encode([*blocks, mac0(key)(blocks[0])])
    return encode(Tag(suit.TAG, {**members, suit.WRAPPER: wrapper}))

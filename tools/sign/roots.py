"""Root records, as firmware/update/roots.py reads them: the first of a site, and those that its root key signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware.trust import cose
from firmware.trust.cbor import Tag, encode
from firmware.update import proofs
from firmware.update import roots as r
from tools.sign.envelope import Prover
from tools.sign.problem import SignProblem


def make_roots(
    sequence: int, vendor_id: bytes, class_id: bytes, root_key: bytes, makers: Sequence[bytes],
    pharmacists: Sequence[tuple[int, bytes]], revoked: Iterable[bytes] = (),
) -> r.Roots:  # fmt: skip
    """A record. SignProblem where a pump would not take it for one."""
    roots = r.Roots()
    roots.sequence = sequence
    roots.vendor_id, roots.class_id, roots.root_key = vendor_id, class_id, root_key
    roots.makers = list(makers)
    roots.pharmacists = list(pharmacists)
    roots.revoked = list(revoked)
    if not r.Roots().decode(roots.encode()):
        raise SignProblem(
            f"no root record that a pump takes: a sequence from 1, 1 to {r.MAKERS_MOST} keys of the manufacturer, "
            f"{r.PHARMACISTS_LEAST} to {r.PHARMACISTS_MOST} pharmacists, each a person and a key of their own, at most "
            f"{r.REVOKED_MOST} revoked keys, and the root key in no other office"
        )
    return roots


def read_roots(data: bytes) -> r.Roots:
    """The record in `data`, plain or signed. SignProblem where it is none."""
    roots = r.Roots()
    if not roots.decode(payload_of(data)):
        raise SignProblem("no root record; 'kvo sign root' makes one")
    return roots


def payload_of(data: bytes) -> bytes:
    """The record's bytes out of a signed one; others as they are."""
    message = cose.open_message(data, cose.TAG_SIGN1) if data[:1] == bytes((0xC0 | cose.TAG_SIGN1,)) else None
    return data if message is None or message.payload is None else message.payload


def sign_roots(roots: r.Roots, sign: Prover, root_key: bytes) -> bytes:
    """`roots`, signed by the root key of the record before: a COSE_Sign1 with the record in it."""
    headers = encode({cose.ALGORITHM: proofs.HSS_LMS, cose.KEY_ID: r.key_id(root_key)})
    payload = roots.encode()
    return encode(Tag(cose.TAG_SIGN1, [headers, {}, payload, sign(cose.to_sign(headers, b"", payload))]))

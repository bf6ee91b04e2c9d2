"""A drug library for pumps: two pharmacists sign one after the other, each with a key of their own."""

from __future__ import annotations

from firmware.therapy.library import Library
from firmware.trust import cose
from firmware.trust.cbor import Refused, Tag, decode, encode
from firmware.update import libraries, manifest, suit
from firmware.update import roots as r
from tools.sign.envelope import Component, Prover, make_envelope, make_manifest, sign1
from tools.sign.parcel import Packed
from tools.sign.problem import SignProblem

INTEGRATED = "#library"


def begin(data: bytes, roots: r.Roots) -> tuple[int, bytes]:
    """The number of a compiled library, and its manifest for this vendor and class. SignProblem for other bytes."""
    library = Library(data)
    if not library.entries:
        raise SignProblem("no compiled drug library; 'kvo library check FILE' says what is wrong with its source")
    if not library.sequence:
        raise SignProblem("the library's sequence is 0; give its source a 'sequence' that rises with each issue")
    part = Component((libraries.COMPONENT,), data, INTEGRATED if fits_inside(data) else libraries.FOLLOWS)
    made, _ = make_manifest(library.sequence, [part], roots.vendor_id, roots.class_id, start=False)
    return library.sequence, made


def fits_inside(data: bytes) -> bool:
    """Whether a payload may lie within its envelope; a longer one follows it."""
    return len(data) <= manifest.PAYLOAD_MOST


def pack(number: int, made: bytes, data: bytes, provers: list[Prover], roots: bytes = b"") -> Packed:
    """The parcel of a library. roots: a root record that goes before it (bytes)."""
    inside = {INTEGRATED: data} if fits_inside(data) else {}
    return Packed(number, roots, make_envelope(made, provers, None, inside), b"" if inside else data)


def prover(roots: r.Roots, public: bytes, sign: Prover) -> Prover:
    """The proof by a pharmacist's key. SignProblem where the root record does not know it, or it is revoked."""
    identifier = r.key_id(public)
    if not roots.pharmacist(identifier):
        raise SignProblem(f"key {identifier.hex()} is no pharmacist's of this root record; 'kvo sign root' adds one")
    if identifier in roots.revoked:
        raise SignProblem(f"key {identifier.hex()} is revoked; sign with another")
    return sign1(sign, key_id=identifier)


def signers(packed: Packed) -> list[bytes]:
    """The ids of the keys that have signed, in order. SignProblem where the envelope is none."""
    try:
        blocks = decode(decode(packed.envelope, 2).value[suit.WRAPPER], 1)[1:]
        found = [cose.open_message(block, cose.TAG_SIGN1) for block in blocks]
        return [bytes(one.protected[cose.KEY_ID]) for one in found if one is not None]
    except (Refused, AttributeError, KeyError, TypeError, IndexError):
        raise SignProblem("no envelope of a drug library is in this file") from None


def cosign(packed: Packed, roots: r.Roots, public: bytes, sign: Prover) -> Packed:
    """The parcel with one signature more. SignProblem where the same person has signed, or two have."""
    done = signers(packed)
    if len(done) != 1:
        raise SignProblem(f"{len(done)} have signed already; a library wants two, no more and no fewer")
    if r.key_id(public) in done or roots.pharmacist(r.key_id(public)) == roots.pharmacist(done[0]):
        raise SignProblem("this person has signed already; the second signature is another pharmacist's")
    members = decode(packed.envelope, 2).value
    digest, first = decode(members[suit.WRAPPER], 1)
    if suit.read_digest(digest) != suit.hash_of(members[suit.MANIFEST]):
        raise SignProblem("the manifest is not what was signed first; have it made and signed anew")
    block = prover(roots, public, sign)(digest)
    wrapper = encode([digest, first, block])
    made = encode(Tag(suit.TAG, {**members, suit.WRAPPER: wrapper}))
    return Packed(packed.number, packed.roots, made, packed.payload)


def content(packed: Packed) -> bytes:
    """The compiled library in a parcel."""
    members = decode(packed.envelope, 2).value
    inside = members.get(INTEGRATED)
    return packed.payload if inside is None else bytes(inside)

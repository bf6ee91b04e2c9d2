"""Makes SUIT envelopes (draft-ietf-suit-manifest) as firmware/update opens them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firmware.trust import cose
from firmware.trust.cbor import Tag, encode
from firmware.trust.mac import MacKey
from firmware.update import commands as c
from firmware.update import proofs, suit

REPORT = 15  # all four kinds of record, of every condition and directive
NOT_IN_THE_WAY = 2  # of invoke: the pump restarts, and reports after
Prover = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Component:
    """What an update writes: its identifier, and the payload with the URI that it is fetched from.

    A URI that begins with '#' is a payload within the envelope.
    """

    identifier: tuple[bytes, ...]
    payload: bytes
    uri: str


def digest_of(data: bytes) -> list[Any]:
    """A SUIT_Digest of `data`, by SHA-256."""
    return [suit.SHA_256, hashlib.sha256(data).digest()]


def digest_of_member(data: bytes) -> list[Any]:
    """A SUIT_Digest of a severed member or of the manifest: over its byte string, head included."""
    return digest_of(encode(data))


def sequence(*items: Any) -> bytes:
    """A command sequence: commands and arguments in turn."""
    return encode(list(items))


def make_manifest(
    number: int, components: Sequence[Component], vendor_id: bytes, class_id: bytes, text: str = "", start: bool = True
) -> tuple[bytes, dict[int, bytes]]:
    """The manifest (bytes) that fetches each component and holds it against its digest, and its severed members.

    `number` is its sequence number. `text`: a description for people, severed. `start`: the first component is
    code, which is started.
    """
    shared: list[Any] = []
    install: list[Any] = []
    validate: list[Any] = []
    for index, component in enumerate(components):
        parameters = {
            c.P_VENDOR: vendor_id,
            c.P_CLASS: class_id,
            c.P_DIGEST: encode(digest_of(component.payload)),
            c.P_SIZE: len(component.payload),
        }
        shared += [c.D_INDEX, index, c.D_OVERRIDE, parameters, c.C_VENDOR, REPORT, c.C_CLASS, REPORT]
        install += [c.D_INDEX, index, c.D_OVERRIDE, {c.P_URI: component.uri}, c.D_FETCH, NOT_IN_THE_WAY,
                    c.C_IMAGE, REPORT]  # fmt: skip
        validate += [c.D_INDEX, index, c.C_IMAGE, REPORT]
    common = {2: [list(component.identifier) for component in components], c.SHARED: sequence(*shared)}
    manifest: dict[int, Any] = {
        1: 1, 2: number, 3: encode(common), c.VALIDATE: sequence(*validate), c.INSTALL: sequence(*install),
    }  # fmt: skip
    if start:
        manifest[c.INVOKE] = sequence(c.D_INDEX, 0, c.D_INVOKE, NOT_IN_THE_WAY)
    severed = {}
    if text:
        severed[suit.TEXT] = encode({"en": {1: text}})
        manifest[suit.TEXT] = digest_of_member(severed[suit.TEXT])
    return encode(manifest), severed


def sign1(sign: Prover, algorithm: int = proofs.HSS_LMS, key_id: bytes = b"") -> Prover:
    """A prover that makes a COSE_Sign1 by `sign` (to-be-signed bytes to signature) over a detached payload."""
    headers = encode({cose.ALGORITHM: algorithm, **({cose.KEY_ID: key_id} if key_id else {})})

    def prove(payload: bytes) -> bytes:
        return encode(Tag(cose.TAG_SIGN1, [headers, {}, None, sign(cose.to_sign(headers, b"", payload))]))

    return prove


def mac0(key: bytes) -> Prover:
    """A prover that makes the facility's COSE_Mac0 over a detached payload."""
    headers = encode({cose.ALGORITHM: cose.HMAC_256})

    def prove(payload: bytes) -> bytes:
        over = encode(["MAC0", headers, b"", payload])
        return encode(Tag(cose.TAG_MAC0, [headers, {}, None, MacKey(key).mac(over)]))

    return prove


def make_envelope(
    manifest: bytes, provers: Sequence[Prover], severed: Mapping[int, bytes] | None = None,
    payloads: Mapping[str, bytes] | None = None,
) -> bytes:  # fmt: skip
    """The envelope (bytes) of a manifest: proofs in the order in which a pump demands them."""
    digest = encode(digest_of_member(manifest))
    wrapper = encode([digest, *(prove(digest) for prove in provers)])
    return encode(
        Tag(suit.TAG, {suit.WRAPPER: wrapper, suit.MANIFEST: manifest, **(severed or {}), **(payloads or {})})
    )

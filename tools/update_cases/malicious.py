"""Envelopes that somebody who can write, and some who can sign, might send; each with the code that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyhsslms

from firmware.trust.cbor import Tag, decode, encode
from firmware.update import commands as c
from firmware.update import manifest as rooms
from firmware.update import processor, suit, verdict
from firmware.update.roots import key_id, library_proofs
from tools.sign import envelope
from tools.sign.envelope import Component, digest_of, sequence
from tools.update_cases.pump import (
    CLASS,
    IMAGE,
    NAME,
    PHARMACISTS,
    PROVERS,
    PUBLIC,
    SHIPPED,
    URI,
    VENDOR,
    Rooms,
    Said,
    Slots,
    demanded,
    device,
    facility,
    good_envelope,
    good_manifest,
    pharmacist,
    public,
    roots,
    sign,
    update,
)  # fmt: skip

REPORT = envelope.REPORT
GOOD = good_envelope()
MANIFEST, SEVERED = good_manifest()
Case = tuple[int, bytes, dict[str, Any]]
_IDENTIFY = [c.D_OVERRIDE, {c.P_VENDOR: VENDOR, c.P_CLASS: CLASS, c.P_DIGEST: encode(digest_of(IMAGE))},
             c.C_VENDOR, REPORT, c.C_CLASS, REPORT]  # fmt: skip
_FETCH = [c.D_OVERRIDE, {c.P_URI: URI}, c.D_FETCH, 2]
_MATCH = [c.C_IMAGE, REPORT]


def without_maker() -> list[envelope.Prover]:
    """Only the facility's key: enough for what is refused after the proofs, where `demands` says so."""
    return [PROVERS[1]]


def signed(manifest: bytes, severed: dict[int, bytes] | None = None, payloads: dict[str, bytes] | None = None) -> bytes:
    """An envelope with the facility's proof alone (signatures are few)."""
    return envelope.make_envelope(manifest, without_maker(), severed or {}, payloads)


def of(**changes: Any) -> bytes:
    """The good manifest, encoded with members put, or left out where None; names as in `_MEMBERS`."""
    members = decode(MANIFEST)
    for name, value in changes.items():
        key = _MEMBERS[name]
        if value is None:
            del members[key]
        else:
            members[key] = value
    return encode(members)


_MEMBERS = {"version": 1, "number": 2, "common": 3, "reference": 4, "validate": 7, "invoke": 9, "fetch": 16,
            "install": 20, "text": 23, "unknown": 99, "custom": -1, "word": "word"}  # fmt: skip


def common(*shared: Any, components: Any = None) -> bytes:
    """The member `common`; one component of the pump's unless `components` says otherwise."""
    return encode({2: [list(NAME)] if components is None else components, 4: sequence(*shared)})


def commands(*install: Any, shared: list[Any] | None = None, components: Any = None, **changes: Any) -> bytes:
    """A manifest with these commands to install, after vendor and class unless `shared` says otherwise."""
    shared = _IDENTIFY if shared is None else shared
    return of(common=common(*shared, components=components), install=sequence(*install), **changes)


def commands_for(component: int) -> list[Any]:
    """The commands that say what a component is and check whom it is for."""
    return [c.D_INDEX, component, *_IDENTIFY]


def raw(data: bytes, old: bytes, new: bytes) -> bytes:
    """`data` with one piece exchanged; ValueError where it is not there."""
    if data.count(old) != 1:
        raise ValueError("not there once")
    return data.replace(old, new)


def members_of(data: bytes) -> dict[Any, Any]:
    """The envelope's members."""
    members: dict[Any, Any] = decode(data).value
    return members


def with_members(data: bytes, **changes: Any) -> bytes:
    """The envelope with members put by number (`_2`) or, at will, left out."""
    members = members_of(data)
    for name, value in changes.items():
        key = int(name.strip("_"))
        if value is None:
            del members[key]
        else:
            members[key] = value
    return encode(Tag(suit.TAG, members))


def with_wrapper(change: Callable[[list[Any]], Any]) -> bytes:
    """The good envelope with its wrapper's list changed."""
    return with_members(GOOD, _2=encode(change(decode(members_of(GOOD)[2]))))


def _with_block(number: int, change: Callable[[list[Any]], list[Any]]) -> bytes:
    def changed(blocks: list[Any]) -> list[Any]:
        block = decode(blocks[number])
        return [*blocks[:number], encode(Tag(block.number, change(block.value))), *blocks[number + 1 :]]

    return with_wrapper(changed)


def nested(depth: int, inner: bytes | None = None) -> bytes:
    """Sequences within sequences."""
    data = sequence(*_MATCH) if inner is None else inner
    for _ in range(depth):
        data = sequence(c.D_RUN, data)
    return data


def _wrong_maker() -> bytes:
    key: Any = pyhsslms.HssPrivateKey(
        levels=1, lms_type=pyhsslms.lms_sha256_m24_h5, lmots_type=pyhsslms.lmots_sha256_n24_w1
    )
    return envelope.make_envelope(MANIFEST, [envelope.sign1(key.sign), PROVERS[1]], SEVERED)


def _signature_of_another() -> bytes:
    other = envelope.make_envelope(good_manifest(number=8)[0], PROVERS)
    return with_wrapper(lambda blocks: [blocks[0], decode(members_of(other)[2])[1], blocks[2]])


def _payload(changed: bytes, uri: str = "#firmware") -> bytes:
    manifest, severed = envelope.make_manifest(7, [Component(NAME, IMAGE, "#firmware")], VENDOR, CLASS)
    return signed(manifest, severed, {uri: changed} if uri else {})


def _two(order: int = 1) -> list[Any]:
    return [list(NAME), [b"library"]][::order]


def _long_signature() -> bytes:
    return _with_block(1, lambda parts: [*parts[:3], bytes(suit.PROOF_MOST)])


def envelopes() -> dict[str, tuple[int, bytes]]:
    """Refused before anything of the manifest is parsed."""
    shortest = raw(GOOD, b"\xd8\x6b\xa3\x02", b"\xd8\x6b\xa3\x18\x02")
    twice = b"\xd8\x6b\xa4\x02\x40" + GOOD[3:]
    return {
        "too long": (verdict.TOO_LONG, GOOD + bytes(suit.ENVELOPE_MOST)),
        "nothing": (verdict.MALFORMED, b""),
        "cut short": (verdict.MALFORMED, GOOD[:-1]),
        "bytes after it": (verdict.MALFORMED, GOOD + b"\x00"),
        "a key in a longer form": (verdict.MALFORMED, shortest),
        "a length in a longer form": (verdict.MALFORMED, b"\xd8\x6b\xb8\x03" + GOOD[3:]),
        "an indefinite length": (verdict.MALFORMED, b"\xd8\x6b\xbf" + GOOD[3:] + b"\xff"),
        "a key twice": (verdict.MALFORMED, twice),
        "a bomb of lists": (verdict.MALFORMED, b"\xd8\x6b" + b"\x81" * 9000 + b"\x00"),
        "a bomb of tags": (verdict.MALFORMED, b"\xd8\x6b" * 3000 + b"\xa0"),
        "a map of four thousand million": (verdict.MALFORMED, b"\xd8\x6b\xba\xff\xff\xff\xff"),
        "too many members": (verdict.MALFORMED, encode(Tag(107, dict.fromkeys(range(40), b"")))),
        "another tag": (verdict.NO_ENVELOPE, encode(Tag(108, members_of(GOOD)))),
        "no tag": (verdict.NO_ENVELOPE, encode(members_of(GOOD))),
        "no map": (verdict.NO_ENVELOPE, encode(Tag(107, [b"", b""]))),
        "no manifest": (verdict.NO_ENVELOPE, with_members(GOOD, _3=None)),
        "no wrapper": (verdict.NO_ENVELOPE, with_members(GOOD, _2=None)),
        "a manifest that is a number": (verdict.NO_ENVELOPE, with_members(GOOD, _3=3)),
        "delegation": (verdict.UNKNOWN_MEMBER, with_members(GOOD, _1=b"")),
        "a custom member": (verdict.UNKNOWN_MEMBER, with_members(GOOD, _99=b"")),
        "a wrapper of rubbish": (verdict.WRAPPER, with_members(GOOD, _2=b"\x81")),
        "a wrapper with nothing": (verdict.WRAPPER, with_wrapper(lambda blocks: [])),
        "a wrapper of numbers": (verdict.WRAPPER, with_wrapper(lambda blocks: [1, 2])),
        "a wrapper of too many": (verdict.WRAPPER, with_wrapper(lambda blocks: [*blocks, *blocks])),
        "a digest by SHA-384": (
            verdict.DIGEST_ALGORITHM, with_wrapper(lambda blocks: [encode([-43, bytes(48)]), *blocks[1:]])),
        "a digest by no algorithm": (
            verdict.DIGEST_ALGORITHM, with_wrapper(lambda blocks: [encode([True, bytes(32)]), *blocks[1:]])),
        "a digest by another algorithm": (
            verdict.DIGEST_ALGORITHM,
            with_wrapper(lambda blocks: [encode([-15, *decode(blocks[0])[1:]]), *blocks[1:]])),
        "a digest cut short": (
            verdict.DIGEST_ALGORITHM, with_wrapper(lambda blocks: [encode([-16, bytes(31)]), *blocks[1:]])),
        "a digest of the content alone": (
            verdict.WRONG_DIGEST, with_wrapper(lambda blocks: [encode(digest_of(MANIFEST)), *blocks[1:]])),
        "another manifest": (verdict.WRONG_DIGEST, with_members(GOOD, _3=good_manifest(number=8)[0])),
        "unsigned": (verdict.NUMBER_OF_PROOFS, with_wrapper(lambda blocks: blocks[:1])),
        "no counter-signature": (verdict.NUMBER_OF_PROOFS, with_wrapper(lambda blocks: blocks[:2])),
        "no signature": (verdict.NUMBER_OF_PROOFS, with_wrapper(lambda blocks: [blocks[0], blocks[2]])),
        "a proof too many": (verdict.NUMBER_OF_PROOFS, with_wrapper(lambda blocks: [*blocks, blocks[2]])),
        "proofs in another order": (
            verdict.PROOF_MALFORMED, with_wrapper(lambda blocks: [blocks[0], blocks[2], blocks[1]])),
        "a proof without its tag": (
            verdict.PROOF_MALFORMED, with_wrapper(lambda blocks: [blocks[0], blocks[1][1:], blocks[2]])),
        "an empty proof": (verdict.PROOF_MALFORMED, with_wrapper(lambda blocks: [blocks[0], b"", blocks[2]])),
        "a proof with a payload": (
            verdict.PROOF_MALFORMED, _with_block(1, lambda parts: [*parts[:2], b"payload", parts[3]])),
        "a proof that says more": (
            verdict.PROOF_MALFORMED, _with_block(1, lambda parts: [encode({1: -46, 15: {}}), *parts[1:]])),
        "a proof with text for a key id": (
            verdict.PROOF_MALFORMED, _with_block(1, lambda parts: [encode({1: -46, 4: "k"}), *parts[1:]])),
        "an endless signature": (verdict.PROOF_MALFORMED, _long_signature()),
        "signed by ES256": (
            verdict.PROOF_ALGORITHM, _with_block(1, lambda parts: [encode({1: -7}), *parts[1:]])),
        "an algorithm that is not protected": (
            verdict.PROOF_UNPROTECTED, _with_block(1, lambda parts: [b"", {1: -46}, *parts[2:]])),
        "a header that no key vouches for": (
            verdict.PROOF_UNPROTECTED, _with_block(2, lambda parts: [parts[0], {4: b"x"}, *parts[2:]])),
        "signed by the wrong key": (verdict.WRONG_PROOF, _wrong_maker()),
        "zero signatures": (verdict.WRONG_PROOF, _with_block(1, lambda parts: [*parts[:3], b""])),
        "zeros for a signature": (
            verdict.WRONG_PROOF, _with_block(1, lambda parts: [*parts[:3], bytes(len(parts[3]))])),
        "the signature of another manifest": (verdict.WRONG_PROOF, _signature_of_another()),
        "the MAC of another facility": (
            verdict.WRONG_PROOF, envelope.make_envelope(MANIFEST, [PROVERS[0], envelope.mac0(b"another")], SEVERED)),
        "a MAC cut short": (
            verdict.WRONG_PROOF, _with_block(2, lambda parts: [*parts[:3], parts[3][:16]])),
    }  # fmt: skip


def manifests() -> dict[str, tuple[int, bytes]]:
    """Refused as they are read, though every proof holds: nothing of them is carried out."""
    uri = {c.P_URI: URI}
    return {
        "too long a manifest": (verdict.MANIFEST_TOO_LONG, signed(of(install=bytes(rooms.MANIFEST_MOST)))),
        "no CBOR": (verdict.MANIFEST_MALFORMED, signed(b"\xff")),
        "a list": (verdict.MANIFEST_MALFORMED, signed(encode([1, 2]))),
        "a member twice": (verdict.MANIFEST_MALFORMED, signed(b"\xa2\x01\x01\x01\x01")),
        "an indefinite length within": (verdict.MANIFEST_MALFORMED, signed(b"\xbf\x01\x01\xff")),
        "no common": (verdict.MANIFEST_MALFORMED, signed(of(common=None))),
        "a section that is a number": (verdict.MANIFEST_MALFORMED, signed(of(validate=7))),
        "a severed section that may not be": (verdict.MANIFEST_MALFORMED, signed(of(validate=digest_of(b"")))),
        "a long reference": (verdict.MANIFEST_MALFORMED, signed(of(reference="x" * 200))),
        "common of rubbish": (verdict.MANIFEST_MALFORMED, signed(of(common=b"\x81"))),
        "no shared sequence": (verdict.MANIFEST_MALFORMED, signed(of(common=encode({2: [list(NAME)]})))),
        "an unknown member": (verdict.MANIFEST_MEMBER, signed(of(unknown=b""))),
        "a custom member of the manifest": (verdict.MANIFEST_MEMBER, signed(of(custom=b""))),
        "a member by a word": (verdict.MANIFEST_MEMBER, signed(of(word=b""))),
        "dependencies": (verdict.MANIFEST_MEMBER, signed(of(common=encode({1: {}, 2: [list(NAME)], 4: b"\x80"})))),
        "no version": (verdict.MANIFEST_VERSION, signed(of(version=None))),
        "version 0": (verdict.MANIFEST_VERSION, signed(of(version=0))),
        "version 2": (verdict.MANIFEST_VERSION, signed(of(version=2))),
        "true for a version": (verdict.MANIFEST_VERSION, signed(of(version=True))),
        "no sequence number": (verdict.SEQUENCE_NUMBER, signed(of(number=None))),
        "a negative sequence number": (verdict.SEQUENCE_NUMBER, signed(of(number=-1))),
        "an over-long sequence number": (verdict.SEQUENCE_NUMBER, signed(of(number=1 << 63))),
        "text for a sequence number": (verdict.SEQUENCE_NUMBER, signed(of(number="8"))),
        "rolled back": (verdict.ROLLBACK, signed(of(number=5))),
        "the installed number, with other content": (verdict.SAME_NUMBER, signed(of(number=6))),
        "no component": (verdict.COMPONENTS, signed(of(common=common(components=[])))),
        "a component twice": (verdict.COMPONENTS, signed(of(common=common(components=[list(NAME)] * 2)))),
        "two names for one component": (
            verdict.COMPONENTS, signed(of(common=common(components=[list(NAME), [b"fw"]])))),
        "five components": (
            verdict.COMPONENTS, signed(of(common=common(components=[[bytes([at])] for at in range(5)])))),
        "a component by text": (verdict.COMPONENTS, signed(of(common=common(components=[["firmware"]])))),
        "a component of no parts": (verdict.COMPONENTS, signed(of(common=common(components=[[]])))),
        "a component of a long part": (verdict.COMPONENTS, signed(of(common=common(components=[[bytes(17)]])))),
        "another pump's component": (
            verdict.UNKNOWN_COMPONENT, signed(of(common=common(components=[list(NAME), [b"radio"]])))),
        "a path for a component": (
            verdict.UNKNOWN_COMPONENT, signed(of(common=common(components=[[b"..", b"main.py"]])))),
        "severed text changed": (
            verdict.SEVERED_CHANGED, signed(MANIFEST, {suit.TEXT: SEVERED[suit.TEXT].replace(b"better", b"worser")})),
        "a severed section with too much in it": (
            verdict.MANIFEST_TOO_LONG, signed(MANIFEST, {suit.TEXT: bytes(rooms.MEMBER_MOST + 1)})),
        "severed by another digest": (verdict.DIGEST_ALGORITHM, signed(of(install=[-43, bytes(48)]))),
        "a section in the manifest and beside it": (
            verdict.MEMBER_TWICE, signed(MANIFEST, {suit.INSTALL: sequence(*_FETCH)})),
        "a section that nobody severed": (
            verdict.MEMBER_TWICE, signed(MANIFEST, {suit.PAYLOAD_FETCH: sequence(*_FETCH)})),
        "half a command": (verdict.SEQUENCE_MALFORMED, signed(of(install=encode([c.D_FETCH])))),
        "a command by a word": (verdict.SEQUENCE_MALFORMED, signed(of(install=encode(["fetch", 2])))),
        "true for a command": (verdict.SEQUENCE_MALFORMED, signed(of(install=encode([True, 2])))),
        "a sequence of rubbish": (verdict.SEQUENCE_MALFORMED, signed(of(install=b"\x9f\xff"))),
        "a sequence that is a map": (verdict.SEQUENCE_MALFORMED, signed(of(install=b"\xa0"))),
        "lists in an argument": (
            verdict.SEQUENCE_MALFORMED, signed(of(install=encode([c.D_TRY_EACH, [[[b""]]]])))),
        "a thousand in a list": (
            verdict.SEQUENCE_MALFORMED, signed(of(install=encode([c.D_TRY_EACH, [b""] * 1000])))),
        "a bomb of sequences": (verdict.TOO_DEEP, signed(of(install=nested(200)))),
        "one sequence too deep": (verdict.TOO_DEEP, signed(of(install=nested(c.DEPTH)))),
        "a try-each within itself": (
            verdict.TOO_DEEP,
            signed(of(install=sequence(c.D_TRY_EACH, [nested(c.DEPTH), nested(c.DEPTH)])))),
        "too many commands": (
            verdict.TOO_MANY_COMMANDS, signed(of(install=sequence(*_MATCH * 40), validate=sequence(*_MATCH * 40)))),
        "an unknown command": (verdict.UNKNOWN_COMMAND, signed(commands(99, 0))),
        "a custom command": (verdict.UNKNOWN_COMMAND, signed(commands(-1, 0))),
        "an unknown command in a branch not taken": (
            verdict.UNKNOWN_COMMAND, signed(commands(c.D_TRY_EACH, [sequence(*_MATCH), sequence(99, 0)]))),
        "set parameters, of an older draft": (verdict.UNKNOWN_COMMAND, signed(commands(19, {}))),
        "a fetch in the shared sequence": (
            verdict.MISPLACED_COMMAND, signed(commands(shared=[*_IDENTIFY, *_FETCH]))),
        "a start while installing": (verdict.MISPLACED_COMMAND, signed(commands(c.D_INVOKE, 0))),
        "a write while validating": (
            verdict.MISPLACED_COMMAND, signed(of(validate=sequence(c.D_OVERRIDE, {c.P_CONTENT: b""}, c.D_WRITE, 0)))),
        "a fetch while starting": (verdict.MISPLACED_COMMAND, signed(of(invoke=sequence(*_FETCH)))),
        "a reporting policy out of range": (verdict.ARGUMENT, signed(commands(c.C_IMAGE, 16))),
        "a list for a reporting policy": (verdict.ARGUMENT, signed(commands(c.D_FETCH, []))),
        "an index past the components": (verdict.ARGUMENT, signed(commands(c.D_INDEX, 1))),
        "a negative index": (verdict.ARGUMENT, signed(commands(c.D_INDEX, -1))),
        "false for an index": (verdict.ARGUMENT, signed(commands(c.D_INDEX, False))),
        "an index twice": (
            verdict.ARGUMENT, signed(commands(c.D_INDEX, [0, 0], components=_two()))),
        "no indices": (verdict.ARGUMENT, signed(commands(c.D_INDEX, []))),
        "one alternative": (verdict.ARGUMENT, signed(commands(c.D_TRY_EACH, [sequence(*_MATCH)]))),
        "nothing to try first": (verdict.ARGUMENT, signed(commands(c.D_TRY_EACH, [None, sequence(*_MATCH)]))),
        "alternatives that are numbers": (verdict.ARGUMENT, signed(commands(c.D_TRY_EACH, [1, 2]))),
        "a sequence that is a number": (verdict.ARGUMENT, signed(commands(c.D_RUN, 1))),
        "no parameters": (verdict.ARGUMENT, signed(commands(c.D_OVERRIDE, {}))),
        "an unknown parameter": (verdict.UNKNOWN_PARAMETER, signed(commands(c.D_OVERRIDE, {99: 1}))),
        "a custom parameter": (verdict.UNKNOWN_PARAMETER, signed(commands(c.D_OVERRIDE, {-1: 1}))),
        "a parameter by a word": (verdict.UNKNOWN_PARAMETER, signed(commands(c.D_OVERRIDE, {"uri": URI}))),
        "a vendor id of 15 bytes": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_VENDOR: bytes(15)}))),
        "an image digest that is none": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_DIGEST: b"\x80"}))),
        "a third slot": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_SLOT: 2}))),
        "a number for strict order": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_STRICT: 1}))),
        "an over-long size": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_SIZE: 1 << 40}))),
        "a negative size": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_SIZE: -1}))),
        "a source past the components": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_SOURCE: 1}))),
        "a URI of 200 characters": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_URI: "u" * 200}))),
        "a URI in bytes": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_URI: b"u"}))),
        "long content": (
            verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_CONTENT: bytes(1025)}))),
        "long arguments": (verdict.PARAMETER, signed(commands(c.D_OVERRIDE, {c.P_FETCH: bytes(65)}))),
        "soft failure outside": (verdict.SOFT_OUTSIDE, signed(commands(c.D_OVERRIDE, {c.P_SOFT: True}))),
        "a payload that nothing asks for": (verdict.PAYLOAD_UNUSED, signed(MANIFEST, SEVERED, {"#more": b""})),
        "an over-long payload": (
            verdict.TOO_LONG, signed(commands(c.D_OVERRIDE, uri), SEVERED, {URI: bytes(rooms.PAYLOAD_MOST + 1)})),
    }  # fmt: skip


def carried_out() -> dict[str, Case]:
    """Refused as they are carried out; `wrote`: whether something may have been written before."""
    nothing: dict[str, Any] = {"wrote": False}
    written: dict[str, Any] = {"wrote": True}
    both = [*commands_for(0), *commands_for(1)]
    everything = [c.D_INDEX, True]
    idle = sequence(*everything, *[c.D_OVERRIDE, {c.P_STRICT: True}] * 10)
    endless = [*everything, c.D_RUN, sequence(*everything, *[c.D_RUN, idle] * 4)]
    four = [list(NAME), [b"library"], [b"third"], [b"fourth"]]
    return {
        "no install section": (verdict.MEMBER_MISSING, signed(of(install=None)), nothing),
        "no validation": (verdict.MEMBER_MISSING, signed(of(validate=None)), nothing),
        "install severed and not there": (
            verdict.MEMBER_MISSING, signed(of(install=envelope.digest_of_member(b""))), nothing),
        "vendor id not set": (verdict.PARAMETER_MISSING, signed(commands(shared=[c.C_VENDOR, 15])), nothing),
        "class id not set": (verdict.PARAMETER_MISSING, signed(commands(shared=[c.C_CLASS, 15])), nothing),
        "slot not set": (verdict.PARAMETER_MISSING, signed(commands(c.C_SLOT, 15)), nothing),
        "content not set": (verdict.PARAMETER_MISSING, signed(commands(c.C_CONTENT, 15)), nothing),
        "device id not set": (verdict.PARAMETER_MISSING, signed(commands(c.C_DEVICE, 15)), nothing),
        "URI not set": (verdict.PARAMETER_MISSING, signed(commands(c.D_FETCH, 2)), nothing),
        "nothing to write": (verdict.PARAMETER_MISSING, signed(commands(c.D_WRITE, 2)), nothing),
        "no source": (verdict.PARAMETER_MISSING, signed(commands(c.D_COPY, 2)), nothing),
        "a fetch without a digest": (
            verdict.PARAMETER_MISSING,
            signed(commands(*_FETCH, shared=[c.D_OVERRIDE, {c.P_VENDOR: VENDOR, c.P_CLASS: CLASS}, *_IDENTIFY[2:]])),
            nothing),
        "an image without a digest": (
            verdict.PARAMETER_MISSING, signed(commands(*_MATCH, shared=[c.D_OVERRIDE, {c.P_SIZE: 1}])), nothing),
        "another vendor": (
            verdict.OTHER_VENDOR, signed(commands(*_FETCH, shared=[c.D_OVERRIDE, {c.P_VENDOR: CLASS}, c.C_VENDOR, 15])),
            nothing),
        "another class": (
            verdict.OTHER_CLASS, signed(commands(*_FETCH, shared=[c.D_OVERRIDE, {c.P_CLASS: VENDOR}, c.C_CLASS, 15])),
            nothing),
        "another pump": (
            verdict.OTHER_DEVICE, signed(commands(c.D_OVERRIDE, {c.P_DEVICE: VENDOR}, c.C_DEVICE, 15, *_FETCH)),
            nothing),
        "another slot": (verdict.OTHER_SLOT, signed(commands(c.D_OVERRIDE, {c.P_SLOT: 0}, c.C_SLOT, 15)), nothing),
        "another image at the far end": (
            verdict.OTHER_IMAGE, signed(commands(*_FETCH, *_MATCH)), {**written, "served": {URI: IMAGE[:-1] + b"!"}}),
        "an image of another size": (
            verdict.OTHER_IMAGE, signed(commands(c.D_OVERRIDE, {c.P_SIZE: 1}, *_FETCH, *_MATCH)), written),
        "other content": (
            verdict.OTHER_CONTENT,
            signed(commands(*_FETCH, c.D_OVERRIDE, {c.P_CONTENT: b"content"}, c.C_CONTENT, 15)), written),
        "abort": (verdict.ABORTED, signed(commands(c.C_ABORT, 15, *_FETCH)), nothing),
        "abort in a hard alternative": (
            verdict.ABORTED,
            signed(commands(c.D_TRY_EACH, [sequence(c.D_OVERRIDE, {c.P_SOFT: False}, c.C_ABORT, 15), None])), nothing),
        "no alternative": (
            verdict.NO_ALTERNATIVE, signed(commands(c.D_TRY_EACH, [sequence(c.C_ABORT, 15)] * 2)), nothing),
        "a fetch before vendor and class": (
            verdict.UNIDENTIFIED, signed(commands(*_FETCH, shared=_IDENTIFY[:2])), nothing),
        "a fetch after the vendor alone": (
            verdict.UNIDENTIFIED, signed(commands(*_FETCH, shared=_IDENTIFY[:4])), nothing),
        "a component that was not identified": (
            verdict.UNIDENTIFIED, signed(commands(c.D_INDEX, 1, *_FETCH, components=_two())), nothing),
        "a source that was not identified": (
            verdict.UNIDENTIFIED,
            signed(commands(c.D_OVERRIDE, {c.P_SOURCE: 1}, c.D_SWAP, 2, components=_two())), nothing),
        "a start before any check": (
            verdict.UNVERIFIED,
            signed(of(validate=sequence(c.D_OVERRIDE, {c.P_STRICT: True}))),
            {**nothing, "procedure": processor.INVOCATION}),
        "left unverified": (
            verdict.UNVERIFIED,
            signed(commands(*_FETCH, validate=sequence(c.D_OVERRIDE, {c.P_STRICT: True}))), written),
        "changed after it was verified": (
            verdict.UNVERIFIED,
            signed(commands(*_FETCH, *_MATCH, c.D_OVERRIDE, {c.P_CONTENT: b"x"}, c.D_WRITE, 2,
                            validate=sequence(c.D_OVERRIDE, {c.P_STRICT: True}))), written),
        "a copy of itself": (
            verdict.SOURCE, signed(commands(c.D_OVERRIDE, {c.P_SOURCE: 0}, c.D_COPY, 2)), nothing),
        "a swap with itself": (
            verdict.SOURCE, signed(commands(c.D_INDEX, 1, c.D_OVERRIDE, {c.P_SOURCE: 1}, c.D_SWAP, 2,
                                            shared=both, components=_two())), nothing),
        "an integrated payload left out": (verdict.PAYLOAD_MISSING, _payload(b"", uri=""), nothing),
        "an integrated payload swapped": (verdict.PAYLOAD_CHANGED, _payload(IMAGE[::-1]), nothing),
        "an integrated payload cut": (verdict.PAYLOAD_CHANGED, _payload(IMAGE[:-1]), nothing),
        "a far end that has nothing": (verdict.TARGET, signed(commands(*_FETCH)), {**written, "served": {}}),
        "an image that finds no room": (verdict.TARGET, signed(commands(*_FETCH)), {**written, "room": 10}),
        "an image that cannot be read": (verdict.TARGET, signed(commands(*_MATCH)), nothing),
        "sequences without an end": (
            verdict.TOO_MANY_STEPS,
            signed(commands(*everything, shared=endless, components=four)), nothing),
    }  # fmt: skip


def by_pharmacists(*provers: envelope.Prover) -> bytes:
    """A drug library with the proofs that are given."""
    manifest, severed = envelope.make_manifest(
        7, [Component((b"library",), IMAGE, "#library")], VENDOR, CLASS, start=False
    )
    return envelope.make_envelope(manifest, provers, severed, {"#library": IMAGE})


def libraries() -> dict[str, Case]:
    """Drug libraries that two pharmacists did not sign."""
    ada, bo = pharmacist(3), pharmacist(4)
    stranger = envelope.sign1(sign, key_id=key_id(PUBLIC))
    cases = {
        "a library that one pharmacist signed": (verdict.NUMBER_OF_PROOFS, [ada], ()),
        "one pharmacist twice": (verdict.SAME_SIGNER, [ada, ada], ()),
        "a library signed by the manufacturer": (verdict.UNKNOWN_KEY, [ada, stranger], ()),
        "one pharmacist in the other's name": (verdict.WRONG_PROOF, [ada, pharmacist(3, named=4)], ()),
        "a pharmacist whose key is revoked": (verdict.REVOKED_KEY, [ada, bo], (4,)),
    }
    made: dict[str, Case] = {}
    for name, (code, provers, revoked) in cases.items():
        ids = [key_id(public(PHARMACISTS[number])) for number in revoked]
        made[name] = code, by_pharmacists(*provers), {"wrote": False, "library": ids}
    return made


def integrated() -> bytes:
    """A good envelope, signed by both, with its payload within."""
    manifest, severed = envelope.make_manifest(7, [Component(NAME, IMAGE, "#firmware")], VENDOR, CLASS)
    return envelope.make_envelope(manifest, PROVERS, severed, {"#firmware": IMAGE})


KNOWN_NUMBER = 6
ALIASES: dict[tuple[bytes, ...], int] = {(b"fw",): 0, (b"third",): 2, (b"fourth",): 3}


def table() -> dict[str, Case]:
    """All of them: the code that is due, the envelope, and how the pump is to be met."""
    made: dict[str, Case] = {}
    for name, (code, data) in envelopes().items():
        made[name] = code, data, {"wrote": False, "signed": True}
    for name, (code, data) in manifests().items():
        made[name] = code, data, {"wrote": False, "digest": bytes(32)}
    return {**made, **carried_out(), **libraries()}


def judge(case: Case, rooms: Rooms = SHIPPED) -> tuple[Said, Slots]:
    """What a pump says to a case, and its slots after it."""
    _, data, how = case
    target = Slots(room=how.get("room", 100_000))
    target.names.update(ALIASES)
    target.served = how.get("served", target.served)
    demands = demanded(rooms) if how.get("signed") else facility(rooms)
    if "library" in how:
        demands = library_proofs(roots(revoked=how["library"]))
    known = device(KNOWN_NUMBER, how.get("digest"))
    return update(data, target, known, demands, how.get("procedure", processor.UPDATE), rooms), target

"""A pump to update, in memory: two slots a component, written in slices, and the envelope that it takes."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import pyhsslms

from firmware.trust.mac import MacKey
from firmware.update import manifest, processor, proofs, suit, verdict
from firmware.update import target as slots
from firmware.update.manifest import Device
from firmware.update.roots import Roots, key_id
from tools.sign import envelope
from tools.sign.envelope import Component
from tools.sign.roots import make_roots

VENDOR = uuid.UUID("fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe").bytes
CLASS = uuid.UUID("1492af14-2569-5e48-bf42-9b2d51f2ab45").bytes
DEVICE = bytes(range(16))
FACILITY = b"the facility's key, 32 bytes long"[:32]
IMAGE = b"an image of three slices" * 40
NAME = (b"firmware",)
URI = "update/7/firmware"


def make_key() -> Any:
    """A key of 32 signatures, which a test may take."""
    return pyhsslms.HssPrivateKey(
        levels=1, lms_type=pyhsslms.lms_sha256_m24_h5, lmots_type=pyhsslms.lmots_sha256_n24_w4
    )


_KEPT: dict[bytes, bytes] = {}


def once(key: Any) -> envelope.Prover:
    """Signs by `key`; of the same bytes it gives the same signature, so that a thousand tests take one of its 32."""

    def sign_once(data: bytes) -> bytes:
        place = data + public(key)
        if place not in _KEPT:
            _KEPT[place] = key.sign(data)
        return _KEPT[place]

    return sign_once


MAKER = make_key()
PUBLIC = MAKER.publicKey().serialize()
sign = once(MAKER)


@dataclass(frozen=True)
class Rooms:
    """The modules that an update goes through; a mutant is in another's place."""

    suit: Any = suit
    proofs: Any = proofs
    manifest: Any = manifest
    processor: Any = processor


SHIPPED = Rooms()
PROVERS = (envelope.sign1(sign), envelope.mac0(FACILITY))


def demanded(rooms: Rooms = SHIPPED) -> list[Any]:
    """What the pump demands of firmware."""
    return [rooms.proofs.Signature(PUBLIC), *facility(rooms)]


PHARMACISTS = {3: make_key(), 4: make_key()}
ROOT = make_key()


def public(key: Any) -> bytes:
    """A key's public one."""
    made: bytes = key.publicKey().serialize()
    return made


def roots(**change: Any) -> Roots:
    """The pump's root record: this manufacturer, two pharmacists."""
    people = [(number, public(key)) for number, key in PHARMACISTS.items()]
    values: dict[str, Any] = {
        "sequence": 1, "vendor_id": VENDOR, "class_id": CLASS, "root_key": public(ROOT), "makers": [PUBLIC],
        "pharmacists": people, "revoked": [],
    }  # fmt: skip
    return make_roots(**{**values, **change})


def pharmacist(number: int, named: int | None = None) -> envelope.Prover:
    """A proof by one of them, under his own key's id or that of `named`."""
    named = number if named is None else named
    return envelope.sign1(once(PHARMACISTS[number]), key_id=key_id(public(PHARMACISTS[named])))


def facility(rooms: Rooms = SHIPPED) -> list[Any]:
    """The facility's proof alone: for cases that are refused past the proofs, since signatures are few."""
    return [rooms.proofs.Mac(MacKey(FACILITY))]


@dataclass
class Slots(slots.Target):
    """Two slots of each component in memory. `served`: what is at each URI; `slice_`: bytes that a call does."""

    names: dict[tuple[bytes, ...], int] = field(default_factory=lambda: {NAME: 0, (b"library",): 1})
    served: dict[str, bytes] = field(default_factory=lambda: {URI: IMAGE})
    other: dict[int, bytes] = field(default_factory=dict)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    slice_: int = 400
    room: int = 100_000
    active: int = 0
    _done: int = 0

    def component(self, identifier: list[bytes]) -> int:
        return self.names.get(tuple(identifier), slots.UNKNOWN)

    def slot(self, component: int) -> int:
        return 1 - self.active

    def _slice(self, length: int) -> int:
        self._done += self.slice_
        if self._done < length:
            return slots.BUSY
        self._done = 0
        return slots.OK

    def fetch(self, component: int, uri: str, arguments: bytes, digest: bytes, size: int) -> int:
        if uri not in self.served:
            return slots.FAILED
        if self._done == 0:
            self.log.append(("fetch", component, uri, arguments, digest.hex(), size))
        if len(self.served[uri]) > self.room:
            return slots.NO_ROOM
        self.other[component] = self.served[uri]
        return self._slice(len(self.served[uri]))

    def write(self, component: int, data: bytes) -> int:
        self.log.append(("write", component, data))
        self.other[component] = data
        return slots.OK

    def copy(self, component: int, source: int) -> int:
        self.log.append(("copy", component, source))
        self.other[component] = self.other[source]
        return slots.OK

    def swap(self, component: int, source: int) -> int:
        self.log.append(("swap", component, source))
        self.other[component], self.other[source] = self.other[source], self.other[component]
        return slots.OK

    def digest(self, component: int, digest: bytearray) -> int:
        if component not in self.other:
            return slots.FAILED
        rc = self._slice(len(self.other[component]))
        if rc == slots.OK:
            digest[:] = hashlib.sha256(self.other[component]).digest()
        return rc

    def size(self, component: int) -> int:
        return len(self.other[component])

    def invoke(self, component: int, arguments: bytes) -> int:
        self.log.append(("invoke", component, arguments))
        return slots.OK


def device(number: int = 6, digest: bytes | None = None) -> Device:
    """The pump as it knows itself."""
    return Device(VENDOR, CLASS, DEVICE, number, digest)


def good_manifest(number: int = 7, uri: str = URI, text: str = "A better guardian.") -> tuple[bytes, dict[int, bytes]]:
    """What the manufacturer signs."""
    return envelope.make_manifest(number, [Component(NAME, IMAGE, uri)], VENDOR, CLASS, text)


def good_envelope(**what: Any) -> bytes:
    """An envelope that the pump takes."""
    made, severed = good_manifest(**what)
    return envelope.make_envelope(made, PROVERS, severed)


@dataclass
class Said:
    """How far an update came: its verdict, the detail, and the three rooms that it went through."""

    verdict: int
    detail: int
    opening: Any
    manifest: Any = None
    processor: Any = None


def opened(data: bytes, demands: list[Any] | None = None, rooms: Rooms = SHIPPED) -> Any:
    """The envelope, opened or refused."""
    opening = rooms.suit.Opening(data, demanded(rooms) if demands is None else demands)
    while opening.step(100):
        pass
    return opening


def update(
    data: bytes, target: Slots | None = None, known: Device | None = None, demands: list[Any] | None = None,
    procedure: tuple[int, ...] = processor.UPDATE, rooms: Rooms = SHIPPED,
) -> Said:  # fmt: skip
    """The whole way of an envelope."""
    target = Slots() if target is None else target
    known = known or device()
    opening = opened(data, demands, rooms)
    if opening.verdict != verdict.OPENED:
        return Said(opening.verdict, opening.detail, opening)
    read = rooms.manifest.Manifest(opening, known, target)
    if read.verdict != verdict.READ:
        return Said(read.verdict, read.detail, opening, read)
    work = rooms.processor.Processor(read, known, target, procedure)
    while work.step():
        pass
    return Said(work.verdict, work.detail, opening, read, work)


"""Updates that a pump with slots refuses, each with its code: what is offered, what is carried, and what is asked."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any


from firmware.trust.cbor import decode, encode
from firmware.trust.mac import MacKey
from firmware.trust.staging import CHUNK, COMES, Staging
from firmware.update import commands as c
from firmware.update import proofs as p
from firmware.update import reasons as why
from firmware.update import roots, verdict
from hal import ports
from tools.sign import bundle, envelope
from tools.sign.envelope import Component, Prover
from tools.update_cases import slotted as s
from tools.update_cases.pump import CLASS, FACILITY, NAME, URI, VENDOR, device, make_key

SIZE = 2_000
BIOMED = 5
_STEPS = 5_000
FILES = s.files(b"new", SIZE)
_MAKER: Any = make_key()
PUBLIC = _MAKER.publicKey().serialize()
MAKER = s.signing(_MAKER)
OURS = envelope.mac0(FACILITY)
_REVOKED: Any = make_key()
_STRANGER: Any = make_key()


def demanded(rooms: Any = p) -> list[Any]:
    """The manufacturer's key, or one that was revoked since, and the facility's for this pump."""
    revoked = _REVOKED.publicKey().serialize()
    keys = {roots.key_id(key): key for key in (PUBLIC, revoked)}
    return [rooms.Signer(keys, [roots.key_id(revoked)], []), rooms.Mac(MacKey(FACILITY))]


def golden_proofs() -> list[Any]:
    """What is demanded of the image to recover with."""
    return demanded()[:1]


def image(number: int, payload: bytes, *provers: Prover, **ids: bytes) -> s.Image:
    """An image with the proofs that are given, or both good ones."""
    return s.image(number, payload, provers or (MAKER, OURS), ids.get("vendor", VENDOR), ids.get("klass", CLASS))


def by(key: Any, named: bytes | None = None) -> Prover:
    """A signature by `key`, in its own name or in another's."""
    return envelope.sign1(key.sign, key_id=roots.key_id(key.publicKey().serialize() if named is None else named))


OLD = image(7, s.bundled(b"old", SIZE))
NEW = image(8, bundle.make_bundle(FILES))
GOLDEN = image(0, s.bundled(b"golden", 800), MAKER)


@dataclass(frozen=True)
class Case:
    """`code` refuses it. `carried`: the image's bytes as somebody brings them, where they are others than signed.

    before: what is done to the pump first; asks: who has it installed, 0 for nobody.
    """

    code: int
    offered: s.Image
    carried: bytes | None = None
    before: Callable[[Pump], None] | None = None
    meddle: Callable[[Pump], None] | None = None  # once all chunks have come
    asks: int = BIOMED


class Pump:
    """A pump in maintenance that runs OLD from slot 0, and who brings updates to it."""

    def __init__(self, rooms: s.Rooms = s.SHIPPED, proof_rooms: Any = p) -> None:
        self.rooms = rooms
        self.proofs = lambda: demanded(proof_rooms)
        self.flash = s.flash_for(SIZE + 2_000)
        s.put_in(self.flash, ports.AREA_GOLDEN, GOLDEN)
        s.confirm_in(self.flash, 0, OLD)
        self.booted = self.boots()
        self.updates = rooms.running.Updates(self.flash, self.booted, device, self.proofs, 0)
        self.updates._updater = rooms.updater.Updater(
            self.flash, device(), self.updates.record, self.proofs, s.VERSION
        )
        self.staging = Staging(self.flash)
        self.notes: list[Any] = []

    def boots(self) -> Any:
        """What would boot now, by the shipped code; nothing of it is stored."""
        from tools.claims.update_cuts import _copy

        flash = _copy(self.flash)
        there = s.SHIPPED.record.Record(flash)
        return s.SHIPPED.boot.Boot(flash, there, device(), demanded, golden_proofs, lambda: None).choose()

    def stage(self, data: bytes) -> None:
        """Carry an envelope to where it waits."""
        self.staging.begin(len(data), hashlib.sha256(data).digest(), True)
        for at in range(0, len(data), CHUNK):
            self.staging.take(at, data[at : at + CHUNK])
        while self.staging.state == COMES and self.staging.have == self.staging.length:
            self.staging.step()

    def turn(self, maintenance: bool = True) -> None:
        """Let the main loop go round once, and hear what the audit is told."""
        self.updates.step(0, True, maintenance, 1)
        while (note := self.updates.tell()) is not None:
            self.notes.append(note)

    def bring(self, case: Case) -> None:
        """The whole way of an update, as far as it comes."""
        one = case.offered
        if case.before is not None:
            case.before(self)
        self.stage(one.envelope)
        self.updates.offer(self.staging, BIOMED)
        data = one.payload if case.carried is None else case.carried
        meddled = False
        for _ in range(_STEPS):
            self.turn()
            if self.updates.state() in (self.rooms.updater.READY, self.rooms.updater.REFUSED):
                break
            slot = self.updates.carrier(len(data), hashlib.sha256(data).digest())
            slot = slot or self.updates.carrier(len(one.payload), one.digest)
            if slot is not None and slot.have < len(data) and slot.have < slot.length:
                slot.take(slot.have, data[slot.have : slot.have + CHUNK])
            elif slot is not None and not meddled:
                meddled = True
                if case.meddle is not None:
                    case.meddle(self)
                if slot.have < slot.length:
                    break  # no more is brought
        if case.asks:
            self.updates.install(one.number, case.asks)
        for _ in range(3):
            self.turn()


def _of_a_device(number: int) -> s.Image:
    """An image whose manifest is for one pump alone, and not this one."""
    payload = NEW.payload
    manifest, severed = envelope.make_manifest(number, [Component(NAME, payload, URI)], VENDOR, CLASS)
    members = decode(manifest)
    common = decode(members[3])
    shared = decode(common[c.SHARED]) + [c.D_OVERRIDE, {c.P_DEVICE: bytes(16)}, c.C_DEVICE, envelope.REPORT]
    common[c.SHARED] = encode(shared)
    members[3] = encode(common)
    return s.Image(number, payload, envelope.make_envelope(encode(members), (MAKER, OURS), severed))


def _of_component(*name: bytes) -> s.Image:
    manifest, severed = envelope.make_manifest(8, [Component(name, NEW.payload, URI)], VENDOR, CLASS)
    return s.Image(8, NEW.payload, envelope.make_envelope(manifest, (MAKER, OURS), severed))


def _raw_bundle(files: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Files as a bundle has them, whatever their names."""
    made = b""
    for path, data in files:
        made += bytes([len(path)]) + path + len(data).to_bytes(4, "big") + hashlib.sha256(data).digest() + data
    return made + b"\0"


def _changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _stray(pump: Pump) -> None:
    """Somebody who can write flash puts bytes behind the image."""
    area = s.SLOTS[1]
    pump.flash.load(area, bytes(pump.flash._areas[area][:-4]) + b"main")


def _on_trial(pump: Pump) -> None:
    pump.updates.record.put_on_trial(1, 8, bytes(32))


@functools.cache
def cases() -> dict[str, Case]:
    """Every one, by what it is."""
    extra = bundle.make_bundle({**FILES, "firmware/more.mpy": b"M\x06\0\x1f"})
    short = NEW.payload[:-1]
    upward = _raw_bundle([(b"../main.py", b"x"), (b"main.py", b"y")])
    other = s.bundled(b"new", SIZE, version=5)
    wide = bundle.make_bundle({"firmware/app.mpy": b"M\x06\0\x3f", "main.py": b"x"})
    native = bundle.make_bundle({"firmware/app.mpy": b"M\x06\x0c\x1f", "main.py": b"x"})
    headless = bundle.make_bundle({"firmware/app.mpy": b"M\x06\0\x1f"})
    return {
        "unsigned": Case(verdict.NUMBER_OF_PROOFS, replace(NEW, envelope=_without_proofs())),
        "no counter-signature": Case(verdict.NUMBER_OF_PROOFS, image(8, NEW.payload, MAKER)),
        "the counter-signature of another pump": Case(
            verdict.WRONG_PROOF, image(8, NEW.payload, MAKER, envelope.mac0(bytes(32)))),
        "a key that nobody knows": Case(verdict.UNKNOWN_KEY, image(8, NEW.payload, by(_STRANGER), OURS)),
        "a stranger in the manufacturer's name": Case(
            verdict.WRONG_PROOF, image(8, NEW.payload, by(_STRANGER, PUBLIC), OURS)),
        "a revoked key": Case(verdict.REVOKED_KEY, image(8, NEW.payload, by(_REVOKED), OURS)),
        "an older sequence number": Case(verdict.ROLLBACK, image(6, NEW.payload)),
        "the same number, other content": Case(verdict.SAME_NUMBER, image(7, NEW.payload)),
        "another vendor": Case(verdict.OTHER_VENDOR, image(8, NEW.payload, vendor=bytes(16))),
        "another class": Case(verdict.OTHER_CLASS, image(8, NEW.payload, klass=bytes(16))),
        "another device": Case(verdict.OTHER_DEVICE, _of_a_device(8)),
        "the image to recover with, as an update": Case(verdict.NUMBER_OF_PROOFS, GOLDEN),
        "the same, counter-signed": Case(verdict.ROLLBACK, image(0, GOLDEN.payload)),
        "a truncated envelope": Case(verdict.MALFORMED, replace(NEW, envelope=NEW.envelope[:-1])),
        "a padded envelope": Case(verdict.MALFORMED, replace(NEW, envelope=NEW.envelope + b"\0")),
        "a component that leads elsewhere": Case(verdict.UNKNOWN_COMPONENT, _of_component(b"..", b"firmware")),
        "a component of another pump": Case(verdict.UNKNOWN_COMPONENT, _of_component(b"pump")),
        "a truncated image": Case(why.NOT_READY, NEW, carried=short),
        "an image with a byte changed": Case(verdict.OTHER_IMAGE, NEW, carried=_changed(NEW.payload, 300)),
        "an image with a file more": Case(verdict.OTHER_IMAGE, NEW, carried=extra[: len(NEW.payload)]),
        "a file behind the image in the slot": Case(why.NOT_BLANK, NEW, meddle=_stray),
        "a file that leads out of the slot": Case(why.BAD_PATH, image(8, upward)),
        "files out of order": Case(why.NO_BUNDLE, image(8, _raw_bundle([(b"main.py", b"x"), (b"a.py", b"y")]))),
        "something that is no files": Case(why.NO_BUNDLE, image(8, bytes(600) + b"x")),
        "bytecode of another interpreter": Case(why.OTHER_INTERPRETER, image(8, other)),
        "bytecode for longer words": Case(why.OTHER_INTERPRETER, image(8, wide)),
        "machine code": Case(why.OTHER_INTERPRETER, image(8, native)),
        "nothing to start": Case(why.NO_MAIN, image(8, headless)),
        "another image while one is on trial": Case(why.TRIAL_PENDING, NEW, before=_on_trial),
    }  # fmt: skip


def _without_proofs() -> bytes:
    manifest, severed = envelope.make_manifest(8, [Component(NAME, NEW.payload, URI)], VENDOR, CLASS)
    return envelope.make_envelope(manifest, [], severed)



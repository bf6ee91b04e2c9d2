"""A pump with slots, on a simulated flash: images for it, its boots, and a person who carries an update through."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from firmware.trust.cbor import decode
from firmware.trust.mac import MacKey
from firmware.update import boot, contents, record, roots, running, slot, suit, updater
from firmware.update.proofs import Mac, Signature
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from tools.sign import bundle, envelope
from tools.sign.envelope import Component, Prover
from tools.update_cases.pump import CLASS, FACILITY, NAME, URI, VENDOR, device, make_key, once

VERSION = 6  # of bytecode that the pump loads
IMAGE_AT = 20_480  # in a slot, where an image begins
OPERATOR = 7
SLOTS = (ports.AREA_SLOT_A, ports.AREA_SLOT_B)
_CALLS = 50_000


def signing(key: Any) -> Prover:
    """A signature by `key`, one of 32, under its id; of the same bytes the same one."""
    return envelope.sign1(once(key), key_id=roots.key_id(key.publicKey().serialize()))


_MAKER = make_key()
PUBLIC = _MAKER.publicKey().serialize()
PROVERS = (signing(_MAKER), envelope.mac0(FACILITY))


@dataclass(frozen=True)
class Rooms:
    """The modules that slots, boot and updater are made of; a mutant is in another's place."""

    slot: Any = slot
    record: Any = record
    contents: Any = contents
    boot: Any = boot
    updater: Any = updater
    running: Any = running


SHIPPED = Rooms()
_MODULES: dict[str, ModuleType] = {
    "slot": slot, "record": record, "contents": contents, "boot": boot, "updater": updater,
    "running": running,
}  # fmt: skip


def rooms_with(where: str, changes: Sequence[tuple[str, str]]) -> Rooms:
    """The rooms with texts of one module exchanged. ValueError where one is not in it exactly once."""
    made: dict[str, Any] = {}
    for module, shipped in _MODULES.items():
        source = inspect.getsource(shipped)
        for text, instead in changes if module == where else ():
            if source.count(text) != 1:
                raise ValueError(f"{text!r} is in {where}.py {source.count(text)} times")
            source = source.replace(text, instead)
        fresh = ModuleType(module)
        exec(compile(source, f"{module}.py", "exec"), fresh.__dict__)
        made[module] = fresh
    for module in made.values():  # they know one another as modules, and two by a class
        for alias, wanted in (("sl", "slot"), ("contents", "contents")):
            if isinstance(getattr(module, alias, None), ModuleType):
                setattr(module, alias, made[wanted])
        if module is not made["slot"] and hasattr(module, "Slot"):
            module.Slot = made["slot"].Slot
    return Rooms(**made)


@dataclass(frozen=True)
class Image:
    """An image and the envelope that vouches for it."""

    number: int
    payload: bytes
    envelope: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the payload."""
        return hashlib.sha256(self.payload).digest()


def files(tag: bytes, size: int, version: int = VERSION) -> dict[str, bytes]:
    """A folder of about `size` bytes: a start and some bytecode."""
    part = (tag * size)[: max(size - 400, 1)]
    return {"firmware/app.mpy": bytes([0x4D, version, 0, 31]) + part, "main.py": b"from firmware.main import run\n"}


def image(
    number: int, payload: bytes, provers: Sequence[Prover] = PROVERS, vendor: bytes = VENDOR, klass: bytes = CLASS
) -> Image:
    """An image of that sequence number, signed."""
    manifest, severed = envelope.make_manifest(number, [Component(NAME, payload, URI)], vendor, klass)
    return Image(number, payload, envelope.make_envelope(manifest, provers, severed))


def bundled(tag: bytes, size: int, version: int = VERSION) -> bytes:
    """The payload of `files`."""
    return bundle.make_bundle(files(tag, size, version))


def proofs() -> list[Any]:
    """What is demanded of firmware."""
    return [Signature(PUBLIC), Mac(MacKey(FACILITY))]


def maker() -> list[Any]:
    """What is demanded of the image to recover with."""
    return [Signature(PUBLIC)]


def flash_for(size: int) -> SimFlash:
    """A flash whose slots have room for an image of `size` bytes, and a block besides."""
    return SimFlash(VirtualClock(), slot_bytes=IMAGE_AT + (-(-size // ports.BLOCK) + 1) * ports.BLOCK)


def put_in(flash: Any, area: int, one: Image) -> None:
    """Put an image into a slot as a factory does."""
    there = slot.Slot(flash, area)
    while there.clear() == ports.ERR_BUSY:
        pass
    rc = there.open(one.envelope, len(one.payload), one.digest)
    for at in range(0, len(one.payload), slot.CHUNK):
        rc = rc or there.take(at, one.payload[at : at + slot.CHUNK])
    if rc:
        raise ValueError(f"the slot does not take it: {rc}")


def confirm_in(flash: Any, number: int, one: Image) -> None:
    """Put an image into a slot and into the boot record, as confirmed."""
    put_in(flash, SLOTS[number], one)
    there = record.Record(flash)
    if there.put_on_trial(number, one.number, manifest_digest(one.envelope)) or there.count_try() or there.confirm():
        raise ValueError("the boot record does not take it")


def manifest_digest(data: bytes) -> bytes:
    """The digest of an envelope's manifest."""
    digest: bytes = suit.hash_of(decode(data).value[suit.MANIFEST])
    return digest


@dataclass
class SlottedPump:
    """The pump's own code over `flash`; `power_on` forgets all that memory held."""

    flash: SimFlash
    rooms: Rooms = SHIPPED
    booted: Any = None
    carried: int = 0  # chunks

    def power_on(self) -> Any:
        """Boot; return what was chosen."""
        self.record = self.rooms.record.Record(self.flash)
        self.booted = self.rooms.boot.Boot(self.flash, self.record, device(), proofs, maker, lambda: None).choose()
        self.updater = self.rooms.updater.Updater(self.flash, device(), self.record, proofs, VERSION)
        return self.booted

    def runs(self) -> bytes:
        """What of an image's bytes the pump would run, read without the pump's code; nothing where none boots."""
        if not self.booted.mode:
            return b""
        area = ports.AREA_GOLDEN if self.booted.slot == record.NO_SLOT else SLOTS[self.booted.slot]
        length = slot.Slot(self.flash, area).length
        data = bytearray(length)
        self.flash.read(area, IMAGE_AT, data)
        return bytes(data)

    def confirm(self) -> int:
        """The self-test of what is on trial has passed; 0, or the store's code."""
        rc: int = self.record.confirm() if self.booted.mode == self.rooms.boot.TRIAL else 0
        return rc

    def take(self, one: Image, at_rest: bool = True) -> int:
        """Offer an update and carry it; 0 once it is ready to be installed, else why not."""
        work = self.updater
        rc: int = work.offer(one.envelope)
        busy = self.rooms.updater
        for _ in range(_CALLS if not rc else 0):
            if work.state in (busy.READY, busy.REFUSED):
                break
            work.step(at_rest)
            if work.wants(len(one.payload), one.digest) and work.slot.have < work.slot.length:
                at = work.slot.have
                if work.slot.take(at, one.payload[at : at + slot.CHUNK]):
                    return -1
                self.carried += 1
        return rc or (0 if work.state == busy.READY else work.reason or -1)

    def install(self, one: Image) -> int:
        """Take it, and have it tried at the next boot."""
        rc = self.take(one)
        rc = rc or self.updater.schedule(one.number, OPERATOR)
        return rc or int(self.updater.install())

"""What a pump refuses of drug libraries and root records that were carried to it, each with the code that is due."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy.journal import Journal
from firmware.trust import taking
from firmware.update import libraries as room
from firmware.update import parcel as parts
from firmware.update import refusal, verdict
from firmware.update import roots as r
from hal import ports
from simulator.asked import NURSE, PHARMACIST
from simulator.trust_client import make_record
from tools.sign import envelope
from tools.sign.envelope import Component, make_envelope, make_manifest
from tools.sign.library import INTEGRATED
from tools.sign.parcel import Packed, unpack
from tools.sign.roots import sign_roots
from tools.update_cases import pump as keys
from tools.update_cases.carried import NEW, OLD, Carried, body, by, entries, factory, numbered, parcel

_ENTRY = layout.struct_format(layout.LIBRARY_ENTRY)
_FIELDS = [name for name, _ in layout.LIBRARY_ENTRY]
_NEXT = 2  # the root record that follows


@dataclass(frozen=True)
class Case:
    """`make()` gives what is carried. before(site): what happens to the pump first; after(site): once a person said so.

    code: what the audit tells; said: where that is not `AT_NEXT_START`, the message that answers the person, and the
    audit tells nothing.
    """

    name: str
    code: int
    make: Callable[[], bytes] = parcel
    before: Callable[[Carried], Any] = lambda site: None
    after: Callable[[Carried], Any] = lambda site: None
    number: int = NEW
    who: int = PHARMACIST
    said: int = msg.AT_NEXT_START


def changed(**fields: Any) -> bytes:
    """The new library with its first entry's fields set to something else."""
    size = struct.calcsize(_ENTRY)
    row = dict(zip(_FIELDS, struct.unpack(_ENTRY, body()[:size]), strict=True)) | fields
    return entries(struct.pack(_ENTRY, *row.values()) + body()[size:])


def made(
    *provers: envelope.Prover, data: bytes | None = None, number: int = NEW, vendor: bytes = keys.VENDOR,
    klass: bytes = keys.CLASS, name: bytes = room.COMPONENT, inside: bytes | None = None, uri: str = INTEGRATED,
    behind: bytes = b"",
) -> bytes:  # fmt: skip
    """A parcel whose envelope is made by hand. inside: the payload that comes, if another than was signed."""
    data = numbered(NEW) if data is None else data
    manifest, _ = make_manifest(number, [Component((name,), data, uri)], vendor, klass, start=False)
    payloads = {uri: data if inside is None else inside} if uri == INTEGRATED else {}
    return Packed(number, b"", make_envelope(manifest, provers or by(3, 4), None, payloads), behind).pack()


def stranger(named: int = 0) -> envelope.Prover:
    """The manufacturer's key, under its own name or a pharmacist's."""
    public = keys.PUBLIC if not named else keys.public(keys.PHARMACISTS[named])
    return envelope.sign1(keys.sign, key_id=r.key_id(public))


def next_roots(**change: Any) -> r.Roots:
    """The root record that follows."""
    return keys.roots(**{"sequence": _NEXT, **change})


def rotation(roots: r.Roots, key: Any = None, named: bytes | None = None) -> bytes:
    """A parcel with a signed root record."""
    key = keys.ROOT if key is None else key
    signed = sign_roots(roots, keys.once(key), keys.public(keys.ROOT) if named is None else named)
    return Packed(roots.sequence, signed).pack()


def _with_roots(**change: Any) -> Callable[[Carried], Any]:
    """The pump's root record is another one, as from a factory."""

    def before(site: Carried) -> None:
        for area in (ports.AREA_ROOTS_A, ports.AREA_ROOTS_B):
            site.store.load(area, r.frame(keys.roots(**change)))

    return before


def _wiped(*areas: int) -> Callable[[Carried], Any]:
    def before(site: Carried) -> None:
        for area in areas:
            site.store.erase(area)

    return before


def _flipped(area: int, offset: int) -> Callable[[Carried], Any]:
    """A bit of the store changes, which no firmware wrote."""
    return lambda site: site.store.flip(area, offset, 2)


def _forged(site: Carried) -> None:
    """Somebody who can write the stage puts a word of the pharmacist's into it, under a key of his own."""
    staging = taking.checked(site.store)
    taking.say(site.store, make_record(2), staging, PHARMACIST, site.counter.read())


def _old_word(site: Carried) -> None:
    """A word that was good for the start before is put back."""
    taking.say(site.store, site.record, taking.checked(site.store), PHARMACIST, site.counter.read() - 1)


def _infuses(site: Carried) -> None:
    """By the journal a therapy stood when power went."""
    from firmware.therapy import records as rec
    from firmware.therapy import tables as t

    journal = Journal(site.store)
    record = bytearray(rec.RECORD_SIZE)
    struct.pack_into("<IBBB", record, 0, 1 << 20, 0, 0, 0)
    values = list(struct.unpack(rec.RECORD_FORMAT, bytes(record)))
    values[0], values[2] = 1 << 20, t.ST_INFUSING
    journal.append(0, struct.pack(rec.RECORD_FORMAT, *values))


def _long() -> bytes:
    size = struct.calcsize(_ENTRY)
    rows = b""
    for code in range(275):
        rows += struct.pack("<H", code + 1) + body()[2:size]
    return entries(rows)


def library_cases() -> list[Case]:
    """Of drug libraries."""
    good = numbered(NEW)
    ids = r.key_id(keys.public(keys.PHARMACISTS[4]))
    return [
        Case("unsigned", verdict.NUMBER_OF_PROOFS, lambda: made_unsigned()),
        Case("one pharmacist", verdict.NUMBER_OF_PROOFS, lambda: made(*by(3))),
        Case("one pharmacist twice", verdict.SAME_SIGNER, lambda: made(*by(3, 3))),
        Case("three signatures", verdict.NUMBER_OF_PROOFS, lambda: made(*by(3, 4, 3))),
        Case("the wrong key", verdict.UNKNOWN_KEY, lambda: made(*by(3), stranger())),
        Case("the wrong key in a pharmacist's name", verdict.WRONG_PROOF, lambda: made(*by(3), stranger(4))),
        Case("a revoked key", verdict.REVOKED_KEY, before=_with_roots(revoked=[ids])),
        Case("an older one", verdict.ROLLBACK, lambda: parcel(numbered(OLD - 1)), number=OLD - 1),
        Case("the same number, other content", verdict.SAME_NUMBER,
             lambda: made(data=numbered(OLD, changed(typical=1)), number=OLD), number=OLD),
        Case("another class", verdict.OTHER_CLASS, lambda: made(klass=bytes(16))),
        Case("another vendor", verdict.OTHER_VENDOR, lambda: made(vendor=bytes(16))),
        Case("a firmware image", verdict.UNKNOWN_COMPONENT, lambda: made(name=b"firmware")),
        Case("a payload cut short", verdict.PAYLOAD_CHANGED, lambda: made(inside=good[:-1])),
        Case("another payload", verdict.PAYLOAD_CHANGED, lambda: made(inside=numbered(NEW, changed(typical=1)))),
        Case("a payload behind it, cut short", verdict.OTHER_IMAGE, lambda: made(uri=room.FOLLOWS, behind=good[:-1])),
        Case("no payload behind it", verdict.TARGET, lambda: made(uri=room.FOLLOWS)),
        Case("from elsewhere", verdict.TARGET, lambda: made(uri="http://elsewhere", behind=good)),
        Case("an envelope cut short", verdict.MALFORMED, lambda: cut_envelope()),
        Case("parts that do not fit", refusal.NO_PARCEL, lambda: parcel()[:-1]),
        Case("parts out of order", refusal.NO_PARCEL, lambda: turned_round()),
        Case("confirmed by another number than it has", refusal.OTHER_NUMBER, lambda: parcel(number=NEW + 1),
             number=NEW + 1),
        Case("a number of its own that is another", refusal.NO_LIBRARY, lambda: made(data=numbered(NEW + 1))),
        Case("no library at all", refusal.NO_LIBRARY, lambda: made(data=bytes(400))),
        Case("bytes behind the last entry", refusal.NO_LIBRARY, lambda: made(data=good + bytes(119))),
        Case("a limit out of order", refusal.LIMITS, lambda: made(data=changed(upper_soft=900, upper_hard=800))),
        Case("no hard limit", refusal.LIMITS, lambda: made(data=changed(upper_hard=0))),
        Case("a drug twice", refusal.LIMITS, lambda: made(data=entries(body() + body()[: struct.calcsize(_ENTRY)]))),
        Case("a unit that there is not", refusal.LIMITS, lambda: made(data=changed(unit=99))),
        Case("a bolus without a rate", refusal.LIMITS,
             lambda: made(data=changed(bolus_typical_ul=9, bolus_upper_hard_ul=9, bolus_rate_hard_ul_h=0))),
        Case("too long for its place", refusal.NO_ROOM, lambda: made(uri=room.FOLLOWS, data=_long(), behind=_long())),
        Case("while a therapy stands", refusal.NOT_AT_REST, after=_infuses),
        Case("tampered with after it was checked", refusal.STAGE_CHANGED,
             after=_flipped(ports.AREA_STAGE, 512 + 3_000)),
        Case("a word that nobody said", refusal.NOT_CONFIRMED, before=_forged, said=msg.NONE),
        Case("a word of an earlier start", refusal.NOT_CONFIRMED, before=_old_word, said=msg.NONE),
        Case("a root record that is not there", refusal.NO_ROOTS,
             before=_wiped(ports.AREA_ROOTS_A, ports.AREA_ROOTS_B)),
        Case("a nurse's word", 0, who=NURSE, said=msg.NOT_YOURS),
        Case("nobody's word", 0, who=0, said=msg.LOGIN),
        Case("another number typed", 0, number=NEW + 5, said=msg.OTHER_NUMBER),
    ]  # fmt: skip


def made_unsigned() -> bytes:
    """A library that nobody signed."""
    manifest, _ = make_manifest(
        NEW, [Component((room.COMPONENT,), numbered(NEW), INTEGRATED)], keys.VENDOR, keys.CLASS, start=False
    )
    return Packed(NEW, b"", make_envelope(manifest, [], None, {INTEGRATED: numbered(NEW)})).pack()


def cut_envelope() -> bytes:
    """A whole parcel, whose envelope lacks its last byte."""
    packed = unpack(parcel())
    return Packed(packed.number, b"", packed.envelope[:-1], packed.payload).pack()


def turned_round() -> bytes:
    """The payload before its envelope."""
    whole = unpack(made(uri=room.FOLLOWS, behind=numbered(NEW)))
    out = parts.MAGIC + NEW.to_bytes(4, "big")
    for kind, data in ((parts.PAYLOAD, whole.payload), (parts.ENVELOPE, whole.envelope)):
        out += bytes((kind,)) + len(data).to_bytes(4, "big") + data
    return out


def root_cases() -> list[Case]:
    """Of root records that would follow the pump's."""
    barred = [bytes(8)]
    return [
        Case("an unsigned root record", refusal.ROOTS_UNSIGNED,
             lambda: Packed(_NEXT, next_roots().encode()).pack(), number=_NEXT),
        Case("a root record by another key", verdict.UNKNOWN_KEY,
             lambda: rotation(next_roots(), keys.MAKER, keys.PUBLIC), number=_NEXT),
        Case("a root record by another key in the root key's name", verdict.WRONG_PROOF,
             lambda: rotation(next_roots(), keys.MAKER), number=_NEXT),
        Case("an older root record", verdict.ROLLBACK, lambda: rotation(keys.roots(sequence=4)),
             before=_with_roots(sequence=5), number=4),
        Case("the same sequence, another root record", verdict.SAME_NUMBER,
             lambda: rotation(keys.roots(sequence=1, revoked=barred)), number=1),
        Case("a root record of another vendor", verdict.OTHER_VENDOR,
             lambda: rotation(next_roots(vendor_id=bytes(16))), number=_NEXT),
        Case("a root record of another class", verdict.OTHER_CLASS,
             lambda: rotation(next_roots(class_id=bytes(16))), number=_NEXT),
        Case("a root record that lifts a revocation", refusal.REVOCATION_LIFTED, lambda: rotation(next_roots()),
             before=_with_roots(revoked=barred), number=_NEXT),
        Case("a root record that is none", refusal.ROOTS_MALFORMED,
             lambda: Packed(_NEXT, bytes((0xD2,)) + bytes(80)).pack(), number=_NEXT),
    ]  # fmt: skip


def cases() -> list[Case]:
    """All of them."""
    return library_cases() + root_cases()


@dataclass(frozen=True)
class Met:
    """What became of a case. code: as the audit tells it, -1 where it tells of nothing; message: what answered."""

    code: int
    message: int
    library: bool
    roots: bool
    told: int


def meet(case: Case) -> Met:
    """Carry it to a pump, have it confirmed, start the pump again; whether library and root record are as they were."""
    site = Carried(factory())
    site.start()
    site.stage(case.make())
    case.before(site)
    library, roots = site.in_force(), site.roots()
    message = msg.NONE if case.said == msg.NONE else site.confirm(case.number, case.who)
    case.after(site)
    pump = site.start()
    pump.run(3_000)
    told = site.told()
    code = told[-1].values["code"] if told else -1
    unchanged = site.in_force() == library and pump.app.library.sequence == OLD
    return Met(code, message, unchanged, site.roots() == roots, len(told))

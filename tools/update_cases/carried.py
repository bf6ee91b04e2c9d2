"""A pump with keys, a root record and a drug library in force, to which more is carried: people, panel, starts."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from firmware.main import gatekeeper_for
from firmware.therapy import layout
from firmware.therapy.library import AREAS
from firmware.trust import audit as kinds
from firmware.trust import sealed
from firmware.trust.credentials import Record
from firmware.trust.staging import CHUNK, Staging
from firmware.update import roots as r
from hal import ports
from simulator import audit
from simulator.asked import PHARMACIST, AskedPump, board_of, people
from simulator.audit_records import decode
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.devices.parts import SimCounter
from simulator.files.library import compile_library
from simulator.gateway.prescription import library_of
from simulator.trust_client import make_record
from tools.sign import library as lib
from tools.sign.envelope import Prover
from tools.update_cases import pump as keys

LIBRARY = compile_library(library_of("ward"))
OLD, NEW = 7, 8  # numbers: of the library in force, and of the one that comes
_HEAD = struct.calcsize(layout.struct_format(layout.LIBRARY_HEADER))
RECORD = make_record(1, people())


def numbered(number: int, data: bytes = LIBRARY) -> bytes:
    """A compiled library under another number."""
    return data[:8] + number.to_bytes(4, "little") + data[12:]


def entries(data: bytes) -> bytes:
    """A library of these entries (bytes), numbered NEW."""
    import zlib

    size = struct.calcsize(layout.struct_format(layout.LIBRARY_ENTRY))
    header = (layout.LIBRARY_MAGIC, layout.LIBRARY_VERSION, 0, len(data) // size, NEW, zlib.crc32(data))
    return struct.pack(layout.struct_format(layout.LIBRARY_HEADER), *header) + data


def body(data: bytes = LIBRARY) -> bytes:
    """A library's entries."""
    return data[_HEAD:]


def by(*numbers: int) -> list[Prover]:
    """Signatures of pharmacists."""
    return [keys.pharmacist(number) for number in numbers]


def parcel(
    data: bytes | None = None, provers: list[Prover] | None = None, number: int = -1, roots: r.Roots | None = None
) -> bytes:
    """A parcel with a library, signed by both where nothing else is said."""
    data = numbered(NEW) if data is None else data
    told, made = lib.begin(data, keys.roots() if roots is None else roots)
    provers = by(3, 4) if provers is None else provers
    return lib.pack(told if number < 0 else number, made, data, provers).pack()


class Store(SimFlash):
    """The pump's, whose time is nobody's."""

    def __init__(self) -> None:
        super().__init__(VirtualClock())

    def content(self, area: int) -> bytes:
        """All bytes of an area."""
        into = bytearray(self.size(area))
        self.read(area, 0, into)
        return bytes(into)


def factory(record: Record = RECORD, roots: r.Roots | None = None, library: bytes | None = None) -> Store:
    """A store as after provisioning: credentials, the roots, and a library in force, OLD where none is given."""
    from simulator.trust_client import sealed as with_seal
    from simulator.trust_client import stored

    store = Store()
    for area in (ports.AREA_KEYS_A, ports.AREA_KEYS_B):
        store.load(area, stored(record))
    for area in (ports.AREA_ROOTS_A, ports.AREA_ROOTS_B):
        store.load(area, r.frame(keys.roots() if roots is None else roots))
    for area in AREAS:
        store.load(area, with_seal(record, numbered(OLD) if library is None else library))
    return store


@dataclass
class Carried:
    """A pump on a store; `pump` is None while it is switched off."""

    store: Store = field(default_factory=factory)
    record: Record = RECORD
    counter: Any = field(default_factory=SimCounter)
    pump: AskedPump | None = None

    def start(self) -> AskedPump:
        """Switch it on: a new firmware on what the store holds. PowerLost where that is armed."""
        self.pump = None
        board = board_of(None)
        board.store = self.store  # type: ignore[assignment]
        board.counter = self.counter
        made = AskedPump(self.record, make_gatekeeper=gatekeeper_for, board=board)
        self.pump = made
        return made

    def stage(self, data: bytes) -> None:
        """What comes over the network, or over the local port."""
        from hashlib import sha256

        staging = Staging(self.store)
        if staging.begin(len(data), sha256(data).digest(), True):
            raise ValueError(f"{len(data)} bytes find no room in the stage")
        for place in range(0, len(data), CHUNK):
            if staging.take(place, data[place : place + CHUNK]):
                raise ValueError("the stage does not take a chunk")

    def maintenance(self, who: int = PHARMACIST) -> AskedPump:
        """The key switch is turned, maintenance chosen, and `who` logs in, 0 for nobody."""
        pump = self.pump or self.start()
        pump.board.sensed.flags |= ports.RF_KEY_SWITCH
        pump.press(ports.KEY_MAINTENANCE_ON)
        if who:
            pump.log_in(who)
        return pump

    def confirm(self, number: int = NEW, who: int = PHARMACIST) -> int:
        """A person types the number in maintenance and confirms; the message that answers."""
        pump = self.maintenance(who)
        pump.press(ports.KEY_FIELD + ports.FIELD_TAKE, number)
        pump.press(ports.KEY_CONFIRM)
        pump.run(200)
        return int(pump.status.message)

    # What came of it.

    def in_force(self) -> tuple[int, bytes]:
        """Number and bytes of the library that the store holds for this pump; (0, b"") for none."""
        found = (0, b"")
        for area in AREAS:
            seal = sealed.read_seal(self.store, area, self.record)
            if seal is not None and seal.number > found[0]:
                found = seal.number, self.store.content(area)[: seal.length]
        return found

    def roots(self) -> bytes:
        """The root record in the store, b"" for none."""
        found = r.RootStore(self.store).roots
        return b"" if found is None else found.encode()

    def told(self) -> list[Any]:
        """The audit's records of what was carried here."""
        log = audit.verify(audit.read_log(self.store), audit.first_key(self.record), start=0)
        if log.findings:
            raise ValueError(f"the audit does not verify: {log.findings[0]}")
        return [one for one in map(decode, log.records) if one.kind == kinds.AUDIT_LIBRARY]

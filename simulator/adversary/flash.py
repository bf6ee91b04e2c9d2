"""Whoever has a clip on the flash: reads all of it, and writes it while the pump runs or is off."""

from __future__ import annotations

from typing import Any

from firmware.trust import roles as r
from firmware.trust import taking
from firmware.trust.credentials import Credentials, Person
from firmware.trust.mac import pbkdf2
from hal import ports
from simulator.adversary.base import ACCESS, STRIKE, Adversary
from simulator.site import pharmacy
from simulator.trust_client import stored

AREAS = {
    "library": (ports.AREA_LIBRARY,),
    "journal": (ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B),
    "audit": (ports.AREA_AUDIT_A, ports.AREA_AUDIT_B),
    "keys": (ports.AREA_KEYS_A, ports.AREA_KEYS_B),
    "stage": (ports.AREA_STAGE,),
}
_SALT = bytes(range(16))


class _Strange:
    """A credential record of the adversary's own."""

    def key(self, label: bytes) -> bytes:
        """Another than the pump's."""
        return bytes(32)


class FlashAccess(Adversary):
    """Reads and writes the whole store. Not the secure counter, which is another part."""

    position = "flash-access"
    says = "reads the whole flash out and writes it back, changed or not; not the secure counter"
    between = ("copy", "edit")

    def __init__(self, stage: Any) -> None:
        super().__init__(stage)
        self._copy: dict[int, bytes] = {}

    def read_out(self) -> None:
        """Keep a copy of the whole store."""
        self._reach(ACCESS)
        self._copy = self._store.dump()
        self._reach("copy")

    def write_back(self, what: str = "all") -> None:
        """Write the copy back: all of it, or one of AREAS."""
        chosen = AREAS.get(what)
        for area, data in self._copy.items():
            if chosen is None or area in chosen:
                self._write(area, data)

    def wipe(self, what: str) -> None:
        """Blank one of AREAS."""
        for area in AREAS[what]:
            self._write(area, b"\xff" * self._store.size(area))

    def flip(self, what: str, offset: int) -> None:
        """Change a byte in each area of one of AREAS; past its end it is counted from the start again."""
        for area in AREAS[what]:
            data = bytearray(self._store.dump()[area])
            data[offset % len(data)] ^= 0x55
            self._write(area, bytes(data))

    def add_person(self, number: int, pin: str) -> None:
        """Put somebody of one's own into the credential record, sealed as the pump itself would."""
        credentials = Credentials(self._store)
        credentials.read()
        record: Any = credentials.record
        record.people.append(Person(number, r.NURSE, _SALT, pbkdf2(pin.encode(), _SALT, 1000), 1000, b""))
        self._reach("edit")
        for area in AREAS["keys"]:
            self._write(area, stored(record, credentials.sequence + 1))

    def forget_revocations(self) -> None:
        """Take every revocation out of the credential record, sealed as the pump itself would."""
        credentials = Credentials(self._store)
        credentials.read()
        record: Any = credentials.record
        record.revoked = []
        self._reach("edit")
        for area in AREAS["keys"]:
            self._write(area, stored(record, credentials.sequence + 1))

    def loosen_library(self) -> None:
        """Raise every upper limit of the drug library in force, and mend its checksum; its seal stays as it was."""
        self._reach("edit")
        library = self._stage.world.library
        number = int.from_bytes(library[8:12], "little")
        loose = pharmacy.numbered(library, number, pharmacy.LOOSE)
        for area in (ports.AREA_LIBRARY, ports.AREA_LIBRARY_B):
            self._write(area, loose + self._store.dump()[area][len(loose) :])

    def forge_word(self, number: int, operator: int) -> None:
        """Put a person's word for what is staged into the stage, under a key of one's own."""
        self._reach(ACCESS)
        self._reach(STRIKE)
        board = self._stage.world.board
        staging: Any = taking.checked(self._store)
        if staging is not None:
            taking.say(self._store, _Strange(), staging, operator, taking.count_of(board))

    def cut_audit(self, keep: int) -> None:
        """Blank the newer part of the audit: what follows the first `keep` bytes of each area."""
        for area in AREAS["audit"]:
            data = self._store.dump()[area]
            self._write(area, data[:keep] + b"\xff" * (len(data) - keep))

    def _write(self, area: int, data: bytes) -> None:
        self._reach(ACCESS)
        self._reach(STRIKE)
        self._store.load(area, data)

    @property
    def _store(self) -> Any:
        return self._stage.world.board.store

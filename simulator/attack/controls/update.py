"""Controls on what may be installed."""

from __future__ import annotations

import struct
from typing import Any

from firmware.intake import Libraries
from firmware.settling import Settling
from firmware.therapy import layout
from firmware.therapy.library import AREAS, Library
from firmware.trust.sealed import SEAL, Seal, length_of
from firmware.update import verdict as v
from firmware.update.manifest import Device, Manifest
from firmware.update.processor import Processor
from firmware.update.suit import Opening
from simulator.attack.controls.base import Control, Standin

_SLOT = "firmware/update/suit.py"
_HEADER = layout.struct_format(layout.LIBRARY_HEADER)
_NOBODY = bytes(8)
# What proofs are refused for.
_UNPROVEN = frozenset((
    v.NUMBER_OF_PROOFS, v.PROOF_MALFORMED, v.PROOF_ALGORITHM, v.PROOF_UNPROTECTED, v.WRONG_PROOF, v.UNKNOWN_KEY,
    v.REVOKED_KEY, v.SAME_SIGNER,
))  # fmt: skip


class _AnySignature(Opening):
    """Whoever has signed it, or nobody."""

    __slots__ = ()

    def step(self, hashes: int) -> bool:
        if self.verdict in (v.MORE, v.NUMBER_OF_PROOFS):
            self.verdict = v.OPENED
            _two(self._proofs)
        return False


class _OneSignature(Opening):
    """One pharmacist will do, or the same one twice."""

    __slots__ = ()

    def __init__(self, data: bytes, proofs: list[Any]) -> None:
        super().__init__(data, proofs)
        if self.verdict == v.NUMBER_OF_PROOFS and len(self._blocks) == 1:
            self._proofs = proofs[:1]
            self.verdict = v.MORE

    def _begin(self, number: int) -> int:
        if number:
            self._proofs[number].used = []
        return int(super()._begin(number))

    def step(self, hashes: int) -> bool:
        more = bool(super().step(hashes))
        if self.verdict == v.OPENED:
            _two(self._proofs)
        return more


def _two(proofs: list[Any]) -> None:
    """Whoever asks who the two were finds two."""
    used = proofs[0].used
    used.extend([_NOBODY] * (2 - len(used)))


class _SpySignature(Opening):
    __slots__ = ()
    spied: set[str]

    def step(self, hashes: int) -> bool:
        if self.verdict == v.NUMBER_OF_PROOFS:
            self.spied.add("library-signature")
        more = bool(super().step(hashes))
        if self.verdict in _UNPROVEN:
            self.spied.add("library-signature")
        return more


class _SpyTwo(Opening):
    __slots__ = ()
    spied: set[str]

    def step(self, hashes: int) -> bool:
        if self.verdict == v.NUMBER_OF_PROOFS and len(self._blocks) == 1:
            self.spied.add("two-pharmacists")
        more = bool(super().step(hashes))
        if self.verdict == v.SAME_SIGNER:
            self.spied.add("two-pharmacists")
        return more


class _NoFloor(Manifest):
    """Any number is good."""

    __slots__ = ()

    def __init__(self, opening: Any, device: Device, target: Any) -> None:
        other = Device(device.vendor_id, device.class_id, device.device_id)
        super().__init__(opening, other, target)


class _SpyFloor(Manifest):
    __slots__ = ()
    spied: set[str]

    def __init__(self, opening: Any, device: Device, target: Any) -> None:
        super().__init__(opening, device, target)
        if self.verdict in (v.ROLLBACK, v.SAME_NUMBER):
            self.spied.add("rollback-floor")


class _LastWritten(Libraries):
    """What was written last is in force, whatever its number."""

    __slots__ = ()

    def write(self, data: bytes) -> int:
        area = AREAS[self.place]
        rc = int(super().write(data))
        if rc == 0:
            rc = int(self._store.erase(area))
            self.look()
        return rc


class _AnyModel(Processor):
    """Whatever is signed is for this pump."""

    def _same(self, component: int, wanted: Any, own: bytes, checked: int, refusal: int) -> int:
        if super()._same(component, wanted, own, checked, refusal) == refusal:
            self._identified[component] |= checked
        return int(v.DONE)


class _SpyModel(Processor):
    spied: set[str]

    def _same(self, component: int, wanted: Any, own: bytes, checked: int, refusal: int) -> int:
        found = int(super()._same(component, wanted, own, checked, refusal))
        if found == refusal:
            self.spied.add("model-match")
        return found


class _AnyWord(Settling):
    """A word in the stage is a person's word."""

    def __init__(self, board: Any, record: Any, libraries: Any) -> None:
        super().__init__(board, record, libraries)
        if self.word is not None:
            self.word.holds = True


class _SpyWord(Settling):
    spied: set[str]

    def __init__(self, board: Any, record: Any, libraries: Any) -> None:
        super().__init__(board, record, libraries)
        if self.word is not None and not self.word.holds:
            self.spied.add("library-word")


class _Unsealed(Libraries):
    """A library with a checksum is a library."""

    __slots__ = ()

    def look(self) -> None:
        seals = [_seal_of(self._store, area) for area in AREAS]
        areas: Any = tuple(area for area, seal in zip(AREAS, seals, strict=True) if seal is not None)
        self.areas = areas
        self.newest, self.place = None, 1
        for place, seal in enumerate(seals):
            if seal is not None and (self.newest is None or seal.number > self.newest.number):
                self.newest, self.place = seal, place


class _SpySeal(Libraries):
    __slots__ = ()
    spied: set[str]

    def look(self) -> None:
        super().look()
        if any(_seal_of(self._store, area) is not None and area not in self.areas for area in AREAS):
            self.spied.add("library-seal")


def _seal_of(store: Any, area: int) -> Any:
    """The Seal behind a library that is whole, with nobody looking at its MAC; None where there is no library."""
    header = bytearray(struct.calcsize(_HEADER))
    if store.size(area) < len(header) + SEAL or store.read(area, 0, header):
        return None
    length = length_of(header)
    data = bytearray(length + SEAL) if length + SEAL <= store.size(area) else bytearray()
    if not data or store.read(area, 0, data):
        return None
    library = Library(bytes(data[:length]))
    if not library.entries:
        return None
    return Seal(library.sequence, bytes(data[length + 4 : length + 36]), (0, 0), length)


CONTROLS = (
    Control(
        "update-signature", "update", "An image is the manufacturer's by a hash-based signature (HSS/LMS), or is none.",
        "Any image is good.", _SLOT, at_site=True,
    ),
    Control(
        "counter-signature", "update", "The facility vouches for an image besides (COSE_Mac0 under the pump's key).",
        "The manufacturer's signature is enough.", _SLOT, at_site=True,
    ),
    Control(
        "library-signature", "update", "A drug library is the site's by pharmacists' signatures (HSS/LMS), or is none.",
        "Any library is good.", "firmware/update/proofs.py", (Standin("opening", _AnySignature, _SpySignature),),
    ),
    Control(
        "two-pharmacists", "update", "Two different pharmacists have signed a drug library.",
        "One will do, or the same one twice.", "firmware/update/roots.py",
        (Standin("opening", _OneSignature, _SpyTwo),),
    ),
    Control(
        "library-word", "update", "A person who may says at the bedside that a library shall be in force; the pump "
        "keeps that word with a MAC, for what is staged and for one start.",
        "A word in the store is a person's word.", "firmware/trust/taking.py",
        (Standin("settling", _AnyWord, _SpyWord),),
    ),
    Control(
        "library-seal", "update", "A drug library in force bears a MAC of the pump's own, looked at at each start.",
        "A library with a checksum is a library.", "firmware/trust/sealed.py",
        (Standin("libraries", _Unsealed, _SpySeal),),
    ),
    Control(
        "rollback-floor", "update", "What is older than what was in force is not installed any more.",
        "An old one, with its known errors, is as good as a new one.", "firmware/update/manifest.py",
        (Standin("manifest", _NoFloor, _SpyFloor), Standin("libraries", _LastWritten, None)),
    ),
    Control(
        "slot-exactness", "update", "A slot holds exactly the files of its manifest.",
        "A file besides shadows a verified one.", "firmware/update/slot.py", at_site=True,
    ),
    Control(
        "model-match", "update", "A manifest names vendor and class of the device that it is for.",
        "Whatever is signed is for this pump.", "firmware/update/processor.py",
        (Standin("processor", _AnyModel, _SpyModel),),
    ),
)  # fmt: skip

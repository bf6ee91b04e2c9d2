"""Evidence that the pump itself finds its stored audit chain cut, thinned, reordered or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from firmware.trust.audit_area import records_at
from firmware.trust.audit_check import GOES_ON, Check
from firmware.trust.audit_frame import frame_size
from firmware.trust.audit_store import BROKEN, SOUND, Chain
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from tools.claims.audit import KEY, mended
from tools.claims.registry import Outcome, Report, claim

AREA_BYTES = 1_536
_AREAS = (ports.AREA_AUDIT_A, ports.AREA_AUDIT_B)
_RECORDS = 10  # in two areas
_DATA = b"a record of the log"
_FRAME = frame_size(len(_DATA))
_GROWN = 60  # records, while it is looked over
_MARGIN = 2_000  # steps in which a look has ended


class IgnoresLinks(Check):
    """Looks at numbers alone."""

    def _look(self) -> int:
        areas = self._chain.areas
        if self._offset < areas.size(self._area):
            length = areas.load(self._area, self._offset)
            if length >= 0:
                self._link = bytes(areas.frame[8:40])
        return super()._look()

    def _end_area(self) -> int:
        if self._area == self._chain.area and self._sequence == self._chain.sequence:
            return SOUND
        return super()._end_area()

    def _enter(self, area: int, first: bool) -> bool:
        return super()._enter(area, first) or self._sequence > 0


class StopsAtTheFirstArea(Check):
    """Does not look at the older records."""

    def begin(self) -> None:
        """Begin with the area in use."""
        super().begin()
        if self._verdict == GOES_ON:
            self._enter(self._chain.area, True)


class OpensOnly(Check):
    """Leaves it at what a boot sees."""

    def _look(self) -> int:
        return SOUND


class IgnoresGrowth(Check):
    """Takes what is appended while it looks at what was blank for something that is not there."""

    def _end_area(self) -> int:
        if self._area == self._chain.area:
            self._records = self._chain.sequence
        return super()._end_area()


MUTANTS: dict[str, type[Check]] = {
    "no regard for what is appended meanwhile": IgnoresGrowth,
    "no look at the links": IgnoresLinks,
    "no look at the older area": StopsAtTheFirstArea,
    "what a boot sees, and no more": OpensOnly,
}


def _pump() -> tuple[SimFlash, list[tuple[int, int]]]:
    """A store with a chain, and where each record stands: area, offset."""
    store = SimFlash(VirtualClock(), audit_bytes=AREA_BYTES)
    chain = Chain(store)
    chain.begin(KEY)
    for sequence in range(_RECORDS):
        chain.append(1 + sequence, _DATA)
    found = []
    for area in _AREAS:
        offset = records_at(AREA_BYTES)
        while chain.areas.load(area, offset) >= 0:
            found.append((area, offset))
            offset += _FRAME
    return store, found


def _content(store: SimFlash, area: int) -> bytes:
    memory = bytearray(AREA_BYTES)
    store.read(area, 0, memory)
    return bytes(memory)


def damages() -> Iterator[tuple[str, SimFlash]]:
    """A store of which something was done to one record, and what."""
    store, places = _pump()
    content = {area: _content(store, area) for area in _AREAS}
    honest = [content[area][offset : offset + _FRAME] for area, offset in places]

    def with_frames(changes: dict[int, bytes]) -> SimFlash:
        memory = {area: bytearray(content[area]) for area in _AREAS}
        for number, frame in changes.items():
            area, offset = places[number]
            memory[area][offset : offset + _FRAME] = frame
        damaged = SimFlash(VirtualClock(), audit_bytes=AREA_BYTES)
        for area in _AREAS:
            damaged.load(area, bytes(memory[area]))
        return damaged

    for number, frame in enumerate(honest):
        used = 76 + len(_DATA)
        for place in range(used):
            changed = frame[:place] + bytes([frame[place] ^ 1 << place % 8]) + frame[place + 1 :]
            for damaged in sorted({changed, mended(changed)} - {frame}):
                yield f"byte {place} of record {number}", with_frames({number: damaged})
        for blank in (b"\xff", b"\x00"):
            yield f"record {number} blanked", with_frames({number: blank * _FRAME})
        if number:
            yield f"record {number} in the place of the one before", with_frames({number - 1: frame})
            swapped = {number - 1: frame, number: honest[number - 1]}
            yield f"records {number - 1} and {number} swapped", with_frames(swapped)
        rest = dict.fromkeys(range(number, len(honest)), b"\xff" * _FRAME)
        yield f"cut from record {number}", with_frames(rest)
        shifted = {later: [*honest, b"\xff" * _FRAME][later + 1] for later in range(number, len(honest))}
        yield f"record {number} taken out and the rest moved up", with_frames(shifted)


def verdict(store: SimFlash, make_check: Callable[[Chain], Check]) -> int:
    """What a boot and a whole look say; the records of a look go on from step to step."""
    chain = Chain(store)
    chain.open()
    check = make_check(chain)
    for _ in range(_MARGIN):
        said = check.step()
        if said != GOES_ON:
            return said
    return GOES_ON


def grown(make_check: Callable[[Chain], Check]) -> int:
    """What looks over an honest chain say to which records are appended meanwhile: the first that is not SOUND."""
    store = SimFlash(VirtualClock())
    chain = Chain(store)
    chain.begin(KEY)
    check = make_check(chain)
    for step in range(_MARGIN):
        if step % 3 == 0 and chain.sequence < _GROWN:
            chain.append(1, _DATA)
        said = check.step()
        if said == SOUND:
            check.begin()
        elif said != GOES_ON:
            return said
    return SOUND


@claim(
    "audit-broken",
    "Whatever is done to one stored audit record (a byte, its checksum mended or not, blanked, moved, swapped, taken "
    "out, cut off), a boot and a look over the chain say that it is broken; of an honest store, also of one that grows "
    "while it is looked over, that it is sound.",
    mutants={name: partial(MUTANTS.get, name) for name in MUTANTS},
)
def audit_broken(deep: bool, subject: type[Check] | None, report: Report) -> Outcome:
    """Every byte of every record of two small areas; there is nothing more to do where `deep`."""
    make_check = subject or Check
    store, places = _pump()
    honest = verdict(store, make_check)
    missed = [] if honest == SOUND else [f"the honest store: {honest:#x}"]
    grew = grown(make_check)
    missed += [] if grew == SOUND else [f"an honest chain that grows: {grew:#x}"]
    tried = 0
    for what, damaged in damages():
        tried += 1
        said = verdict(damaged, make_check)
        if said != BROKEN:
            missed.append(f"{what}: {said:#x}")
            if subject is not None:
                break
        if tried % 200 == 0:
            report(tried, 2_000)
    figure = f"{tried:,} manipulations of {len(places)} stored records, {len(missed)} not found"
    return Outcome(not missed, figure, {"missed": missed[:20]})

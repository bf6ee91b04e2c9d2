"""A store with the semantics of NOR flash: writes clear bits, only an erase sets them, power tears both."""

from __future__ import annotations

from hal import ports
from simulator.clock import VirtualClock
from simulator.power import AFTER, BEFORE, ERASE, WRITE, PowerLost, Supply, cut_erase, cut_write

SIZES = {
    ports.AREA_LIBRARY: 32 * 1024,
    ports.AREA_JOURNAL_A: 64 * 1024,
    ports.AREA_JOURNAL_B: 64 * 1024,
    ports.AREA_AUDIT_A: 16 * 1024,
    ports.AREA_AUDIT_B: 16 * 1024,
    ports.AREA_KEYS_A: 4 * 1024,
    ports.AREA_KEYS_B: 4 * 1024,
    ports.AREA_STAGE: 36 * 1024,
    ports.AREA_ROOTS_A: 4 * 1024,
    ports.AREA_ROOTS_B: 4 * 1024,
    ports.AREA_LIBRARY_B: 32 * 1024,
}
# Of a board with slots; each slot as long as it is told.
_BOOT_AREAS = (ports.AREA_BOOT_A, ports.AREA_BOOT_B)
_SLOT_AREAS = (ports.AREA_SLOT_A, ports.AREA_SLOT_B, ports.AREA_GOLDEN)
# RP2040's W25Q16: 45 ms typical, 400 ms at most, for a 4 KiB sector. The rest of an area is
# erased in the background of the board.
ERASE_MS = 45


class SimFlash:
    """Matches hal.ports.Store.

    Set `rc` to make each call answer that code and do nothing, `read_rc` or `write_rc` (erases
    too) for those alone, `forgets` to let writes answer OK and leave nothing, `write_ms` to make
    each write take that long, `erase_ms` for a slower part (400 at most). A cut armed at `supply`
    ends a write or an erase in its midst by raising PowerLost.
    """

    def __init__(
        self,
        clock: VirtualClock,
        supply: Supply | None = None,
        journal_bytes: int | None = None,
        audit_bytes: int | None = None,
        slot_bytes: int = 0,
    ) -> None:
        """`journal_bytes`, `audit_bytes`: of each of the two areas, where they are to be full sooner.

        `slot_bytes`: of each of the three slots; a board has none unless it is said.
        """
        self._clock = clock
        self.supply = Supply() if supply is None else supply
        self._sizes = dict(SIZES)
        if journal_bytes is not None:
            self._sizes[ports.AREA_JOURNAL_A] = self._sizes[ports.AREA_JOURNAL_B] = journal_bytes
        if audit_bytes is not None:
            self._sizes[ports.AREA_AUDIT_A] = self._sizes[ports.AREA_AUDIT_B] = audit_bytes
        if slot_bytes:
            self._sizes.update(dict.fromkeys(_BOOT_AREAS, ports.BLOCK))
            self._sizes.update(dict.fromkeys(_SLOT_AREAS, slot_bytes))
        self._areas = {area: bytearray(b"\xff" * size) for area, size in self._sizes.items()}
        self.rc = self.read_rc = self.write_rc = ports.OK
        self.forgets = False
        self.write_ms = 0
        self.erase_ms = ERASE_MS
        self.writes = 0
        self.erases = 0

    def load(self, area: int, data: bytes) -> None:
        """Put `data` there as a factory would; no semantics."""
        self._areas[area][: len(data)] = data

    def dump(self) -> dict[int, bytes]:
        """What each area holds, as whoever has a clip on the part reads it."""
        return {area: bytes(memory) for area, memory in self._areas.items()}

    def flip(self, area: int, offset: int, bit: int) -> None:
        """A stored bit changes by itself."""
        self._areas[area][offset] ^= 1 << bit

    def size(self, area: int) -> int:
        """Bytes in `area`, 0 for an area that is not there."""
        return self._sizes.get(area, 0)

    def read(self, area: int, offset: int, into: bytearray) -> int:
        """Fill `into`; ERR_RANGE past the end."""
        if self.rc or self.read_rc:
            return self.rc or self.read_rc
        end = offset + len(into)
        if offset < 0 or end > self.size(area):
            return ports.ERR_RANGE
        into[:] = self._areas[area][offset:end]
        return ports.OK

    def write(self, area: int, offset: int, data: bytes) -> int:
        """Clear bits; ERR_FAILED, with the bits that could be cleared cleared, where one had to be set."""
        if self.rc or self.write_rc:
            return self.rc or self.write_rc
        end = offset + len(data)
        if offset < 0 or end > self.size(area):
            return ports.ERR_RANGE
        memory = self._areas[area]
        cut = self.supply.begin(WRITE, area, offset, len(data))
        before = bytes(memory[offset:end])
        after = bytes(old & new for old, new in zip(before, data, strict=True))
        if cut is not None:
            memory[offset:end] = cut_write(cut, before, after, offset)
            raise PowerLost(cut)
        self.writes += 1
        self._clock.advance(self.write_ms)
        if self.forgets:
            return ports.OK
        memory[offset:end] = after
        return ports.OK if after == bytes(data) else ports.ERR_FAILED

    def erase(self, area: int) -> int:
        """Set the area to 0xFF; time passes."""
        return self._erase(area, 0, self.size(area))

    def erase_block(self, area: int, offset: int) -> int:
        """Set a block to 0xFF; time passes."""
        if offset < 0 or offset % ports.BLOCK or offset + ports.BLOCK > self.size(area):
            return ports.ERR_RANGE
        return self._erase(area, offset, ports.BLOCK)

    def _erase(self, area: int, start: int, size: int) -> int:
        if self.rc or self.write_rc:
            return self.rc or self.write_rc
        if area not in self._areas:
            return ports.ERR_RANGE
        cut = self.supply.begin(ERASE, area, start, size)
        if cut is not None:
            self._clock.advance(0 if cut.where == BEFORE else self.erase_ms // (1 if cut.where == AFTER else 2))
            memory = self._areas[area][start : start + size]
            cut_erase(cut, memory)
            self._areas[area][start : start + size] = memory
            raise PowerLost(cut)
        self._areas[area][start : start + size] = b"\xff" * size
        self._clock.advance(self.erase_ms)
        self.erases += 1
        return ports.OK

"""An ideal pump that is asked over the network, with slots: it was booted from the first of them."""

from __future__ import annotations

from typing import Any

from firmware.update.running import Updates
from hal import ports
from simulator.devices.flash import SimFlash
from tools.update_cases import refused
from tools.update_cases import slotted as s
from tools.update_cases.pump import device

_OF_SLOTS = (ports.AREA_BOOT_A, ports.AREA_BOOT_B, *s.SLOTS, ports.AREA_GOLDEN)


class Both:
    """A board's own store, and a flash for the areas of slots. Matches hal.ports.Store."""

    def __init__(self, own: Any, flash: SimFlash) -> None:
        self._own = own
        self._flash = flash

    def _of(self, area: int) -> Any:
        return self._flash if area in _OF_SLOTS else self._own

    def size(self, area: int) -> int:
        """Bytes in an area."""
        return int(self._of(area).size(area))

    def read(self, area: int, offset: int, into: bytearray) -> int:
        """As the store's."""
        return int(self._of(area).read(area, offset, into))

    def write(self, area: int, offset: int, data: bytes) -> int:
        """As the store's."""
        return int(self._of(area).write(area, offset, data))

    def erase(self, area: int) -> int:
        """As the store's."""
        return int(self._of(area).erase(area))

    def erase_block(self, area: int, offset: int) -> int:
        """As the store's."""
        return int(self._of(area).erase_block(area, offset))


def give_slots(pump: Any, confirmed: s.Image = refused.OLD) -> SimFlash:
    """Let `pump` (simulator.asked.AskedPump) have booted `confirmed` from a slot; return the flash of its slots."""
    flash = s.flash_for(refused.SIZE + 2_000)
    s.put_in(flash, ports.AREA_GOLDEN, refused.GOLDEN)
    s.confirm_in(flash, 0, confirmed)
    record = s.SHIPPED.record.Record(flash)
    booted = s.SHIPPED.boot.Boot(flash, record, device(), refused.demanded, refused.golden_proofs, int).choose()
    store = Both(pump.board.store, flash)
    updates = Updates(store, booted, device, refused.demanded, pump.board.clock.ticks_ms())
    pump.app.updates = pump.gatekeeper.updates = updates
    return flash

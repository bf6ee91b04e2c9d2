"""Joins updates to a pump that was booted from a slot. Loaded where the board has slots."""

from firmware.update.booted import how


class Keys:
    """What a pump judges updates by, read when it is wanted: the root record and its own credentials."""

    def __init__(self, store, gatekeeper):
        self._store = store
        self._gatekeeper = gatekeeper

    def _read(self):
        """The root record and the pump's own, None for what is not there."""
        from firmware.update.roots import read_roots

        credentials = getattr(self._gatekeeper, "credentials", None)
        return read_roots(self._store), None if credentials is None else credentials.record

    def proofs(self):
        """The proofs that an image needs; none where the pump has not the keys, and then nothing opens."""
        from firmware.update.roots import firmware_proofs

        roots, record = self._read()
        return [] if roots is None or record is None else firmware_proofs(roots, record)

    def device(self):
        """Vendor, class and id of this pump."""
        from firmware.update.roots import device_of

        return device_of(*self._read())


def updates_of(board, gatekeeper, module_file=__file__):
    """Return what such a pump does with updates, or None where it was not booted from a slot.

    `module_file`: where a module of the firmware was imported from, which says so.
    """
    booted = how(module_file)
    if booted is None:
        return None
    from firmware.update.running import Updates

    keys = Keys(board.store, gatekeeper)
    return Updates(board.store, booted, keys.device, keys.proofs, board.clock.ticks_ms())

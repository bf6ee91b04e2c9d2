"""The audit of a pump whose store has no place for one: nothing is kept. What keeps one has the same methods."""


class Unaudited:
    """Keeps nothing, and says so by publishing no head."""

    def meet(self, remote, seconds):
        """Take what says how the pump stands, and what time it is; once, before anything else."""

    def boot(self, record, found, count):
        """The pump has booted. `record`: whose keys, or None; `found`: BLANK … BROKEN; `count`: the secure counter."""

    def note(self, code, request, times):
        """A request came to `code` (verdict.py), and `times` - 1 others since it was last noted.

        request: None where a message was too long or too short to be one.
        """

    def login(self, right, number):
        """Somebody at the bedside proved to be `number`, or (`right` below 0) did not."""

    def revoked(self, epoch, operator):
        """The record changed: `operator` is revoked, or with 0 the epoch was raised."""

    def update(self, note):
        """Something became of an update, or of what boots: `note` has what, code, slot, number, operator and digest."""

    def wiped(self):
        """The keys in use were forgotten: the pump is isolated."""

    def look(self):
        """Note what has changed at the bedside and in the trust state. Each turn."""

    def waits(self):
        """Return whether a record waits to be stored."""
        return False

    def step(self, may_erase):
        """Store what waits, or look at what is stored; one record a turn.

        `may_erase`: whether a stall of 400 ms does no harm now.
        """

    def holds(self):
        """Return whether the chain is whole, as far as has been looked."""
        return True

    def head(self):
        """Return (records, SHA-256 of the last), which is published, or None."""
        return

    def find(self, sequence):
        """Begin to look for the stored records from `sequence` on; False where there can be none."""
        return False

    def search(self):
        """Go on; return None until the search is over, then (records as they were stored, where to go on or 0)."""
        return b"", 0

"""At boot, before the pump is built: which copies of the drug library are this pump's own, and what a person confirmed.

Then nothing flows, nobody waits, and a Pico's heap is empty: the rooms that verify would not fit beside a pump that
has keys. They are loaded only where a word waits (settling.py), and let go of again. Lets no exception out: the pump
starts with what it has.
"""

from firmware.therapy.journal import Journal
from firmware.therapy.library import AREAS
from firmware.therapy.resume import Past
from firmware.trust import taking
from firmware.trust.credentials import Credentials
from firmware.trust.sealed import SEAL, read_seal
from hal.compat import unload
from hal.ports import OK

# What this loads, and nothing else wants while the pump runs.
_OURS = (
    "firmware.intake", "firmware.settling", "firmware.update", "firmware.therapy.soundness", "firmware.trust.sealed",
    "firmware.trust.taking", "firmware.trust.staging", "firmware.trust.lms",
)  # fmt: skip


class Libraries:
    """The two copies of the drug library: `newest` is the Seal of the one in force, or None; `place` its copy's."""

    __slots__ = ("_record", "_store", "areas", "newest", "place")

    def __init__(self, store, record):
        self._store = store
        self._record = record
        self.look()

    def look(self):
        """Find which copies bear this pump's own seal: `areas`, those that may be read."""
        self.areas = ()
        self.newest = None
        self.place = 1
        for place in range(2):
            seal = read_seal(self._store, AREAS[place], self._record)
            if seal is None:
                continue
            self.areas += (AREAS[place],)
            if self.newest is None or seal.number > self.newest.number:
                self.newest = seal
                self.place = place

    def is_behind(self):
        """Whether one copy alone is the newest."""
        if self.newest is None:
            return False
        other = read_seal(self._store, AREAS[1 - self.place], self._record)
        return other is None or other.number != self.newest.number

    def has_room(self, length):
        """Whether a library of `length` bytes fits into both copies."""
        store = self._store
        return length + SEAL <= min(store.size(AREAS[0]), store.size(AREAS[1]))

    def write(self, data):
        """Put a library and its seal over the copy that is not in force, its first byte last; OK or ERR_*."""
        area = AREAS[1 - self.place]
        store = self._store
        rc = store.erase(area) or store.write(area, 1, data[1:]) or store.write(area, 0, data[:1])
        if rc == OK:
            self.look()
        return rc

    def mend(self):
        """Make the other copy as the newest is; OK or ERR_*."""
        data = bytearray(self.newest.length + SEAL)
        return self._store.read(AREAS[self.place], 0, data) or self.write(bytes(data))


def is_idle(store):
    """Whether no therapy stood, running or not, when the journal was written last."""
    past = Past()
    Journal(store).replay(past.fold)
    return not past.has_therapy()


def take_in(board):
    """Look at what waits; return (areas of the library that may be read, taking.Owed or None).

    Without a whole credential record nothing is taken, and a library is what its checksum says: isolated, the pump
    still wants one at the bedside.
    """
    store = board.store
    credentials = Credentials(store)
    credentials.read()
    record = credentials.record
    if record is None:
        return AREAS, None
    libraries = Libraries(store, record)
    if taking.is_said(store):
        from firmware.settling import settle

        settle(board, record, libraries)
    elif libraries.is_behind() and is_idle(store):
        libraries.mend()
    owed = taking.Owed(store)
    unload(*_OURS)
    return libraries.areas, owed if owed.ends else None

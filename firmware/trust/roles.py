"""Who may ask for what: one table, and what is not in it is refused.

A row: kind, roles as bits, the longest time that a request may be good for, the trust states as bits in which it is
heard. What touches a dose or rings at the bedside is good for 30 s and heard only while nothing hostile is about;
reading, and what the site's key service takes away, also under suspicion; nothing once the pump is isolated.
"""

from hal.compat import const

NURSE = const(1)
PHYSICIAN = const(2)
PHARMACIST = const(3)
BIOMED = const(4)
MANUFACTURER = const(5)
SERVICE = const(6)  # the site's key service; nobody's own
ROLES = const(7)

KIND_PREPARE = const(1)
KIND_TITRATE = const(2)
KIND_PAUSE = const(3)
KIND_STOP = const(4)
KIND_APPROVE = const(5)
KIND_LOG = const(6)
KIND_ALARMS = const(7)
KIND_TIME = const(8)
KIND_REVOKE = const(9)
KIND_EPOCH = const(10)
KIND_STATUS = const(11)
KIND_WAVE = const(13)
KIND_STAGE = const(14)
KIND_CHUNK = const(15)

_CLINICAL = const(0x0E)  # nurse, physician, pharmacist: bits by role
_AT_THE_PATIENT = const(0x06)  # nurse, physician
_ANYBODY = const(0x7E)
_CARRIERS = const(0x38)  # pharmacist, biomed, manufacturer
_SERVICE = const(0x40)
_QUIET = const(3)  # normal, offline: bits by TR_*
_HEARD = const(7)  # suspect too
_SHORT = const(3)  # tens of seconds
_LONG = const(60)
_ROW = const(4)

TABLE = bytes(
    (
        # kind, roles, good for (10 s), trust states
        KIND_PREPARE, _CLINICAL, _SHORT, _QUIET,
        KIND_TITRATE, _AT_THE_PATIENT, _SHORT, _QUIET,
        KIND_PAUSE, _AT_THE_PATIENT, _SHORT, _QUIET,
        KIND_STOP, _AT_THE_PATIENT, _SHORT, _QUIET,
        KIND_APPROVE, _CLINICAL, _SHORT, _QUIET,
        KIND_LOG, _ANYBODY, _LONG, _HEARD,
        KIND_ALARMS, _ANYBODY, _LONG, _HEARD,
        KIND_STATUS, _ANYBODY, _LONG, _HEARD,
        KIND_WAVE, _ANYBODY, _LONG, _HEARD,
        KIND_STAGE, _CARRIERS, _LONG, _QUIET,
        KIND_CHUNK, _CARRIERS, _LONG, _QUIET,
        KIND_TIME, _SERVICE, _SHORT, _HEARD,
        KIND_REVOKE, _SERVICE, _LONG, _HEARD,
        KIND_EPOCH, _SERVICE, _LONG, _HEARD,
    )
)  # fmt: skip


def may_treat(role):
    """Return whether `role` programmes and raises doses at the bedside."""
    return _CLINICAL >> role & 1 != 0


class Roles:
    """Reads the table. Another table may be handed in by tests."""

    __slots__ = ("_table",)

    def __init__(self, table=TABLE):
        self._table = table

    def _row(self, kind):
        table = self._table
        for place in range(0, len(table), _ROW):
            if table[place] == kind:
                return place
        return -1

    def knows(self, kind):
        """Return whether there is such a kind."""
        return self._row(kind) >= 0

    def may(self, role, kind):
        """Return whether `role` may ask for `kind`."""
        row = self._row(kind)
        return row >= 0 and 0 < role < ROLES and self._table[row + 1] >> role & 1 != 0

    def longest_s(self, kind):
        """Return for how many seconds ahead a request of `kind` may be good; 0 for one that there is not."""
        row = self._row(kind)
        return self._table[row + 2] * 10 if row >= 0 else 0

    def is_heard(self, kind, trust):
        """Return whether `kind` is heard in trust state `trust` (TR_*)."""
        row = self._row(kind)
        return row >= 0 and self._table[row + 3] >> trust & 1 != 0

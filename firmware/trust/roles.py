"""Who may ask for what: one table, and what is not in it is refused.

A row: kind, roles as bits, the longest time that a request may be good for, the trust states as bits in which it is
heard, the form of its arguments. What touches a dose or rings at the bedside is good for 30 s and heard only while
nothing hostile is about; reading, and what the site's key service takes away, also under suspicion; nothing once the
pump is isolated.
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
KIND_AUDIT = const(12)
KIND_WAVE = const(13)
KIND_STAGE = const(14)
KIND_CHUNK = const(15)
KIND_UPDATE = const(18)
KIND_INSTALL = const(19)

# Forms of arguments; request.py holds what came against them.
ARG_NONE = const(0)  # an empty map
ARG_FIELDS = const(1)  # entries by field code, and steps
ARG_DOSE = const(2)  # one, by the field code of a titration
ARG_DIGEST = const(3)  # one: what names another request
ARG_COUNT = const(4)  # one: an integer from 0 up
ARG_OPERATOR = const(5)  # one: a number that somebody may have
ARG_SECONDS = const(6)  # one: how long the waveform is told
ARG_STAGE = const(7)  # a length, and the SHA-256 of so many bytes
ARG_CHUNK = const(8)  # an offset, and the bytes that stand there

_CLINICAL = const(0x0E)  # nurse, physician, pharmacist: bits by role
_AT_THE_PATIENT = const(0x06)  # nurse, physician
_ANYBODY = const(0x7E)
_CARRIERS = const(0x38)  # pharmacist, biomed, manufacturer
_UPDATERS = const(0x30)  # biomed, manufacturer
_BIOMED = const(0x10)
_SERVICE = const(0x40)
_REVIEWING = const(0x50)  # biomed, key service: what people did is nobody else's to read
_QUIET = const(3)  # normal, offline: bits by TR_*
_HEARD = const(7)  # suspect too
_SHORT = const(3)  # tens of seconds
_LONG = const(60)
_ROW = const(5)

TABLE = bytes(
    (
        # kind, roles, good for (10 s), trust states, arguments
        KIND_PREPARE, _CLINICAL, _SHORT, _QUIET, ARG_FIELDS,
        KIND_TITRATE, _AT_THE_PATIENT, _SHORT, _QUIET, ARG_DOSE,
        KIND_PAUSE, _AT_THE_PATIENT, _SHORT, _QUIET, ARG_NONE,
        KIND_STOP, _AT_THE_PATIENT, _SHORT, _QUIET, ARG_NONE,
        KIND_APPROVE, _CLINICAL, _SHORT, _QUIET, ARG_DIGEST,
        KIND_LOG, _ANYBODY, _LONG, _HEARD, ARG_COUNT,
        KIND_ALARMS, _ANYBODY, _LONG, _HEARD, ARG_NONE,
        KIND_STATUS, _ANYBODY, _LONG, _HEARD, ARG_NONE,
        KIND_AUDIT, _REVIEWING, _LONG, _HEARD, ARG_COUNT,
        KIND_WAVE, _ANYBODY, _LONG, _HEARD, ARG_SECONDS,
        KIND_STAGE, _CARRIERS, _LONG, _QUIET, ARG_STAGE,
        KIND_CHUNK, _CARRIERS, _LONG, _QUIET, ARG_CHUNK,
        KIND_UPDATE, _UPDATERS, _LONG, _QUIET, ARG_NONE,
        KIND_INSTALL, _BIOMED, _LONG, _QUIET, ARG_COUNT,
        KIND_TIME, _SERVICE, _SHORT, _HEARD, ARG_COUNT,
        KIND_REVOKE, _SERVICE, _LONG, _HEARD, ARG_OPERATOR,
        KIND_EPOCH, _SERVICE, _LONG, _HEARD, ARG_COUNT,
    )
)  # fmt: skip


def may_treat(role):
    """Return whether `role` programmes and raises doses at the bedside."""
    return _CLINICAL >> role & 1 != 0


def may_take(role):
    """Return whether `role` may say at the bedside that what was carried here shall be in force."""
    return _CARRIERS >> role & 1 != 0


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

    def arguments(self, kind):
        """Return the form (ARG_*) of the arguments of `kind`, one that there is."""
        return self._table[self._row(kind) + 4]

"""The audit log: what happened, in an order that nobody can change afterwards without its showing.

`note` keeps a record in memory and takes no memory of its own; `step` stores one, when the store and
the dose allow; `head` is what is published; `check` looks at a stored record and tells whether the
chain is broken. Names of the kinds are the host's: simulator/audit.py. What their data holds is for whoever notes them.
"""

from firmware.trust.audit_check import Check
from firmware.trust.audit_frame import MAX_DATA
from firmware.trust.audit_store import Chain
from hal.compat import const
from hal.ports import ERR_FULL, ERR_RANGE, OK

# Kinds of record, 1 to 255.
AUDIT_BOOT = const(1)
AUDIT_LOST = const(2)  # records that found no room in memory
AUDIT_TRUST = const(3)  # the trust state changed
AUDIT_REQUEST = const(4)  # a remote request was authentic, and prepared
AUDIT_REFUSED = const(5)  # a remote request was refused
AUDIT_CONFIRMED = const(6)  # a person confirmed at the bedside
AUDIT_LOGIN = const(7)
AUDIT_LOGIN_REFUSED = const(8)
AUDIT_GLASS = const(9)  # the glass was broken
AUDIT_PROGRAMME = const(10)  # a programme was started, changed or ended
AUDIT_KEYS = const(11)  # keys were replaced or wiped
AUDIT_EPOCH = const(12)  # operators were revoked
AUDIT_LIBRARY = const(13)
AUDIT_UPDATE = const(14)
AUDIT_EXPORT = const(15)  # evidence was handed out
AUDIT_BROKEN = const(16)  # the chain was found broken
AUDIT_RECOVERY = const(17)  # a step of a recovery, or what was refused in one

DEPTH = const(8)  # records that wait in memory
_ENTRY = const(98)  # kind, length, data


class Audit:
    """One log over one store. Outside the tick; one caller at a time."""

    def __init__(self, store):
        """Reads the store and, after a loss of power, ends what it broke off."""
        self.chain = Chain(store)
        self.chain.open()
        self.lost = 0  # that found no room, since the last record that says so
        self._waiting = bytearray(DEPTH * _ENTRY)
        self._oldest = 0
        self._count = 0
        self._check = Check(self.chain)

    def note(self, kind, data):
        """Keep a record until it is stored; OK, ERR_FULL where it is lost, ERR_RANGE for what is no record.

        `kind`: AUDIT_*, a byte; `data`: bytes-like, 96 bytes at most.
        """
        if len(data) > MAX_DATA or not 0 < kind < 256:
            return ERR_RANGE
        # Where some were lost, a record that says so comes first: the order is that of the events.
        if self._count + (1 if self.lost else 0) >= DEPTH:
            self.lost += 1
            return ERR_FULL
        if self.lost:
            self._keep_lost()
        place = self._keep(kind, len(data))
        for index in range(len(data)):
            self._waiting[place + index] = data[index]
        return OK

    def _keep(self, kind, length):
        """Take the next entry; return where its data goes."""
        place = (self._oldest + self._count) % DEPTH * _ENTRY
        self._waiting[place] = kind
        self._waiting[place + 1] = length
        self._count += 1
        return place + 2

    def _keep_lost(self):
        place = self._keep(AUDIT_LOST, 4)
        for index in range(4):
            self._waiting[place + index] = self.lost >> 8 * index & 255
        self.lost = 0

    def waits(self):
        """Records that are not stored yet."""
        return self._count

    def step(self, may_erase):
        """Store the oldest record that waits; OK, also where none does, or what the store said: it then still waits.

        `may_erase`: whether a stall of 400 ms does no harm now.
        """
        self.chain.may_erase = may_erase
        if not self._count:
            if not self.lost:
                self.chain.prepare()
                return OK
            self._keep_lost()
        place = self._oldest * _ENTRY
        length = self._waiting[place + 1]
        rc = self.chain.append(self._waiting[place], bytes(self._waiting[place + 2 : place + 2 + length]))
        if rc == OK:
            self._oldest = (self._oldest + 1) % DEPTH
            self._count -= 1
        return rc

    def head(self):
        """Return (number of records, SHA-256 of the last one): what is published, and what a log is held against."""
        return self.chain.sequence, bytes(self.chain.link)

    def check(self):
        """Look at one stored record: GOES_ON, or audit_store's SOUND, BROKEN, NONE or UNREAD once all were seen."""
        return self._check.step()

    def check_again(self):
        """Begin another look."""
        self._check.begin()

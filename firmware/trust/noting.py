"""Keeps the audit: what happens becomes records of the chain, each with data of its kind's layout (docs/trust.md).

Runs in the gatekeeper's turn. Whatever somebody afar can bring about again and again is noted with an allowance, and
what was passed over is counted: neither does a flood wear the store, nor does it push out the log within half an hour.
"""

import struct

from firmware.therapy.programming import CONFIRMED_ASKED, CONFIRMED_PREPARED
from firmware.therapy.tables import TR_ISOLATED
from firmware.trust import audit as a
from firmware.trust import roles as r
from firmware.trust.audit_check import GOES_ON
from firmware.trust.audit_reader import AuditReader
from firmware.trust.audit_store import BROKEN, NONE, SOUND
from firmware.trust.speaker import FIRMWARE_VERSION
from hal.compat import const
from hal.ports import OK

# Data of each kind, little-endian: pump seconds, site time (-1: not known), then what docs/trust.md says.
BOOT = "<IiiBBBB"
TRUST = "<IiBBH"
REQUEST = "<IiBBHIi16s"
REFUSED = "<IiBBBHI16s"
CONFIRMED = "<IiBIi16s"
LOGIN = "<IiI"
LOGIN_REFUSED = "<IiIH"
GLASS = "<IiBI"
PROGRAMME = "<IiBBIIII"
KEYS = "<IiB"
EPOCH = "<IiII"
EXPORT = "<IiBII"
UPDATE = "<IiBBBII8s"
FOUND_BROKEN = "<IiBI"

KEYS_WIPED = const(1)
STARTED = const(1)
CHANGED = const(2)
ENDED = const(3)

# A flood: so many at once, then one in so many seconds.
BURST = const(16)
EVERY_S = const(120)
EXPORT_S = const(3600)  # one person's reading is noted once in so long
RETRY_S = const(10)  # after a store that refused
_IN_THERAPY = const(0x2F0)  # infusing, bolus, paused, KVO, stopped: bits by ST_*
_READING = (r.KIND_LOG, r.KIND_AUDIT)
_CHANGING = (r.KIND_REVOKE, r.KIND_EPOCH)  # the change itself is noted
_NO_DIGEST = bytes(16)
_ARGUMENTS = (22, 1)  # of a titration, and of most kinds


class Allowance:
    """`take` says whether one more may be noted; `passed` counts those since the last that might."""

    __slots__ = ("_left", "_since_s", "passed")

    def __init__(self):
        self._left = BURST
        self._since_s = 0
        self.passed = 0

    def take(self, now_s):
        """Use one up at pump second `now_s`; False where there is none."""
        fresh = (now_s - self._since_s) // EVERY_S
        self._since_s += fresh * EVERY_S
        self._left = min(self._left + fresh, BURST)
        if not self._left:
            self.passed += 1
            return False
        self._left -= 1
        return True

    def times(self):
        """Return how many the one that is noted stands for, itself included; 65,535 at most."""
        times = min(self.passed + 1, 0xFFFF)
        self.passed = 0
        return times


class Noting:
    """Has the methods of firmware.trust.unaudited.Unaudited."""

    def __init__(self, audit):
        """`audit` is a firmware.trust.audit.Audit, which has read its store."""
        self._audit = audit
        self._reader = AuditReader(audit.chain)
        self._remote = None
        self._seconds = None
        self.owed = None  # what came of something that was carried here (taking.Owed), until it is stored
        self._first_key = b""  # of a chain that has to be begun; b"": none has
        self._accepted = Allowance()
        self._trusting = Allowance()
        self._logging_in = Allowance()
        self._broken = False
        self._retry_s = 0
        self._looked_s = 0
        self._asked = _NO_DIGEST  # the request that waits at the bedside
        self._reading = 0  # whose reading was noted last, and when
        self._read_s = 0
        self._trust = 0  # as it was noted last
        self._seen_trust = 0
        self._in_therapy = False
        self._override_ul_h = -1
        self._drug = 0  # of the last therapy
        self._glass = -1  # who has broken it

    def meet(self, remote, seconds):
        """Take what says how the pump stands, and what time it is."""
        self._remote = remote
        self._seconds = seconds

    def boot(self, record, found, count):
        """Note the boot, and begin the chain where none was ever begun: its first key comes of the pump's own."""
        chain = self._audit.chain
        if chain.state == NONE and record is not None:
            self._first_key = record.key(b"kvo audit")
        remote = self._remote
        self._trust = self._seen_trust = remote.trust()
        self._in_therapy = self._is_in_therapy()
        self._override_ul_h = remote.override_ul_h()
        values = (count, self._trust, remote.status.delivery, found, FIRMWARE_VERSION)
        self._note(a.AUDIT_BOOT, BOOT, *values)
        if self.owed is not None:
            self.owed.tell(self._note, remote)
        if chain.state == BROKEN:
            self._break(BROKEN)

    def note(self, code, request, times):
        """A request came to `code`."""
        operator = role = kind = 0
        digest = _NO_DIGEST
        if request is not None:
            operator, digest = request.operator, request.digest
            role, kind = _byte(request.role), _byte(request.kind)
        if code:
            self._note(a.AUDIT_REFUSED, REFUSED, code, kind, role, min(times, 0xFFFF), operator, digest)
            return
        argument = _argument(request.arguments)
        if kind in _READING:
            self._note_reading(kind, operator, argument)
            return
        if kind == r.KIND_PREPARE or kind == r.KIND_TITRATE:
            self._asked = digest
        if kind not in _CHANGING and self._accepted.take(self._seconds.now_s):
            times = self._accepted.times()
            self._note(a.AUDIT_REQUEST, REQUEST, kind, role, times, operator, argument, digest)

    def _note_reading(self, kind, operator, since):
        """Reading makes records too: one each would push out what is being read."""
        now_s = self._seconds.now_s
        if operator == self._reading and now_s - self._read_s < EXPORT_S:
            return
        if self._accepted.take(now_s):
            self._accepted.times()
            self._reading = operator
            self._read_s = now_s
            self._note(a.AUDIT_EXPORT, EXPORT, kind, since, operator)

    def login(self, right, number):
        """Somebody at the bedside proved to be `number`, or (`right` below 0) did not."""
        if right > 0:
            self._note(a.AUDIT_LOGIN, LOGIN, number)
        elif self._logging_in.take(self._seconds.now_s):
            self._note(a.AUDIT_LOGIN_REFUSED, LOGIN_REFUSED, number & 0xFFFFFFFF, self._logging_in.times())

    def revoked(self, epoch, operator):
        """The record changed: `operator` is revoked, or with 0 the epoch was raised."""
        self._note(a.AUDIT_EPOCH, EPOCH, epoch, operator)

    def update(self, note):
        """Something became of an update, or of what boots. Only people who may carry, and boots, bring it about."""
        values = (note.what, note.code, note.slot, note.number, note.operator, note.digest[:8])
        self._note(a.AUDIT_UPDATE, UPDATE, *values)

    def wiped(self):
        """The keys in use were forgotten."""
        self._note(a.AUDIT_KEYS, KEYS, KEYS_WIPED)

    def _note(self, kind, layout, *values):
        seconds = self._seconds
        self._audit.note(kind, struct.pack(layout, seconds.now_s & 0xFFFFFFFF, seconds.site_s(), *values))

    # What is seen, since nobody says it.

    def look(self):
        """Note what has changed at the bedside and in the trust state."""
        remote = self._remote
        if remote.trust() != self._seen_trust:
            self._note_trust(remote.trust())
        confirmed = remote.confirmed()
        if confirmed:
            afar = confirmed == CONFIRMED_PREPARED or confirmed == CONFIRMED_ASKED
            values = (confirmed, remote.status.operator, remote.confirmed_milli(), self._asked if afar else _NO_DIGEST)
            self._note(a.AUDIT_CONFIRMED, CONFIRMED, *values)
        glass = remote.glass()
        if glass != self._glass:
            self._note(a.AUDIT_GLASS, GLASS, 1 if glass >= 0 else 0, max(glass, self._glass))
            self._glass = glass
        self._look_at_programme()

    def _note_trust(self, trust):
        """Whoever holds the link can end it and restore it, so with an allowance; isolation always."""
        always = trust >= TR_ISOLATED or self._seen_trust >= TR_ISOLATED
        self._seen_trust = trust
        if self._trusting.take(self._seconds.now_s) or always:
            self._note(a.AUDIT_TRUST, TRUST, self._trust, trust, self._trusting.times())
            self._trust = trust

    def _is_in_therapy(self):
        return _IN_THERAPY >> self._remote.status.delivery & 1 != 0

    def _look_at_programme(self):
        override = self._remote.override_ul_h()
        self._drug = self._remote.drug() or self._drug
        in_therapy = self._is_in_therapy()
        if in_therapy != self._in_therapy:
            self._in_therapy = in_therapy
            self._note_programme(STARTED if in_therapy else ENDED, self._remote.status.rate_ul_h)
        elif in_therapy and override >= 0 and override != self._override_ul_h:
            self._note_programme(CHANGED, override)
        self._override_ul_h = override

    def _note_programme(self, what, rate_ul_h):
        status = self._remote.status
        values = (what, status.delivery, status.operator, self._drug, max(rate_ul_h, 0), max(status.delivered_ul, 0))
        self._note(a.AUDIT_PROGRAMME, PROGRAMME, *values)

    # The store.

    def waits(self):
        """Return whether a record waits to be stored and may be tried now."""
        return self._audit.waits() > 0 and self._seconds.now_s >= self._retry_s

    def step(self, may_erase):
        """Store what waits, one record, or look at one that is stored."""
        if self._first_key:
            self._begin()
        elif self.waits():
            if self._audit.step(may_erase) != OK:
                self._retry_s = self._seconds.now_s + RETRY_S
        elif not self._audit.waits():
            if self.owed is not None:
                self.owed.told()
                self.owed = None
            self._audit.step(may_erase)  # takes the other area ahead of need
            self._check()

    def _begin(self):
        """Begin the chain; two erases, so never while anything flows."""
        if self._remote.status.rate_ul_h == 0 and self._seconds.now_s >= self._retry_s:
            if self._audit.chain.begin(self._first_key) == OK:
                self._first_key = b""
                self._audit.check_again()
            else:
                self._retry_s = self._seconds.now_s + RETRY_S

    def _check(self):
        """Look at one record a second; found broken once, it is not looked for again until the next boot."""
        now_s = self._seconds.now_s
        if self._broken or now_s == self._looked_s:
            return
        self._looked_s = now_s
        verdict = self._audit.check()
        if verdict == BROKEN:
            self._break(verdict)
        elif verdict != GOES_ON:
            self._audit.check_again()

    def _break(self, verdict):
        self._broken = True
        self._note(a.AUDIT_BROKEN, FOUND_BROKEN, verdict, self._audit.chain.sequence)

    def holds(self):
        """Return whether the chain is whole, as far as has been looked."""
        return not self._broken

    def head(self):
        """Return (records, SHA-256 of the last), or None where there is no chain."""
        chain = self._audit.chain
        return (chain.sequence, bytes(chain.link)) if chain.number and chain.state in (SOUND, BROKEN) else None

    # Reading.

    def find(self, sequence):
        """Begin to look for the stored records from `sequence` on; False where there is no chain."""
        return self._reader.find(sequence)

    def search(self):
        """Go on; None until the search is over, then (records as they were stored, where to go on or 0)."""
        if not self._reader.step():
            return None
        return bytes(self._reader.found), self._reader.next


def _byte(value):
    """What a request says it is, 255 where that is no byte: it may be anything before the MAC was checked."""
    return value if isinstance(value, int) and 0 <= value < 255 else 255


def _argument(arguments):
    """The integer that a request is about, where it has one: a dose in thousandths, a sequence; else -1."""
    for name in _ARGUMENTS:
        value = arguments.get(name)
        if isinstance(value, int):
            return value & 0x7FFFFFFF
    return -1

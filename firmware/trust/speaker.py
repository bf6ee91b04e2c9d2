"""When the pump says what of itself: HELLO with a session, STATUS each 5 s and on a change, ALARMS on a change.

HEAD, of the audit, goes out with a session and when it has changed, each ten seconds at most.
"""

from firmware.trust import facts as f
from hal.compat import const

STATUS_S = const(5)
HEAD_S = const(10)
FIRMWARE_VERSION = const(1)

# Keys of a STATUS body.
ST_DELIVERY = const(1)
ST_TRUST = const(2)
ST_RATE_UL_H = const(3)
ST_DELIVERED_UL = const(4)
ST_VTBI_UL = const(5)
ST_DRUG = const(6)
ST_MESSAGE = const(7)
ST_OFFERED_MILLI = const(8)
ST_OPERATOR = const(9)
ST_SITE_S = const(10)
ST_CHALLENGE = const(11)


class Speaker:
    """Looks at the pump's status and queues facts."""

    __slots__ = (
        "_asked", "_audit", "_due_s", "_facts", "_head_s", "_headed", "_log", "_record", "_searched", "_seconds",
        "_session", "_shown", "_staging", "_status", "_store", "_therapy", "_top", "_trust", "_wave",
    )  # fmt: skip

    def __init__(self, gate, record, remote, store):
        """`gate`: the gatekeeper, for its facts, session, seconds and audit."""
        self._facts = gate.facts
        self._audit = gate.audit
        self._session = gate.session
        self._seconds = gate.seconds
        self._record = record
        self._status = remote.status
        self._store = store
        self._wave = None  # both are loaded when they are asked for first
        self._staging = None
        self._log = remote.log
        self._log.stop()
        self._asked = -1  # the log is searched from here on; -1: it is not
        self._searched = -1  # so is the audit
        self._headed = -1  # records, as it was told last
        self._head_s = 0
        self._due_s = 0
        self._shown = -1
        self._therapy = self._trust = self._top = -1

    def hello(self):
        """A session has begun."""
        session = self._session
        body = {1: session.challenge, 2: session.number, 3: self._record.epoch, 4: [FIRMWARE_VERSION]}
        self._facts.add(f.HELLO, body)
        self._headed = -1
        self._head_s = 0

    def acknowledge(self, digest, code, message):
        """A request came to `code`; `message`: therapy's answer, 0 for none."""
        self._facts.add(f.ACK, {1: digest, 2: code, 3: message})

    def sample(self, readings, now_s):
        """Each turn: the waveform has a sample of every one."""
        if self._wave is not None:
            piece = self._wave.look(readings, now_s)
            if piece is not None:
                self._facts.add(f.WAVE, piece)

    def look(self, now_s):
        """Queue what is due at pump second `now_s`."""
        if self._asked >= 0:
            self._search()
        if self._searched >= 0:
            self._search_audit()
        if now_s >= self._head_s:
            self._head_s = now_s + HEAD_S
            self._head()
        if self._staging is not None and self._staging.step():
            self.staged()
        status = self._status
        shown = status.delivery << 4 | status.trust
        if now_s >= self._due_s or shown != self._shown:
            self._due_s = now_s + STATUS_S
            self._shown = shown
            self.status()
        if (
            status.therapy_alarms != self._therapy or status.trust_alarms != self._trust or status.alarm != self._top
        ):
            self._therapy = status.therapy_alarms
            self._trust = status.trust_alarms
            self._top = status.alarm
            self.alarms()

    def log(self, sequence):
        """Begin to look for the log from `sequence` on; False while an earlier answer is not out."""
        if self._asked >= 0 or self._facts.waits(f.LOG):
            return False
        self._log.find(sequence)
        self._asked = sequence
        return True

    def wave(self, seconds, now_s):
        """Tell the waveform for so many seconds."""
        if self._wave is None:
            from firmware.trust.wave import Wave

            self._wave = Wave()
        self._wave.ask(now_s + seconds)

    def staging(self):
        """Return what takes in what is carried here."""
        if self._staging is None:
            from firmware.trust.staging import Staging

            self._staging = Staging(self._store)
        return self._staging

    def staged(self, s=None):
        """Queue a STAGED: what is announced, how far it has come, how it stands. `s`: of a slot, where it goes there."""
        s = self._staging if s is None else s
        self._facts.add(f.STAGED, {1: s.state, 2: s.length, 3: s.have, 4: s.digest})

    def updated(self, updates):
        """Queue an UPDATE: how an update stands, why the last was refused, what booted and how."""
        booted = updates.booted
        body = {1: updates.state(), 2: updates.reason, 3: updates.number(), 4: booted.mode, 5: booted.number}
        self._facts.add(f.UPDATE, body)

    def _search(self):
        if self._log.step():
            self._facts.add(f.LOG, {1: self._asked, 2: bytes(self._log.found), 3: self._log.next})
            self._asked = -1

    def audit(self, sequence):
        """Begin to look for audit records from `sequence` on; False where an earlier answer is not out, or none are."""
        if self._searched >= 0 or self._facts.waits(f.AUDIT) or not self._audit.find(sequence):
            return False
        self._searched = sequence
        return True

    def _search_audit(self):
        found = self._audit.search()
        if found is not None:
            self._facts.add(f.AUDIT, {1: self._searched, 2: found[0], 3: found[1]})
            self._searched = -1

    def _head(self):
        head = self._audit.head()
        if head is not None and head[0] != self._headed:
            self._headed = head[0]
            self._facts.add(f.HEAD, {1: head[0], 2: head[1]})

    def status(self):
        """Queue a STATUS."""
        s = self._status
        self._facts.add(
            f.STATUS,
            {
                ST_DELIVERY: s.delivery, ST_TRUST: s.trust, ST_RATE_UL_H: s.rate_ul_h, ST_DELIVERED_UL: s.delivered_ul,
                ST_VTBI_UL: s.vtbi_ul, ST_DRUG: s.drug, ST_MESSAGE: s.message, ST_OFFERED_MILLI: s.offered_milli,
                ST_OPERATOR: s.operator, ST_SITE_S: self._seconds.site_s(), ST_CHALLENGE: self._session.challenge,
            },
        )  # fmt: skip

    def alarms(self):
        """Queue the alarms that are shown: both masks, the one shown first, its priority."""
        s = self._status
        self._facts.add(f.ALARMS, {1: s.therapy_alarms, 2: s.trust_alarms, 3: s.alarm, 4: s.priority})

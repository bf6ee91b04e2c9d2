"""Judges what comms brought in, says what becomes of it, and speaks for the pump. Deny by default.

Runs in the turn, after the tick, in bounded slices: so many bytes, at most one MAC to check, one key to derive, one
fact to make or one audit record to store, one slice of a PIN. Whatever it accepts goes through one object
(firmware/therapy/remote.py) that can change no dose. Without a credential record there is no key, so nothing is
authentic and whatever comes is hostile traffic; a record that fails its check, a secure counter that went back and an
audit that does not hold are local evidence that the security layer is compromised.
"""

from firmware.therapy import messages as msg
from firmware.therapy.tables import EV_AUTHENTIC, EV_COMPROMISED, EV_HOSTILE, TR_ISOLATED
from firmware.trust import reader as rd
from firmware.trust import verdict as v
from firmware.trust.closed import LOOK_MS
from firmware.trust.countwatch import CountWatch
from firmware.trust.credentials import BLANK, BROKEN, WHOLE, Credentials
from firmware.trust.reader import Reader
from firmware.trust.roles import KIND_ALARMS, KIND_CHUNK, KIND_STATUS, KIND_TIME, KIND_WAVE, Roles
from firmware.trust.seconds import Seconds
from firmware.trust.unaudited import Unaudited
from hal.compat import const, ticks_add, ticks_diff, unload
from hal.ports import AREA_RECOVERY

MAX_REQUEST = const(1024)
BYTES = const(256)  # looked at in a turn; the rest waits in the mailbox
# Turns that an audit record waits for one in which there is nothing to judge or to say; then it has one.
AUDIT_TURNS = const(10)
# An erase in this turn already (the journal's) shows as a long one: the lease outlasts one, not two.
QUICK_MS = const(150)
# Accepted so often, and changing so little, that they would crowd out the rest of the audit.
_NOT_NOTED = (KIND_STATUS, KIND_ALARMS, KIND_TIME, KIND_WAVE, KIND_CHUNK)


class Gatekeeper:
    """Takes bytes, posts trust events, makes facts. `tally` counts what requests came to."""

    def __init__(self, board, audit=None):
        """`board`: its counter, clock, store and entropy. `audit`: has the methods of Unaudited."""
        self._board = board
        self._counter = board.counter
        self._clock = board.clock
        self.audit = Unaudited() if audit is None else audit
        self._held = 0  # turns for which a record has waited
        self._told = False  # that the audit does not hold
        self._damaged = False  # that the credentials do not stand as they were read
        self.serviced = False  # credentials are being replaced at the local port
        now_ms = board.clock.ticks_ms()
        self._reader = Reader(MAX_REQUEST, now_ms)
        self._remote = None
        self._booted = False
        self._shut_down = False
        self._before = -1 if board.counter is None else board.counter.read()  # it rises while the pump boots
        self._count = CountWatch(board.counter)
        self._due_ms = self._turn_ms = now_ms
        self._out = b""  # a fact, made and not yet taken
        self.make_request = None  # a test may hand in another, and other parts, before the first step
        self.updates = None  # of a pump with slots; has the methods of firmware.update.running.Updates
        self._update_told = -1  # how an update stood when that was told last
        self.tally = v.Tally()
        self.roles = Roles()
        self.seconds = Seconds(now_ms)
        self.session = None
        self.facts = None
        self.approvals = None
        self.credentials = Credentials(board.store)
        self.credentials.read()
        self.keyring = None
        self.bedside = None
        self.speaker = None
        self.effects = None

    def meet(self, remote):
        """Take the one way to therapy; called once, before the first `step`."""
        self._remote = remote
        self.audit.meet(remote, self.seconds)

    def step(self, inbox, facts, readings, post):
        """Do this turn's share. `post(event)` tells therapy's mailbox; comms sends what is put into `facts`."""
        now_ms = self._clock.ticks_ms()
        quick = ticks_diff(now_ms, self._turn_ms) < QUICK_MS
        self._turn_ms = now_ms
        self.seconds.look(now_ms)
        if not self._booted:
            self._booted = True
            self._boot(post)
        if ticks_diff(now_ms, self._due_ms) >= 0:
            self._due_ms = ticks_add(now_ms, LOOK_MS)
            quick = self._look(post) and quick
        self.audit.look()
        if self._remote.trust() >= TR_ISOLATED:
            self._shut()
        elif self.keyring is None and self.credentials.found != BLANK:
            self._open()
        if self.bedside is not None:
            self._look_at_bedside(readings)
        elif self.credentials.found != BROKEN:
            self._remote.say_at_rest(msg.UNPROVISIONED)
        if self.speaker is not None:
            self.speaker.sample(readings, self.seconds.now_s)
        if self.updates is not None:
            self._tell_of_updates()
        if self._held < AUDIT_TURNS and (self._listen(inbox, now_ms, post) or self._speak(facts)):
            if self.audit.waits():
                self._held += 1
        else:
            self._held = 0
            self.audit.step(quick and self._remote.may_erase())

    def _tell_of_updates(self):
        note = self.updates.tell()
        if note is not None:
            self.audit.update(note)
        state = self.updates.state()
        if self.speaker is not None and (note is not None or state != self._update_told):
            self._update_told = state
            self.speaker.updated(self.updates)

    def _look_at_bedside(self, readings):
        found = self.bedside.look(readings, self.seconds.now_s)
        if found:
            self.audit.login(found, self.bedside.asked())

    # Keys.

    def pump_id(self):
        """Return who the pump is, 8 bytes, or b"" where it has no whole record."""
        record = self.credentials.record
        return b"" if record is None else record.pump_id

    def _boot(self, post):
        self._take_record()
        record = self.credentials.record
        count = -1 if self._counter is None else self._counter.read()
        store = self._board.store
        broken_off = False
        if store.size(AREA_RECOVERY):
            from firmware.trust.recovery_area import is_under_way

            broken_off = is_under_way(store)  # then the pump begins no audit of its own
            unload("firmware.trust.recovery_area")
        self.audit.boot(None if broken_off else record, self.credentials.found, count)
        if self.credentials.found == BROKEN or broken_off:
            self._remote.lock()
            post(EV_COMPROMISED)

    def _take_record(self):
        self._shut_down = self._damaged = False
        if self.credentials.found == WHOLE:
            self._load()
            from firmware.trust.bedside import Bedside

            questions = 0 if self.bedside is None else self.bedside.questions  # no card is asked the same twice
            self.bedside = Bedside(self._remote, self.credentials.record, self._board, self._risen(), questions)

    def _load(self):
        """Bring in what only a pump with credentials needs: 30 KB of a heap."""
        from firmware.trust.approvals import Approvals
        from firmware.trust.facts import Facts
        from firmware.trust.request import Request
        from firmware.trust.session import Session

        self.make_request = Request if self.make_request is None else self.make_request
        self.session = Session() if self.session is None else self.session
        self.facts = Facts() if self.facts is None else self.facts
        self.approvals = Approvals() if self.approvals is None else self.approvals

    def _open(self):
        """Make ready to be spoken to: keys, a session, facts."""
        if self._shut_down:
            self._told = self._told and not self.audit.holds()
            self.credentials.read()  # as it is after a recovery
            self._take_record()
        record = self.credentials.record
        if record is None:
            return
        from firmware.trust.effects import Effects
        from firmware.trust.keyring import Keyring
        from firmware.trust.speaker import Speaker

        self.keyring = Keyring(record)
        self.effects = Effects(self, self._remote)
        self.speaker = Speaker(self, record, self._remote, self._board.store)
        count = self._risen()
        if count >= 0:  # else no session, no facts
            self.session.boot(count)
            self.renew_facts()
            self.begin_session()

    def _risen(self):
        """The secure counter, or -1 where it did not rise: this boot cannot be told from the one before."""
        count = -1 if self._counter is None else self._counter.read()
        return count if 0 <= self._before < count else -1

    def begin_session(self):
        """Begin a session anew and say so."""
        self.approvals.forget()
        if self.session.begin(self.keyring.challenge(), self._board.entropy):
            self.speaker.hello()

    def renew_facts(self):
        """Speak under the present epoch's key."""
        self.facts.begin(self.keyring.facts(), self.credentials.record.pump_id, self.session.boot_count)

    def _shut(self):
        """Isolated: forget every key that came of the pump's, and what was asked for."""
        self._shut_down = True
        if self.keyring is None:
            return
        self.keyring.wipe()
        self.keyring = None
        self.speaker = None
        self.effects = None
        self.session.end()
        self.facts.end()
        self.approvals.forget()
        self._remote.forget()
        self._out = b""
        self.audit.wiped()

    # Listening.

    def _listen(self, inbox, now_ms, post):
        """Look at what came; return whether this turn has had its message."""
        found = self._reader.take(inbox, now_ms, BYTES)
        if found == rd.WAITS or found == rd.BROKEN_OFF:
            return False
        if found != rd.MESSAGE:
            self._end(v.REFUSED_OVERSIZE if found == rd.TOO_LONG else v.REFUSED_MALFORMED, None, post)
            return False
        data = self._reader.message()
        self._reader.next()
        self._open_message(data, post)
        return True

    def _open_message(self, data, post):
        if self.keyring is None:
            # Without a record nobody can vouch for anything; cut off, nobody is heard.
            self._end(v.REFUSED_WRONG_MAC if self.credentials.found == BLANK else v.REFUSED_ISOLATED, None, post)
            return
        request = self.make_request()
        code = request.open(data, self.credentials.record.pump_id)
        if code:
            self._end(code, request, post)
            return
        key = self.keyring.find(request.kid)
        self._judge(request, self.keyring.derive(request) if key is None else key, post)

    def _judge(self, request, key, post):
        code = request.verify(key)
        if not code:
            self.keyring.keep(request.kid, key)
            record = self.credentials.record
            if request.is_current(record, self.session) and self.session.counters.is_full_for(request.operator):
                self.begin_session()  # its challenge is an earlier session's now: whoever asks reads the new one
            code = request.judge(record, self.session, self.seconds, self.roles, self._remote.trust())
            if not v.WEIGHTS[code]:
                post(EV_AUTHENTIC)
        message = msg.NONE
        if not code:
            code = self.effects.carry_out(request)
            message = self.effects.message
        self._end(code, request, post, message)

    def _end(self, code, request, post, message=msg.NONE):
        """Count, note and acknowledge what a message came to."""
        now_s = self.seconds.now_s
        if self.tally.add(code, now_s):
            post(EV_HOSTILE)
        times = self.tally.notable(code, now_s)
        if times and (code or request.kind not in _NOT_NOTED):
            self.audit.note(code, request, times)
        if self.speaker is not None:
            self.speaker.acknowledge(request.digest if request is not None else b"", code, message)

    # Speaking.

    def _speak(self, ring):
        """Look what there is to say and hand the next fact over; return whether this turn has made one."""
        if self.speaker is None:
            return False
        self.speaker.look(self.seconds.now_s)
        made = False
        if not self._out:
            fact = self.facts.next(self.seconds.now_s)
            if fact:
                made = True
                self._out = len(fact).to_bytes(2, "big") + fact
        self._send(ring)
        return made

    def _send(self, ring):
        """Put it into the ring, whole or not at all: a comms made anew begins at a fact's beginning."""
        if self._out and ring.room() >= len(self._out):
            ring.put(self._out, len(self._out))
            self._out = b""

    # Evidence.

    def _look(self, post):
        """Each ten seconds: the counter only rises, the record stands as it was read, the audit holds.

        Returns whether this turn is free of an erase.
        """
        mended = False
        if self._count.fell():
            post(EV_COMPROMISED)
        if self.serviced:
            return False
        credentials = self.credentials
        if credentials.record is not None and not credentials.check():
            if not self._damaged:
                post(EV_COMPROMISED)
            self._damaged = True  # told once: a recovery shall have an end
        elif credentials.behind and self._remote.may_erase():
            credentials.mend()  # a turn of its own: the lease outlasts one erase, not two
            mended = True
        if not self.audit.holds() and not self._told:
            self._told = True  # once: what is broken stays so, and a recovery shall have an end
            post(EV_COMPROMISED)
        return not mended

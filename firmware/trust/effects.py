"""What an accepted request brings about: what waits for a person, a ring, a fact, or a change of the record."""

from firmware.therapy import messages as msg
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.request import ARGUMENT, SECOND, STEPS
from hal.ports import ERR_ABSENT, ERR_RANGE, FIELD_TITRATE_MILLI, OK


class Effects:
    """`carry_out` gives a code; `message` is therapy's answer to it."""

    __slots__ = ("_gate", "_remote", "_slot", "_unstored", "message")

    def __init__(self, gate, remote):
        self._gate = gate
        self._remote = remote
        self._slot = None  # takes the chunks of an image that it awaits
        self._unstored = False  # what was revoked does not outlive a reset yet
        self.message = msg.NONE

    def carry_out(self, request):
        """Bring about what `request`, which has been judged, asks for; OK or a REFUSED_*."""
        self.message = msg.NONE
        kind = request.kind
        arguments = request.arguments
        if kind == r.KIND_PREPARE:
            return self._prepare(request)
        if kind == r.KIND_TITRATE:
            return self._wait(request, self._remote.titrate(arguments[FIELD_TITRATE_MILLI]))
        if kind == r.KIND_PAUSE or kind == r.KIND_STOP:
            return self._answer(self._remote.ring(kind == r.KIND_STOP))
        if kind == r.KIND_APPROVE:
            return self._approve(request)
        if kind == r.KIND_LOG:
            return v.OK if self._gate.speaker.log(arguments[ARGUMENT]) else v.REFUSED_BUSY
        if kind == r.KIND_AUDIT:
            if self._gate.audit.head() is None:
                return v.REFUSED_STATE  # none is kept
            return v.OK if self._gate.speaker.audit(arguments[ARGUMENT]) else v.REFUSED_BUSY
        if kind == r.KIND_ALARMS:
            self._gate.speaker.alarms()
            return v.OK
        if kind == r.KIND_STATUS:
            self._gate.speaker.status()
            return v.OK
        if kind == r.KIND_WAVE:
            self._gate.speaker.wave(arguments[ARGUMENT], self._gate.seconds.now_s)
            return v.OK
        if kind == r.KIND_STAGE or kind == r.KIND_CHUNK:
            return self._carry(kind, arguments[ARGUMENT], arguments[SECOND])
        if kind == r.KIND_UPDATE or kind == r.KIND_INSTALL:
            return self._update(request)
        if kind == r.KIND_TIME:
            return self._time(arguments[ARGUMENT])
        if kind == r.KIND_REVOKE:
            return self._revoke(arguments[ARGUMENT])
        return self._epoch(arguments[ARGUMENT])

    def _answer(self, message):
        self.message = message
        if message == msg.BUSY:
            return v.REFUSED_BUSY
        return v.REFUSED_STATE if message else v.OK

    def _prepare(self, request):
        fields = {}
        for field in request.arguments:
            if field != STEPS:
                fields[field] = request.arguments[field]
        return self._wait(request, self._remote.prepare(fields, request.arguments.get(STEPS, ())))

    def _wait(self, request, message):
        """What waits past a soft limit waits for a second person too."""
        if message == msg.CONFIRM_SOFT:
            self.message = message
            self._gate.approvals.ask(request.digest, request.operator)
            return v.OK
        code = self._answer(message)
        if not code:
            self._gate.approvals.forget()
        return code

    def _approve(self, request):
        code = self._gate.approvals.approve(request.arguments[ARGUMENT], request.operator)
        if code:
            return code
        # It may be over by now, or a person has entered something else.
        return v.REFUSED_NOTHING_TO_APPROVE if self._remote.release() else v.OK

    def _carry(self, kind, number, data):
        """Something is announced, or a chunk of it has come. STATE: not that; BUSY: once more, when the pump rests.

        An image that a slot awaits goes there.
        """
        speaker = self._gate.speaker
        updates = self._gate.updates
        if kind == r.KIND_STAGE:
            self._slot = None if updates is None else updates.carrier(number, data)
        carrier = speaker.staging() if self._slot is None else self._slot
        if kind == r.KIND_STAGE:
            rc = carrier.begin(number, data, self._remote.is_at_rest())
        else:
            rc = carrier.take(number, data)
        speaker.staged(carrier)
        if rc == ERR_ABSENT or rc == ERR_RANGE:
            return v.REFUSED_STATE
        return v.REFUSED_BUSY if rc else v.OK

    def _update(self, request):
        """Take up the envelope that is staged, or have what is ready installed."""
        updates = self._gate.updates
        if updates is None:
            return v.REFUSED_STATE  # no slots
        if request.kind == r.KIND_UPDATE:
            rc = updates.offer(self._gate.speaker.staging(), request.operator)
        else:
            rc = updates.install(request.arguments[ARGUMENT], request.operator)
        self._gate.speaker.updated(updates)
        return v.REFUSED_STATE if rc else v.OK

    # The key service's.

    def _time(self, site_s):
        known_s = self._gate.credentials.record.known_s
        return v.OK if self._gate.seconds.tell(site_s, known_s) else v.REFUSED_EXPIRED

    def _revoke(self, operator):
        record = self._gate.credentials.record
        if not record.is_revoked(operator):
            if not record.has_room():
                return v.REFUSED_BUSY
            record.revoked.append(operator)
            self._unstored = True
            self._gate.audit.revoked(record.epoch, operator)
        return self._store(record)

    def _epoch(self, epoch):
        """A later epoch makes every operator's key worthless; the same one begins a new session, no more."""
        gate = self._gate
        record = gate.credentials.record
        if epoch < record.epoch:
            return v.REFUSED_FORBIDDEN
        if epoch > record.epoch:
            record.epoch = epoch
            self._unstored = True
            gate.audit.revoked(epoch, 0)
            gate.renew_facts()
        gate.begin_session()
        return self._store(record)

    def _store(self, record):
        """It counts already; OK once it outlives a reset, BUSY where it has to be asked for again until it does."""
        if not self._unstored:
            return v.OK
        record.known_s = max(record.known_s, self._gate.seconds.site_s())
        if not self._remote.may_erase() or self._gate.credentials.write(record) != OK:
            return v.REFUSED_BUSY
        self._unstored = False
        return v.OK

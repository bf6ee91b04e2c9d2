"""What a pump with slots does while it runs: confirms a trial, looks at its stored image, takes updates in.

The gatekeeper asks in its turn (`offer`, `carrier`, `install`, `tell`) and waits for nothing; the work is done in the
main loop (`step`), which the turn may pre-empt at any bytecode. What only an update needs is loaded for one.
"""

from firmware.update import reasons, verdict
from firmware.update import slot as sl
from firmware.update.booted import AREAS, RECOVERY, TRIAL
from firmware.update.booted import CONFIRMED as CONFIRMED_MODE
from firmware.update.record import NO_SLOT, Record
from firmware.update.slot import Slot
from hal.compat import const, ticks_add, ticks_diff
from hal.ports import ERR_BUSY, OK

# What the audit is told.
REFUSED = const(1)
STAGED = const(2)  # whole and verified; not installed
SCHEDULED = const(3)
INSTALLED = const(4)  # tried at the next boot
CONFIRMED = const(5)
REVERTED = const(6)
RECOVERS = const(7)  # the image to recover with has booted
CHANGED = const(8)  # the stored image is not the one that booted
LOOK_MS = const(100)  # between two slices of the look at the stored image
WELL_MS = const(2000)  # a trial is confirmed once the pump has stood so long after its self-test
_NOBODY = bytes(32)
# How an update stands, as updater.py has it.
_OPENING = const(1)
_READY = const(4)
_REFUSED = const(6)
UNTESTED = const(0)  # what the self-test said
PASSED = const(1)
FAILED = const(2)


class Note:
    """For the audit: `what`, why (`code`), the slot, the image's number, who wanted it, its manifest's digest."""

    def __init__(self, what, code, slot, number, operator=0, digest=_NOBODY):
        self.what = what
        self.code = code
        self.slot = slot
        self.number = number
        self.operator = operator
        self.digest = digest


class Updates:
    """`booted` says how this firmware was started, and is as of a confirmed one once its trial is confirmed.

    `reason`: why the last update was refused or given up, 0 for none.
    """

    def __init__(self, store, booted, device, proofs, now_ms):
        """`device` (manifest.Device) is asked for when an update comes: a function, as `proofs` is."""
        self.booted = booted
        self.reason = 0
        self._store = store
        self._device = device
        self._proofs = proofs
        self.record = Record(store)
        self._own = Slot(store, booted.area())
        self._image = bytearray(32)
        self._due_ms = now_ms
        self._well_ms = -1  # since the self-test passed
        self._changed = False
        self._updater = None
        self._offered = None  # an announced envelope, not begun with yet
        self._operator = 0
        self._notes = []
        self._other_seen = False
        self._again = False  # what is under way was found in the slot, not offered
        if self.recovers():
            self._note(RECOVERS, booted.reason)

    # For the gatekeeper, in its turn.

    def offer(self, staging, operator):
        """What is `staging` (firmware.trust.staging.Staging) is an image's envelope; OK, or why it is not taken up."""
        self._operator = operator
        if staging.state != sl.CHECKED or not 0 < staging.length <= sl.ENVELOPE_MOST:
            return self._refuse(reasons.NOT_READY)
        if self.record.trial in (0, 1):
            return self._refuse(reasons.TRIAL_PENDING)
        self._offered = staging
        self.reason = 0
        return OK

    def carrier(self, length, digest):
        """What takes the chunks of an image of so many bytes and that SHA-256, or None where it is not awaited."""
        updater = self._updater
        return updater.slot if updater is not None and updater.wants(length, digest) else None

    def install(self, number, operator):
        """`operator` has the image of that number installed, in this maintenance or in the next; OK, or why not."""
        updater = self._updater
        rc = reasons.NOT_READY if updater is None else updater.schedule(number, operator)
        if rc == OK:
            self._note(SCHEDULED, 0, updater.other(), number, operator, updater.digest)
        else:
            self._note(REFUSED, rc, NO_SLOT, number, operator)
        return rc

    def tell(self):
        """The next Note for the audit, or None."""
        return self._notes.pop(0) if self._notes else None

    def state(self):
        """How an update stands: updater.IDLE …"""
        return _OPENING if self._offered is not None else 0 if self._updater is None else self._updater.state

    def number(self):
        """The number of what is offered, 0 before its manifest has been read."""
        return 0 if self._updater is None else max(self._updater.number, 0)

    def recovers(self):
        """Whether what booted is there to take another image in, and cannot infuse."""
        return self.booted.mode == RECOVERY

    def _note(self, what, code, slot=NO_SLOT, number=0, operator=0, digest=_NOBODY):
        self._notes.append(Note(what, code, slot, number, operator, digest))

    # In the main loop.

    def step(self, now_ms, at_rest, maintenance, tested):
        """Do one slice; True in the one in which the stored image is found to be another than what booted.

        `at_rest`: nothing flows. `maintenance`: no patient is there either. `tested`: UNTESTED, PASSED or FAILED.
        """
        if self.booted.mode == TRIAL and self.record.trial in (0, 1):
            self._judge_trial(now_ms, at_rest, tested)
        elif self.record.ended and at_rest:
            self.reason = self.record.ended
            self._note(REVERTED, self.reason)
            self.record.told()
        elif self._offered is not None:
            self._begin()
        elif self._updater is not None and self._updater.state not in (0, 5, _REFUSED):
            self._go_on(at_rest, maintenance or self.recovers())
        elif maintenance and not self._other_seen:
            self._look_at_other()
        else:
            return self._look(now_ms)
        return False

    def _judge_trial(self, now_ms, at_rest, tested):
        """A trial ends with its self-test: confirmed, or given up."""
        if tested == UNTESTED or not at_rest:
            return
        booted = self.booted
        if tested == FAILED:
            if self.record.revert(reasons.TRIAL_FAILED) == OK:
                self.reason = reasons.TRIAL_FAILED
                self._note(REVERTED, reasons.TRIAL_FAILED, booted.slot, booted.number, 0, booted.digest)
            return
        if self._well_ms < 0:
            self._well_ms = now_ms
        elif ticks_diff(now_ms, self._well_ms) >= WELL_MS and self.record.confirm() == OK:
            booted.mode = CONFIRMED_MODE
            self._note(CONFIRMED, 0, booted.slot, booted.number, 0, booted.digest)

    def _begin(self):
        """Read the envelope from where it was carried to."""
        staging = self._offered
        envelope = bytearray(staging.length)
        rc = staging.read(0, envelope)
        self._offered = None
        self._again = False
        if rc == OK:
            rc = self._load().offer(bytes(envelope))
        if rc != OK:
            self._refuse(rc)

    def _load(self):
        """The rooms that verify: 40 KB of a heap."""
        if self._updater is None:
            from firmware.update.contents import bytecode_version
            from firmware.update.updater import Updater

            self._updater = Updater(self._store, self._device(), self.record, self._proofs, bytecode_version())
        return self._updater

    def drop(self):
        """There is no memory for it now: let go of what is under way. The slot stays as it is."""
        self._offered = self._updater = None
        self._refuse(reasons.NO_MEMORY)

    def _refuse(self, reason):
        """Note and return it; but the image before this one, which still lies in its slot, is no news."""
        self.reason = reason
        if not self._again or reason != verdict.ROLLBACK:
            self._note(REFUSED, reason, NO_SLOT, self.number(), self._operator)
        return reason

    def _go_on(self, at_rest, maintenance):
        updater = self._updater
        if updater.state == _READY:
            operator = updater.scheduled_by() if maintenance and at_rest else 0
            if operator:
                rc = updater.install()
                if rc == OK:
                    self._note(INSTALLED, 0, updater.other(), updater.number, operator, updater.digest)
                else:
                    self._refuse(rc)
                    updater.drop()
            return
        updater.step(at_rest)
        if updater.state == _REFUSED:
            self._refuse(updater.reason)
        elif updater.state == _READY:
            self._note(STAGED, 0, updater.other(), updater.number, self._operator, updater.digest)

    def _look_at_other(self):
        """Once in a boot, in maintenance: what somebody had scheduled before the power went is verified again."""
        self._other_seen = True
        other = AREAS[1 if self.record.confirmed == 0 else 0]
        slot = Slot(self._store, other)
        if slot.state != sl.NOTHING and slot.have == slot.length and slot.scheduled_by():
            self._operator = slot.scheduled_by()
            self._again = self._load().resume()

    def _look(self, now_ms):
        """A slice of the stored image, round and round."""
        if ticks_diff(now_ms, self._due_ms) < 0 or self._changed:
            return False
        self._due_ms = ticks_add(now_ms, LOOK_MS)
        rc = self._own.look(self._image)
        if rc == ERR_BUSY or (rc == OK and self._image == self.booted.image):
            return False
        self._changed = True
        why = reasons.NOT_BLANK if rc != OK else reasons.OTHER_IMAGE
        self._note(CHANGED, why, self.booted.slot, self.booted.number)
        return True

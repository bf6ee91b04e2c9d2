"""Which image boots: the one on trial once, else the one confirmed, else one to recover with. Verified every time.

Each way of starting is a pattern of bits, made of the verdict that the image came to. Recovery takes images and cannot
infuse; the image for it is exempt from the rollback floor, and so boots no other way.
"""

from firmware.trust.mac import equal
from firmware.update import reasons, target, verdict
from firmware.update import slot as sl
from firmware.update.booted import AREAS, CONFIRMED, FIRMWARE, RECOVERY, TRIAL, Booted
from firmware.update.manifest import Device, Manifest
from firmware.update.processor import INVOCATION, Processor
from firmware.update.record import NO_SLOT
from firmware.update.slot import Slot
from firmware.update.suit import Opening
from hal.compat import const
from hal.ports import AREA_GOLDEN, AREA_SLOT_A, AREA_SLOT_B, ERR_BUSY, ERR_RANGE, OK

TRIES = const(1)
_HASHES = const(200)


class _Running(target.Target):
    """A slot as a manifest's commands see it that start what is in it. `image`: the SHA-256 that was read."""

    def __init__(self, slot, feed):
        self._slot = slot
        self._feed = feed
        self.image = None
        self.started = False
        self.reason = 0

    def component(self, identifier):
        return 0 if identifier == [FIRMWARE] else target.UNKNOWN

    def slot(self, component):
        return 1 if self._slot.area == AREA_SLOT_B else 0

    def digest(self, component, digest):
        self._feed()
        rc = self._slot.look(digest)
        if rc == ERR_BUSY:
            return target.BUSY
        if rc != OK:
            self.reason = reasons.NOT_BLANK if rc == ERR_RANGE else reasons.UNREADABLE
            return target.FAILED
        self.image = bytes(digest)
        return target.OK

    def size(self, component):
        return self._slot.length

    def invoke(self, component, arguments):
        self.started = True
        return target.OK


class Boot:
    """Chooses. `record` (record.Record) is written where a trial begins or is given up."""

    def __init__(self, store, record, device, proofs, golden_proofs, feed):
        """`device` (manifest.Device): who the pump is. `proofs()` makes those demanded, `golden_proofs()` of recovery.

        `feed()` is called often: it may feed a watchdog.
        """
        self._store = store
        self._device = device
        self._proofs = proofs
        self._golden = golden_proofs
        self._feed = feed
        self.record = record

    def choose(self):
        """Return the Booted that is to run: verified to its last byte. Its mode is NOTHING where none is."""
        booted = self._try()
        reason = 0
        if not booted.mode:
            reason = booted.reason
            booted = self._confirmed()
        if not booted.mode:
            reason = booted.reason or reason
            booted = self._golden_one()
        booted.reason = booted.reason or reason
        return booted

    def _try(self):
        """What is on trial, once. That it is tried is stored before."""
        record = self.record
        if record.trial not in (0, 1):
            return Booted()
        if record.tries >= TRIES:
            return self._give_up(reasons.NOT_CONFIRMED)
        booted = self.verify(AREAS[record.trial], record.trial_digest, record.floor, self._proofs(), TRIAL)
        if not booted.mode:
            return self._give_up(booted.reason)
        if record.count_try() != OK:
            return self._give_up(reasons.NO_RECORD)  # a trial that is not counted would never end
        return booted

    def _give_up(self, reason):
        self.record.revert(reason)
        booted = Booted()
        booted.reason = reason
        return booted

    def _confirmed(self):
        record = self.record
        if record.confirmed not in (0, 1):
            return Booted()
        return self.verify(AREAS[record.confirmed], record.digest, record.floor, self._proofs(), CONFIRMED)

    def _golden_one(self):
        return self.verify(AREA_GOLDEN, None, 0, self._golden(), RECOVERY)

    def verify(self, area, manifest, floor, proofs, mode):
        """Verify what lies in `area`; Booted with `mode`, or with 0 and `reason`.

        `manifest`: SHA-256 of the only one that is taken, None for any. `floor`: the least sequence number.
        """
        booted = Booted()
        if not proofs:
            booted.reason = reasons.NO_PROOFS
            return booted
        slot = Slot(self._store, area)
        opening = Opening(slot.envelope(), proofs)
        if slot.state == sl.NOTHING or slot.have < slot.length:
            booted.reason = reasons.EMPTY if slot.state == sl.NOTHING else reasons.NOT_WHOLE
            return booted
        while opening.step(_HASHES):
            self._feed()
        if opening.verdict != verdict.OPENED:
            booted.reason = opening.verdict
        elif manifest is not None and not equal(manifest, opening.digest):
            booted.reason = reasons.OTHER_MANIFEST
        else:
            self._carry_out(opening, slot, floor, booted, mode)
        return booted

    def _carry_out(self, opening, slot, floor, booted, mode):
        known = Device(self._device.vendor_id, self._device.class_id, self._device.device_id, floor)
        running = _Running(slot, self._feed)
        read = Manifest(opening, known, running)
        if read.verdict != verdict.READ:
            booted.reason = read.verdict
            return
        work = Processor(read, known, running, INVOCATION)
        while work.step():
            pass
        if work.verdict != verdict.DONE:
            booted.reason = running.reason or work.verdict
        elif not running.started or running.image is None:
            booted.reason = reasons.NOT_STARTED
        else:
            booted.slot = NO_SLOT if slot.area == AREA_GOLDEN else slot.area - AREA_SLOT_A
            booted.number = read.number
            booted.digest = opening.digest
            booted.image = running.image
            # Made of the verdicts: a comparison that is skipped gives no mode.
            booted.mode = mode ^ verdict.OPENED ^ opening.verdict ^ verdict.DONE ^ work.verdict

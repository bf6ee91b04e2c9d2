"""Takes an image into the slot that does not boot, and has it tried at the next boot. Loaded when one is offered.

An envelope is opened and its manifest read before anything is erased; its commands then fetch the image, in chunks that
whoever carries them hands in, hold it against its digest, and it is looked at file by file. Blocks are erased only
while the pump is at rest; chunks are written at any time. Installing is one entry of the boot record.
"""

from hashlib import sha256

from firmware.update import contents, reasons, target, verdict
from firmware.update import slot as sl
from firmware.update.booted import AREAS, FIRMWARE
from firmware.update.manifest import Device, Manifest
from firmware.update.processor import UPDATE, Processor
from firmware.update.slot import Slot
from firmware.update.suit import Opening
from hal.compat import const
from hal.ports import ERR_BUSY, ERR_RANGE, OK

# How an update stands.
IDLE = const(0)
OPENING = const(1)
CARRYING = const(2)  # its commands are being carried out: erasing, coming, verifying
INSPECTING = const(3)
READY = const(4)  # whole, verified, not installed
INSTALLED = const(5)  # tried at the next boot
REFUSED = const(6)
_HASHES = const(100)
_NO_NUMBER = const(-1)


class _Writing(target.Target):
    """The slot that does not boot as a manifest's commands see it. `may_erase`: whether the pump is at rest now."""

    def __init__(self, slot, number, envelope, anew):
        self.slot_ = slot
        self._number = number
        self._envelope = envelope
        self._anew = anew  # what lies there is not gone on from
        self.may_erase = False
        self.reason = 0

    def component(self, identifier):
        return 0 if identifier == [FIRMWARE] else target.UNKNOWN

    def slot(self, component):
        return self._number

    def _ready(self, length, digest):
        """OK once the slot awaits that image under this envelope: as it did before a loss of power, or cleared."""
        slot = self.slot_
        if slot.state != sl.NOTHING and slot.length == length and slot.digest == digest:
            if not self._anew and slot.envelope() == self._envelope:
                return target.OK
        if not 0 < length <= sl.capacity(slot.size()):
            return target.NO_ROOM
        if not self.may_erase:
            return target.BUSY
        rc = slot.clear()
        if rc == ERR_BUSY:
            return target.BUSY
        if rc != OK or slot.open(self._envelope, length, digest) != OK:
            return target.FAILED
        self._anew = False
        return target.BUSY

    def fetch(self, component, uri, arguments, digest, size):
        rc = self._ready(size, digest)
        if rc != target.OK:
            return rc
        return target.OK if self.slot_.have == self.slot_.length else target.BUSY

    def write(self, component, data):
        rc = self._ready(len(data), sha256(data).digest())
        if rc != target.OK:
            return rc
        slot = self.slot_
        if slot.take(slot.have, data[slot.have : slot.have + sl.CHUNK]) != OK:
            return target.FAILED
        return target.OK if slot.have == slot.length else target.BUSY

    def digest(self, component, digest):
        slot = self.slot_
        if slot.state == sl.NOTHING or slot.have < slot.length:
            return target.FAILED
        rc = slot.look(digest)
        if rc == ERR_BUSY:
            return target.BUSY
        if rc == ERR_RANGE:
            self.reason = reasons.NOT_BLANK
        return target.OK if rc == OK else target.FAILED

    def size(self, component):
        return self.slot_.length

    def invoke(self, component, arguments):
        return target.OK


class Updater:
    """`state`, and with REFUSED `reason`; `number`: of what is offered, -1 before its manifest was read."""

    def __init__(self, store, device, record, proofs, version):
        """`device` (manifest.Device): who the pump is; `record` (record.Record): what boots.

        `proofs()` makes the proofs that are demanded. `version`: of bytecode that this pump loads.
        """
        self._store = store
        self._device = device
        self._record = record
        self._proofs = proofs
        self._version = version
        self._opening = self._manifest = self._work = self._writing = self._inspect = None
        self._spoilt = False  # what came last was refused after it had been written
        self.state = IDLE
        self.reason = 0
        self.number = _NO_NUMBER
        self.digest = bytes(32)  # of the manifest
        self.slot = None  # the one that is written, once there is an offer

    def other(self):
        """The number of the slot that does not boot."""
        return 1 if self._record.confirmed == 0 else 0

    # What is asked for. OK is 0, else a code of verdict.py or reasons.py.

    def offer(self, envelope):
        """Begin with `envelope` (bytes). The slot is found as it stands: a loss of power is gone on from."""
        if self._record.trial in (0, 1):
            return reasons.TRIAL_PENDING
        proofs = self._proofs()
        if not proofs:
            return reasons.NO_PROOFS
        self.drop()
        self.slot = Slot(self._store, AREAS[self.other()])
        self._writing = _Writing(self.slot, self.other(), envelope, self._spoilt)
        self._opening = Opening(envelope, proofs)
        self.state = OPENING
        return OK

    def resume(self):
        """Go on with the envelope that lies in the slot itself; whether there is one that may be gone on with."""
        slot = Slot(self._store, AREAS[self.other()])
        return slot.state != sl.NOTHING and self.offer(slot.envelope()) == OK

    def drop(self):
        """Let go of what is under way; the slot stays as it is."""
        self._opening = self._manifest = self._work = self._writing = self._inspect = None
        self.state = IDLE
        self.reason = 0
        self.number = _NO_NUMBER
        self.digest = bytes(32)

    def wants(self, length, digest):
        """Whether the image that is awaited has so many bytes and that SHA-256."""
        return self.state == CARRYING and self.slot.begin(length, digest, False) == OK

    def schedule(self, number, operator):
        """`operator` has the image of that number installed, now or in the next maintenance."""
        if self.state != READY or number != self.number:
            return reasons.NOT_READY
        if self.slot.scheduled_by():
            return OK
        return OK if self.slot.schedule(operator) == OK else reasons.NOT_READY

    def scheduled_by(self):
        """The number of whoever has what is ready installed, or 0."""
        return self.slot.scheduled_by() if self.state == READY else 0

    def install(self):
        """Have what is ready and scheduled tried at the next boot."""
        if not self.scheduled_by():
            return reasons.NOT_READY
        if self._record.put_on_trial(self.other(), self.number, self.digest) != OK:
            return reasons.NO_RECORD
        self.state = INSTALLED
        return OK

    # The work.

    def step(self, may_erase):
        """Do one slice. `may_erase`: whether an erase of a block stalls nothing."""
        if self.state == OPENING:
            self._open()
        elif self.state == CARRYING:
            self._carry(may_erase)
        elif self.state == INSPECTING and self._inspect.step() != ERR_BUSY:
            if self._inspect.reason:
                self._refuse(self._inspect.reason)
            else:
                self._opening = self._manifest = self._work = self._writing = self._inspect = None
                self.state = READY

    def _open(self):
        if self._opening.step(_HASHES):
            return
        if self._opening.verdict != verdict.OPENED:
            self._refuse(self._opening.verdict)
            return
        record = self._record
        device = self._device
        digest = record.digest if record.confirmed in (0, 1) else None
        known = Device(device.vendor_id, device.class_id, device.device_id, record.floor, digest)
        read = Manifest(self._opening, known, self._writing)
        if read.verdict != verdict.READ:
            self._refuse(read.verdict)
            return
        self.number = read.number
        self.digest = self._opening.digest
        self._work = Processor(read, known, self._writing, UPDATE)
        self._opening = None
        self.state = CARRYING

    def _carry(self, may_erase):
        self._writing.may_erase = may_erase
        if self._work.step():
            return
        if self._work.verdict != verdict.DONE:
            self._refuse(self._writing.reason or self._work.verdict)
            return
        self._inspect = contents.Inspect(self.slot, self._version)
        self.state = INSPECTING

    def _refuse(self, reason):
        number = self.number
        self._spoilt = self.state in (CARRYING, INSPECTING)
        self.drop()
        self.number = number
        self.reason = reason
        self.state = REFUSED

"""The audit chain in the store, and the key that it is made under: append, and go on after any loss of power.

To append: the record is written under the key in force; then the next key goes into the next slot;
then the slot of the old one is overwritten. So a loss of power leaves, at any byte,

- no whole record: the key is in force still, and the record was never stored;
- a whole record without the next key: the next boot makes that key of this one, and goes on;
- two keys: the next boot overwrites the older one.

A slot that was begun and not finished may hold bytes of a key: a boot overwrites all slots but one.
When an area is full the other, older one is erased and taken; its heading says where it goes on.
A stock Pico's store can be read by anyone who holds it, and gives up the key in force, never an older one.
"""

from firmware.trust.audit_area import SHORT, Areas, other, records_at, slots_in
from firmware.trust.audit_frame import (
    MAX_DATA,
    digest_of,
    frame_size,
    is_authentic,
    link_of,
    next_key,
    put,
    sequence_of,
)
from firmware.trust.mac import LENGTH
from hal.compat import const
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, ERR_ABSENT, ERR_BUSY, ERR_FAILED, ERR_RANGE, OK

# What the chain looks like from here. Two bits differ at least.
SOUND = const(0x35)  # so far
BROKEN = const(0x5A)  # evidence: records or keys are not as they were left
NONE = const(0x0F)  # a blank store: no chain was ever begun
UNREAD = const(0x66)  # the store does not answer

_SPARE = const(2)  # slots that an append leaves, for those that power tears
_PATIENCE = const(100)  # attempts to sit out after an erase that failed: each wears the flash
_WORD = const(4)


class Chain:
    """Outside the tick; one caller at a time. `may_erase` is the caller's: an erase stalls for up to 400 ms."""

    def __init__(self, store):
        self.areas = Areas(store)
        self.state = UNREAD
        self.sequence = 0  # of the next record
        self.link = bytearray(LENGTH)  # digest of the last record
        self.area = AREA_AUDIT_A
        self.number = 0  # of that area, counted from 1; 0: no key
        self.may_erase = True
        self._store = store
        self.key = bytearray(LENGTH)
        self._slot = 0  # where the key in force stands
        self._free = 0  # first slot never written
        self._offset = 0
        self._whole = False  # a record under the key in force is stored: the key must go on
        self._unwiped = False  # slots of old keys may be left
        self._unsure = False  # whether the last record was stored
        self._patience = 0

    # Provisioning.

    def begin(self, key, erase=True):
        """Begin a chain with a random `key` of 32 bytes, whatever the store held; OK or ERR_*. Two erases.

        `erase`: False where both areas were erased before.
        """
        if len(key) != LENGTH:
            return ERR_RANGE
        self._forget()
        rc = (self._store.erase(AREA_AUDIT_A) or self._store.erase(AREA_AUDIT_B)) if erase else OK
        if rc == OK:
            self.area = AREA_AUDIT_B
            rc = self._take_area(0, key, bytes(LENGTH))
        self.state = UNREAD if rc else SOUND
        return rc

    def _forget(self):
        self.number = 0
        self.state = UNREAD
        self._whole = self._unwiped = self._unsure = False
        self._free = 0
        self._patience = 0

    # At boot.

    def open(self):
        """Find the key in force and the end of the chain, and end what a loss of power broke off; return the state."""
        self._forget()
        self.areas.unread = False
        found = self._find_key()
        if found != OK:
            self.state = NONE if found == ERR_ABSENT else UNREAD if found == ERR_BUSY else BROKEN
            return self.state
        self.state = SOUND
        beside = self.areas.heading(other(self.area))
        heading = self.areas.heading(self.area)
        if heading is not None:
            self.number, first, link = heading
            known = self._find_end(first, link)
            if self.number > 1 and beside is None and not self.areas.other_goes(self.area):
                known = False
        else:
            self.number = 1 if beside is None else beside[0] + 1
            known = self._find_end(-1, bytes(LENGTH)) and False
        if self.areas.unread:
            self.state = UNREAD
            return UNREAD
        if not known:
            self.state = BROKEN
        self._unwiped = True
        self.settle()
        return self.state

    def _find_key(self):
        """Load the newest key; OK, ERR_ABSENT where all is blank, ERR_BUSY where nothing is read, else ERR_FAILED."""
        areas = self.areas
        best = -1
        blank = True
        for area in (AREA_AUDIT_A, AREA_AUDIT_B):
            heading = areas.heading(area)
            number = heading[0] if heading is not None else 0
            for index in range(slots_in(areas.size(area))):
                rc = areas.load_slot(area, index)
                if rc == ERR_BUSY:
                    return rc
                blank = blank and rc == ERR_ABSENT
                sequence = areas.slot_sequence()
                if rc == OK and (sequence > best or (sequence == best and number > self.number)):
                    best = sequence
                    self.area, self._slot, self.number = area, index, number
        if best < 0:
            return ERR_ABSENT if blank else ERR_FAILED
        if areas.load_slot(self.area, self._slot) != OK:
            return ERR_BUSY
        self.sequence = best
        self.key[:] = areas.slot[4:36]
        return OK

    def _find_end(self, first, link):
        """Find the last record and the end of what is written; whether it is the one that the key's slot names."""
        areas = self.areas
        named = bytes(areas.slot[36 : 36 + SHORT])
        self.link[:] = link
        known = self.sequence == first and link[:SHORT] == named
        offset = records_at(areas.size(self.area))
        self._offset = offset
        while offset < areas.size(self.area):
            length = areas.load(self.area, offset)
            if length < 0:
                blank = areas.blank_from(self.area, offset)
                offset += blank or _WORD
                if not blank:
                    self._offset = offset
                continue
            sequence = sequence_of(areas.frame)
            if sequence == self.sequence - 1:
                self.link[:] = digest_of(areas.frame, length)
                known = bytes(self.link[:SHORT]) == named
            elif sequence == self.sequence and known and not self._whole:
                known = link_of(areas.frame) == bytes(self.link) and is_authentic(areas.frame, length, self.key)
                self._whole = known
                if known:
                    self.link[:] = digest_of(areas.frame, length)
            elif sequence >= self.sequence:
                known = False  # from after the key in force
            offset += frame_size(length)
            self._offset = offset
        return known

    # Running.

    def append(self, kind, data):
        """Store a record; OK, or ERR_* with nothing to rely on.

        `kind` is a byte, `data` has MAX_DATA bytes at most (ERR_RANGE). ERR_BUSY: this is no time to erase.
        ERR_ABSENT: there is no key. ERR_FAILED, or what the store says. A chain that is broken goes on: what
        comes after is worth having.
        """
        if len(data) > MAX_DATA or not 0 <= kind < 256:
            return ERR_RANGE
        if self.resolve() == UNREAD:
            return ERR_FAILED
        if not self.number:
            return ERR_ABSENT
        rc = self.settle()
        if rc == OK and not self._has_room(len(data)):
            rc = self._turn(self.sequence, self.key, self.link)
        return rc or self._put(kind, data)

    def _put(self, kind, data):
        areas = self.areas
        size = put(areas.frame, self.sequence, kind, self.link, data, self.key)
        digest = digest_of(areas.frame, len(data))
        offset = self._offset
        rc = self._store.write(self.area, offset, memoryview(areas.frame)[:size])
        self._offset += size
        length = areas.load(self.area, offset)
        if length < 0 or digest_of(areas.frame, length) != digest:
            self._unsure = True
            return rc or ERR_FAILED
        self._whole = True
        self.link[:] = digest
        self.settle()  # what fails here is made good before the next record
        return OK

    def end(self):
        """Return where the next record would go in the area in use: nothing was written from there on."""
        return self._offset

    def resolve(self):
        """Look again where the store did not answer, or not for sure; return the state."""
        return self.open() if self._unsure or self.state == UNREAD else self.state

    def prepare(self):
        """Take the other area where this one is three quarters full and an erase does no harm."""
        if not self.number or not self.may_erase or self._whole or self._unwiped or self._unsure:
            return
        size = self.areas.size(self.area)
        if self._offset * 4 > size * 3 + records_at(size) or self._free * 4 > slots_in(size) * 3:
            self._turn(self.sequence, self.key, self.link)

    def _has_room(self, length):
        size = self.areas.size(self.area)
        return self._offset + frame_size(length) <= size and self._free + _SPARE < slots_in(size)

    def settle(self):
        """Overwrite what is left of old keys, and let the key go on past a stored record; OK or ERR_*."""
        rc = self._wipe() if self._unwiped else OK
        if rc == OK and self._whole:
            rc = self._go_on()
        return rc

    def _go_on(self):
        key = next_key(self.key)
        sequence = self.sequence + 1
        if self._free >= slots_in(self.areas.size(self.area)):
            rc = self._turn(sequence, key, self.link)
        else:
            free = self._free
            self._free += 1
            rc = self.areas.put_slot(self.area, free, sequence, key, self.link)
            if rc == OK:
                self._retire(self.area, self._slot)
                self._slot = free
        if rc == OK:
            self._whole = False
            self.sequence = sequence
            self.key[:] = key
        else:
            self._unwiped = True
        return rc

    def _retire(self, area, slot):
        """Overwrite the slot of a key that is no longer in force."""
        if self.areas.zero(area, slot):
            self._unwiped = True

    def _turn(self, sequence, key, link):
        """Erase the older area and go on there; OK, ERR_BUSY where this is no time, or ERR_*."""
        if not self.may_erase:
            return ERR_BUSY
        if self._patience:
            self._patience -= 1
            return ERR_BUSY
        self._patience = _PATIENCE
        area, slot = self.area, self._slot
        rc = self.areas.let_other_go(area) or self._store.erase(other(area)) or self._take_area(sequence, key, link)
        if rc == OK:
            self._patience = 0
            self._retire(area, slot)
        else:
            self._unwiped = True
        return rc

    def _take_area(self, sequence, key, link):
        """Write the heading of the other, erased area and the key into its first slot; then it is ours."""
        area = other(self.area)
        rc = self.areas.put_heading(area, self.number + 1, sequence, link)
        rc = rc or self.areas.put_slot(area, 0, sequence, key, link)
        if rc == OK:
            self.area = area
            self.number += 1
            self._slot = 0
            self._free = 1
            self._offset = records_at(self.areas.size(area))
            self.sequence = sequence
            self.key[:] = key
            self.link[:] = link
        return rc

    def _wipe(self):
        """Overwrite every slot but that of the key in force, and find the first that was never written."""
        areas = self.areas
        for area in (AREA_AUDIT_A, AREA_AUDIT_B):
            used = 0
            for index in range(slots_in(areas.size(area))):
                rc = areas.load_slot(area, index)
                if rc == ERR_BUSY:
                    return ERR_FAILED
                if rc == ERR_ABSENT:
                    continue
                used = index + 1
                kept = area == self.area and index == self._slot
                if not kept and not areas.is_zero() and areas.zero(area, index):
                    return ERR_FAILED
            if area == self.area:
                self._free = used
        self._unwiped = False
        return OK

"""The boot record: which slot is confirmed, which is on trial and how often it was tried, and the rollback floor.

Entries of 96 bytes are appended to one of two areas; the newest whole one counts, so that whatever power does the old
or the new one does. Only a full area costs an erase, of the other one.

    u32 sequence   u8 confirmed slot, slot on trial, times tried, why the last trial ended   u8 ×4: 0xFF
    u32 floor      u32 number on trial   32 bytes manifest's SHA-256, confirmed   32 on trial   u32 CRC-32

Little-endian. A checksum and no MAC: whoever can write the flash can write this too (docs/updates.md).
"""

import struct

from hal.compat import const, crc32
from hal.ports import AREA_BOOT_A, AREA_BOOT_B, BLOCK, ERR_FAILED, OK

NO_SLOT = const(0xFF)
_ENTRY = const(96)
_LAYOUT = "<IBBBBIII32s32sI"
_SIZE = const(88)
_CRC_AT = const(84)
_PER_AREA = const(42)
_AREAS = (AREA_BOOT_A, AREA_BOOT_B)
_NOTHING = bytes(32)
_BLANK = b"\xff" * _ENTRY
_SPARE = const(0xFFFFFFFF)


class Record:
    """`sequence` is 0 where there is no record at all. Slots are 0 and 1, or NO_SLOT.

    `confirmed`, `digest`, `floor`: what was confirmed last, and the least number that is taken. `trial`,
    `trial_digest`, `trial_number`, `tries`: what is to be tried. `ended`: why the last trial was given up, 0 once told.
    """

    __slots__ = ("_place", "_store", "confirmed", "digest", "ended", "floor", "sequence", "trial", "trial_digest",
                 "trial_number", "tries")  # fmt: skip

    def __init__(self, store):
        """Read the newest whole entry."""
        self._store = store
        self.read()

    def read(self):
        """Read anew."""
        self.sequence = 0
        self._place = -1  # of the newest entry, counted through both areas
        self.confirmed = self.trial = NO_SLOT
        self.tries = self.ended = 0
        self.floor = self.trial_number = 0
        self.digest = self.trial_digest = _NOTHING
        if self._store.size(AREA_BOOT_A) < BLOCK or self._store.size(AREA_BOOT_B) < BLOCK:
            return
        entry = bytearray(_SIZE)
        for place in range(2 * _PER_AREA):
            if self._store.read(_AREAS[place // _PER_AREA], place % _PER_AREA * _ENTRY, entry) == OK:
                self._take(place, entry)

    def _take(self, place, entry):
        (sequence, confirmed, trial, tries, ended, spare, floor, number, digest, trial_digest, crc) = struct.unpack(
            _LAYOUT, entry
        )
        if crc != crc32(bytes(entry[:_CRC_AT])) or spare != _SPARE or sequence <= self.sequence:
            return
        self.sequence = sequence
        self._place = place
        self.confirmed, self.trial, self.tries, self.ended = confirmed, trial, tries, ended
        self.floor, self.trial_number = floor, number
        self.digest, self.trial_digest = digest, trial_digest

    # What may become of it: each is one entry, so it happens or it does not.

    def put_on_trial(self, slot, number, digest):
        """Have `slot` tried at the next boot; OK or ERR_FAILED."""
        self.trial, self.trial_number, self.trial_digest = slot, number, digest
        self.tries = self.ended = 0
        return self._write()

    def count_try(self):
        """The slot on trial is about to be started; OK or ERR_FAILED."""
        self.tries += 1
        return self._write()

    def confirm(self):
        """What was on trial is what boots from now on, and nothing older than it; OK or ERR_FAILED."""
        self.confirmed, self.digest = self.trial, self.trial_digest
        self.floor = max(self.floor, self.trial_number)
        return self._end_trial(0)

    def revert(self, reason):
        """The trial is over, for `reason` (reasons.py): what was confirmed boots on; OK or ERR_FAILED."""
        return self._end_trial(reason)

    def told(self):
        """The audit has why the last trial ended; OK or ERR_FAILED."""
        self.ended = 0
        return self._write()

    def _end_trial(self, reason):
        self.trial, self.trial_digest = NO_SLOT, _NOTHING
        self.trial_number = self.tries = 0
        self.ended = reason
        return self._write()

    def _write(self):
        """Append an entry; where it was not taken, nothing of this counts, and what is stored is read again."""
        self.sequence += 1
        entry = bytearray(_SIZE)
        struct.pack_into(
            _LAYOUT, entry, 0, self.sequence, self.confirmed, self.trial, self.tries, self.ended, _SPARE, self.floor,
            self.trial_number, self.digest, self.trial_digest, 0,
        )  # fmt: skip
        struct.pack_into("<I", entry, _CRC_AT, crc32(bytes(entry[:_CRC_AT])))
        place = self._next()
        if place >= 0 and self._put(place, entry) == OK:
            self._place = place
            return OK
        self.read()
        return ERR_FAILED

    def _next(self):
        """The next place that is blank, in this area or, erased, in the other; -1 where the store does not erase."""
        here = max(self._place, 0) // _PER_AREA
        check = bytearray(_ENTRY)
        for place in range(self._place + 1, (here + 1) * _PER_AREA):
            if self._store.read(_AREAS[here], place % _PER_AREA * _ENTRY, check) == OK and check == _BLANK:
                return place
        other = 1 - here
        return other * _PER_AREA if self._store.erase(_AREAS[other]) == OK else -1

    def _put(self, place, entry):
        area, offset = _AREAS[place // _PER_AREA], place % _PER_AREA * _ENTRY
        check = bytearray(_SIZE)
        if self._store.write(area, offset, entry) != OK or self._store.read(area, offset, check) != OK:
            return ERR_FAILED
        return OK if check == entry else ERR_FAILED

"""The two areas of the store that hold the audit chain: heading, slots for the key, records.

A slot is written once and overwritten with zeros when its key is no longer in force; flash can clear
bits without an erase. Everything is read back before it counts.
"""

import struct

from firmware.trust.audit_frame import HEAD, MOST, frame_size, is_whole, length_of
from hal.compat import const, crc32
from hal.ports import AREA_AUDIT_A, AREA_AUDIT_B, ERR_ABSENT, ERR_BUSY, ERR_FAILED, OK

# Heading: magic, number, first sequence, link, CRC, a word that is cleared before the other area is erased.
HEADING = const(56)
SLOT = const(48)  # sequence, key (32), eight bytes of the link, CRC
SHORT = const(8)  # of the link, in a slot
_MAGIC = const(0x414F564B)
_CHECKED = const(44)  # bytes under the CRC, in both
_OTHER_GOES = const(48)
_SHARE = const(160)  # bytes of an area for each slot
_CHUNK = const(128)
_WORD = const(4)


def slots_in(size):
    """Slots of an area of `size` bytes."""
    return size // _SHARE


def records_at(size):
    """Where the records of an area of `size` bytes begin."""
    return HEADING + SLOT * slots_in(size)


def other(area):
    """The area beside `area`."""
    return AREA_AUDIT_A if area == AREA_AUDIT_B else AREA_AUDIT_B


class Areas:
    """Reads and writes the parts of an area. `frame` and `slot` hold what was last read or written.

    `unread` is set where the store did not answer a read, which is no evidence of anything.
    """

    def __init__(self, store):
        self.store = store
        self.frame = bytearray(MOST)
        self.slot = bytearray(SLOT)
        self.unread = False

    def _read(self, area, offset, into):
        rc = self.store.read(area, offset, into)
        if rc:
            self.unread = True
        return rc

    def size(self, area):
        """Bytes of an area."""
        return self.store.size(area)

    # Heading.

    def heading(self, area):
        """Return (number, first sequence, link of the first record) of an area, or None where it has none."""
        data = bytearray(HEADING)
        if self.size(area) < HEADING or self._read(area, 0, data):
            return None
        magic, number, first = struct.unpack_from("<III", data, 0)
        if magic != _MAGIC or struct.unpack_from("<I", data, _CHECKED)[0] != crc32(memoryview(data)[:_CHECKED]):
            return None
        return number, first, bytes(data[12:_CHECKED])

    def put_heading(self, area, number, first, link):
        """Write an erased area's heading; OK or ERR_*."""
        data = bytearray(b"\xff" * HEADING)
        struct.pack_into("<III", data, 0, _MAGIC, number, first)
        data[12:_CHECKED] = link
        struct.pack_into("<I", data, _CHECKED, crc32(memoryview(data)[:_CHECKED]))
        rc = self.store.write(area, 0, data)
        return OK if self.heading(area) is not None else rc or ERR_FAILED

    def let_other_go(self, area):
        """Note in `area` that the other is about to be erased; OK or ERR_*."""
        return self.store.write(area, _OTHER_GOES, bytes(_WORD))

    def other_goes(self, area):
        """Whether that was noted, so that the other area need not be there."""
        word = bytearray(_WORD)
        return self._read(area, _OTHER_GOES, word) != OK or bytes(word) != b"\xff" * _WORD

    # Slots.

    def load_slot(self, area, index):
        """Read into `slot`: OK where it holds a key, ERR_ABSENT where it is blank, ERR_BUSY unread, else ERR_FAILED."""
        data = self.slot
        if self._read(area, HEADING + index * SLOT, data):
            return ERR_BUSY
        if bytes(data) == b"\xff" * SLOT:
            return ERR_ABSENT
        whole = struct.unpack_from("<I", data, _CHECKED)[0] == crc32(memoryview(data)[:_CHECKED])
        return OK if whole else ERR_FAILED

    def slot_sequence(self):
        """Sequence number that the key in `slot` is for."""
        return struct.unpack_from("<I", self.slot, 0)[0]

    def put_slot(self, area, index, sequence, key, link):
        """Write a key; OK once it reads back, else ERR_*, with what stands there overwritten."""
        data = self.slot
        struct.pack_into("<I", data, 0, sequence)
        data[4:36] = key
        data[36:_CHECKED] = link[:SHORT]
        struct.pack_into("<I", data, _CHECKED, crc32(memoryview(data)[:_CHECKED]))
        rc = self.store.write(area, HEADING + index * SLOT, data)
        if self.load_slot(area, index) == OK and self.slot_sequence() == sequence:
            return OK
        self.zero(area, index)
        return rc or ERR_FAILED

    def zero(self, area, index):
        """Overwrite a slot; OK once it reads as zeros."""
        offset = HEADING + index * SLOT
        rc = self.store.write(area, offset, bytes(SLOT))
        if self._read(area, offset, self.slot) or not self.is_zero():
            return rc or ERR_FAILED
        return OK

    def is_zero(self):
        """Whether the slot last read was overwritten."""
        return bytes(self.slot) == bytes(SLOT)

    # Records.

    def peek(self, area, offset):
        """Read the first HEAD bytes of a record into `frame`; the length of its data, or -1 where none begins."""
        if offset + HEAD > self.size(area) or self._read(area, offset, memoryview(self.frame)[:HEAD]):
            return -1
        return length_of(self.frame)

    def load(self, area, offset):
        """Read the record at `offset` into `frame`; the length of its data, or -1 where there is no whole one."""
        view = memoryview(self.frame)
        length = self.peek(area, offset)
        if length < 0 or offset + frame_size(length) > self.size(area):
            return -1
        if self._read(area, offset, view[: frame_size(length)]) or not is_whole(self.frame, length):
            return -1
        return length

    def blank_from(self, area, offset):
        """How many bytes from `offset` on are blank, in whole words, of the next 128."""
        count = min(_CHUNK, self.size(area) - offset)
        view = memoryview(self.frame)[:count]
        if self._read(area, offset, view):
            return 0
        for place in range(count):
            if view[place] != 0xFF:
                return place // _WORD * _WORD
        return count

"""What a recovery rests on, and where it stands: an area that is written at provisioning and never erased by the pump.

    keys    magic, pump id (8), two verifying keys of P-256 (33 each, compressed), CRC-32; twice, at 0 and at 128
    marks   from 256 on, 96 bytes each: magic, head of the audit before (number, SHA-256), SHA-256 of the evidence,
            CRC-32, a word that is cleared once the recovery is complete

A mark is written before the first byte of the old keys or audit goes. While one is open the pump boots isolated, so a
recovery that power broke off is neither forgotten nor half done unseen. Flash clears bits without an erase, so nothing
here is ever erased; an area of 4 KiB has marks for forty recoveries.
"""

import struct

from hal.compat import const, crc32
from hal.ports import AREA_RECOVERY, ERR_ABSENT, ERR_FAILED, ERR_FULL, OK

ID = const(8)
POINT = const(33)
_KEYS = const(78)  # magic, id, points
_COPY = const(128)
_MARKS = const(256)
_MARK = const(96)
_CHECKED = const(76)  # of a mark
_CLOSED = const(80)
_LINK = const(32)
_MAGIC_KEYS = b"KVOR"
_MAGIC_MARK = b"KVOM"
_WORD = const(4)


def read_keys(store):
    """Return (pump id, first point, second point), or None where no copy is whole."""
    if store.size(AREA_RECOVERY) < _MARKS:
        return None
    data = bytearray(_KEYS + _WORD)
    for offset in (0, _COPY):
        if store.read(AREA_RECOVERY, offset, data) == OK and bytes(data[:_WORD]) == _MAGIC_KEYS:
            if struct.unpack_from("<I", data, _KEYS)[0] == crc32(memoryview(data)[:_KEYS]):
                head = _WORD + ID
                return bytes(data[_WORD:head]), bytes(data[head : head + POINT]), bytes(data[head + POINT : _KEYS])
    return None


def write_keys(store, pump_id, first, second):
    """Fix whose cards recover this pump, at provisioning; OK or ERR_*. Erases: for a pump without keys."""
    if not store.size(AREA_RECOVERY):
        return ERR_ABSENT
    if read_keys(store) == (pump_id, first, second):
        return OK
    data = _MAGIC_KEYS + pump_id + first + second
    data += struct.pack("<I", crc32(data))
    rc = store.erase(AREA_RECOVERY) or store.write(AREA_RECOVERY, 0, data) or store.write(AREA_RECOVERY, _COPY, data)
    return rc or (OK if read_keys(store) == (pump_id, first, second) else ERR_FAILED)


class Marks:
    """`find`, then: offset of the open mark (-1: none) and what it holds."""

    __slots__ = ("_free", "_store", "digest", "link", "number", "offset")

    def __init__(self, store):
        self._store = store
        self.offset = self._free = -1
        self.number = 0  # records of the audit before
        self.link = bytes(_LINK)
        self.digest = bytes(_LINK)  # of the evidence

    def find(self):
        """Look for the open mark; return whether there is one."""
        store = self._store
        data = bytearray(_MARK)
        self.offset = self._free = -1
        for offset in range(_MARKS, store.size(AREA_RECOVERY) - _MARK + 1, _MARK):
            if store.read(AREA_RECOVERY, offset, data) != OK:
                return False
            if bytes(data) == b"\xff" * _MARK:
                self._free = offset
                return self.offset >= 0
            whole = bytes(data[:_WORD]) == _MAGIC_MARK
            if not whole or struct.unpack_from("<I", data, _CHECKED)[0] != crc32(memoryview(data)[:_CHECKED]):
                continue  # power went before it counted: nothing had been replaced
            if bytes(data[_CLOSED : _CLOSED + _WORD]) == b"\xff" * _WORD:
                self.offset = offset
                self.number = struct.unpack_from("<I", data, _WORD)[0]
                self.link = bytes(data[8:40])
                self.digest = bytes(data[40:72])
        return self.offset >= 0

    def open(self, number, link, digest):
        """Write a mark where none is open; OK, ERR_FULL where there is no room for one more, or ERR_*."""
        if self.find():
            return OK
        if self._free < 0:
            return ERR_FULL
        data = _MAGIC_MARK + struct.pack("<I", number) + link + digest + bytes(_WORD)
        data += struct.pack("<I", crc32(data))
        rc = self._store.write(AREA_RECOVERY, self._free, data)
        return OK if self.find() else rc or ERR_FAILED

    def close(self):
        """The recovery is complete; OK or ERR_*."""
        rc = self._store.write(AREA_RECOVERY, self.offset + _CLOSED, bytes(_WORD))
        return rc or (ERR_FAILED if self.find() else OK)


def is_under_way(store):
    """Return whether a recovery was begun and is not complete."""
    return store.size(AREA_RECOVERY) > 0 and Marks(store).find()

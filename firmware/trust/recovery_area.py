"""What a recovery rests on, and where it stands: an area that is written at provisioning and never erased by the pump.

    keys    magic, pump id (8), two verifying keys of P-256 (33 each, compressed), CRC-32; twice, at 0 and at 128
    marks   from 256 on, 128 bytes each: magic, head of the audit before (number, SHA-256), SHA-256 of the evidence,
            that of the keys that go in, CRC-32, a word that is cleared once the recovery is complete

A mark is written before the first byte of the old keys or audit goes. While one is open the pump boots isolated, so a
recovery that power broke off is neither forgotten nor half done unseen. Flash clears bits without an erase, so nothing
here is ever erased; an area of 4 KiB has marks for thirty recoveries.
"""

import struct

from hal.compat import const, crc32
from hal.ports import AREA_RECOVERY, ERR_ABSENT, ERR_FAILED, ERR_FULL, OK

ID = const(8)
POINT = const(33)
_KEYS = const(78)  # magic, id, points
_COPY = const(128)
_MARKS = const(256)
_MARK = const(128)
_CHECKED = const(104)  # of a mark
_CLOSED = const(108)
_LINK = const(32)
_MAGIC_KEYS = b"KVOF"
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
    """`find`, then: offset of the last open mark (-1: none), what it holds, and what the last mark was for."""

    __slots__ = ("_free", "_store", "digest", "link", "number", "offset", "what")

    def __init__(self, store):
        self._store = store
        self.offset = self._free = -1
        self.number = 0  # records of the audit before
        self.link = bytes(_LINK)
        self.digest = bytes(_LINK)  # of the evidence
        self.what = b""  # digest of the keys that were to go in, of the last mark, open or closed

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
                break
            whole = bytes(data[:_WORD]) == _MAGIC_MARK
            if not whole or struct.unpack_from("<I", data, _CHECKED)[0] != crc32(memoryview(data)[:_CHECKED]):
                continue  # power went before it counted: nothing had been replaced
            self.what = bytes(data[72:_CHECKED])
            if bytes(data[_CLOSED : _CLOSED + _WORD]) == b"\xff" * _WORD:
                self.offset = offset
                self.number = struct.unpack_from("<I", data, _WORD)[0]
                self.link = bytes(data[8:40])
                self.digest = bytes(data[40:72])
        return self.offset >= 0

    def open(self, number, link, digest, what):
        """Write a mark; OK, ERR_FULL where there is no room for one more, or ERR_*.

        Where one is open that a loss of power left, its `number` and `link` stay: the audit before is still that one.
        """
        if self.find():
            if self.what == what:
                return OK
            number, link = self.number, self.link
        if self._free < 0:
            return ERR_FULL
        data = _MAGIC_MARK + struct.pack("<I", number) + link + digest + what
        data += struct.pack("<I", crc32(data))
        rc = self._store.write(AREA_RECOVERY, self._free, data)
        return OK if self.find() and self.what == what else rc or ERR_FAILED

    def close(self):
        """The recovery is complete; OK or ERR_*."""
        while self.find():
            offset = self.offset
            rc = self._store.write(AREA_RECOVERY, offset + _CLOSED, bytes(_WORD))
            if rc:
                return rc
            if self.find() and self.offset == offset:
                return ERR_FAILED
        return OK


def is_under_way(store):
    """Return whether a recovery was begun and is not complete."""
    return store.size(AREA_RECOVERY) > 0 and Marks(store).find()

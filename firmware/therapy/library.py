"""The drug library as the pump reads it: checked once, entries decoded when asked for. It lies in two copies."""

import struct

from firmware.therapy import layout
from hal.compat import crc32
from hal.ports import AREA_LIBRARY, AREA_LIBRARY_B

AREAS = (AREA_LIBRARY, AREA_LIBRARY_B)

_HEADER = layout.struct_format(layout.LIBRARY_HEADER)
_ENTRY = layout.struct_format(layout.LIBRARY_ENTRY)


class Entry:
    """One drug in one care area; attributes by the names of layout.LIBRARY_ENTRY."""

    def __init__(self, values):
        for field, value in zip(layout.LIBRARY_ENTRY, values):
            setattr(self, field[0], value)

    def allows(self, mode):
        """Return whether the infusion mode is allowed for this drug."""
        return self.modes >> mode & 1 != 0


class Library:
    """Whole and current, or nothing: `entries` is 0 where the bytes are not a library."""

    def __init__(self, data):
        self.entries = 0
        self.sequence = 0
        self.crc = 0
        self._data = data
        self._start = struct.calcsize(_HEADER)
        self._size = struct.calcsize(_ENTRY)
        if len(data) < self._start:
            return
        magic, version, _, entries, sequence, crc = struct.unpack(_HEADER, data[: self._start])
        body = data[self._start : self._start + entries * self._size]
        if magic != layout.LIBRARY_MAGIC or version != layout.LIBRARY_VERSION:
            return
        if len(body) != entries * self._size or crc32(body) != crc:
            return
        self.entries = entries
        self.sequence = sequence
        self.crc = crc

    def find(self, code, care_area):
        """Return the Entry for a drug code in a care area, or None."""
        for index in range(self.entries):
            start = self._start + index * self._size
            data = self._data[start : start + self._size]
            if data[0] | data[1] << 8 == code and data[2] == care_area:
                return Entry(struct.unpack(_ENTRY, data))
        return None


def read_newest(store, areas=AREAS):
    """Read and check the copies in `areas` of `store`; return the newest Library that is whole, or an empty one."""
    newest = Library(b"")
    for area in areas:
        found = read_library(store, area, newest.sequence if newest.entries else -1)
        if found.entries:
            newest = found
    return newest


def read_library(store, area, above=-1):
    """Read and check the library in `area` of `store`; an empty one where its sequence is not past `above`."""
    header = bytearray(struct.calcsize(_HEADER))
    if store is None or store.read(area, 0, header) or struct.unpack(_HEADER, header)[4] <= above:
        return Library(b"")
    entries = header[6] | header[7] << 8
    size = len(header) + entries * struct.calcsize(_ENTRY)
    if size > store.size(area):
        return Library(b"")
    data = bytearray(size)
    if store.read(area, 0, data):
        return Library(b"")
    return Library(bytes(data))

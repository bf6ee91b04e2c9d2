"""A prescription as the tick reads it, and its bytes.

The tick reads plain attributes and lists that are allocated once. Bytes are made and read
outside the tick, by the layout table.
"""

import struct

from firmware.therapy import layout
from hal.compat import MASK, crc32

_HEAD = layout.struct_format(layout.PRESCRIPTION)
_SEGMENT = layout.struct_format(layout.SEGMENT)


class Prescription:
    """Attributes by the names of layout.PRESCRIPTION; lists by those of layout.SEGMENT."""

    def __init__(self):
        self.clear()

    def clear(self):
        """Set every field to 0 and every segment to nothing."""
        for field in layout.PRESCRIPTION:
            setattr(self, field[0], 0)
        self.version = layout.PRESCRIPTION_VERSION
        self.tag = 0  # 30 bits of its checksum: which prescription a record speaks of
        self.segments = 0
        self.cycles = 1
        for field in layout.SEGMENT:
            setattr(self, "seg_" + field[0], [0] * layout.SEGMENTS)

    def add(self, kind, rate_ul_h, volume_ul, duration_s, step_ul_h=0, step_rest=0, end_ul_h=0):
        """Append a segment; returns False where there is no room."""
        index = self.segments
        if index == layout.SEGMENTS:
            return False
        self.seg_kind[index] = kind
        self.seg_rate_ul_h[index] = rate_ul_h
        self.seg_volume_ul[index] = volume_ul
        self.seg_duration_s[index] = duration_s
        self.seg_step_ul_h[index] = step_ul_h
        self.seg_step_rest[index] = step_rest
        self.seg_end_ul_h[index] = end_ul_h
        self.segments = index + 1
        return True

    def encode(self):
        """Return the prescription's bytes, checksum included."""
        data = struct.pack(_HEAD, *[getattr(self, field[0]) for field in layout.PRESCRIPTION])
        for index in range(self.segments):
            values = [getattr(self, "seg_" + field[0])[index] for field in layout.SEGMENT]
            data += struct.pack(_SEGMENT, *values)
        crc = crc32(data)
        self.tag = crc & MASK
        return data + struct.pack("<I", crc)

    def decode(self, data):
        """Read `data`; returns False, and reads nothing, where it is not a prescription."""
        size = struct.calcsize(_HEAD)
        if len(data) < size + 4 or data[0] != layout.PRESCRIPTION_VERSION:
            return False
        body = bytes(data[: len(data) - 4])
        if struct.unpack("<I", data[len(data) - 4 :])[0] != crc32(body):
            return False
        values = struct.unpack(_HEAD, body[:size])
        count = values[7]
        step = struct.calcsize(_SEGMENT)
        if count > layout.SEGMENTS or len(body) != size + count * step:
            return False
        self.clear()
        self.tag = crc32(body) & MASK
        for field, value in zip(layout.PRESCRIPTION, values):
            setattr(self, field[0], value)
        for index in range(count):
            values = struct.unpack(_SEGMENT, body[size + index * step : size + (index + 1) * step])
            for field, value in zip(layout.SEGMENT, values):
                getattr(self, "seg_" + field[0])[index] = value
        return True

"""A store in memory for programs that MicroPython runs: NOR flash without failures, as large as a pump's needs be."""

from hal import ports

_KIB = 1024
SIZES = {
    ports.AREA_LIBRARY: 2 * _KIB, ports.AREA_JOURNAL_A: 16 * _KIB, ports.AREA_JOURNAL_B: 16 * _KIB,
    ports.AREA_AUDIT_A: 16 * _KIB, ports.AREA_AUDIT_B: 16 * _KIB,
    ports.AREA_KEYS_A: 4 * _KIB, ports.AREA_KEYS_B: 4 * _KIB,
}  # fmt: skip
BYTES = sum(SIZES.values())


class Flash:
    """Matches hal.ports.Store: a write clears bits, an erase sets them, and both take no time."""

    def __init__(self):
        self._areas = {area: bytearray(b"\xff" * size) for area, size in SIZES.items()}

    def load(self, area, data):
        """Put `data` there as a factory would."""
        self._areas[area][: len(data)] = data

    def size(self, area):
        return len(self._areas.get(area, b""))

    def read(self, area, offset, into):
        if offset < 0 or offset + len(into) > self.size(area):
            return ports.ERR_RANGE
        into[:] = self._areas[area][offset : offset + len(into)]
        return ports.OK

    def write(self, area, offset, data):
        if offset < 0 or offset + len(data) > self.size(area):
            return ports.ERR_RANGE
        memory = self._areas[area]
        rc = ports.OK
        for place in range(len(data)):
            memory[offset + place] &= data[place]
            if memory[offset + place] != data[place]:
                rc = ports.ERR_FAILED
        return rc

    def erase(self, area):
        if not self.size(area):
            return ports.ERR_RANGE
        memory = self._areas[area]
        for place in range(len(memory)):
            memory[place] = 0xFF
        return ports.OK


class Counter:
    """Matches hal.ports.SecureCounter, as long as the process lives."""

    def __init__(self):
        self.count = 0

    def read(self):
        return self.count

    def advance(self):
        self.count += 1
        return ports.OK

"""The bare board's small parts: clock, store, link, counter and the like, all of them in RAM.

They keep over a simulated reset what their originals keep, and nothing outlives the process. None
protects anything from anybody: the secure counter is one that the demo's attacker puts back.
"""

import os

from hal.compat import const, ticks_add, ticks_diff
from hal.ports import (
    AREA_JOURNAL_A,
    AREA_JOURNAL_B,
    AREA_KEYS_B,
    AREA_LIBRARY,
    BLOCK,
    ERR_ABSENT,
    ERR_FAILED,
    ERR_RANGE,
    OK,
)

JOURNAL_BYTES = const(4096)  # of each area; two of them leave a Pico room for the rest
SMALL_BYTES = const(4096)  # of each area of the audit and of the credentials: memory once it is written to
ERASE_MS = const(45)  # as a 4 KiB sector of the RP2040's flash
# The longest time that an RP2040's watchdog takes.
WATCHDOG_MS = const(8388)
EPOCH_S = const(200_000_000)  # a day in 2026; the bare board's clock begins there
_QUEUE = const(256)
_PAGE = const(512)


class Clock:
    """Matches hal.ports.Clock by virtual time: `board.advance` moves it."""

    __slots__ = ("_rest", "ms", "s")

    def __init__(self):
        self.ms = 0
        self.s = 0  # whole seconds since power-on, a number that does not wrap for decades
        self._rest = 0

    def ticks_ms(self):
        """Now, 0 … 2**30 - 1."""
        return self.ms

    def advance(self, ms):
        """Let 0 … 2**20 ms pass."""
        self.ms = ticks_add(self.ms, ms)
        rest = self._rest + ms
        self.s += rest // 1000
        self._rest = rest % 1000


class Rtc:
    """Matches hal.ports.Rtc: goes on while the pump has no power."""

    def __init__(self, clock):
        self._clock = clock

    def read_s(self):
        """Seconds since 2020-01-01."""
        return EPOCH_S + self._clock.s


class Store:
    """Matches hal.ports.Store with the semantics of NOR flash; the library's area is read-only.

    In pages: a heap that has been in use for a while holds no piece as long as an area. Those of the journal are made
    at once, those of the other areas when they are written to.
    """

    def __init__(self, library, stall):
        """`library`: the bytes of AREA_LIBRARY. `stall(ms)` is called for the time of an erase."""
        self._library = library
        self._stall = stall
        self._pages = [bytearray(_PAGE) for _ in range(2 * JOURNAL_BYTES // _PAGE)]
        self._pages += [None] * (4 * SMALL_BYTES // _PAGE)
        self.wipe()

    def replace_library(self, library):
        """Load another drug library, as an installer would."""
        self._library = library

    def wipe(self):
        """As it left the factory, but for its library."""
        self._clear(0, len(self._pages))

    def size(self, area):
        """Bytes in `area`, 0 for an area that is not there."""
        if area == AREA_LIBRARY:
            return len(self._library)
        if area == AREA_JOURNAL_A or area == AREA_JOURNAL_B:
            return JOURNAL_BYTES
        return SMALL_BYTES if AREA_JOURNAL_B < area <= AREA_KEYS_B else 0

    def _holds(self, area, offset, count):
        return offset >= 0 and offset + count <= self.size(area)

    def _first(self, area):
        """Where an area begins among all pages, in bytes."""
        if area <= AREA_JOURNAL_B:
            return JOURNAL_BYTES * (area - AREA_JOURNAL_A)
        return 2 * JOURNAL_BYTES + SMALL_BYTES * (area - AREA_JOURNAL_B - 1)

    def read(self, area, offset, into):
        """Fill `into`; ERR_RANGE past the end."""
        if not self._holds(area, offset, len(into)):
            return ERR_RANGE
        if area == AREA_LIBRARY:
            for index in range(len(into)):
                into[index] = self._library[offset + index]
            return OK
        at = self._first(area) + offset
        for index in range(len(into)):
            page = self._pages[at // _PAGE]
            into[index] = 0xFF if page is None else page[at % _PAGE]
            at += 1
        return OK

    def write(self, area, offset, data):
        """Clear bits; ERR_FAILED where one had to be set, or the area is read-only."""
        if not self._holds(area, offset, len(data)):
            return ERR_RANGE
        if area == AREA_LIBRARY:
            return ERR_FAILED
        rc = OK
        at = self._first(area) + offset
        for byte in data:
            page = self._pages[at // _PAGE]
            if page is None:
                page = self._pages[at // _PAGE] = bytearray(b"\xff" * _PAGE)
            page[at % _PAGE] &= byte
            if page[at % _PAGE] != byte:
                rc = ERR_FAILED
            at += 1
        return rc

    def erase(self, area):
        """Set the area to 0xFF; time passes."""
        size = self.size(area)
        if not size:
            return ERR_RANGE
        if area == AREA_LIBRARY:
            return ERR_FAILED
        self._stall(ERASE_MS)
        first = self._first(area) // _PAGE
        self._clear(first, first + size // _PAGE)
        return OK

    def erase_block(self, area, offset):
        """Set a block to 0xFF; time passes."""
        if offset % BLOCK or not self._holds(area, offset, BLOCK):
            return ERR_RANGE
        if area == AREA_LIBRARY:
            return ERR_FAILED
        self._stall(ERASE_MS)
        first = (self._first(area) + offset) // _PAGE
        self._clear(first, first + BLOCK // _PAGE)
        return OK

    def _clear(self, first, end):
        for number in range(first, end):
            page = self._pages[number]
            if page is not None:
                for index in range(_PAGE):
                    page[index] = 0xFF


class Link:
    """Matches hal.ports.Link: what the demo's attacker sends comes in, what goes out is counted and gone."""

    def __init__(self, plant):
        self._plant = plant
        self._bytes = bytearray(_QUEUE)
        self._head = 0
        self._waiting = 0
        self.sent = 0

    def inject(self, count):
        """The network delivers `count` bytes that nobody vouches for; returns how many there was a way for."""
        if not self._plant.link_up:
            return 0
        count = min(count, _QUEUE - self._waiting)
        for index in range(count):
            self._bytes[(self._head + self._waiting + index) % _QUEUE] = 0xA5 ^ index & 0xFF
        self._waiting += count
        return count

    def receive(self, into):
        """Copy what waits."""
        count = min(len(into), self._waiting)
        for index in range(count):
            into[index] = self._bytes[(self._head + index) % _QUEUE]
        self._head = (self._head + count) % _QUEUE
        self._waiting -= count
        return count

    def send(self, data, count):
        """Take `count` bytes, or none without a carrier."""
        if not self._plant.link_up or count < 0:
            return 0
        count = min(count, len(data))
        self.sent = ticks_add(self.sent, count)
        return count

    def restart(self):
        """What waited is gone."""
        self._waiting = 0


class Watchdog:
    """Matches hal.ports.Watchdog in virtual time. The chip's own is left alone: once begun it cannot be stopped."""

    def __init__(self, clock):
        self._clock = clock
        self._fed_ms = -1  # off, until the firmware begins it

    def feed(self):
        """Start the period anew."""
        self._fed_ms = self._clock.ms

    def bites(self):
        """Return whether the period is over."""
        return self._fed_ms >= 0 and ticks_diff(self._clock.ms, self._fed_ms) >= WATCHDOG_MS

    def restart(self):
        """Off."""
        self._fed_ms = -1


class Entropy:
    """Matches hal.ports.Entropy by the interpreter's own generator, where there is one."""

    def fill(self, into):
        """Fill `into`; ERR_ABSENT where the interpreter has no os.urandom."""
        if not hasattr(os, "urandom"):
            return ERR_ABSENT
        into[:] = os.urandom(len(into))
        return OK


class Counter:
    """Matches hal.ports.SecureCounter, and is none: `roll_back` is what the attacker does."""

    def __init__(self):
        self.renew()

    def renew(self):
        """A new part."""
        self._value = 0

    def read(self):
        """The count."""
        return self._value

    def advance(self):
        """Add one."""
        self._value += 1
        return OK

    def roll_back(self):
        """Put it back by one, as somebody who can replace the part would."""
        self._value = max(self._value - 1, 0)


class Scratch:
    """Matches hal.ports.Scratch: a word that power keeps."""

    def __init__(self):
        self._word = 0

    def read(self):
        """The word."""
        return self._word

    def write(self, word):
        """Set it."""
        self._word = word

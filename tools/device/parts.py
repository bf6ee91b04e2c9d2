"""A pump by itself, for programs that MicroPython runs: ideal motor, and parts that do what they are asked.

Nothing here takes memory while turns go on.
"""

from hal import ports
from hal.compat import HALF, MASK, ticks_add, ticks_diff


class Clock:
    def __init__(self):
        self.now_ms = HALF - 20000

    def ticks_ms(self):
        return self.now_ms


class Store:
    """Takes all and holds no library."""

    def size(self, area):
        return 4096 if ports.AREA_LIBRARY < area <= ports.AREA_STAGE else 0

    def read(self, area, offset, into):
        for index in range(len(into)):
            into[index] = 0xFF
        return ports.OK

    def write(self, area, offset, data):
        return ports.OK

    def erase(self, area):
        return ports.OK


class Kept:
    """A journal that takes no memory."""

    may_erase = True

    def append(self, kind, payload):
        return ports.OK

    def prepare(self):
        pass


class Link:
    """Silent, and without end."""

    def receive(self, into):
        return 0

    def send(self, data, count):
        return max(min(count, len(data)), 0)


class Watchdog:
    def feed(self):
        pass


class Scratch:
    word = 0

    def read(self):
        return self.word

    def write(self, word):
        self.word = word


class Board:
    """An ideal motor that obeys its lease, and sensors that see nothing wrong."""

    head = ports.HEAD_VOLUMETRIC
    rtc = entropy = counter = identity = local = None

    def __init__(self):
        self.clock = Clock()
        self.store = Store()
        self.link = Link()
        self.scratch = Scratch()
        self.watchdog = Watchdog()
        self.count = 0
        self.flags = ports.RF_MAINS | ports.RF_LINK_UP
        self.key = 0
        self.reads = 0
        self._rate = 0
        self._end = 0
        self._micro = 0

    def pass_ms(self, ms):
        """Time passes; the motor runs to its lease's end at most."""
        self.clock.now_ms = ticks_add(self.clock.now_ms, ms)
        if self._rate:
            micro = self._micro + self._rate * ms
            steps = min(micro // 1000000, max(ticks_diff(self._end, self.count), 0))
            self._micro = micro % 1000000
            self.count = (self.count + steps) & MASK

    def read(self, r):
        self.reads += 1
        r.step_count = self.count
        r.encoder_count = self.count
        r.flags = self.flags
        r.key = self.key
        self.key = 0

    def write(self, drive):
        self._rate = drive.step_rate_mhz if drive.enable and drive.relay else 0
        self._end = drive.step_end

    def show(self, status):
        pass


# Beside the mailbox's 256 places: no byte finds itself where it lies.
_ROUND = 251
_SLOWLY = 500


class Counts:
    """Bytes that count to _ROUND and again, and whether those that come do the same."""

    def __init__(self):
        self.given = 0
        self.came = 0
        self.broken = 0

    def fill(self, data, count):
        for index in range(count):
            data[index] = (self.given + index) % _ROUND

    def check(self, data, count):
        for index in range(count):
            if data[index] != self.came % _ROUND:
                self.broken += 1
            self.came += 1


class CountingLink(Counts):
    """Brings bytes that count, not too fast, and checks those that go out."""

    def receive(self, into):
        for _ in range(_SLOWLY):  # so that comms is still at it when the next turn comes
            pass
        self.fill(into, len(into))
        self.given += len(into)
        return len(into)

    def send(self, data, count):
        self.check(data, count)
        return count


class CountingGatekeeper(Counts):
    """The other end, in the turn: takes all that there is, so that it comes upon what is being put."""

    def __init__(self):
        Counts.__init__(self)
        self._bytes = bytearray(256)

    def meet(self, remote):
        """Ask for nothing: scripted events are all there is."""

    def step(self, inbox, facts, readings, post):
        self.check(self._bytes, inbox.take(self._bytes))
        self.fill(self._bytes, 24)
        self.given += facts.put(self._bytes, 24)

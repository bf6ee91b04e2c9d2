"""What the pump says of itself: facts, MACed, each with a counter that rises over the pump's whole life.

Facts wait in a bounded queue. Where it is full the newest status replaces the older one, and what else finds no room
is dropped with its counter: whoever listens sees the gap.
"""

from firmware.trust.cbor import encode
from firmware.trust.cose import KEY_ID, make_mac0
from hal.compat import const

CONTEXT = b"kvo fact 1"
HELLO = const(1)
STATUS = const(2)
ALARMS = const(3)
ACK = const(4)
LOG = const(5)
WAVE = const(6)

QUEUE = const(12)
# A fact's counter is the boot's count and, below it, so many bits for the facts of one boot.
COUNTER_BITS = const(32)

# Keys of a fact, and of its body.
KIND = const(1)
COUNTER = const(2)
PUMP_S = const(3)
BODY = const(4)


class Facts:
    """Facts that wait to be sent. `lost` counts those that found no room, modulo 2**30."""

    __slots__ = ("_boot", "_key", "_made", "_pump_id", "_waiting", "lost")

    def __init__(self):
        self._key = None
        self._pump_id = b""
        self._boot = 0
        self._made = 0  # counters that were used in this boot
        self._waiting = []
        self.lost = 0

    def begin(self, key, pump_id, boot):
        """`key`: the fact key, a MacKey; `boot`: the secure counter, which has risen at this boot."""
        self._key = key
        self._pump_id = pump_id
        if boot != self._boot:
            self._boot = boot
            self._made = 0

    def end(self):
        """No key, no facts."""
        if self._key is not None:
            self._key.wipe()
        self._key = None
        self._waiting.clear()

    def is_full(self):
        """Return whether a fact of any kind but STATUS would be lost."""
        return len(self._waiting) >= QUEUE

    def add(self, kind, body):
        """Queue a fact; `body` is a dict of integers to what cbor.encode takes."""
        if self._key is None:
            return
        waiting = self._waiting
        if kind == STATUS or kind == ALARMS:  # it says all that an older one says, and more
            for place in range(len(waiting)):
                if waiting[place][0] == kind:
                    del waiting[place]
                    break
        if len(waiting) < QUEUE:
            waiting.append((kind, body))
        elif kind != STATUS:
            self._drop(kind, body)

    def _drop(self, kind, body):
        """Make room at the cost of a status; where there is none, lose this fact and its counter."""
        waiting = self._waiting
        for place in range(len(waiting)):
            if waiting[place][0] == STATUS:
                del waiting[place]
                waiting.append((kind, body))
                return
        self._made += 1
        self.lost = self.lost + 1 & 0x3FFFFFFF

    def next(self, now_s):
        """Return the oldest fact as bytes to send, or b"" where none waits. `now_s`: pump seconds."""
        if not self._waiting or self._key is None:
            return b""
        kind, body = self._waiting.pop(0)
        self._made += 1
        counter = (self._boot << COUNTER_BITS) + self._made
        payload = encode({KIND: kind, COUNTER: counter, PUMP_S: now_s, BODY: body})
        return make_mac0(payload, self._key, {KEY_ID: self._pump_id}, None, CONTEXT)

"""What the pump says of itself: facts, MACed, each with a counter that rises over the pump's whole life.

Facts wait in a bounded queue: of each kind the newest, which says all that older ones said, and ACKS answers. An answer
that finds no room is dropped with its counter, so that whoever listens sees the gap: a flood of requests crowds out
answers and nothing else.
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
STAGED = const(7)
HEAD = const(8)
AUDIT = const(9)
UPDATE = const(12)

ACKS = const(8)
# A fact's counter is the boot's count and, below it, so many bits for the facts of one boot.
COUNTER_BITS = const(32)

# Keys of a fact, and of its body.
KIND = const(1)
COUNTER = const(2)
PUMP_S = const(3)
BODY = const(4)


class Facts:
    """Facts that wait to be sent. `lost` counts answers that found no room, modulo 2**30."""

    __slots__ = ("_answered", "_boot", "_key", "_made", "_pump_id", "_waiting", "lost")

    def __init__(self):
        self._key = None
        self._pump_id = b""
        self._boot = 0
        self._made = 0  # counters that were used in this boot
        self._waiting = []
        self._answered = False  # the last one was an answer
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

    def add(self, kind, body):
        """Queue a fact; `body` is a dict of integers to what cbor.encode takes."""
        if self._key is None:
            return
        waiting = self._waiting
        acks = 0
        for place in range(len(waiting) - 1, -1, -1):
            if waiting[place][0] == ACK:
                acks += 1
            elif waiting[place][0] == kind:
                del waiting[place]  # the new one says all that the old one said, and more
        if kind == ACK and acks >= ACKS:
            self._made += 1
            self.lost = self.lost + 1 & 0x3FFFFFFF
        else:
            waiting.append((kind, body))

    def waits(self, kind):
        """Return whether a fact of `kind` has not been sent yet."""
        for one in self._waiting:
            if one[0] == kind:
                return True
        return False

    def _choose(self):
        """Place of the next one: alarms and sessions first, then answers and the rest by turns: none starves."""
        waiting = self._waiting
        answer = other = -1
        for place in range(len(waiting)):
            kind = waiting[place][0]
            if kind == ALARMS or kind == HELLO:
                return place
            if kind == ACK:
                answer = place if answer < 0 else answer
            elif other < 0:
                other = place
        if answer < 0 or (other >= 0 and self._answered):
            return other
        return answer

    def next(self, now_s):
        """Return the next fact as bytes to send, or b"" where none waits. `now_s`: pump seconds."""
        if not self._waiting or self._key is None:
            return b""
        kind, body = self._waiting.pop(self._choose())
        self._answered = kind == ACK
        self._made += 1
        counter = (self._boot << COUNTER_BITS) + self._made
        payload = encode({KIND: kind, COUNTER: counter, PUMP_S: now_s, BODY: body})
        return make_mac0(payload, self._key, {KEY_ID: self._pump_id}, CONTEXT)

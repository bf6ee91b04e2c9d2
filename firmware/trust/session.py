"""What makes a request fresh: the session's challenge, and a counter for each operator.

The challenge rests on the secure counter, which rises at each boot, and on a key; entropy only adds to it. So a part
that gives bad entropy repeats no challenge.
"""

from firmware.trust import verdict as v
from hal.compat import const

CHALLENGE_LENGTH = const(16)
OPERATORS = const(16)  # that one session remembers; one more begins a new session
WINDOW = const(32)  # counters behind the highest that are told apart
LAST_SESSION = const(0xFFFF)
_PROOF = const(10)  # bytes of the challenge that are a MAC
_ENTROPY = const(16)
_MASK = const(0xFFFFFFFF)


class Counters:
    """The highest counter of each operator in this session, and which of the WINDOW below it were seen."""

    __slots__ = ("_digests", "_highest", "_operators", "_seen", "count")

    def __init__(self):
        self._operators = [0] * OPERATORS
        self._highest = [0] * OPERATORS
        self._seen = [0] * OPERATORS  # bit n: highest - n
        self._digests = [b""] * OPERATORS
        self.count = 0

    def clear(self):
        """A new session: nobody has asked for anything."""
        self.count = 0

    def _place(self, operator):
        for place in range(self.count):
            if self._operators[place] == operator:
                return place
        return -1

    def is_full_for(self, operator):
        """Return whether `operator` is new and there is no room."""
        return self.count == OPERATORS and self._place(operator) < 0

    def take(self, operator, counter, digest):
        """Use `counter` up; OK where it is fresh, else which way it is not. Takes room where the operator is new."""
        place = self._place(operator)
        if place < 0:
            place = self.count
            self.count += 1
            self._operators[place] = operator
            self._highest[place] = counter
            self._seen[place] = 1
            self._digests[place] = digest
            return v.OK
        behind = self._highest[place] - counter
        if behind >= 0:
            if behind == 0 and self._digests[place] == digest:
                return v.REFUSED_DUPLICATED
            if behind >= WINDOW or self._seen[place] >> behind & 1:
                return v.REFUSED_REPLAYED
            self._seen[place] |= 1 << behind  # late once; after that it is a replay
            return v.REFUSED_REORDERED
        self._seen[place] = (self._seen[place] << min(-behind, WINDOW) | 1) & _MASK
        self._highest[place] = counter
        self._digests[place] = digest
        return v.OK


class Session:
    """One challenge and the counters under it. `challenge` is b"" while there is no session."""

    __slots__ = ("boot_count", "challenge", "counters", "number")

    def __init__(self):
        self.boot_count = 0
        self.number = -1
        self.challenge = b""
        self.counters = Counters()

    def boot(self, count):
        """`count`: the secure counter, which has risen at this boot. After a recovery within one the number goes on."""
        if count != self.boot_count:
            self.boot_count = count
            self.number = -1
        self.challenge = b""

    def begin(self, key, entropy):
        """Begin the next session; False where this boot has had its last one. `key`: the challenge key."""
        self.challenge = b""
        self.counters.clear()
        if self.number >= LAST_SESSION:
            return False
        self.number += 1
        head = self.boot_count.to_bytes(4, "big") + self.number.to_bytes(2, "big")
        noise = bytearray(_ENTROPY)
        if entropy is not None:
            entropy.fill(noise)
        self.challenge = head + key.mac(head, noise)[:_PROOF]
        return True

    def end(self):
        """No session any more: nothing is fresh."""
        self.challenge = b""
        self.counters.clear()

    def judge(self, challenge):
        """OK where `challenge` is this session's, else whether it is of an earlier session or of another boot."""
        if challenge == self.challenge and challenge:
            return v.OK
        head = self.boot_count.to_bytes(4, "big")
        return v.REFUSED_EARLIER_SESSION if challenge[:4] == head else v.REFUSED_EARLIER_BOOT

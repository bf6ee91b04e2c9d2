"""Keys that are derived from the pump's own, and those of operators as long as they are used.

Deriving one takes a Pico 5 ms, so those that have proved themselves are kept: only a key under which a MAC has held
gets a place, so that no forger can crowd out those who work.
"""

from firmware.trust.cbor import encode
from firmware.trust.mac import MacKey
from firmware.trust.roles import SERVICE
from hal.compat import const

PLACES = const(6)


class Keyring:
    """Derives keys from a record, and keeps some."""

    __slots__ = ("_keys", "_kids", "_next", "_record")

    def __init__(self, record):
        self._record = record
        self._kids = [b""] * PLACES
        self._keys = [None] * PLACES
        self._next = 0

    def find(self, kid):
        """Return the MacKey kept for `kid`, or None."""
        for place in range(PLACES):
            if self._kids[place] == kid:
                return self._keys[place]
        return None

    def derive(self, request):
        """Return the MacKey that `request` (opened, not verified) says it was made with."""
        record = self._record
        return MacKey(operator_key(record, request.operator, request.role, request.epoch, request.not_after_s))

    def keep(self, kid, key):
        """Give a key that has proved itself a place: the oldest one's."""
        if self.find(kid) is None:
            old = self._keys[self._next]
            if old is not None:
                old.wipe()
            self._kids[self._next] = kid
            self._keys[self._next] = key
            self._next = (self._next + 1) % PLACES

    def facts(self):
        """Return the key of facts, a MacKey."""
        return MacKey(self._record.key(b"kvo facts" + encode([self._record.epoch])))

    def challenge(self):
        """Return the key of challenges, a MacKey."""
        return MacKey(self._record.key(b"kvo challenge"))

    def wipe(self):
        """Forget all of them."""
        for place in range(PLACES):
            if self._keys[place] is not None:
                self._keys[place].wipe()
            self._keys[place] = None
            self._kids[place] = b""


def operator_key(record, operator, role, epoch, not_after_s):
    """Return the 32-byte key of an operator for one pump, role, epoch and shift; the key service's own for SERVICE."""
    if role == SERVICE:
        return record.key(b"kvo service" + encode([epoch]))
    return record.key(b"kvo operator" + encode([operator, role, epoch, not_after_s]))

"""Keys that are derived from the pump's own, and those of operators as long as they are used.

HKDF takes a Pico 5 ms, so its first half, which is the same for every key, is kept, and so are operators' keys that
have proved themselves: only a key under which a MAC has held gets a place, so that no forger can crowd out those who
work.
"""

from firmware.trust.cbor import encode
from firmware.trust.mac import Extracted, MacKey
from firmware.trust.roles import SERVICE
from hal.compat import const

PLACES = const(6)


class Keyring:
    """Derives keys from a record, and keeps some."""

    __slots__ = ("_extracted", "_keys", "_kids", "_next", "_record")

    def __init__(self, record):
        self._record = record
        self._extracted = None  # made with the first key: booting has enough to do
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
        return self._made(purpose_of(request.operator, request.role, request.epoch, request.not_after_s))

    def _made(self, purpose):
        if self._extracted is None:
            self._extracted = Extracted(self._record.pump_key, self._record.pump_id)
        return MacKey(self._extracted.expand(purpose))

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
        return self._made(b"kvo facts" + encode([self._record.epoch]))

    def challenge(self):
        """Return the key of challenges, a MacKey."""
        return self._made(b"kvo challenge")

    def wipe(self):
        """Forget all of them."""
        self.keep_none()
        if self._extracted is not None:
            self._extracted.wipe()
            self._extracted = None

    def keep_none(self):
        """Forget operators' keys; they are derived again when they are used."""
        for place in range(PLACES):
            if self._keys[place] is not None:
                self._keys[place].wipe()
            self._keys[place] = None
            self._kids[place] = b""


def purpose_of(operator, role, epoch, not_after_s):
    """Return what an operator's key for one role, epoch and shift is derived for; the key service's own for SERVICE."""
    if role == SERVICE:
        return b"kvo service" + encode([epoch])
    return b"kvo operator" + encode([operator, role, epoch, not_after_s])


def operator_key(record, operator, role, epoch, not_after_s):
    """Return that key, 32 bytes, for the pump of `record`."""
    return record.key(purpose_of(operator, role, epoch, not_after_s))

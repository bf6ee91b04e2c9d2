"""Hands out evidence, piece by piece, in deterministic CBOR: audit, journal, what the keys were (never a key), digests.

    [ "kvo evidence 1", nonce of whoever asks, {about the pump}, [[area, bytes] …  the journal],
      [[area, bytes of it, SHA-256] …], [records, link], [[area, bytes] …  the audit's records],
      [records, link, record that the key in force is for], MAC ]

The MAC is HMAC-SHA-256 over the SHA-256 of all before it, under a hash of the audit's key in force: once the next
record stands that key is gone, and whoever takes the pump then cannot make evidence of before. Where the pump has no
such key the MAC is empty. Nothing is held in memory but a piece: areas are read as they stand when their turn comes,
the audit last, with its erases held. Loaded when it is asked for.
"""

from hashlib import sha256

from firmware.trust.audit_area import HEADING, records_at
from firmware.trust.audit_handing import ready, vouch
from firmware.trust.cbor import encode
from firmware.trust.speaker import FIRMWARE_VERSION
from hal.compat import const
from hal.ports import (
    AREA_AUDIT_A,
    AREA_AUDIT_B,
    AREA_JOURNAL_A,
    AREA_JOURNAL_B,
    AREA_KEYS_A,
    AREA_KEYS_B,
    AREA_RECOVERY,
    OK,
)

NAME = "kvo evidence 1"
PIECE = const(256)
NONCE = const(16)
LONGEST_S = const(900)  # for all of it: the audit's erases wait for so long at most
_PARTS = const(9)
_CHUNK = const(128)
_BLANK = b"\xff" * _CHUNK

# What is handed out next.
_DIGESTS = const(0)
_JOURNAL = const(1)
_AUDIT = const(2)
_END = const(3)
_OVER = const(4)

# Never digested: what holds keys, and what is told in full.
_NOT_DIGESTED = (AREA_KEYS_A, AREA_KEYS_B, AREA_AUDIT_A, AREA_AUDIT_B, AREA_JOURNAL_A, AREA_JOURNAL_B)


class Evidence:
    """`piece(offset)` until it is shorter than PIECE; then `digest` is that of all of it."""

    def __init__(self, store, audit, credentials, status, count, seconds, nonce, pump_id):
        """`audit`: Noting or Unaudited; `status`: a ports.Status; `count`: the secure counter, -1 for none.

        `seconds`: a trust.Seconds; `pump_id`: as it was fixed at provisioning, or b"".
        """
        now_s = seconds.now_s
        self._store = store
        self._audit = audit
        self._hash = sha256()  # of what the MAC is over
        self._whole = sha256()
        self._until_s = now_s + LONGEST_S
        self._what = _JOURNAL
        self._areas = [AREA_JOURNAL_A, AREA_JOURNAL_B]
        self._area = -1
        self._place = self._end = 0  # in the area
        self._waiting = b""  # made, not handed out
        self._last = b""  # piece that was handed out, and where: an answer may be lost
        self._offset = 0
        self.digest = b""
        about = {
            1: _about(credentials), 2: count, 3: now_s, 4: seconds.site_s(), 5: status.trust, 6: status.delivery,
            7: FIRMWARE_VERSION, 8: status.drug, 9: status.rate_ul_h, 10: status.delivered_ul, 11: pump_id,
        }  # fmt: skip
        self._say(bytes((0x80 | _PARTS,)) + encode(NAME) + encode(nonce) + encode(about) + b"\x82")

    def is_late(self, now_s):
        """Return whether it has taken too long."""
        return now_s > self._until_s

    def piece(self, offset):
        """Return the piece at `offset`, the last one or the one behind it; None for any other."""
        if self._last and offset == self._offset - len(self._last):
            return self._last
        if offset != self._offset:
            return None
        while len(self._waiting) < PIECE and self._what != _OVER:
            self._go_on()
        self._last = self._waiting[:PIECE]
        self._waiting = self._waiting[len(self._last) :]
        self._offset += len(self._last)
        self._whole.update(self._last)
        if len(self._last) < PIECE and not self.digest:
            self.digest = self._whole.digest()
        return self._last

    def _say(self, data):
        self._hash.update(data)
        self._waiting += data

    def _go_on(self):
        """Make a little more."""
        if self._place < self._end:
            self._say_chunk()
        elif self._areas:
            self._enter(self._areas.pop(0))
        elif self._what == _JOURNAL:
            self._what = _DIGESTS
            self._say_digests()
        elif self._what == _DIGESTS:
            self._what = _AUDIT
            self._audit.hold(self._until_s)
            self._say(encode(_head(self._audit)) + b"\x82")
            self._areas = [AREA_AUDIT_A, AREA_AUDIT_B]
        elif self._what == _AUDIT:
            self._what = _END
        else:
            self._what = _OVER
            self._say_mac()

    def _say_mac(self):
        number = ready(self._audit)  # whatever is written from now on has another key
        self._say(encode(_head(self._audit) + [number]))
        mac = vouch(self._audit, self._hash.digest()) if number >= 0 else b""
        self._waiting += encode(mac)
        self._audit.hold(-1)

    def _enter(self, area):
        """Begin the bytes of an area: those up to the last that was written, of the audit the records alone."""
        size = self._store.size(area)
        self._area = area
        self._place = self._start(size)
        self._end = self._used(area, self._place, size)
        self._say(b"\x82" + encode(area) + _byte_head(self._end - self._place))

    def _start(self, size):
        """Where an area's bytes begin: those of the audit behind the slots of its keys."""
        if self._what != _AUDIT:
            return 0
        return records_at(size) if size >= HEADING else size

    def _used(self, area, start, size):
        """Where what was written ends. Looked for from behind, since blank pieces may lie between."""
        piece = bytearray(_CHUNK)
        end = size
        while end > start:
            first = max(end - _CHUNK, start)
            view = memoryview(piece)[: end - first]
            if self._store.read(area, first, view) != OK:
                return start
            if bytes(view) != _BLANK[: end - first]:
                return end
            end = first
        return start

    def _say_chunk(self):
        chunk = bytearray(min(_CHUNK, self._end - self._place))
        if self._store.read(self._area, self._place, chunk) != OK:
            for place in range(len(chunk)):
                chunk[place] = 0  # a store that does not answer: the length was said already
        self._say(bytes(chunk))
        self._place += len(chunk)

    def _say_digests(self):
        areas = [area for area in range(AREA_RECOVERY) if area not in _NOT_DIGESTED and self._store.size(area)]
        self._say(_array_head(len(areas)))
        for area in areas:
            self._say(encode([area, self._store.size(area), _digest_of(self._store, area)]))


def _about(credentials):
    """What the credential record says, without a key, a salt or a verifier; None where there is none."""
    record = credentials.record
    if record is None:
        return [credentials.found]
    people = [[one.number, one.role, 1 if one.card else 0] for one in record.people]
    return [
        credentials.found, credentials.sequence, record.pump_id, record.epoch, list(record.revoked), people,
        record.site, record.known_s,
    ]  # fmt: skip


def _head(audit):
    head = audit.head()
    return [0, b""] if head is None else [head[0], head[1]]


def _digest_of(store, area):
    whole = sha256()
    piece = bytearray(_CHUNK)
    for offset in range(0, store.size(area), _CHUNK):
        view = memoryview(piece)[: min(_CHUNK, store.size(area) - offset)]
        if store.read(area, offset, view) != OK:
            return b""
        whole.update(view)
    return whole.digest()


def _byte_head(length):
    """The head of a byte string of `length` bytes: that of one which is there, cut off."""
    return _counted(0x40, length)


def _array_head(length):
    return _counted(0x80, length)


def _counted(kind, count):
    if count < 24:
        return bytes((kind | count,))
    if count < 0x100:
        return bytes((kind | 24, count))
    if count < 0x10000:
        return bytes((kind | 25, count >> 8, count & 255))
    return bytes((kind | 26, count >> 24, count >> 16 & 255, count >> 8 & 255, count & 255))

"""The credential record: whose pump this is, its key, who is revoked, and who may log in at the bedside.

Kept twice, in two areas of the store, because an erase takes a whole area: whatever power does, one copy is whole. A
frame is MAGIC, sequence u32, length u16, CRC-32, the record, its MAC; all big-endian. The MAC is made with a key out of
the record itself: it finds a record that was put together from two, and stops nobody who can write flash.

The first byte is written last: where it is blank nothing counts yet, so that a first record that power cuts short
leaves a pump that is not provisioned, as two blank areas do. Anything else without a whole record is evidence (BROKEN).
"""

from hashlib import sha256

from firmware.trust.cbor import Refused, decode, encode, is_number
from firmware.trust.closed import is_blank
from firmware.trust.mac import LENGTH, MacKey, equal, hkdf
from firmware.trust.roles import ROLES
from hal.compat import const, crc32
from hal.ports import AREA_KEYS_A, AREA_KEYS_B, ERR_FAILED, ERR_RANGE, OK

VERSION = const(2)
CARDLESS = const(1)  # the version before: its people have no cards
MAX_RECORD = const(3072)  # whoever is in it: 24 people with cards, 64 revoked, the longest name of a site
MAX_PEOPLE = const(24)
MAX_REVOKED = const(64)
MIN_ITERATIONS = const(1000)
MAX_ITERATIONS = const(20_000)
PUMP_ID = const(8)
KEY = const(32)
SALT = const(16)
CARD = const(33)  # a public key of P-256, its point compressed; nothing where the person has no card

# What the store holds.
BLANK = const(0)
WHOLE = const(1)
BROKEN = const(2)

MAGIC = b"KVOK"
HEAD = const(14)  # magic, sequence, length, CRC
_BEGUN = const(0x4B)  # its first byte
_BLANK_BYTE = const(0xFF)
_MOST = const(0x7FFFFFFF)
_NAME = const(64)
_AREAS = (AREA_KEYS_A, AREA_KEYS_B)


class Person:
    """Somebody who may log in at the bedside."""

    __slots__ = ("card", "iterations", "number", "role", "salt", "verifier")

    def __init__(self, number, role, salt, verifier, iterations, card=b""):
        self.card = card
        self.number = number
        self.role = role
        self.salt = salt
        self.verifier = verifier
        self.iterations = iterations


class Record:
    """What is in a record. `decode` says whether it is one; `encode` gives its bytes."""

    __slots__ = ("epoch", "known_s", "people", "pump_id", "pump_key", "revoked", "site", "version")

    def __init__(self):
        self.version = VERSION  # one that was read stays what it was: its bytes are checked again and again
        self.pump_id = b""
        self.pump_key = b""
        self.epoch = 0
        self.revoked = []
        self.people = []
        self.site = ""
        self.known_s = 0  # site time that was authentic when the record was last written

    def encode(self):
        """Return the record as deterministic CBOR."""
        people = []
        for one in self.people:
            row = [one.number, one.role, one.salt, one.verifier, one.iterations]
            if self.version > CARDLESS:
                row.append(one.card)
            people.append(row)
        return encode(
            {
                1: self.version, 2: self.pump_id, 3: self.pump_key, 4: self.epoch, 5: self.revoked, 6: people,
                7: self.site, 8: self.known_s,
            }
        )  # fmt: skip

    def decode(self, data):
        """Fill from `data`; False, and nothing to be used, where it is no record of ours."""
        try:
            value = decode(data, 4)
        except Refused:
            return False
        if not isinstance(value, dict) or len(value) != 8:
            return False
        self.version = value.get(1)
        self.pump_id = value.get(2)
        self.pump_key = value.get(3)
        self.epoch = value.get(4)
        self.revoked = value.get(5)
        self.site = value.get(7)
        self.known_s = value.get(8)
        return self._is_right() and self._take_people(value.get(6))

    def is_revoked(self, operator):
        """Return whether `operator` may ask for nothing any more."""
        return operator in self.revoked

    def has_room(self):
        """Return whether one more may be revoked."""
        return len(self.revoked) < MAX_REVOKED

    def person(self, number):
        """Return the Person of that number, or None; one who is revoked is nobody."""
        for one in self.people:
            if one.number == number:
                return None if self.is_revoked(number) else one
        return None

    def key(self, purpose):
        """Return 32 bytes for `purpose` (bytes), derived from the pump's key."""
        return hkdf(self.pump_key, self.pump_id, purpose)

    def wipe(self):
        """Forget the pump's key."""
        self.pump_key = b""
        self.people = []

    def _is_right(self):
        if not is_number(self.version, VERSION) or self.version < CARDLESS:
            return False
        if not is_bytes(self.pump_id, PUMP_ID) or not is_bytes(self.pump_key, KEY):
            return False
        if not is_number(self.epoch, _MOST) or not is_number(self.known_s, _MOST):
            return False
        if not isinstance(self.site, str) or len(self.site) > _NAME:
            return False
        if not isinstance(self.revoked, list) or len(self.revoked) > MAX_REVOKED:
            return False
        for operator in self.revoked:
            if not is_number(operator, _MOST):
                return False
        return True

    def _take_people(self, rows):
        if not isinstance(rows, list) or len(rows) > MAX_PEOPLE:
            return False
        self.people = []
        for row in rows:
            if not isinstance(row, list) or len(row) != 4 + self.version:
                return False
            number, role, salt, verifier, iterations = row[:5]
            card = row[5] if self.version > CARDLESS else b""
            right = (
                is_number(number, _MOST) and number > 0 and is_number(role, ROLES - 1) and role > 0
                and is_bytes(salt, SALT) and is_bytes(verifier, LENGTH)
                and is_number(iterations, MAX_ITERATIONS) and iterations >= MIN_ITERATIONS
                and (card == b"" or is_bytes(card, CARD))
            )  # fmt: skip
            if not right:
                return False
            self.people.append(Person(number, role, salt, verifier, iterations, card))
        return True


def is_bytes(value, length):
    """Return whether `value` is so many bytes."""
    return isinstance(value, bytes) and len(value) == length


def frame(record, sequence):
    """Return the bytes that stand in an area for `record` (a Record), the `sequence`th that was written."""
    data = record.encode()
    head = MAGIC + sequence.to_bytes(4, "big") + len(data).to_bytes(2, "big")
    body = data + _mac(record, head, data)
    return head + crc32(body, crc32(head)).to_bytes(4, "big") + body


def _mac(record, head, data):
    return MacKey(record.key(b"kvo record")).mac(head, data)


class Credentials:
    """The record in the store. `record` is None, and `found` BLANK or BROKEN, where there is none to be used.

    `behind`: one copy only is the newest, as a power cut leaves it.
    """

    __slots__ = ("_digest", "_length", "_place", "_store", "behind", "found", "record", "sequence")

    def __init__(self, store):
        self._store = store
        self.record = None
        self.sequence = 0
        self._place = 0  # the area that holds the copy in use
        self._length = 0  # of its frame
        self._digest = b""
        self.found = BLANK
        self.behind = False

    def read(self):
        """Read both copies and take the newest whole one; return what was found: BLANK, WHOLE or BROKEN."""
        self.record = None
        self.sequence = 0
        blank = 0
        newest = 0
        for place in range(2):
            sequence, record = self._read_copy(place)
            if sequence < 0:
                blank += 1
            elif record is not None and sequence == self.sequence:
                newest += 1
            elif record is not None and sequence > self.sequence:
                newest = 1
                self.record = record
                self.sequence = sequence
                self._use(place, frame(record, sequence))
        self.found = WHOLE if self.record is not None else BLANK if blank == 2 else BROKEN
        self.behind = newest == 1
        return self.found

    def check(self):
        """Return whether the copy in use still stands as it was. A store that does not answer says nothing of it."""
        theirs = bytearray(self._length)
        if self._store.read(_AREAS[self._place], 0, theirs) != OK:
            return True
        return equal(self._digest, sha256(theirs).digest())

    def write(self, record):
        """Store `record` over the older copy; OK or ERR_*. What was whole stays whole until the new one is.

        The area is erased, which takes its time: never call it while an infusion runs fast. `mend` writes the other.
        """
        data = frame(record, self.sequence + 1)
        if len(data) - HEAD - LENGTH > MAX_RECORD:
            return ERR_RANGE
        place = self._next_place()
        rc = self._write_copy(place, data)
        if rc == OK:
            self.record = record
            self.sequence += 1
            self._use(place, data)
            self.found = WHOLE
            self.behind = True
        return rc

    def _next_place(self):
        """Where a new copy goes: over the older one; else where nothing need be erased, which power can cut too."""
        if self.record is not None:
            return 1 - self._place
        return 1 if is_blank(self._store, AREA_KEYS_B) and not is_blank(self._store, AREA_KEYS_A) else 0

    def _use(self, place, data):
        self._place = place
        self._length = len(data)
        self._digest = sha256(data).digest()

    def mend(self):
        """Make the other copy the same again; OK or ERR_*. Erases an area, as `write` does."""
        rc = self._write_copy(1 - self._place, frame(self.record, self.sequence))
        self.behind = rc != OK
        return rc

    def stands(self, data):
        """Return whether the store, read anew, holds the record of these bytes in both copies."""
        found = Credentials(self._store)
        return found.read() == WHOLE and not found.behind and found.record.encode() == data

    def wipe(self):
        """Destroy both copies; OK or ERR_*. Every bit is cleared first: an erase takes longer, and may be cut."""
        rc = OK
        for area in _AREAS:
            zeros = bytes(self._store.size(area))
            rc = self._store.write(area, 0, zeros) or rc
        for area in _AREAS:
            rc = self._store.erase(area) or rc
        if self.record is not None:
            self.record.wipe()
        self.record = None
        self.sequence = 0
        self.behind = False
        if not rc:
            self.found = BLANK
        return rc

    def _read_copy(self, place):
        """Sequence and Record of a copy: -1 where the area is blank, 0 and None where what is there is no record."""
        area = _AREAS[place]
        head = bytearray(HEAD)
        if self._store.size(area) < HEAD:
            return -1, None  # a board without such an area
        if self._store.read(area, 0, head) != OK:
            return 0, None
        if head[0] == _BLANK_BYTE:
            return -1, None
        if head[0] & _BEGUN == _BEGUN:
            head[0] = _BEGUN  # cut off in that very byte: what follows was there before it, and is checked in full
        length = head[8] << 8 | head[9]
        if head[:4] != MAGIC or length > MAX_RECORD or HEAD + length + LENGTH > self._store.size(area):
            return 0, None
        body = bytearray(length + LENGTH)
        if self._store.read(area, HEAD, body) != OK:
            return 0, None
        data = bytes(body[:length])
        told = bytes(head[10:])
        head = bytes(head[:10])
        record = Record()
        if crc32(body, crc32(head)).to_bytes(4, "big") != told or not record.decode(data):
            return 0, None
        if not equal(_mac(record, head, data), body[length:]):
            return 0, None
        return int.from_bytes(head[4:8], "big"), record

    def _write_copy(self, place, data):
        """The first byte last, once the others have been read back."""
        area = _AREAS[place]
        store = self._store
        rc = OK if is_blank(store, area) else store.erase(area)
        rc = rc or store.write(area, 1, data[1:]) or self._reads(area, 1, data)
        return rc or store.write(area, 0, data[:1]) or self._reads(area, 0, data)

    def _reads(self, area, start, data):
        """OK where `data` stands in an area, from `start` on."""
        back = bytearray(len(data) - start)
        return self._store.read(area, start, back) or (OK if equal(data[start:], back) else ERR_FAILED)

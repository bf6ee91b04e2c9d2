"""The root record: whose signatures count on this pump, as it lies in the store twice, and the one that follows it.

Deterministic CBOR, public throughout: a map of version, sequence, vendor id, class id, the root key (which signs the
next record), the manufacturer's keys, the pharmacists' keys with the number of the person each belongs to, and the
ids of revoked keys. Keys are HSS public keys (RFC 8554, section 6), an id the first 8 bytes of a key's SHA-256.

No site secret stands in it: the facility counter-signs firmware with a key that is derived from the pump's own
(`countersign_key`), another for each pump.

In an area it is framed: MAGIC, sequence u32, length u16, CRC-32, the record; big-endian. The first byte is written
last, as in the credential record, so that power leaves the old record or the new one.
"""

from hashlib import sha256

from firmware.trust import lms
from firmware.trust.cbor import Refused, decode, encode, is_number
from firmware.trust.mac import MacKey, equal
from firmware.update.manifest import Device
from firmware.update.proofs import Filed, Mac, Signer
from hal.compat import const, crc32
from hal.ports import AREA_ROOTS_A, AREA_ROOTS_B, ERR_FAILED, ERR_RANGE, OK

VERSION = const(1)
RECORD_MOST = const(2048)  # bytes of one
MAKERS_MOST = const(4)
PHARMACISTS_LEAST = const(2)  # a library wants two
PHARMACISTS_MOST = const(8)
REVOKED_MOST = const(16)
KEY_ID = const(8)
COUNTERSIGN = b"kvo countersign"
MAGIC = b"KVOR"
HEAD = const(14)  # magic, sequence, length, CRC

_BEGUN = const(0x4B)  # the first byte of MAGIC
_BLANK = const(0xFF)
_PIECE = const(64)
_UUID = const(16)
_MEMBERS = const(8)
_MOST = const(0x7FFFFFFF)
_DEPTH = const(4)
_AREAS = (AREA_ROOTS_A, AREA_ROOTS_B)


def key_id(public_key):
    """What a key is called by: the first 8 bytes of its SHA-256."""
    return sha256(public_key).digest()[:KEY_ID]


def is_key(value):
    """Whether `value` is an HSS public key of one of the sets that are verified here."""
    # A signature that ends after its first word is refused for its length, once the key has been found good.
    return isinstance(value, bytes) and lms.Verifier(value, bytes(4)).result == lms.REFUSED_LENGTH


class Roots:
    """One record. `decode` says whether it is one; `encode` gives its bytes.

    `sequence` from 1; `vendor_id`, `class_id`: 16 bytes; `root_key`; `makers`: keys; `pharmacists`: (number, key), two
    people at least; `revoked`: ids of keys, 8 bytes each.
    """

    __slots__ = ("class_id", "makers", "pharmacists", "revoked", "root_key", "sequence", "vendor_id")

    def __init__(self):
        self.sequence = 0
        self.vendor_id = self.class_id = self.root_key = b""
        self.makers = []
        self.pharmacists = []
        self.revoked = []

    def encode(self):
        """Return the record as deterministic CBOR."""
        people = []
        for number, key in self.pharmacists:
            people.append([number, key])
        return encode(
            {
                1: VERSION, 2: self.sequence, 3: self.vendor_id, 4: self.class_id, 5: self.root_key, 6: self.makers,
                7: people, 8: self.revoked,
            }
        )  # fmt: skip

    def decode(self, data):
        """Fill from `data`; False, and nothing to be used, where it is no root record."""
        if len(data) > RECORD_MOST:
            return False
        try:
            value = decode(data, _DEPTH)
        except Refused:
            return False
        if not isinstance(value, dict) or len(value) != _MEMBERS or not is_number(value.get(1), VERSION):
            return False
        self.sequence = value.get(2)
        self.vendor_id = value.get(3)
        self.class_id = value.get(4)
        self.root_key = value.get(5)
        self.makers = value.get(6)
        self.revoked = value.get(8)
        return value[1] == VERSION and self._is_right() and self._take_people(value.get(7))

    def _is_right(self):
        if not is_number(self.sequence, _MOST) or not self.sequence:
            return False
        for identifier in (self.vendor_id, self.class_id):
            if not isinstance(identifier, bytes) or len(identifier) != _UUID:
                return False
        if not isinstance(self.makers, list) or not 1 <= len(self.makers) <= MAKERS_MOST:
            return False
        for place in range(len(self.makers)):
            if not is_key(self.makers[place]) or self.makers[place] in self.makers[:place]:
                return False
        if not isinstance(self.revoked, list) or len(self.revoked) > REVOKED_MOST:
            return False
        for identifier in self.revoked:
            if not isinstance(identifier, bytes) or len(identifier) != KEY_ID:
                return False
        return is_key(self.root_key) and self.root_key not in self.makers

    def _take_people(self, rows):
        """The pharmacists: as many keys as people, and no key that has another office."""
        if not isinstance(rows, list) or not PHARMACISTS_LEAST <= len(rows) <= PHARMACISTS_MOST:
            return False
        self.pharmacists = []
        taken = [self.root_key]
        taken.extend(self.makers)
        numbers = []
        for row in rows:
            if not isinstance(row, list) or len(row) != 2:
                return False
            number, key = row
            if not is_number(number, _MOST) or not number or number in numbers or not is_key(key) or key in taken:
                return False
            numbers.append(number)
            taken.append(key)
            self.pharmacists.append((number, key))
        return True

    def pharmacist(self, identifier):
        """Return the number of the person whose key has that id, 0 where there is none."""
        for number, key in self.pharmacists:
            if equal(key_id(key), identifier):
                return number
        return 0


# What vouches for what.


def countersign_key(record):
    """Return the MacKey of the facility's counter-signature on the pump with this credential record.

    The site, which holds the pumps' keys, makes one for each pump (`kvo sign countersign --site`).
    """
    return MacKey(record.key(COUNTERSIGN))


def device_of(roots, record, number=0, digest=None):
    """Return what the pump with this credential record knows of itself; `number`, `digest`: of what is installed."""
    return Device(roots.vendor_id, roots.class_id, b"KVO pump" + record.pump_id, number, digest)


def firmware_proofs(roots, record):
    """What a firmware image needs: a key of the manufacturer's, and the facility's counter-signature for this pump.

    `roots` (Roots) and `record` (credentials.Record) as they stand in the store.
    """
    return [Signer(_by_id(roots.makers), roots.revoked, []), Mac(countersign_key(record))]


def boot_proofs(roots):
    """What an image in a slot needs at each boot, where the boot record names its manifest: the manufacturer's key."""
    return [Signer(_by_id(roots.makers), roots.revoked, []), Filed()]


def golden_proofs(roots):
    """What the image to recover with needs, which no facility has counter-signed: the manufacturer's key."""
    return [Signer(_by_id(roots.makers), roots.revoked, [])]


def library_proofs(roots):
    """What a drug library needs: the keys of two different pharmacists, in any order.

    After the opening, the first one's `used` are the ids of both.
    """
    keys = _by_id([key for _, key in roots.pharmacists])
    used = []
    return [Signer(keys, roots.revoked, used), Signer(keys, roots.revoked, used)]


def _by_id(keys):
    return {key_id(key): key for key in keys}


# In the store.


class RootStore:
    """The record in the store. `roots` is None where there is none to be used.

    `behind`: one copy only is the newest, as power leaves it. `damaged`: something stands there, and no record.
    """

    __slots__ = ("_place", "_store", "behind", "damaged", "roots")

    def __init__(self, store):
        """Read both copies."""
        self._store = store
        self.read()

    def read(self):
        """Read both copies anew and take the newest whole one."""
        self.roots = None
        self._place = 0
        self.behind = self.damaged = False
        begun = newest = 0
        for place in range(2):
            head = self._read_head(place)
            begun += head is not None
            found = None if head is None else self._read_copy(place, head)
            if found is None:
                continue
            if self.roots is None or found.sequence > self.roots.sequence:
                self.roots = found
                self._place = place
                newest = 1
            elif found.sequence == self.roots.sequence:
                newest += 1
        self.behind = newest == 1
        self.damaged = self.roots is None and begun > 0

    def write(self, roots):
        """Store `roots` (Roots) over the older copy; OK or ERR_*. Erases an area: never while anything flows."""
        data = frame(roots)
        if len(data) > HEAD + RECORD_MOST:
            return ERR_RANGE
        place = 1 - self._place if self.roots is not None else 0
        rc = self._write_copy(place, data)
        if rc == OK:
            self._place = place
            self.roots = roots
            self.behind = True
        return rc

    def mend(self):
        """Make the other copy the same again; OK or ERR_*. Erases, as `write` does."""
        rc = self._write_copy(1 - self._place, frame(self.roots))
        self.behind = rc != OK
        return rc

    def _read_head(self, place):
        """A copy's head, None where none was begun."""
        area = _AREAS[place]
        head = bytearray(HEAD)
        if self._store.size(area) < HEAD:
            return None
        if self._store.read(area, 0, head) == OK:
            if head[0] == _BLANK:
                return None
            if head[0] & _BEGUN == _BEGUN:
                head[0] = _BEGUN  # cut off in that very byte: what follows was there before it, and is checked in full
        return head

    def _read_copy(self, place, head):
        """The Roots of a copy, or None."""
        area = _AREAS[place]
        length = head[8] << 8 | head[9]
        if length > RECORD_MOST or HEAD + length > self._store.size(area):
            return None
        data = bytearray(length)
        if self._store.read(area, HEAD, data) != OK:
            return None
        data = bytes(data)
        roots = Roots()
        if not roots.decode(data) or frame(roots) != bytes(head) + data:
            return None
        return roots

    def _write_copy(self, place, data):
        area = _AREAS[place]
        store = self._store
        if store.size(area) < len(data):
            return ERR_RANGE
        # Where nothing stands nothing is erased: power cut in an erase leaves what could be anybody's.
        rc = OK if self._is_blank(area) else store.erase(area)
        rc = rc or store.write(area, 1, data[1:]) or self._reads(area, 1, data)
        return rc or store.write(area, 0, data[:1]) or self._reads(area, 0, data)

    def _is_blank(self, area):
        piece = bytearray(_PIECE)
        for offset in range(0, self._store.size(area), _PIECE):
            if self._store.read(area, offset, piece) != OK or piece != b"\xff" * _PIECE:
                return False
        return True

    def _reads(self, area, start, data):
        back = bytearray(len(data) - start)
        return self._store.read(area, start, back) or (OK if equal(data[start:], back) else ERR_FAILED)


def frame(roots):
    """Return the bytes that stand in an area for `roots`."""
    data = roots.encode()
    head = MAGIC + roots.sequence.to_bytes(4, "big") + len(data).to_bytes(2, "big")
    return head + crc32(data, crc32(head)).to_bytes(4, "big") + data


def read_roots(store):
    """Return the Roots in `store` (hal.ports.Store), or None."""
    return RootStore(store).roots

"""Takes in at the local port what is staged, and the word for what is first. Loaded by install.py when it is asked for.

    kvo has 1 CRC                  kvo has 1 ROOTS LIBRARY STAGED CRC: numbers, 0 or -1 where there is none
    kvo stage 2 LENGTH SHA-256 CRC kvo at 2 HAVE CRC: so many bytes of it are there; or kvo no 2 REASON CRC
    kvo piece 3 OFFSET HEX CRC     kvo ok 3 CRC
    kvo take 4 NUMBER CRC          kvo ok 4 CRC: it is looked at when the pump starts next

The key switch alone, and nobody who has logged in, says this word: it counts for the first root record
and the first library, where nobody at the bedside could say so yet, and for nothing that would replace another.
"""

from firmware.trust import staging as s
from firmware.trust import taking
from hal.compat import unhexlify
from hal.ports import AREA_ROOTS_A, AREA_ROOTS_B, ERR_ABSENT, ERR_RANGE, OK

NO_PLACE = b"place"  # this board stages nothing
NO_ROOM = b"room"
NO_STORE = b"store"
NO_WHOLE = b"whole"  # what is staged is not whole, or another one than was announced
NO_NUMBER = b"number"
NO_KEYS = b"unkeyed"

_ROOTS = b"KVOR"


class Carrying:
    """`answer` gives the words that answer a line; ValueError where it is none."""

    def __init__(self, store, credentials, counter):
        """`credentials`: of install.credentials_of; `counter`: the board's, or None."""
        self._store = store
        self._credentials = credentials
        self._count = -1 if counter is None else counter.read()
        self._staging = s.Staging(store)
        self._chunk = bytearray(s.CHUNK)
        self._filled = 0

    def answer(self, words):
        """`words` of a line, without `kvo` and the CRC."""
        word, number = words[0], words[1]
        if word == b"has" and len(words) == 2:
            return b"has " + number + b" " + self._has()
        if word == b"stage" and len(words) == 4:
            rc = self._begin(int(words[2]), unhexlify(words[3]))
            return b"no " + number + b" " + rc if rc else b"at " + number + b" " + _digits(self._staging.have)
        if word == b"piece" and len(words) == 4:
            rc = self._piece(int(words[2]), unhexlify(words[3]))
        elif word == b"take" and len(words) == 3:
            rc = self._take(int(words[2]))
        else:
            raise ValueError
        return b"no " + number + b" " + rc if rc else b"ok " + number

    def _begin(self, length, digest):
        self._filled = 0
        rc = self._staging.begin(length, digest, True)
        return b"" if rc == OK else NO_PLACE if rc == ERR_ABSENT else NO_ROOM if rc == ERR_RANGE else NO_STORE

    def _piece(self, offset, data):
        """Bytes in order; a chunk is stored once it is whole. What comes twice is taken once."""
        staging = self._staging
        start = staging.have
        if offset + len(data) <= start:
            return b""
        place = offset - start
        end = place + len(data)
        due = min(s.CHUNK, staging.length - start)
        if not 0 <= place <= self._filled or end > due:
            raise ValueError
        self._chunk[place:end] = data
        self._filled = end
        if end < due:
            return b""
        self._filled = 0
        return b"" if staging.take(start, bytes(self._chunk[:due])) == OK else NO_STORE

    def _take(self, number):
        record = self._credentials.record
        if record is None:
            return NO_KEYS
        staged = taking.checked(self._store)
        if staged is None:
            return NO_WHOLE
        if taking.number_of(staged) != number:
            return NO_NUMBER
        word = taking.heard(self._store, record, staged.digest, self._count)
        if word is not None and word.holds:
            return b""  # said before, and not looked at yet
        return b"" if taking.say(self._store, record, staged, taking.ANY, self._count) == OK else NO_STORE

    def _has(self):
        """Numbers of the root record, as it says itself, of the library in force, and of what is staged."""
        roots = 0
        head = bytearray(8)
        for area in (AREA_ROOTS_A, AREA_ROOTS_B):
            if self._store.size(area) and self._store.read(area, 0, head) == OK and head[:4] == _ROOTS:
                roots = max(roots, int.from_bytes(head[4:], "big"))
        staged = taking.checked(self._store)
        number = -1 if staged is None else taking.number_of(staged)
        return b" ".join((_digits(roots), _digits(self._library()), _digits(number)))

    def _library(self):
        if self._credentials.record is None:
            return 0
        from firmware.therapy.library import AREAS
        from firmware.trust.sealed import read_seal

        newest = 0
        for area in AREAS:
            seal = read_seal(self._store, area, self._credentials.record)
            if seal is not None:
                newest = max(newest, seal.number)
        return newest


def _digits(number):
    return str(number).encode()

"""Takes a credential record at the local port, whole or not at all. Loaded in maintenance only (local.py).

Lines of ASCII, so that the prompt's Ctrl-C is none of their bytes: `kvo VERB NUMBER WORD … CRC`, the number chosen by
whoever asks and given back in the answer, the CRC-32 (eight hex digits) over all before the last space.

    kvo who 1 CRC                  kvo is 1 blank|whole|broken PUMP SEQUENCE SHA-256 CRC    ("-" where there is none)
    kvo key 2 HEX CRC              kvo ok 2 CRC; the audit's first key, for a pump without keys
    kvo put 3 OFFSET HEX CRC       kvo ok 3 CRC
    kvo end 4 LENGTH SHA-256 CRC   kvo ok 4 CRC, once it reads back; or kvo no 4 REASON CRC, and nothing has changed
    what was garbled               kvo again 0 CRC

and what carrying.py answers, root record and drug library, which are staged there and looked at when the pump starts.

A pump without keys takes any record that is one. One with keys takes only a newer record of its own key: that is how
people and revocations change. Another key goes in after recovery, or after a wipe with the hands on the pump.

The audit's first key comes from the site and is in no store but the site's own afterwards: the pump goes on from it and
forgets it. So whoever reads the pump, its own key included, cannot make or change a record of before.
"""

from hashlib import sha256

from firmware.trust.audit_store import Chain
from firmware.trust.credentials import BROKEN, MAX_RECORD, WHOLE, Credentials, Record
from firmware.trust.mac import equal
from hal.compat import const, crc32, hexlify, unhexlify
from hal.ports import AREA_AUDIT_A, OK

LINE = const(192)
_PIECE = const(64)  # bytes taken in a step
_CRC = const(9)  # of a line, with its space
_AUDIT_KEY = const(32)

# Why not.
NO_LENGTH = b"length"  # what was put is shorter than that
NO_DIGEST = b"digest"  # or not what is said
NO_RECORD = b"record"  # no record of ours
NO_PUMP = b"pump"  # the record of another pump
NO_KEYS = b"keys"  # the pump has keys already, and these are others
NO_OLDER = b"older"  # takes back a revocation, an epoch or time
NO_BROKEN = b"broken"  # what stands in the store is evidence
NO_STORE = b"store"  # it does not take it

_STATES = (b"blank", b"whole", b"broken")


def credentials_of(store, gatekeeper):
    """Return the Credentials that a gatekeeper uses, so that it sees what is written; else the store's, read."""
    credentials = getattr(gatekeeper, "credentials", None)
    if credentials is None or credentials.found != WHOLE:
        credentials = Credentials(store)
        credentials.read()
    return credentials


def why_not(record, credentials):
    """Return why `record` (a Record) does not go over what `credentials` hold, or nothing."""
    if credentials.found == BROKEN:
        return NO_BROKEN
    old = credentials.record
    if old is None:
        return b""
    if not equal(old.pump_id, record.pump_id):
        return NO_PUMP
    if not equal(old.pump_key, record.pump_key):
        return NO_KEYS
    if record.epoch < old.epoch or record.known_s < old.known_s:
        return NO_OLDER
    if record.epoch == old.epoch:
        for operator in old.revoked:
            if operator not in record.revoked:
                return NO_OLDER
    return b""


def begin_audit(store, audit_key):
    """Begin the audit with `audit_key`, 32 bytes; OK or ERR_*. A store without a place for an audit keeps none."""
    return Chain(store).begin(audit_key) if store.size(AREA_AUDIT_A) else OK


def install(store, record, audit_key, anew=False):
    """Install `record` (a credentials.Record); OK or ERR_*, and then all of it has to be done again.

    `audit_key`: with which the audit begins where no whole record was there. Where one was the audit goes on as it is,
    but where `anew`: after a recovery. Up to four erases.
    """
    credentials = Credentials(store)
    rc = OK
    if credentials.read() != WHOLE or anew:
        rc = begin_audit(store, audit_key)
    return rc or credentials.write(record) or credentials.mend()


class Installer:
    """Answers one line after another.

    `port`: a stream with receive and send (hal.ports.Link). `gatekeeper`: who uses the credentials in `store`, or None.
    """

    def __init__(self, port, store, gatekeeper, counter=None):
        """`counter`: the board's secure counter, or None."""
        self._counter = counter
        self._carrying = None
        self._port = port
        self._store = store
        self._audit_key = b""
        self._credentials = credentials_of(store, gatekeeper)
        self._piece = bytearray(_PIECE)
        self._line = bytearray(LINE)
        self._length = 0  # of the line so far; past LINE: too long
        self._data = None  # of a record, while one comes in
        self._put = 0  # bytes of it, from its start, without a gap
        self._out = b""

    def step(self):
        """Send what is left of an answer, or take a few bytes."""
        if self._out:
            self._out = self._out[max(self._port.send(self._out, len(self._out)), 0) :]
            return
        for place in range(max(self._port.receive(self._piece), 0)):
            byte = self._piece[place]
            if byte == 10:
                if self._length:
                    self._out += self._answer()
                self._length = 0
            elif byte != 13:
                if self._length < LINE:
                    self._line[self._length] = byte
                self._length += 1

    def _answer(self):
        if self._length > LINE or self._length < _CRC:
            return _said(b"again 0")
        line = bytes(self._line[: self._length])
        words = line.split(b" ")
        if len(words) < 4 or words[0] != b"kvo" or line[-_CRC:] != b" " + _crc(line[:-_CRC]):
            return _said(b"again 0")
        number = words[2]
        try:
            if words[1] == b"who" and len(words) == 4:
                return self._who(number)
            if words[1] == b"key" and len(words) == 5:
                return self._take_key(number, unhexlify(words[3]))
            if words[1] == b"put" and len(words) == 6:
                return self._take(number, int(words[3]), unhexlify(words[4]))
            if words[1] == b"end" and len(words) == 6:
                reason = self._end(int(words[3]), unhexlify(words[4]))
                return _said(b"no " + number + b" " + reason if reason else b"ok " + number)
            return _said(self._carry(words[1:-1]))
        except ValueError:
            pass
        return _said(b"again " + number)

    def _carry(self, words):
        if self._carrying is None:
            from firmware.trust.carrying import Carrying

            self._carrying = Carrying(self._store, self._credentials, self._counter)
        return self._carrying.answer(words)

    def _who(self, number):
        credentials = self._credentials
        record = credentials.record
        told = b"- 0 -"
        if record is not None:
            digest = hexlify(sha256(record.encode()).digest())
            told = hexlify(record.pump_id) + b" " + str(credentials.sequence).encode() + b" " + digest
        return _said(b"is " + number + b" " + _STATES[credentials.found] + b" " + told)

    def _take_key(self, number, key):
        if len(key) != _AUDIT_KEY:
            raise ValueError
        self._audit_key = key
        return _said(b"ok " + number)

    def _take(self, number, offset, data):
        if not 0 <= offset <= self._put or offset + len(data) > MAX_RECORD:
            raise ValueError
        if self._data is None:
            self._data = bytearray(MAX_RECORD)
        self._data[offset : offset + len(data)] = data
        self._put = offset + len(data)
        return _said(b"ok " + number)

    def _end(self, length, digest):
        """Judge what was put, and store it; the reason why it was not, or nothing."""
        if not 0 < length <= self._put:
            return NO_LENGTH
        data = bytes(self._data[:length])
        self._put = 0
        for place in range(MAX_RECORD):
            self._data[place] = 0
        self._data = None
        record = Record()
        if not equal(digest, sha256(data).digest()):
            return NO_DIGEST
        if not record.decode(data) or record.encode() != data:
            return NO_RECORD
        return why_not(record, self._credentials) or self._keep(record, data)

    def _keep(self, record, data):
        """Twice, and read back anew; the audit's beginning before it, so that no pump has keys without."""
        credentials = self._credentials
        key = self._audit_key
        self._audit_key = b""
        if key and credentials.record is None and begin_audit(self._store, key) != OK:
            return NO_STORE
        there = credentials.record is not None and credentials.record.encode() == data
        if not there and credentials.write(record) != OK:
            return NO_STORE
        if credentials.behind and credentials.mend() != OK:
            return NO_STORE
        return b"" if credentials.stands(data) else NO_STORE


def _crc(data):
    return hexlify(crc32(data).to_bytes(4, "big"))


def _said(words):
    line = b"kvo " + words
    return line + b" " + _crc(line) + b"\n"

"""A person's word that what is staged shall be in force after the next start, and what came of it. Loaded when needed.

Both lie in the stage, between its marks and its chunks, so that whatever is staged anew begins without a word. A word
holds for one boot, by the secure counter, and for what was staged, by its digest: number u32, operator u32, count
i32, a MAC under a key of the pump's own; a mark before it is written last and cleared once the word is spent.
"""

import struct

from firmware.therapy import messages as msg
from firmware.therapy.tables import TR_ISOLATED
from firmware.trust import roles
from firmware.trust.audit import AUDIT_LIBRARY
from firmware.trust.mac import LENGTH, MacKey, equal
from firmware.trust.staging import CHECKED, COMES, TAKING_AT, Staging
from hal.compat import const
from hal.ports import AREA_STAGE, ERR_FAILED, ERR_FULL, OK

PARCEL = b"KVOP"
HEAD = const(8)  # of what is staged: PARCEL, and the number that a person types, u32
ANY = const(0)  # operator: nobody logged in, the key switch at the local port; good for what is first alone

_WORDS = const(5)
_WORD = const(48)  # bytes of each: mark, body, MAC
_BODY = "<IIi"
_ENDS = const(3)
_END = const(32)
_ENDS_AT = const(416)  # TAKING_AT and room for the words
END = "<BHIIII8s"  # what, code (0: in force), number, operator, two signers, digest of the manifest
TOLD = "<IiBHIIII8s"  # the same in the audit, behind pump seconds and site time
_STANDS = const(0x5A)
_SPENT = const(0)
_BLANK = const(0xFF)
_KEY = b"kvo take"


class Word:
    """Whose word it is: `number` of what is meant, `operator`, `holds` whether it is authentic and of this boot."""

    __slots__ = ("holds", "number", "operator", "place")

    def __init__(self, number, operator, holds, place):
        self.number = number
        self.operator = operator
        self.holds = holds
        self.place = place


def checked(store):
    """Return the Staging of `store` once what it holds is whole and hashed, or None."""
    staging = Staging(store)
    turns = staging.length if staging.have == staging.length else 0  # more than it takes, also of a store that falters
    while turns > 0 and staging.state == COMES:
        staging.step()
        turns -= 1
    return staging if staging.state == CHECKED else None


def number_of(staging):
    """Return the number that a person types for what is staged, -1 where it is nothing of ours."""
    head = bytearray(HEAD)
    if staging.read(0, head) != OK or head[:4] != PARCEL:
        return -1
    return int.from_bytes(head[4:], "big")


def may_take(record, operator):
    """Return whether `operator`, a person of `record`, may say so."""
    who = record.person(operator)
    return who is not None and roles.may_take(who.role)


def say(store, record, staging, operator, count):
    """Store the word of `operator` for what is `staging`; OK or ERR_*. `count`: of the secure counter, -1: none."""
    number = number_of(staging)
    body = struct.pack(_BODY, number, operator, count)
    body += _mac(record, staging.digest, body)
    for place in range(TAKING_AT, _ENDS_AT, _WORD):
        if _mark(store, place) == _BLANK:
            rc = store.write(AREA_STAGE, place + 1, body) or _reads(store, place + 1, body)
            return rc or store.write(AREA_STAGE, place, bytes((_STANDS,))) or _reads(store, place, bytes((_STANDS,)))
    return ERR_FULL


def confirm(board, gatekeeper, remote, number):
    """A person has typed `number` and confirmed it; return the message that answers."""
    credentials = getattr(gatekeeper, "credentials", None)
    record = None if credentials is None else credentials.record
    operator = remote.status.operator
    if record is None or remote.trust() >= TR_ISOLATED:
        return msg.STATE
    if not operator:
        return msg.LOGIN
    if not may_take(record, operator):
        return msg.NOT_YOURS
    staging = checked(board.store)
    if staging is None or number_of(staging) < 0:
        return msg.NOTHING_STAGED
    if number_of(staging) != number:
        return msg.OTHER_NUMBER
    return msg.STORE if say(board.store, record, staging, operator, count_of(board)) != OK else msg.AT_NEXT_START


def count_of(board):
    """Return the board's secure counter, -1 where it has none."""
    return -1 if board.counter is None else board.counter.read()


def heard(store, record, digest, count):
    """Return the last Word that is not spent, or None; `digest`: of what is staged, `count`: of the secure counter."""
    found = None
    for place in range(TAKING_AT, _ENDS_AT, _WORD):
        if _mark(store, place) != _STANDS:
            continue
        body = bytearray(12 + LENGTH)
        if store.read(AREA_STAGE, place + 1, body) != OK:
            continue
        body = bytes(body)
        number, operator, said = struct.unpack(_BODY, body[:12])
        holds = said == count and equal(_mac(record, digest, body[:12]), body[12:])
        found = Word(number, operator, holds, place)
    return found


def is_said(store):
    """Return whether there is a word that is not spent."""
    if store.size(AREA_STAGE):
        for place in range(TAKING_AT, _ENDS_AT, _WORD):
            if _mark(store, place) == _STANDS:
                return True
    return False


def spend(store, what, code, word, signers, digest):
    """Note what came of it, then spend the word: cut between, it is gone through again to the same end."""
    end = struct.pack(END, what, code, word.number, word.operator, signers[0], signers[1], digest[:8])
    for place in range(_ENDS_AT, _ENDS_AT + _ENDS * _END, _END):
        if _mark(store, place) in (_BLANK, _STANDS) and _fits(store, place + 1, end):
            store.write(AREA_STAGE, place + 1, end)
            store.write(AREA_STAGE, place, bytes((_STANDS,)))
            break
    store.write(AREA_STAGE, word.place, bytes((_SPENT,)))


def ends(store):
    """Return what was noted and not told yet: a list of packed END."""
    found = []
    for place in range(_ENDS_AT, _ENDS_AT + _ENDS * _END, _END):
        if _mark(store, place) == _STANDS:
            end = bytearray(struct.calcsize(END))
            if store.read(AREA_STAGE, place + 1, end) == OK:
                found.append(bytes(end))
    return found


class Owed:
    """What the audit has yet to tell: `ends`, until `told`."""

    __slots__ = ("_store", "ends")

    def __init__(self, store):
        self._store = store
        self.ends = ends(store)

    def tell(self, note, remote):
        """Put it into the audit (`note(kind, layout, *values)`), and say it at the panel."""
        for end in self.ends:
            values = struct.unpack(END, end)
            note(AUDIT_LIBRARY, TOLD, *values)
            remote.say(msg.NOT_TAKEN if values[1] else msg.TAKEN)

    def told(self):
        """The audit has stored it."""
        for place in range(_ENDS_AT, _ENDS_AT + _ENDS * _END, _END):
            if _mark(self._store, place) == _STANDS:
                self._store.write(AREA_STAGE, place, bytes((_SPENT,)))
        self.ends = []


def _mac(record, digest, body):
    return MacKey(record.key(_KEY)).mac(digest, body)


def _mark(store, place):
    mark = bytearray(1)
    return mark[0] if store.read(AREA_STAGE, place, mark) == OK else _SPENT


def _fits(store, place, data):
    """Whether `data` stands there already, or nothing does."""
    there = bytearray(len(data))
    if store.read(AREA_STAGE, place, there) != OK:
        return False
    for index in range(len(data)):
        if there[index] != _BLANK and there[index] != data[index]:
            return False
    return True


def _reads(store, place, data):
    back = bytearray(len(data))
    return store.read(AREA_STAGE, place, back) or (OK if back == data else ERR_FAILED)

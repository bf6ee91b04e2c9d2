"""Goes through what a person has confirmed, and puts it in force or refuses it by a code. At boot alone (intake.py).

What was in force stays so, whole, wherever power goes. The word is spent last, so what power cut short is gone
through again at the next start, to the same end.
"""

from firmware.intake import is_idle
from firmware.therapy import soundness
from firmware.trust import taking
from firmware.trust.sealed import make_seal
from firmware.update import parcel as parts
from firmware.update import refusal, rotation, verdict
from firmware.update.libraries import Envelope
from firmware.update.roots import RootStore
from hal.compat import const
from hal.ports import OK

WHAT_ROOTS = const(1)  # in the audit
WHAT_LIBRARY = const(2)
_PIECE = const(256)
_NOBODY = (0, 0)


class Settling:
    """One look at what is staged."""

    def __init__(self, board, record, libraries):
        self._store = board.store
        self._record = record
        self._libraries = libraries
        self._staging = taking.checked(board.store)
        self._roots = RootStore(board.store)
        digest = b"" if self._staging is None else self._staging.digest
        self.word = taking.heard(board.store, record, digest, taking.count_of(board))
        self._what = 0
        self._signers = _NOBODY
        self._digest = bytes(32)

    def go_through(self):
        """Return IN_FORCE, with all copies alike, or why not."""
        code = self._take(self.word)
        if code == refusal.IN_FORCE:
            if self._roots.roots is not None and self._roots.behind:
                code = refusal.IN_FORCE if self._roots.mend() == OK else refusal.STORE
            if self._libraries.is_behind() and self._libraries.mend() != OK:
                code = refusal.STORE
        return code

    def spend(self, code):
        """Note what came of the word, and let it be over."""
        said = 0 if code == refusal.IN_FORCE else code
        taking.spend(self._store, self._what, said, self.word, self._signers, self._digest)

    def _take(self, word):
        if self._staging is None:
            return refusal.STAGE_CHANGED
        if not word.holds:
            return refusal.NOT_CONFIRMED
        if not is_idle(self._store):
            return refusal.NOT_AT_REST
        parcel = parts.Parcel(self._staging.length, lambda offset, into: self._staging.read(offset, into) == OK)
        if not parcel.good:
            return refusal.NO_PARCEL
        if parcel.number != word.number:
            return refusal.OTHER_NUMBER
        if word.operator != taking.ANY and not taking.may_take(self._record, word.operator):
            return refusal.NOT_CONFIRMED
        rc = refusal.IN_FORCE
        if parcel.part(parts.ROOTS) is not None:
            self._what = WHAT_ROOTS
            rc = self._take_roots(self._part(parcel, parts.ROOTS), word)
        if rc == refusal.IN_FORCE and parcel.part(parts.ENVELOPE) is not None:
            self._what = WHAT_LIBRARY
            rc = self._take_library(parcel, word)
        return rc

    def _part(self, parcel, kind):
        found = parcel.part(kind)
        if found is None:
            return None
        data = bytearray(found[1])
        view = memoryview(data)
        for place in range(0, found[1], _PIECE):
            if self._staging.read(found[0] + place, view[place : place + _PIECE]) != OK:
                return b""
        return bytes(data)

    def _take_roots(self, data, word):
        before = self._roots.roots
        if self._roots.damaged:
            return refusal.NO_ROOTS  # what stands there is evidence
        if before is None:
            rc, roots = rotation.read_first(data)
        elif data == before.encode():
            return refusal.IN_FORCE  # the first once more: power went before it was noted
        elif word.operator == taking.ANY:
            return refusal.NOT_CONFIRMED
        else:
            rc, roots = rotation.read_next(data, before)
        if rc != refusal.IN_FORCE or (before is not None and roots.sequence == before.sequence):
            return rc
        return refusal.IN_FORCE if self._roots.write(roots) == OK else refusal.STORE

    def _take_library(self, parcel, word):
        roots = self._roots.roots
        if roots is None:
            return refusal.NO_ROOTS
        libraries = self._libraries
        newest = libraries.newest
        number, digest = (0, None) if newest is None else (newest.number, newest.digest)
        data = self._part(parcel, parts.ENVELOPE)
        opened = Envelope(data, lambda: self._part(parcel, parts.PAYLOAD), roots, self._record, number, digest)
        self._signers, self._digest = opened.signers, opened.digest
        if opened.verdict != verdict.DONE:
            return opened.verdict
        if opened.number != word.number:
            return refusal.OTHER_NUMBER
        if newest is not None and number == opened.number:
            return refusal.IN_FORCE  # it is already
        if word.operator == taking.ANY and newest is not None:
            return refusal.NOT_CONFIRMED
        sound = soundness.check(opened.data, opened.number)
        if sound != soundness.SOUND:
            return refusal.LIMITS if sound == soundness.LIMITS else refusal.NO_LIBRARY
        if not libraries.has_room(len(opened.data)):
            return refusal.NO_ROOM
        seal = make_seal(self._record, opened.data, opened.digest, opened.signers)
        rc = libraries.write(opened.data + seal)
        taken = libraries.newest is not None and libraries.newest.digest == opened.digest
        return refusal.IN_FORCE if rc == OK and taken else refusal.STORE


def settle(board, record, libraries):
    """Go through the word that waits; `record`: credentials.Record, `libraries`: intake.Libraries."""
    settling = Settling(board, record, libraries)
    if settling.word is None:
        return
    try:
        code = settling.go_through()
    except Exception:  # of a kind that nobody thought of: the word is spent, so that the next start goes another way
        code = refusal.BROKE_OFF
        libraries.look()
    settling.spend(code)

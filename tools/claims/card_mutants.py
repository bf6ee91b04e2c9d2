"""Gatekeepers whose bedside asks and checks cards with one control left out, and the cases that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from firmware.trust import card
from firmware.trust.bedside import Bedside, Tries
from firmware.trust.cbor import encode
from firmware.trust.gatekeeper import Gatekeeper


@dataclass(frozen=True)
class Mutant:
    """`make(board)` gives the gatekeeper, `cases` are those tried on it."""

    make: Callable[[Any], Any]
    cases: tuple[str, ...]


class OldQuestion(card.Desk):
    """Asks the same each time."""

    __slots__ = ()

    def _question(self, noise: Any) -> bytes:
        return card.question(self._record, 1, 1, bytes(16))


class ByEntropy(card.Desk):
    """Leaves it to the entropy that no question comes twice."""

    __slots__ = ()

    def _question(self, noise: Any) -> bytes:
        return card.question(self._record, 1, 1, noise)


class AnyPump(card.Desk):
    """Asks nothing that is this pump's own."""

    __slots__ = ()

    def _question(self, noise: Any) -> bytes:
        asked: bytes = encode([card.CONTEXT, self._boot_count, self.questions, bytes(noise)])
        return asked


class NoContext(card.Desk):
    """Does not say what it asks for."""

    __slots__ = ()

    def look(self, now_s: int) -> int:
        if self._waits == card._ANSWER:
            asked = self._board.identity.questions[-1]
            other = asked.replace(b"bedside", b"request")
            done = super().look(now_s)
            if self._check is not None:
                self._check = _Either(self._check, self._who().card, other, bytes(self._answer[4:]))
            return done
        return super().look(now_s)


class _Either:
    """A check that is content with a signature of either of two questions."""

    def __init__(self, check: Any, point: bytes, other: bytes, signature: bytes) -> None:
        from hashlib import sha256

        from firmware.trust.p256 import Signature

        self._checks = (check, Signature(point, sha256(other).digest(), signature))

    def step(self) -> bool:
        return _at_once(self._checks)

    @property
    def holds(self) -> bool:
        return any(one.holds for one in self._checks)


def _at_once(checks: Iterable[Any]) -> bool:
    for one in checks:
        while one.step():
            pass
    return False


class _Holds:
    """A check that is none."""

    holds = True

    def step(self) -> bool:
        return False


class Unchecked(card.Desk):
    """Believes the number that comes with an answer."""

    __slots__ = ()

    def look(self, now_s: int) -> int:
        done = super().look(now_s)
        if self._waits == card._CHECK:
            self._check = _Holds()
        return done


class AnybodysKey(card.Desk):
    """Takes a signature by anybody's card for the person's who is named."""

    __slots__ = ()

    def look(self, now_s: int) -> int:
        asking = self._waits == card._ANSWER
        done = super().look(now_s)
        if asking and self._waits == card._CHECK:
            from firmware.trust.p256 import Signature

            signature = bytes(self._answer[4:])
            checks = [Signature(one.card, self._digest, signature) for one in self._record.people if one.card]
            self._check = _Any(checks)
        return done


class _Any:
    def __init__(self, checks: list[Any]) -> None:
        self._checks = checks

    def step(self) -> bool:
        return _at_once(self._checks)

    @property
    def holds(self) -> bool:
        return any(one.holds for one in self._checks)


class NobodyRevoked(card.Desk):
    """Looks a person up without a look at the revoked."""

    __slots__ = ()

    def _who(self) -> Any:
        return next((one for one in self._record.people if one.number == self.person), None)


class RevokedTooLate(card.Desk):
    """Looks at the revoked before the check alone."""

    __slots__ = ()

    def _who(self) -> Any:
        if self._waits == card._CHECK:
            return next((one for one in self._record.people if one.number == self.person), None)
        return super()._who()


class NoWait(Tries):
    """Nobody waits."""

    __slots__ = ()

    def waits(self, number: int, now_s: int) -> bool:
        return False


class Patient(card.Desk):
    """Lets any number of wrong answers follow one another."""

    __slots__ = ()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tries = NoWait(self._record.people)


class Staring(Bedside):
    """Does not look whether a card goes, or is changed for another, once one has come."""

    __slots__ = ()

    def _look_at_card(self, now_s: int) -> int:
        board: Any = self._board
        desk: Any = self._desk
        if self._card >= 0 and board.identity.present() != self._card:
            done = desk.look(now_s)
            self._tried = desk.person
            return self._let_in() if done > 0 else done
        return super()._look_at_card(now_s)


class AnyRole(Bedside):
    """Lets in whoever has a card."""

    __slots__ = ()

    def _let_in(self) -> int:
        self.person = self._tried
        self._remote.admit(self._tried)
        return 1


def _with(desk: type = card.Desk, bedside: type = Bedside) -> Callable[[Any], Any]:
    """A gatekeeper whose bedside, and whose desk, are others."""

    class Made(Gatekeeper):
        def _boot(self, post: Any) -> None:
            super()._boot(post)
            record = self.credentials.record
            if record is not None:
                made = bedside(self._remote, record, self._board, self._risen(), 0)
                made._desk = desk(self._remote, record, self._board, self._risen(), 0)
                self.bedside = made

    return Made


MUTANTS: dict[str, Mutant] = {
    "the question is not fresh": Mutant(_with(OldQuestion), ("a replayed answer",)),
    "entropy alone makes it fresh": Mutant(_with(ByEntropy), ("an answer from before a reboot",)),
    "no pump is named in it": Mutant(_with(AnyPump), ("an answer to another pump",)),
    "its purpose is not named": Mutant(_with(NoContext), ("what it signed for another purpose",)),
    "the signature is not checked": Mutant(_with(Unchecked), ("a stranger's card in the nurse's name",)),
    "any card proves any person": Mutant(_with(AnybodysKey), ("the nurse's card in the physician's name",)),
    "nobody is revoked": Mutant(_with(NobodyRevoked), ("a revoked person's card",)),
    "nobody is revoked meanwhile": Mutant(_with(RevokedTooLate), ("a person revoked while the card is checked",)),
    "nobody waits after wrong ones": Mutant(_with(Patient), ("the right card after three wrong ones",)),
    "a card that goes is not missed": Mutant(
        _with(bedside=Staring), ("a card swapped while it is checked", "a card taken away while it is checked")
    ),
    "any role may treat": Mutant(_with(bedside=AnyRole), ("a technician's card",)),
}

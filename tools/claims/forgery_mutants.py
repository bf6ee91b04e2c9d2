"""Gatekeepers with one control left out, and the forgeries that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.main import audit_for
from firmware.trust import verdict as v
from firmware.trust.approvals import Approvals
from firmware.trust.audit import Audit
from firmware.trust.cbor import decode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.gatekeeper import MAX_REQUEST, Gatekeeper
from firmware.trust.noting import Noting
from firmware.trust.reader import Reader
from firmware.trust.request import CONTEXT, Request
from firmware.trust.roles import Roles
from firmware.trust.session import Counters, Session
from firmware.trust.verdict import Tally


@dataclass(frozen=True)
class Mutant:
    """`make(board, audit)` gives the gatekeeper, `cases` are the forgeries tried on it; changed: changed bytes too.

    `make_audit(store)` gives the audit.
    """

    make: Callable[..., Any]
    cases: tuple[str, ...] = ()
    changed: bool = False
    make_audit: Callable[[Any], Any] = audit_for


class NoMac(Request):
    """Believes whatever it is told."""

    __slots__ = ()

    def _holds(self, key: Any) -> bool:
        return True


class ShortMac(Request):
    """Looks at the first byte of a MAC."""

    __slots__ = ()

    def _holds(self, key: Any) -> bool:
        message: Any = self._message
        right = decode(make_mac0(message.payload, key, {KEY_ID: self.kid}, CONTEXT)).value[3]
        return bool(message.proof[:1] == right[:1])


class NoRevocation(Request):
    """Nobody is ever revoked."""

    __slots__ = ()

    def _is_revoked(self, record: Any) -> int:
        return v.OK


class NoShift(Request):
    """A key is good for ever."""

    __slots__ = ()

    def _in_shift(self, record: Any, seconds: Any) -> int:
        return v.OK


class NoExpiry(Request):
    """A request is good for ever."""

    __slots__ = ()

    def _in_time(self, seconds: Any, roles: Any) -> int:
        return v.OK


class NoForm(Request):
    """Takes what it needs of the arguments and leaves the rest."""

    __slots__ = ()

    def _fits(self, form: int) -> bool:
        return True


class NoCounter(Counters):
    """Counts nothing."""

    __slots__ = ()

    def take(self, operator: int, counter: int, digest: bytes) -> int:
        return v.OK


class NoWindow(Counters):
    """Takes any counter but the last one."""

    __slots__ = ()

    def take(self, operator: int, counter: int, digest: bytes) -> int:
        code = super().take(operator, counter, digest)
        return code if code == v.REFUSED_DUPLICATED else v.OK


class NoChallenge(Session):
    """Any session will do."""

    __slots__ = ()

    def judge(self, challenge: bytes) -> int:
        return v.OK


class NoRoles(Roles):
    """Everybody may do everything."""

    __slots__ = ()

    def may(self, role: int, kind: int) -> bool:
        return True


class OnePerson(Approvals):
    """Does not ask who approves."""

    __slots__ = ()

    def approve(self, digest: bytes, operator: int) -> int:
        return super().approve(digest, 0)


class AnyApproval(Approvals):
    """Does not ask what is approved."""

    __slots__ = ()

    def approve(self, digest: bytes, operator: int) -> int:
        return super().approve(self._digest, operator)


class NoWeights(Tally):
    """Nothing is hostile."""

    __slots__ = ()

    def add(self, code: int, now_s: int) -> bool:
        super().add(code, now_s)
        return False


class Miscounts(Tally):
    """Keeps no counts."""

    __slots__ = ()

    def add(self, code: int, now_s: int) -> bool:
        hostile = super().add(code, now_s)
        self.counts[code] = 0
        return hostile


def _with(**parts: Callable[[], Any]) -> Callable[..., Any]:
    """A gatekeeper with other parts."""

    def make(board: Any, audit: Any) -> Any:
        made = Gatekeeper(board, audit)
        for name, part in parts.items():
            setattr(made, name, part())
        return made

    return make


def _counting(kind: type) -> Callable[..., Any]:
    def session() -> Session:
        made = Session()
        made.counters = kind()
        return made

    return _with(session=session)


def _requests(kind: type) -> Callable[..., Any]:
    return _with(make_request=lambda: kind)


def _longer(board: Any, audit: Any) -> Any:
    made = Gatekeeper(board, audit)
    made._reader = Reader(4 * MAX_REQUEST, board.clock.ticks_ms())
    return made


def _any_pump(board: Any, audit: Any) -> Any:
    class AnyPump(Request):
        """Does not ask which pump is meant."""

        __slots__ = ()

        def open(self, data: bytes, pump_id: bytes) -> int:
            code = super().open(data, pump_id)
            return v.OK if code == v.REFUSED_WRONG_PUMP else code

    return _requests(AnyPump)(board, audit)


class NotesTheGood(Noting):
    """Notes what it likes."""

    def note(self, code: int, request: Any, times: int) -> None:
        if not code:
            super().note(code, request, times)


class NotesNoCode(Noting):
    """Says that something was refused, and not why."""

    def note(self, code: int, request: Any, times: int) -> None:
        super().note(v.REFUSED_BUSY if code else code, request, times)


class NeverStores(Noting):
    """Keeps it in memory."""

    def step(self, may_erase: bool) -> None:
        if self._first_key:
            super().step(may_erase)


class OldHead(Noting):
    """Publishes the head of a record before."""

    def head(self) -> tuple[int, bytes] | None:
        found = super().head()
        return None if found is None else (max(found[0] - 1, 0), found[1])


def _audited(kind: type[Noting], *cases: str) -> Mutant:
    """The gatekeeper as it is, over an audit that is wrong."""
    return Mutant(Gatekeeper, cases or ("no MAC",), make_audit=lambda store: kind(Audit(store)))


MUTANTS: dict[str, Mutant] = {
    "the MAC is not checked": Mutant(_requests(NoMac), ("a changed payload",)),
    "one byte of the MAC is checked": Mutant(_requests(ShortMac), changed=True),
    "the pump is not asked for": Mutant(_any_pump, ("for another pump",)),
    "nobody is revoked": Mutant(_requests(NoRevocation), ("a revoked operator", "a key of the epoch before")),
    "shifts do not end": Mutant(_requests(NoShift), ("last shift's key",)),
    "requests do not expire": Mutant(_requests(NoExpiry), ("expired",)),
    "a request is good for as long as it likes": Mutant(_requests(NoExpiry), ("good for too long",)),
    "no counter": Mutant(_counting(NoCounter), ("duplicated",)),
    "a counter without a window": Mutant(_counting(NoWindow), ("replayed", "reordered")),
    "the challenge is not looked at": Mutant(
        _with(session=NoChallenge), ("from an earlier session", "from before a reboot")
    ),
    "no role table": Mutant(_with(roles=NoRoles), ("for a role that may not", "the key service's titration")),
    "one person is two": Mutant(_with(approvals=OnePerson), ("one person twice",)),
    "an approval is of anything": Mutant(_with(approvals=AnyApproval), ("an approval of something else",)),
    "arguments are not held against the kind": Mutant(_requests(NoForm), ("more arguments than its kind has",)),
    "messages of any length": Mutant(_longer, ("one byte too long",)),
    "nothing is hostile": Mutant(_with(tally=NoWeights), ("no MAC",)),
    "refusals are not counted": Mutant(_with(tally=Miscounts), ("no MAC",)),
    "refusals are not audited": Mutant(lambda board, audit: Gatekeeper(board), ("no MAC",)),
    "what is refused is not noted": _audited(NotesTheGood),
    "refusals are audited by no code": _audited(NotesNoCode),
    "what is noted is never stored": _audited(NeverStores),
    "another chain's head is published": _audited(OldHead),
}

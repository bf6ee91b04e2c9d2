"""Controls on requests: whose they are, to which pump, of when, and whether that person may ask for that."""

from __future__ import annotations

from typing import Any

from firmware.trust import verdict as v
from firmware.trust.approvals import Approvals
from firmware.trust.cbor import Tag, decode, encode
from firmware.trust.cose import TAG_MAC0, open_message
from firmware.trust.credentials import Record
from firmware.trust.keyring import Keyring, operator_key
from firmware.trust.mac import MacKey
from firmware.trust.request import Request
from firmware.trust.roles import ROLES, Roles
from firmware.trust.seconds import Seconds
from firmware.trust.session import Counters, Session
from simulator.attack.controls.base import Control, Standin, answers

_REQUEST = "firmware/trust/request.py"
_MAC_BYTES = 32


class _NoMac(Request):
    """Believes whatever it is told, with a wrong MAC or an empty one."""

    __slots__ = ()

    def open(self, data: bytes, pump_id: bytes) -> int:
        code = int(super().open(data, pump_id))
        if code == v.REFUSED_NO_MAC and open_message(data, TAG_MAC0) is not None:
            parts: Any = decode(data).value
            code = int(super().open(encode(Tag(17, [*parts[:3], bytes(_MAC_BYTES)])), pump_id))
        return code

    def _holds(self, key: Any) -> bool:
        return True


class _SpyMac(Request):
    __slots__ = ()
    spied: set[str]

    def open(self, data: bytes, pump_id: bytes) -> int:
        code = int(super().open(data, pump_id))
        if code == v.REFUSED_NO_MAC:
            self.spied.add("request-mac")
        return code

    def _holds(self, key: Any) -> bool:
        holds = bool(super()._holds(key))
        if not holds:
            self.spied.add("request-mac")
        return holds


class _AnyPump(Request):
    """Does not ask which pump is meant: its own key is the key for whatever pump is named."""

    __slots__ = ()

    def _open_kid(self, pump_id: bytes) -> int:
        parts = _decoded(self.kid)
        named = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], bytes) else pump_id
        return int(super()._open_kid(named))


class _SpyPump(Request):
    __slots__ = ()
    spied: set[str]

    def _open_kid(self, pump_id: bytes) -> int:
        code = int(super()._open_kid(pump_id))
        if code == v.REFUSED_WRONG_PUMP:
            self.spied.add("addressee")
        return code


def _decoded(data: bytes) -> Any:
    try:
        return decode(data)
    except ValueError:  # cbor's Refused
        return None


class _OneKey(Keyring):
    """One key of the pump's for everything: what any of its keys vouches for is vouched for.

    An operator's key is good under any number, role and shift, and so is the key of facts.
    """

    __slots__ = ()

    def derive(self, request: Any) -> MacKey:
        record = self._record
        found = super().derive(request)
        people = [(one.number, role) for one in record.people for role in range(1, ROLES)]
        others = [operator_key(record, *one, request.epoch, request.not_after_s) for one in people]
        return _ManyKeys(found, [*(MacKey(one) for one in others), self.facts()])


class _ManyKeys(MacKey):
    """A key that also stands for others."""

    __slots__ = ("others",)

    def __init__(self, key: Any, others: list[Any]) -> None:
        self._inner, self._outer = key._inner, key._outer
        self.others = others


class _ByAnyOfThem(Request):
    """Holds where one of the pump's keys vouches for it."""

    __slots__ = ()

    def _holds(self, key: Any) -> bool:
        return any(super(_ByAnyOfThem, self)._holds(one) for one in (key, *getattr(key, "others", ())))


class _SpyAnyKey(Request):
    __slots__ = ()
    spied: set[str]

    def _holds(self, key: Any) -> bool:
        holds = bool(super()._holds(key))
        if not holds:
            self.spied.add("key-separation")
        return holds


class _SamePerson(Approvals):
    """Does not ask who approves."""

    __slots__ = ()

    def approve(self, digest: bytes, operator: int) -> int:
        return int(super().approve(digest, 0))


class _SpyApprovals(Approvals):
    __slots__ = ()
    spied: set[str]

    def approve(self, digest: bytes, operator: int) -> int:
        code = int(super().approve(digest, operator))
        if code == v.REFUSED_SAME_PERSON:
            self.spied.add("two-person")
        return code


SAME_PERSON = Standin("approvals", _SamePerson, _SpyApprovals)


class _AnyTime(Seconds):
    """Takes any time that it is told, earlier ones too."""

    __slots__ = ()

    def tell(self, site_s: int, floor_s: int) -> bool:
        self._known_s = site_s
        self._told_at_s = self.now_s
        return True


class _SpyTime(Seconds):
    __slots__ = ()
    spied: set[str]

    def tell(self, site_s: int, floor_s: int) -> bool:
        taken = bool(super().tell(site_s, floor_s))
        if not taken:
            self.spied.add("time-floor")
        return taken


CONTROLS = (
    Control(
        "request-mac", "message", "A request needs a MAC (COSE_Mac0, HMAC-SHA-256) under a key of the pump's.",
        "It does what any well-formed message says, whatever its MAC is.", _REQUEST,
        (Standin("request", _NoMac, _SpyMac),),
    ),
    Control(
        "per-pump-key", "message", "Each pump has a random key of its own; what is read out of one is worth nothing at "
        "another.", "Every pump of the site has one key.", "simulator/site/keystore.py", at_site=True,
    ),
    Control(
        "key-separation", "message", "Each operator, role and shift has a key of its own, derived from the pump's; "
        "facts have another.", "One key of the pump's serves for everything.", "firmware/trust/keyring.py",
        (Standin("keyring", _OneKey, None), Standin("request", _ByAnyOfThem, _SpyAnyKey)),
    ),
    Control(
        "addressee", "message", "A request names the pump that is meant; another pump refuses it.",
        "It takes a request to any pump for one to itself.", _REQUEST, (Standin("request", _AnyPump, _SpyPump),),
    ),
    Control(
        "strict-form", "message", "The arguments of a request are exactly those of its kind, within their ranges.",
        "It takes what it needs of the arguments, and does not look at the rest.", _REQUEST,
        (answers("strict-form", "request", Request, "_fits", True),),
    ),
    Control(
        "freshness", "time", "A request carries the challenge of the pump's present session.",
        "A request of any session, and of any boot, will do.", "firmware/trust/session.py",
        (answers("freshness", "session", Session, "judge", v.OK),),
    ),
    Control(
        "counter", "time", "Each operator's counter rises with each request; none is taken twice or out of order.",
        "Requests are not counted: a copy is as good as the first.", "firmware/trust/session.py",
        (answers("counter", "counters", Counters, "take", v.OK),),
    ),
    Control(
        "expiry", "time", "A request is good for some seconds of the pump's, and for no longer than its kind may.",
        "A request is good for ever.", _REQUEST, (answers("expiry", "request", Request, "_in_time", v.OK),),
    ),
    Control(
        "shift-end", "person", "An operator's key ends with the shift, by the site's time.",
        "A key that was given for a shift is good for ever.", _REQUEST,
        (answers("shift-end", "request", Request, "_in_shift", v.OK),),
    ),
    Control(
        "time-floor", "time", "The site's time never goes back, not over a reset either.",
        "It takes the time that it is told, an earlier one too.", "firmware/trust/seconds.py",
        (Standin("seconds", _AnyTime, _SpyTime),),
    ),
    Control(
        "revocation", "person", "Whoever is revoked, alone or with an epoch of keys, is nobody.",
        "Once good, a key and a PIN stay good.", "firmware/trust/credentials.py",
        (
            answers("revocation", "request", Request, "_is_revoked", v.OK),
            answers("revocation", "record", Record, "is_revoked", False),
        ),
    ),
    Control(
        "role-check", "person", "One table says which role may ask for what; whatever is not in it is refused.",
        "Whoever has a key may ask for anything.", "firmware/trust/roles.py",
        (answers("role-check", "roles", Roles, "may", True),),
    ),
)  # fmt: skip

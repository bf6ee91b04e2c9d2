"""A request: what its bytes must be, and the rules by which it is accepted or refused. No I/O.

`open_request` looks at form and addressee and believes nothing; then the caller checks the MAC; `judge` applies the
rules to what is authentic. Each refusal has its own code (verdict.py). Format: docs/protocol.md.
"""

from hashlib import sha256

from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.approvals import DIGEST
from firmware.trust.cbor import Refused, decode, encode, is_number
from firmware.trust.cose import ALGORITHM, HMAC_256, KEY_ID, OK, TAG_MAC0, open_message
from firmware.trust.session import CHALLENGE_LENGTH
from hal.compat import const
from hal.ports import FIELD_TITRATE_MILLI

CONTEXT = b"kvo request 1"
PUMP_ID = const(8)
LAST_OPERATOR = const(0x7FFFFFFF)
LAST_COUNTER = const(0xFFFFFFFF)
MAX_STEPS = const(12)
LAST_ENTRY = const(0x3FFFFFFF)  # what a person could have typed
STEPS = const(0)  # among the arguments of KIND_PREPARE
ARGUMENT = const(1)  # the one of most kinds
SECOND = const(2)  # the other one of KIND_STAGE and KIND_CHUNK
STAGED_DIGEST = const(32)
MAX_CHUNK = const(512)
MAX_WAVE_S = const(600)

_TAGGED = b"\xd1"  # a tag of COSE_Mac0 in its one encoding
_KIND = const(1)
_CHALLENGE = const(2)
_COUNTER = const(3)
_EXPIRY = const(4)
_ARGUMENTS = const(5)
_LAST_FIELD = const(63)


class Request:
    """One request. Until `verify` says OK only form and addressee are known of it."""

    __slots__ = (
        "_message", "arguments", "challenge", "counter", "digest", "epoch", "expiry_s", "kid", "kind", "not_after_s",
        "operator", "role",
    )  # fmt: skip

    def __init__(self):
        self._message = None
        self.digest = b""  # names it: first bytes of the SHA-256 of all of it
        self.kid = b""
        self.operator = 0
        self.role = 0
        self.epoch = 0
        self.not_after_s = 0
        self.kind = 0
        self.challenge = b""
        self.counter = 0
        self.expiry_s = 0
        self.arguments = None

    def open(self, data, pump_id):
        """Take `data` apart; OK or a REFUSED_*. Costs no more than some multiple of its length."""
        self.digest = sha256(data).digest()[:DIGEST]
        message = open_message(data, TAG_MAC0) if data[:1] == _TAGGED else None
        if message is None:
            return v.REFUSED_NO_MAC if _is_bare(data) else v.REFUSED_MALFORMED
        if not message.proof:
            return v.REFUSED_NO_MAC
        protected = message.protected
        kid = protected.get(KEY_ID)
        if len(protected) != 2 or message.unprotected or message.payload is None or not isinstance(kid, bytes):
            return v.REFUSED_MALFORMED
        if protected.get(ALGORITHM) != HMAC_256:
            return v.REFUSED_WRONG_MAC
        self._message = message
        self.kid = kid
        return self._open_kid(pump_id)

    def _open_kid(self, pump_id):
        try:
            parts = decode(self.kid)
        except Refused:
            return v.REFUSED_MALFORMED
        if not isinstance(parts, list) or len(parts) != 5 or not isinstance(parts[0], bytes):
            return v.REFUSED_MALFORMED
        for number in parts[1:]:
            if not is_number(number, LAST_COUNTER):
                return v.REFUSED_MALFORMED
        if parts[0] != pump_id:
            return v.REFUSED_WRONG_PUMP
        self.operator, self.role, self.epoch, self.not_after_s = parts[1:]
        if self.role == r.SERVICE:
            return v.REFUSED_WRONG_OPERATOR if self.operator or self.not_after_s else v.OK
        if not 0 < self.role < r.ROLES or not 0 < self.operator <= LAST_OPERATOR:
            return v.REFUSED_WRONG_OPERATOR
        return v.OK

    def verify(self, key):
        """OK where the MAC holds under `key` (a MacKey) and what it covers is a request, or a REFUSED_*."""
        if not self._holds(key):
            return v.REFUSED_WRONG_MAC
        try:
            payload = decode(self._message.payload)
        except Refused:
            return v.REFUSED_MALFORMED
        if not isinstance(payload, dict) or len(payload) != _ARGUMENTS:
            return v.REFUSED_MALFORMED
        self.kind = payload.get(_KIND)
        self.challenge = payload.get(_CHALLENGE)
        self.counter = payload.get(_COUNTER)
        self.expiry_s = payload.get(_EXPIRY)
        self.arguments = payload.get(_ARGUMENTS)
        right = (
            is_number(self.kind, LAST_COUNTER)
            and isinstance(self.challenge, bytes)
            and len(self.challenge) == CHALLENGE_LENGTH
            and is_number(self.counter, LAST_COUNTER)
            and is_number(self.expiry_s, LAST_COUNTER)
            and isinstance(self.arguments, dict)
        )
        return v.OK if right else v.REFUSED_MALFORMED

    def _holds(self, key):
        return self._message.verify_mac(key, CONTEXT) == OK

    def judge(self, record, session, seconds, roles, trust):
        """Apply the rules to an authentic request; OK or a REFUSED_*. Uses its counter up once it is of this session.

        `record`: whose keys and revocations; `session`, `seconds`, `roles`: as their modules say; `trust`: TR_*.
        """
        return (
            self._is_revoked(record)
            or session.judge(self.challenge)
            or session.counters.take(self.operator, self.counter, self.digest)
            or self._is_known(roles)
            or self._in_shift(record, seconds)
            or self._in_time(seconds, roles)
            or self._is_allowed(roles, trust)
        )

    def is_current(self, record, session):
        """Return whether an authentic request is of nobody revoked, and of this session."""
        return not self._is_revoked(record) and session.judge(self.challenge) == v.OK

    def _is_revoked(self, record):
        revoked = self.epoch != record.epoch or record.is_revoked(self.operator)
        return v.REFUSED_REVOKED if revoked else v.OK

    def _is_known(self, roles):
        """Whether there is such a kind, and the arguments are those of the kind, all of them and no others."""
        if not roles.knows(self.kind):
            return v.REFUSED_UNKNOWN_KIND
        return v.OK if self._fits(roles.arguments(self.kind)) else v.REFUSED_MALFORMED

    def _in_shift(self, record, seconds):
        if self.role == r.SERVICE:
            return v.OK
        site_s = seconds.site_s()
        if max(site_s, record.known_s) > self.not_after_s:
            return v.REFUSED_SHIFT_OVER
        return v.REFUSED_NO_TIME if site_s < 0 else v.OK

    def _in_time(self, seconds, roles):
        if self.expiry_s < seconds.now_s:
            return v.REFUSED_EXPIRED
        return v.REFUSED_TOO_FAR if self.expiry_s > seconds.now_s + roles.longest_s(self.kind) else v.OK

    def _is_allowed(self, roles, trust):
        if not roles.may(self.role, self.kind):
            return v.REFUSED_FORBIDDEN
        return v.OK if roles.is_heard(self.kind, trust) else v.REFUSED_ISOLATED

    def _fits(self, form):
        arguments = self.arguments
        if form == r.ARG_FIELDS:
            return _are_fields(arguments)
        if form == r.ARG_NONE:
            return not arguments
        if form == r.ARG_STAGE or form == r.ARG_CHUNK:
            return _is_carried(form, arguments)
        if len(arguments) != 1:
            return False
        if form == r.ARG_DOSE:
            return is_number(arguments.get(FIELD_TITRATE_MILLI), LAST_ENTRY)
        argument = arguments.get(ARGUMENT)
        if form == r.ARG_DIGEST:
            return isinstance(argument, bytes) and len(argument) == DIGEST
        if form == r.ARG_SECONDS:
            return is_number(argument, MAX_WAVE_S)
        return is_number(argument, LAST_OPERATOR) and (argument > 0 or form != r.ARG_OPERATOR)


def kid_of(pump_id, operator, role, epoch, not_after_s):
    """Return the key id that names an operator's key for one pump, role, epoch and shift."""
    return encode([pump_id, operator, role, epoch, not_after_s])


def _is_bare(data):
    """Whether `data` is what a MAC should have been put around."""
    try:
        return isinstance(decode(data), dict)
    except Refused:
        return False


def _is_carried(form, arguments):
    """Whether these are a length and a digest, or an offset and bytes."""
    data = arguments.get(SECOND)
    if len(arguments) != 2 or not is_number(arguments.get(ARGUMENT), LAST_ENTRY) or not isinstance(data, bytes):
        return False
    return len(data) == STAGED_DIGEST if form == r.ARG_STAGE else 0 < len(data) <= MAX_CHUNK


def _are_fields(arguments):
    for field in arguments:
        value = arguments[field]
        if not is_number(field, _LAST_FIELD):
            return False
        if field == STEPS:
            if not _are_steps(value):
                return False
        elif not is_number(value, LAST_ENTRY):
            return False
    return len(arguments) > 0


def _are_steps(value):
    if not isinstance(value, list) or not 0 < len(value) <= MAX_STEPS:
        return False
    for step in value:
        if not isinstance(step, list) or len(step) != 2:
            return False
        if not is_number(step[0], LAST_ENTRY) or not is_number(step[1], LAST_ENTRY):
            return False
    return True

"""Judges what comes as one pump's facts: authentic, fresh, in order, none missing. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from firmware.trust import facts as f
from firmware.trust.cbor import Refused, decode
from firmware.trust.cose import ALGORITHM, HMAC_256, KEY_ID, OK, TAG_MAC0, Message, open_message
from firmware.trust.mac import MacKey
from simulator.trust_client import Fact

if TYPE_CHECKING:  # whoever only judges facts needs none of a site's packages
    from simulator.site.keyservice import FactKey

LONGEST = 2048  # bytes of a fact
WINDOW = 64  # counters behind the newest that are told apart
KINDS = frozenset(str(kind) for kind in range(24))  # as a topic names them
_TAGGED = b"\xd1"
_LAST_COUNTER = 2**64 - 1
_BOOT = 1 << f.COUNTER_BITS

ACCEPTED = "accepted"
MALFORMED = "malformed"
FORGED = "forged"  # no key of this pump's vouches for it
WRONG_PUMP = "wrong pump"
WRONG_TOPIC = "wrong topic"
DUPLICATED = "duplicated"  # the very bytes that came last: what a broker may do that delivers at least once
REPLAYED = "replayed"
REORDERED = "reordered"  # never seen, but a later one was
# What an honest network brings about without anybody's ill will.
HARMLESS = (ACCEPTED, DUPLICATED)

# Keys and types of each kind's body; a kind that is not here has any map.
_BODIES: dict[int, dict[int, type]] = {
    f.HELLO: {1: bytes, 2: int, 3: int, 4: list},
    f.STATUS: {**dict.fromkeys(range(1, 11), int), 11: bytes},
    f.ALARMS: dict.fromkeys(range(1, 5), int),
    f.ACK: {1: bytes, 2: int, 3: int},
    f.LOG: {1: int, 2: bytes, 3: int},
    f.WAVE: {1: int, 2: bytes, 3: bytes},
    f.STAGED: {1: int, 2: int, 3: int, 4: bytes},
    f.HEAD: {1: int, 2: bytes},
    f.AUDIT: {1: int, 2: bytes, 3: int},
}


@dataclass(frozen=True)
class Judged:
    """What became of one message. missing: facts of this boot that should have come before it; boot: it is another."""

    verdict: str
    fact: Fact | None = None
    missing: int = 0
    boot: bool = False


class FactStream:
    """One pump's facts, in the order of their counters. `last` is the newest counter, 0 before the first.

    `newest`: the fact that was accepted last; `epoch`: of the key that vouched for it. Only the key service raises a
    pump's epoch, so what the next epoch's key vouches for says that it was raised; what is older is heard no more.
    """

    def __init__(self, key: FactKey, last: int = 0, others: Iterable[FactKey] = ()) -> None:
        """`last`: the newest counter of a run before, so that what is older stays refused.

        `others`: keys of other epochs that the pump may be in; the first fact that one of them vouches for decides.
        """
        self.pump_id = bytes.fromhex(key.pump_id)
        self.last = last
        self.newest: Fact | None = None
        self._digest = b""  # of its bytes
        self._seen: set[int] = set()  # of the WINDOW behind it
        self.rekey(key, others)

    def rekey(self, key: FactKey, others: Iterable[FactKey] = ()) -> None:
        """Verify under another epoch's key from now on, and the one after; the counter goes on."""
        self.epoch = key.epoch
        self._keys = {one.epoch: MacKey(one.key) for one in (*others, key)}
        if key.following:
            self._keys[key.epoch + 1] = MacKey(key.following)
        self._by = key.epoch  # the epoch that vouched for what is judged

    def take(self, kind: int, data: bytes) -> Judged:
        """Judge what came on the topic of facts of `kind`."""
        opened = self._open(data)
        if isinstance(opened, str):
            return Judged(opened)
        if not self._fits(opened, kind):
            return Judged(WRONG_TOPIC)
        digest = sha256(data).digest()
        late = self._late(opened.counter, digest)
        if late:
            return Judged(late)
        return self._accept(opened, digest)

    def _open(self, data: bytes) -> Fact | str:
        message = open_message(data, TAG_MAC0) if len(data) <= LONGEST and data[:1] == _TAGGED else None
        if message is None or len(message.protected) != 2 or message.unprotected or message.payload is None:
            return MALFORMED
        if message.protected.get(ALGORITHM) != HMAC_256:
            return FORGED
        if not self._is_ours(message):
            return WRONG_PUMP
        if not self._vouches(message):
            return FORGED
        try:
            payload = decode(message.payload)
        except Refused:
            return MALFORMED
        return _fact(payload) or MALFORMED

    def _fits(self, fact: Fact, kind: int) -> bool:
        """Whether it came on the topic of its kind."""
        return fact.kind == kind

    def _is_ours(self, message: Message) -> bool:
        """Whether it says that it is of this pump."""
        return bool(message.protected.get(KEY_ID) == self.pump_id)

    def _vouches(self, message: Message) -> bool:
        """Whether a key of the pump's, of this epoch or a later one, vouches for it."""
        for epoch, key in self._keys.items():
            if message.verify_mac(key, f.CONTEXT) == OK:
                self._by = epoch
                return True
        return False

    def _late(self, counter: int, digest: bytes) -> str:
        """How a counter is not fresh, "" where it is."""
        if counter > self.last:
            return ""
        if counter == self.last and digest == self._digest:
            return DUPLICATED
        was_seen = counter in self._seen or self.last - counter >= WINDOW
        return REPLAYED if was_seen or counter == self.last else REORDERED

    def _accept(self, fact: Fact, digest: bytes) -> Judged:
        before = self.last
        boot = bool(before) and fact.counter // _BOOT != before // _BOOT
        missing = self._missing(fact.counter, before, boot)
        self.last = fact.counter
        self.newest = fact
        self._move_to(self._by)
        self._digest = digest
        self._seen = {one for one in self._seen if fact.counter - one < WINDOW} | {fact.counter}
        return Judged(ACCEPTED, fact, missing, boot)

    def _move_to(self, epoch: int) -> None:
        """The pump speaks in `epoch`: forget what came before it."""
        self.epoch = epoch
        self._keys = {one: key for one, key in self._keys.items() if one >= epoch}

    def _missing(self, counter: int, before: int, boot: bool) -> int:
        """Facts between `before` and `counter`; what was said before anybody listened is nobody's loss."""
        if self.newest is None:
            return 0
        return counter % _BOOT - 1 if boot else counter - before - 1


def _fact(payload: Any) -> Fact | None:
    """A payload as a Fact, None where it is none of a pump's."""
    if not isinstance(payload, dict) or set(payload) != {f.KIND, f.COUNTER, f.PUMP_S, f.BODY}:
        return None
    kind, counter, pump_s, body = (payload[key] for key in (f.KIND, f.COUNTER, f.PUMP_S, f.BODY))
    numbers = all(_is(one, int) and one >= 0 for one in (kind, counter, pump_s))
    if not numbers or counter > _LAST_COUNTER or not isinstance(body, dict):
        return None
    shape = _BODIES.get(kind)
    if shape is not None and not all(_is(body.get(key), wanted) for key, wanted in shape.items()):
        return None
    return Fact(kind, counter, pump_s, body)


def _is(value: Any, wanted: type) -> bool:
    return isinstance(value, wanted) and not isinstance(value, bool)

"""Makes requests in somebody's name, each with one flaw; a flaw is a method by its name in a scenario."""

from __future__ import annotations

from typing import Any

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust.cbor import decode, encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from firmware.trust.request import CONTEXT, kid_of
from simulator.scenario.clock import GOOD_FOR_S, SHIFT_S, SITE_S
from simulator.trust_client import Terminal, make_record, parts_of, put_together

_STALE_S = 120


class Forger:
    """A request of `who` for `kind` (KIND_*) with `arguments`, and what is wrong with it."""

    def __init__(self, stage: Any, who: str, kind: int, arguments: dict[int, Any]) -> None:
        self._stage = stage
        self._who = who
        self._kind = kind
        self._arguments = arguments
        self._terminal: Terminal = stage.terminals[who]

    def _good(self, terminal: Terminal | None = None, **other: Any) -> bytes:
        stage = self._stage
        values = {"challenge": stage.challenge, "expiry_s": stage.pump_s + GOOD_FOR_S} | other
        terminal = self._terminal if terminal is None else terminal
        return terminal.ask(self._kind, arguments=self._arguments, **values)

    def _fresh(self) -> int:
        """A counter that the person's terminal has not used."""
        self._terminal.counter += 1
        return self._terminal.counter

    def _payload(self) -> bytes:
        payload: bytes = parts_of(self._good())[2]
        return payload

    def none(self) -> bytes:
        """Nothing: a stolen key vouches for it."""
        return self._good()

    def no_mac(self) -> bytes:
        """No MAC at all."""
        protected, unprotected, payload, _ = parts_of(self._good())
        return put_together([protected, unprotected, payload, b""])

    def made_up_key(self) -> bytes:
        """A key that the forger made up."""
        key = MacKey(self._stage.random.randbytes(32))
        made: bytes = make_mac0(self._payload(), key, {KEY_ID: self._terminal.kid}, CONTEXT)
        return made

    def changed(self) -> bytes:
        """A request that was seen, with another content."""
        seen = [passed for passed in self._stage.wire.seen if passed.who == self._who]
        protected, unprotected, payload, proof = parts_of(seen[-1].message if seen else self._good())
        asked = decode(payload)
        asked[1] = self._kind
        asked[3] += len(self._stage.tampered) + 1
        asked[4] = self._stage.pump_s + GOOD_FOR_S
        asked[5] = self._arguments
        self._stage.tampered.append(asked)
        return put_together([protected, unprotected, encode(asked), proof])

    def other_pump(self) -> bytes:
        """The same person's key for another pump, under this one's name."""
        other: Any = make_record(self._stage.random.getrandbits(30))
        if self._stage.lacks("per-pump-key"):
            other.pump_key = self._stage.record.pump_key
        other.epoch = self._stage.record.epoch
        other.pump_id = self._stage.record.pump_id
        person = self._stage.people[self._who]
        return self._good(Terminal(other, person.number, person.role, SITE_S + SHIFT_S))

    def other_name(self) -> bytes:
        """A key for this pump under another pump's name."""
        terminal = self._terminal
        record = self._stage.record
        pump_id = bytes(byte ^ 0x5A for byte in record.pump_id)
        kid = kid_of(pump_id, terminal.operator, terminal.role, record.epoch, terminal.not_after_s)
        made: bytes = make_mac0(self._payload(), terminal.key, {KEY_ID: kid}, CONTEXT)
        return made

    def fact_key(self) -> bytes:
        """Sealed with the key by which the pump's facts are verified."""
        record = self._stage.record
        key = MacKey(record.key(b"kvo facts" + encode([record.epoch])))
        made: bytes = make_mac0(self._payload(), key, {KEY_ID: self._terminal.kid}, CONTEXT)
        return made

    def fact_context(self) -> bytes:
        """A fact's envelope, of the pump's own name, around a request."""
        record = self._stage.record
        key = MacKey(record.key(b"kvo facts" + encode([record.epoch])))
        made: bytes = make_mac0(self._payload(), key, {KEY_ID: record.pump_id}, f.CONTEXT)
        return made

    def other_role(self) -> bytes:
        """The person's own key under another role's name."""
        person = self._stage.people[self._who]
        role = r.PHYSICIAN if person.role != r.PHYSICIAN else r.NURSE
        record = self._stage.record
        kid = kid_of(record.pump_id, person.number, role, record.epoch, self._terminal.not_after_s)
        made: bytes = make_mac0(self._payload(), self._terminal.key, {KEY_ID: kid}, CONTEXT)
        return made

    def other_number(self) -> bytes:
        """The person's own key under a colleague's number."""
        person = self._stage.people[self._who]
        record = self._stage.record
        number = next((one.number for one in self._stage.people.values() if one.number != person.number), 1)
        kid = kid_of(record.pump_id, number, person.role, record.epoch, self._terminal.not_after_s)
        made: bytes = make_mac0(self._payload(), self._terminal.key, {KEY_ID: kid}, CONTEXT)
        return made

    def old_shift(self) -> bytes:
        """A key whose shift is over."""
        return self._good(self._stage.terminal(self._who, not_after_s=SITE_S - 60), counter=self._fresh())

    def old_epoch(self) -> bytes:
        """A key from before the last revocation of all keys."""
        return self._good(
            self._stage.terminal(self._who, epoch=self._stage.record.epoch - 1), counter=self._fresh()
        )

    def expired(self) -> bytes:
        """A good request that is too late."""
        return self._good(expiry_s=max(0, self._stage.pump_s - _STALE_S))

    def long_lived(self) -> bytes:
        """A good request that would be good for an hour."""
        return self._good(expiry_s=self._stage.pump_s + 3600)

    def used_counter(self) -> bytes:
        """A counter that was used before."""
        return self._good(counter=max(1, self._terminal.counter))

    def other_session(self) -> bytes:
        """A challenge that is not this session's."""
        return self._good(challenge=self._stage.random.randbytes(16))

    def more_arguments(self) -> bytes:
        """An argument more than its kind has."""
        self._arguments = {**self._arguments, 60: 1}
        return self._good()


FLAWS = {
    name: str(method.__doc__).rstrip(".") for name, method in vars(Forger).items() if not name.startswith("_")
}
# The flaws that take less than a stolen key, and the position that they take.
FLAW_POWERS = {
    "no_mac": "network", "made_up_key": "network", "changed": "on-path", "other_pump": "other-pump",
    "fact_key": "compromised-gateway", "fact_context": "compromised-gateway",
}  # fmt: skip


def power_of(flaw: str) -> str:
    """The position that a flaw takes."""
    return FLAW_POWERS.get(flaw, "stolen-shift-key")

"""The site's key service: gives a terminal a key for one person, one pump and one shift; speaks to pumps itself.

It alone holds the pumps' keys. They lie sealed under a passphrase and are open in its memory while it runs: whoever
reads that memory has the site. Every key that it gives or refuses is a line in its log; the keys are not.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.trust.cbor import Refused as NotCbor
from firmware.trust.cbor import decode, encode
from firmware.trust.cose import KEY_ID, OK, TAG_MAC0, make_mac0, open_message
from firmware.trust.mac import MacKey, hkdf
from simulator.site.counters import next_counter
from simulator.site.files import Site, append_private, open_site, writing
from simulator.site.keystore import PumpEntry, derive, seal, unseal
from simulator.site.make import read_passphrase
from simulator.site.people import ROLES, SERVICE, find, read_people
from simulator.site.records import EPOCH_2020

SHIFT_S = 8 * 3600
LONGEST_SHIFT_S = 12 * 3600
TRIES = 5  # wrong passwords, then each further one waits twice as long
FIRST_WAIT_S = 2
LAST_WAIT_S = 900
KIND_LOG = 6
KIND_ALARMS = 7
KIND_TIME = 8
KIND_REVOKE = 9
KIND_EPOCH = 10
KIND_STATUS = 11
KIND_AUDIT = 12
_PAGED = (KIND_LOG, KIND_AUDIT)
_READS = (*_PAGED, KIND_ALARMS, KIND_STATUS)
GOOD_FOR_S = 30
_BEHIND = 8  # epochs that a pump may be behind
_REQUEST = b"kvo request 1"
_FACT = b"kvo fact 1"


class KeyRefused(Exception):
    """A key, a login or a request that is not given; says why."""


@dataclass(frozen=True)
class Login:
    """Who has logged in, at which terminal, and when their shift ends (seconds since 2020)."""

    token: str
    operator: int
    role: int
    terminal: str
    shift_ends_s: int


@dataclass(frozen=True)
class OperatorKey:
    """What a terminal gets. `kid` goes into the protected header of each request."""

    key: bytes
    kid: bytes
    pump_id: str
    operator: int
    role: int
    epoch: int
    not_after_s: int


@dataclass(frozen=True)
class FactKey:
    """What a machine of the site verifies one pump's facts with, for one epoch.

    Whoever holds it can make such facts up, and no request: so it is given to machines that the site knows, and
    written down. following: the next epoch's, so that nothing is missed when the epoch is raised; b"": not given.
    """

    key: bytes
    pump_id: str
    epoch: int
    following: bytes = b""


def operator_key(pump_id: bytes, pump_key: bytes, operator: int, role: int, epoch: int, not_after_s: int) -> bytes:
    """The 32-byte key of a person for one pump and shift (HKDF, RFC 5869)."""
    return hkdf(pump_key, pump_id, b"kvo operator" + encode([operator, role, epoch, not_after_s]))


def service_key(pump_id: bytes, pump_key: bytes, epoch: int) -> bytes:
    """The key service's own for one pump."""
    return hkdf(pump_key, pump_id, b"kvo service" + encode([epoch]))


def fact_key(pump_id: bytes, pump_key: bytes, epoch: int) -> bytes:
    """What a pump's facts are authenticated with."""
    return hkdf(pump_key, pump_id, b"kvo facts" + encode([epoch]))


def _fact_key(pump_id: str, pump: PumpEntry, epoch: int) -> FactKey:
    raw = bytes.fromhex(pump_id)
    return FactKey(fact_key(raw, pump.key, epoch), pump_id, epoch, fact_key(raw, pump.key, epoch + 1))


class KeyService:
    """Runs for one site. `clock` gives Unix seconds."""

    def __init__(self, folder: Path | str, passphrase: str | None = None, clock: Callable[[], float] = time.time):
        """SiteError where the site cannot be opened."""
        self._site: Site = open_site(folder)
        self._passphrase = read_passphrase(self._site, passphrase)
        self._keys = unseal(self._site.keystore, self._passphrase)
        self._clock = clock
        self._logins: dict[str, Login] = {}
        self._wrong: dict[str, tuple[int, float]] = {}

    def now_s(self) -> int:
        """Site time: whole seconds since 2020-01-01."""
        return int(self._clock()) - EPOCH_2020

    async def login(self, name: str, password: str, terminal: str, shift_s: int = SHIFT_S) -> Login:
        """Log a person in at a terminal for a shift; KeyRefused where password, person or terminal is none.

        After five wrong passwords each further try waits: for that person alone, and at no bedside.
        """
        tries, since = self._wrong.get(name, (0, 0.0))
        wait_s = min(FIRST_WAIT_S << (tries - TRIES), LAST_WAIT_S) if tries >= TRIES else 0
        if self._clock() - since < wait_s:
            raise self._refuse("login", name, f"wait {wait_s} s after {tries} wrong passwords")
        self._wrong[name] = (tries + 1, self._clock())  # before the wait: tries side by side count too
        if not 0 < shift_s <= LONGEST_SHIFT_S:
            raise self._refuse("login", name, f"a shift has 1 to {LONGEST_SHIFT_S} seconds")
        if terminal not in self._site.clients():
            raise self._refuse("login", name, f"there is no terminal {terminal!r}")
        people = {one.name: one for one in read_people(self._site)}
        person = people.get(name)
        entry = self._keys.operators.get(person.number) if person is not None else None
        # As much work for a name that there is not.
        salt = entry.salt if entry is not None else bytes(16)
        tried = await asyncio.to_thread(derive, password, salt)
        if entry is None or person is None or person.revoked or not hmac.compare_digest(tried, entry.verifier):
            raise self._refuse("login", name, "wrong name or password, or revoked")
        del self._wrong[name]
        one = Login(secrets.token_urlsafe(24), person.number, ROLES[person.role], terminal, self.now_s() + shift_s)
        self._logins[one.token] = one
        self._log("login", name, "given", terminal=terminal, until_s=one.shift_ends_s)
        return one

    def logout(self, token: str) -> None:
        """End a shift early; keys that are out end with the shift they were made for."""
        self._logins.pop(token, None)

    def operator_key(self, token: str, pump_id: str, role: str | None = None) -> OperatorKey:
        """The key of whoever logged in, for one pump until the shift's end.

        KeyRefused where the login or its shift is over, the person or the pump revoked or unknown, the role not theirs.
        """
        one = self._logins.get(token)
        if one is None:
            raise self._refuse("key", "?", "nobody is logged in with that token")
        person = find(read_people(self._site), str(one.operator))
        if person.revoked:
            raise self._refuse("key", person.name, "revoked")
        if self.now_s() >= one.shift_ends_s:
            del self._logins[token]
            raise self._refuse("key", person.name, "the shift is over; log in again")
        if role is not None and ROLES.get(role) != one.role:
            raise self._refuse("key", person.name, f"is no {role}")
        pump = self._pump(pump_id, person.name)
        raw = bytes.fromhex(pump_id)
        self._log("key", person.name, "given", pump=pump_id, role=person.role, until_s=one.shift_ends_s)
        return OperatorKey(
            operator_key(raw, pump.key, one.operator, one.role, pump.epoch, one.shift_ends_s),
            encode([raw, one.operator, one.role, pump.epoch, one.shift_ends_s]),
            pump_id, one.operator, one.role, pump.epoch, one.shift_ends_s,
        )  # fmt: skip

    def fact_key(self, client: str, pump_id: str) -> FactKey:
        """The key that `client`, a gateway or terminal of the site's, verifies a pump's facts with.

        KeyRefused where there is no such client, no such pump, or the pump is revoked. Another epoch has another key.
        """
        if client not in self._site.clients():
            raise self._refuse("facts", client, "there is no such terminal or gateway", pump=pump_id)
        pump = self._pump(pump_id, client)
        self._log("facts", client, "given", pump=pump_id, epoch=pump.epoch)
        return _fact_key(pump_id, pump, pump.epoch)

    def older_fact_keys(self, client: str, pump_id: str) -> list[FactKey]:
        """As `fact_key`, of the _BEHIND epochs before: for a pump that lost power before it had stored a later one."""
        pump = self._pump(pump_id, client)
        self._log("facts", client, "older ones given", pump=pump_id, epoch=pump.epoch)
        return [_fact_key(pump_id, pump, epoch) for epoch in range(max(1, pump.epoch - _BEHIND), pump.epoch)]

    def epoch(self, pump_id: str) -> int:
        """The epoch that keys are given out for."""
        return self._pump(pump_id, "service").epoch

    def open_fact(self, pump_id: str, data: bytes) -> dict[int, Any]:
        """What an authentic fact says ({1: kind, 2: counter, 3: pump seconds, 4: body}); KeyRefused for another."""
        pump = self._pump(pump_id, "a fact")
        raw = bytes.fromhex(pump_id)
        message = open_message(data, TAG_MAC0)
        if message is None or message.protected.get(KEY_ID) != raw or message.payload is None:
            raise KeyRefused("this is no fact of that pump")
        if message.verify_mac(MacKey(fact_key(raw, pump.key, pump.epoch)), _FACT) != OK:
            raise KeyRefused("the fact's MAC does not hold")
        try:
            value = decode(message.payload)
        except NotCbor:
            value = None
        if not isinstance(value, dict):
            raise KeyRefused("the fact says nothing")
        return value

    def audit_key(self, pump_id: str) -> bytes:
        """The first key of a pump's audit log, by which simulator.audit.verify holds what the pump hands out.

        A pump that was installed without one has made it of its own key, and so does this.
        """
        pump = self._pump(pump_id, "the audit")
        return pump.audit or hkdf(pump.key, bytes.fromhex(pump_id), b"kvo audit")

    def time_request(self, pump_id: str, challenge: bytes, pump_s: int) -> bytes:
        """A TIME request: the site's time now, for a pump whose session has `challenge` and whose clock is `pump_s`."""
        return self._request(pump_id, KIND_TIME, challenge, pump_s, {1: self.now_s()})

    def read_request(self, pump_id: str, kind: int, challenge: bytes, pump_s: int, since: int | None = None) -> bytes:
        """A request to read: KIND_LOG and KIND_AUDIT from sequence `since` on, KIND_ALARMS, KIND_STATUS; ValueError for
        another.
        """
        if kind not in _READS or (kind in _PAGED) != (since is not None):
            raise ValueError(f"kind {kind} reads nothing, or not like that")
        return self._request(pump_id, kind, challenge, pump_s, {} if since is None else {1: since})

    def revoke_request(self, pump_id: str, challenge: bytes, pump_s: int, operator: int) -> bytes:
        """A REVOKE request: the pump hears `operator` no more."""
        return self._request(pump_id, KIND_REVOKE, challenge, pump_s, {1: operator})

    def epoch_request(
        self, pump_id: str, challenge: bytes, pump_s: int, to: int | None = None, spoken: int | None = None
    ) -> bytes:
        """An EPOCH request: another epoch ends every key that is out. `to`: the next one where None.

        Under the key of the epoch that the pump speaks in, `spoken`; the present one where None. Once the pump has
        taken it, `epoch_raised` makes the service follow.
        """
        to = self.epoch(pump_id) + 1 if to is None else to
        return self._request(pump_id, KIND_EPOCH, challenge, pump_s, {1: to}, spoken)

    def epoch_raised(self, pump_id: str, to: int | None = None) -> None:
        """The pump has taken its next epoch, or `to`: keep that, durably. Never back."""
        with writing(self._site):
            keys = unseal(self._site.keystore, self._passphrase)
            pump = keys.pumps[pump_id]
            pump.epoch = pump.epoch + 1 if to is None else max(pump.epoch, to)
            seal(self._site.keystore, keys, self._passphrase)
        self._keys = keys
        self._log("epoch", "service", "raised", pump=pump_id, epoch=keys.pumps[pump_id].epoch)

    def reload(self) -> None:
        """Take up what 'kvo provision' changed: rotated keys, new people."""
        self._keys = unseal(self._site.keystore, self._passphrase)

    def _request(
        self, pump_id: str, kind: int, challenge: bytes, pump_s: int, arguments: dict[int, int],
        epoch: int | None = None,
    ) -> bytes:  # fmt: skip
        pump = self._pump(pump_id, "service")
        epoch = pump.epoch if epoch is None else epoch
        raw = bytes.fromhex(pump_id)
        # One file for all who have this store open: no two processes use a counter twice.
        counter = next_counter(self._site.keystore.with_name("counter"), self._clock() - EPOCH_2020)
        payload = encode({1: kind, 2: challenge, 3: counter, 4: pump_s + GOOD_FOR_S, 5: arguments})
        kid = encode([raw, 0, SERVICE, epoch, 0])
        self._log("request", "service", "made", pump=pump_id, kind=kind, argument=arguments.get(1))
        return make_mac0(payload, MacKey(service_key(raw, pump.key, epoch)), {KEY_ID: kid}, _REQUEST)

    def _pump(self, pump_id: str, who: str) -> PumpEntry:
        pump = self._keys.pumps.get(pump_id)
        if pump is None:
            raise self._refuse("key", who, "there is no such pump", pump=pump_id)
        if pump.revoked:
            raise self._refuse("key", who, "the pump is revoked", pump=pump_id)
        return pump

    def _refuse(self, what: str, who: str, why: str, **more: Any) -> KeyRefused:
        self._log(what, who, f"refused: {why}", **more)
        return KeyRefused(f"{who}: {why}")

    def _log(self, what: str, who: str, outcome: str, **more: Any) -> None:
        line = {"s": self.now_s(), "what": what, "who": who[:40], "outcome": outcome, **more}
        append_private(self._site.log, json.dumps(line, ensure_ascii=True))

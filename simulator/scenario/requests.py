"""Verbs that make requests: people's honest ones, and what an adversary makes of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from firmware.trust import roles as r
from firmware.trust.cbor import Tag, decode, encode
from firmware.trust.cose import KEY_ID, make_mac0
from firmware.trust.mac import MacKey
from firmware.trust.request import CONTEXT
from hal.ports import FIELD_TITRATE_MILLI
from simulator.files.models import DoseRate, one_of
from simulator.files.yaml_source import Refusal
from simulator.scenario.actions import PEOPLE, Action, Count, action
from simulator.scenario.stage import GOOD_FOR_S, SHIFT_S, SITE_S
from simulator.scenario.wire import DROP, HOLD, PASS
from simulator.trust_client import Terminal, digest_of, make_record

KINDS = {
    "titrate": r.KIND_TITRATE, "pause": r.KIND_PAUSE, "stop": r.KIND_STOP, "status": r.KIND_STATUS,
    "approve": r.KIND_APPROVE,
}  # fmt: skip
_STALE_S = 120


class _Asking(Action):
    """A request of somebody's."""

    needs_people = True
    who: str
    request: one_of(*KINDS) = "titrate"  # type: ignore[valid-type]
    dose: DoseRate | None = None

    def check(self, people: Any) -> None:
        """A titration has a dose, nothing else has."""
        super().check(people)
        if (self.dose is None) == (self.request == "titrate"):
            if self.dose is None:
                raise Refusal("a titration needs 'dose'", "add it, such as 'dose: 0.2 ug/kg/min'", "request")
            raise Refusal(f"{self.request} takes no 'dose'", "remove it", "dose")

    @property
    def wish(self) -> str:
        """What is asked for, in words."""
        return self.request if self.dose is None else f"{self.request} to {self.dose}"

    def arguments(self, stage: Any) -> dict[int, Any]:
        """What is asked for, in the protocol's numbers."""
        if self.dose is not None:
            return {FIELD_TITRATE_MILLI: self.dose.milli}
        if self.request == "approve":
            return {1: digest_of(stage.asked.get("titrate", b""))}
        return {}


@action
class Ask(_Asking):
    """Somebody asks for something from a terminal; approve means what was last asked to be titrated."""

    verb = "ask"
    position = PEOPLE

    def say(self) -> str:
        """Who asks for what."""
        return f"{self.who} asks from afar: {self.wish}"

    def act(self, stage: Any) -> None:
        """A good request, onto the wire."""
        terminal = stage.terminals[self.who]
        message = terminal.ask(
            KINDS[self.request], stage.challenge, stage.pump_s + GOOD_FOR_S, self.arguments(stage)
        )
        stage.asked[self.request] = message
        stage.wire.send(message, self.request, self.who, stage.now_ms)


def _parts(message: bytes) -> list[Any]:
    parts: list[Any] = decode(message).value
    return parts


def _sealed(parts: list[Any]) -> bytes:
    made: bytes = encode(Tag(17, parts))
    return made


class _Forger:
    """Makes a request with one flaw. Each method is a flaw by its name in a scenario."""

    def __init__(self, stage: Any, asking: _Asking) -> None:
        self._stage = stage
        self._asking = asking
        self._terminal = stage.terminals[asking.who]

    def _good(self, terminal: Terminal | None = None, **other: Any) -> bytes:
        stage, asking = self._stage, self._asking
        values = {"challenge": stage.challenge, "expiry_s": stage.pump_s + GOOD_FOR_S} | other
        terminal = self._terminal if terminal is None else terminal
        return terminal.ask(KINDS[asking.request], arguments=asking.arguments(stage), **values)

    def none(self) -> bytes:
        """Nothing: a stolen key vouches for it."""
        return self._good()

    def no_mac(self) -> bytes:
        """No MAC at all."""
        protected, unprotected, payload, _ = _parts(self._good())
        return _sealed([protected, unprotected, payload, b""])

    def made_up_key(self) -> bytes:
        """A key that the forger made up."""
        payload = _parts(self._good())[2]
        key = MacKey(self._stage.random.randbytes(32))
        made: bytes = make_mac0(payload, key, {KEY_ID: self._terminal.kid}, CONTEXT)
        return made

    def changed(self) -> bytes:
        """A request that was seen, with another content."""
        stage = self._stage
        seen = [passed for passed in stage.wire.seen if passed.who == self._asking.who]
        protected, unprotected, payload, proof = _parts(seen[-1].message if seen else self._good())
        asked = decode(payload)
        asked[1] = KINDS[self._asking.request]
        asked[3] += 1
        asked[5] = self._asking.arguments(stage)
        return _sealed([protected, unprotected, encode(asked), proof])

    def other_pump(self) -> bytes:
        """The same person's key for another pump, under this one's name."""
        other: Any = make_record(self._stage.random.getrandbits(30))
        other.epoch = self._stage.record.epoch
        other.pump_id = self._stage.record.pump_id
        person = self._stage.people[self._asking.who]
        return self._good(Terminal(other, person.number, person.role, SITE_S + SHIFT_S))

    def old_shift(self) -> bytes:
        """A key whose shift is over."""
        return self._good(self._stage.terminal(self._asking.who, not_after_s=SITE_S - 60))

    def old_epoch(self) -> bytes:
        """A key from before the last revocation of all keys."""
        return self._good(self._stage.terminal(self._asking.who, epoch=self._stage.record.epoch - 1))

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


FLAWS = {
    name: str(method.__doc__).rstrip(".") for name, method in vars(_Forger).items() if not name.startswith("_")
}
_POWERS = {"no_mac": "network", "made_up_key": "network", "changed": "on-path", "other_pump": "other-pump"}


@action
class Forge(_Asking):
    """Sends a request in somebody's name that has one flaw; with the flaw none, a stolen key vouches for it."""

    verb = "forge"
    flaw: one_of(*FLAWS) = "made_up_key"  # type: ignore[valid-type]
    count: Count = 1

    @property
    def power(self) -> str:
        """Most flaws are of a request that a real key vouches for."""
        return _POWERS.get(self.flaw, "shift-key")

    def say(self) -> str:
        """What, and what is wrong with it."""
        times = f", {self.count} times" if self.count > 1 else ""
        if self.flaw == "none":
            return f"asked with {self.who}'s stolen key: {self.wish}{times}"
        return f"forged in {self.who}'s name: {self.wish}, {self.flaw.replace('_', ' ')}{times}"

    def act(self, stage: Any) -> None:
        """Each one made anew."""
        for _ in range(self.count):
            stage.wire.attack(getattr(_Forger(stage, self), self.flaw)())


class _OnPath(Action):
    position = "on-path"
    needs_people = True


@action
class Replay(_OnPath):
    """Sends again the last request of a kind that passed, bit for bit."""

    verb = "replay"
    request: one_of(*KINDS, "any") = "any"  # type: ignore[valid-type]
    count: Count = 1

    def say(self) -> str:
        """What."""
        return f"the last request ({self.request}) is replayed" + (f", {self.count} times" if self.count > 1 else "")

    def act(self, stage: Any) -> None:
        """Nothing, where nothing of the kind has passed."""
        kinds = KINDS if self.request == "any" else (self.request,)
        seen = [passed for passed in stage.wire.seen if passed.what in kinds]
        for _ in range(self.count if seen else 0):
            stage.wire.attack(seen[-1].message)


@action
class HoldRequests(_OnPath):
    """Keeps back what people ask for, until it is released."""

    verb = "hold_requests"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.wire.mode = HOLD


@action
class DropRequests(_OnPath):
    """Lets nothing that people ask for through, until requests are released."""

    verb = "drop_requests"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.wire.mode = DROP


@action
class ReleaseRequests(_OnPath):
    """Lets requests through again, with those that were kept back."""

    verb = "release_requests"
    newest_first: bool = Field(default=False, description="the last one that was kept back arrives first")

    def act(self, stage: Any) -> None:
        """Now."""
        stage.wire.mode = PASS
        stage.wire.release(self.newest_first)

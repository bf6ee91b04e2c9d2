"""Verbs that make requests: people's honest ones, and what an adversary makes of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from firmware.trust import roles as r
from hal.ports import FIELD_TITRATE_MILLI
from simulator.adversary.forger import FLAWS, power_of
from simulator.files.models import DoseRate, Milliseconds, one_of
from simulator.files.yaml_source import Refusal
from simulator.scenario.actions import PEOPLE, Action, Count, action
from simulator.trust_client import digest_of

KINDS = {
    "titrate": r.KIND_TITRATE, "pause": r.KIND_PAUSE, "stop": r.KIND_STOP, "status": r.KIND_STATUS,
    "approve": r.KIND_APPROVE, "log": r.KIND_LOG, "revoke": r.KIND_REVOKE, "epoch": r.KIND_EPOCH,
}  # fmt: skip


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
        if self.request == "log":
            return {1: 0}
        if self.request == "revoke":  # somebody else
            return {1: next(one.number for name, one in stage.people.items() if name != self.who)}
        if self.request == "epoch":
            return {1: stage.record.epoch + 1}
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
        stage.ask(self.who, self.request, KINDS[self.request], self.arguments(stage))


@action
class Forge(_Asking):
    """Sends a request in somebody's name that has one flaw; with the flaw none, a stolen key vouches for it."""

    verb = "forge"
    flaw: one_of(*FLAWS) = "made_up_key"  # type: ignore[valid-type]
    count: Count = 1

    @property
    def power(self) -> str:
        """Most flaws are of a request that a real key vouches for."""
        return power_of(self.flaw)

    def say(self) -> str:
        """What, and what is wrong with it."""
        times = f", {self.count} times" if self.count > 1 else ""
        if self.flaw == "none":
            return f"asked with {self.who}'s stolen key: {self.wish}{times}"
        return f"forged in {self.who}'s name: {self.wish}, {self.flaw.replace('_', ' ')}{times}"

    def act(self, stage: Any) -> None:
        """Each one made anew."""
        forger = stage.acting(self.power)
        for _ in range(self.count):
            stage.forged = forger.forge(self.who, KINDS[self.request], self.arguments(stage), self.flaw)


@action
class Revoke(Action):
    """The site revokes somebody: the keys of their shifts, their PIN and their card."""

    verb = "revoke"
    position = PEOPLE
    needs_people = True
    who: str

    def say(self) -> str:
        """Whom."""
        return f"the site revokes {self.who}"

    def act(self, stage: Any) -> None:
        """A request of the key service's."""
        stage.ask_as_service(r.KIND_REVOKE, stage.people[self.who].number, "revoke")


@action
class ApproveOwn(Action):
    """With somebody's stolen key, approves what the adversary has asked to be titrated last."""

    verb = "approve_own"
    position = "stolen-shift-key"
    needs_people = True
    who: str

    def say(self) -> str:
        """Whose key."""
        return f"approved with {self.who}'s stolen key"

    def act(self, stage: Any) -> None:
        """Nothing to approve is refused by the pump."""
        stage.acting(self.power).forge(self.who, r.KIND_APPROVE, {1: digest_of(stage.forged)}, "none")


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
        thief = stage.acting(self.power)
        captured = thief.capture(self.request)
        for _ in range(self.count if captured is not None else 0):
            thief.replay(captured)


@action
class HoldRequests(_OnPath):
    """Keeps back what people ask for, until it is released."""

    verb = "hold_requests"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).hold()


@action
class DropRequests(_OnPath):
    """Lets nothing that people ask for through, until requests are released."""

    verb = "drop_requests"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).drop()


@action
class ReleaseRequests(_OnPath):
    """Lets requests through again, with those that were kept back."""

    verb = "release_requests"
    newest_first: bool = Field(default=False, description="the last one that was kept back arrives first")

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).release(self.newest_first)


@action
class DelayRequests(_OnPath):
    """Lets what people ask for through, each so much later, until requests are released."""

    verb = "delay_requests"
    by: Milliseconds

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).delay(self.by)


@action
class DoubleRequests(_OnPath):
    """Lets what people ask for through so many times each, until requests are released."""

    verb = "double_requests"
    times: Count = 2

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).duplicate(self.times)

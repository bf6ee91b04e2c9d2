"""Who acts on a bench: somebody with fingers, somebody with credentials and a terminal, whoever is hostile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from pydantic import ValidationError

from hal import ports
from simulator.adversary.awaited import Awaited, Until, answer_to
from simulator.files.models import refusal_of
from simulator.files.scenario import requests  # the verbs of scenarios are known once it is imported
from simulator.files.timeline import KEYS
from simulator.files.yaml_source import Refusal, did_you_mean, shown
from simulator.scenario.actions import ACTIONS
from simulator.scenario.stage import ROLES, Player, Stage
from simulator.world import World

_FIRST_NUMBER = 7


class Person:
    """Somebody at the bedside, with fingers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def press(self, key: str) -> None:
        """Press a key by its name in timelines: stop, start, pause, acknowledge, …"""
        if key not in KEYS:
            raise ValueError(f"there is no key {key!r}; keys: {', '.join(KEYS)}")
        self._world.press(KEYS[key])

    def confirm(self) -> None:
        """Confirm what the display shows."""
        self.press("confirm")

    def enter(self, field: int, value: int) -> None:
        """Enter an integer into a field (hal.ports.FIELD_*)."""
        self._world.press(ports.KEY_FIELD + field, value)

    def present_card(self, number: int) -> None:
        """Lay person `number`'s card on the reader and leave it there; ValueError where nobody has such a card."""
        self._world.lay_card(number)

    def take_card(self) -> None:
        """Take away what lies on the reader."""
        self._world.lay_card(0)

    def titrate(self, dose_milli: int) -> None:
        """Ask for a new dose rate, in thousandths of its unit, and confirm it once."""
        self.enter(ports.FIELD_TITRATE_MILLI, dose_milli)
        self.press("confirm")


class Operator(Person):
    """Somebody whom the pump knows, with a terminal besides. `number`, `pin`: as the pump's record has them."""

    def __init__(self, world: World, stage: Stage, name: str, until: Until) -> None:
        super().__init__(world)
        self._stage = stage
        self._until = until
        self.name = name
        self.number, self.pin = stage.people[name].number, stage.people[name].pin

    def log_in(self) -> None:
        """Enter number and PIN at the bedside; the pump takes some seconds to check them."""
        self._stage.log_in(self.name)

    async def ask(self, request: str = "titrate", dose: str | None = None) -> str:
        """Ask from a terminal: titrate with a dose such as '0.2 ug/kg/min', or pause, stop, status, approve.

        Returns what the pump says: OK, FORBIDDEN, …
        """
        do(self._stage, "ask", who=self.name, request=request, **({} if dose is None else {"dose": dose}))
        return await answer_to(self._stage, self._stage.asked[request], self._until)


class Adversaries:
    """Whoever is hostile, by position: `pump.adversary("on_path").drop()`. Two more calls are for scripted pumps."""

    def __init__(self, stage: Stage, until: Until) -> None:
        self._stage = stage
        self._until = until
        self._found: dict[str, Awaited] = {}

    def __call__(self, position: str) -> Awaited:
        """The adversary at a position (docs/scenarios.md), the same one each time; PowerLacking for one not there."""
        found = self._stage.adversary(position)
        return self._found.setdefault(found.position, Awaited(found, self._stage, self._until))

    def send_forged(self, count: int = 1) -> None:
        """Send messages that no verification passes. Of a pump without people."""
        self._scripted("hostile", count)

    def compromise(self) -> None:
        """Leave local evidence that the security layer is compromised. Of a pump without people."""
        self._scripted("compromised")

    def _scripted(self, verb: str, value: int = 0) -> None:
        if self._stage.record is not None:
            raise ValueError(f"a pump with people judges for itself; do what a position can, not {verb}")
        self._stage.world.disturb(verb, value)


def players(people: Mapping[str, str] | Iterable[Player], seed: int) -> dict[str, Player]:
    """People by name; of names and roles alone, with numbers and PINs drawn. ValueError for a role that is none."""
    if not isinstance(people, Mapping):
        return {one.name: one for one in people}
    found = {}
    for number, (name, role) in enumerate(people.items(), _FIRST_NUMBER):
        if role not in ROLES:
            raise ValueError(f"there is no role {shown(role)}; {did_you_mean(role, ROLES)}")
        pin = f"{Random(f'{seed}/{number}/pin').randrange(10**6):06}"
        found[name] = Player(name, number, ROLES[role], pin)
    return found


def do(stage: Stage, verb: str, **keys: Any) -> None:
    """What a scenario's verb does, with its keys as a file has them ('for' is for_). ValueError for what cannot be."""
    kind = ACTIONS.get(verb)
    if kind is None:
        raise ValueError(f"there is no verb {shown(verb)}; {did_you_mean(verb, ACTIONS)}")
    given = {name.removesuffix("_"): value for name, value in keys.items()}
    if kind.needs_people and stage.record is None:
        raise ValueError(f"{verb} needs a pump with credentials; give the bench people, such as {{'nurse': 'nurse'}}")
    try:
        action = kind.model_validate({"at": "0 s", **given})
        action.check(stage.people)
    except ValidationError as failed:
        loc, what, remedy = refusal_of(failed.errors(include_url=False)[0], list(kind.model_fields))
        raise ValueError(f"{verb}, {loc[0] if loc else 'its keys'}: {what}; {remedy}") from None
    except Refusal as refused:
        raise ValueError(f"{verb}: {refused}") from None
    action.act(stage)


__all__ = ["Adversaries", "Operator", "Person", "do", "players", "requests"]

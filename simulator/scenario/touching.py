"""Verbs of whoever stands at the pump: cards, keys, PINs and the plug."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from hal import ports
from simulator.files.models import DoseRate, Milliseconds, one_of
from simulator.files.timeline import KEYS
from simulator.scenario.actions import PEOPLE, Action, Count, action


@action
class LayCard(Action):
    """Somebody lays their card on the reader and leaves it there."""

    verb = "card"
    position = PEOPLE
    needs_people = True
    needs_card = True
    who: str

    def say(self) -> str:
        """Whose."""
        return f"{self.who} lays a card on the reader"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.world.lay_card(stage.people[self.who].number)


@action
class TakeCard(Action):
    """Whatever lies on the reader is taken away."""

    verb = "take_card"
    position = PEOPLE

    def act(self, stage: Any) -> None:
        """Now."""
        stage.world.lay_card(0)


# Hands at the bedside that do harm.


class _Hands(Action):
    position = "bedside"


_HOSTILE_KEYS = KEYS | {
    "maintenance_on": ports.KEY_MAINTENANCE_ON, "glass_on": ports.KEY_GLASS_ON, "glass_off": ports.KEY_GLASS_OFF,
    "programme": ports.KEY_PROGRAMME,
}  # fmt: skip


@action
class Touch(_Hands):
    """Somebody hostile presses a key, so often."""

    verb = "touch"
    key: one_of(*_HOSTILE_KEYS)  # type: ignore[valid-type]
    count: Count = 1

    def say(self) -> str:
        """Which."""
        times = f", {self.count} times" if self.count > 1 else ""
        return f"somebody hostile presses {self.key.replace('_', ' ')}{times}"

    def act(self, stage: Any) -> None:
        """One key a tick."""
        for _ in range(self.count):
            stage.acting(self.power).press_code(_HOSTILE_KEYS[self.key])


@action
class EnterDose(_Hands):
    """Somebody hostile enters another dose rate and confirms it, so often."""

    verb = "enter_dose"
    dose: DoseRate
    confirms: Count = 1

    def say(self) -> str:
        """Which."""
        return f"somebody hostile enters {self.dose} and confirms"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).titrate(self.dose.milli, self.confirms)


@action
class GuessPin(_Hands):
    """Somebody tries PINs for a person's number, one after another, never the right one."""

    verb = "guess_pin"
    needs_people = True
    who: str
    tries: Count = 10
    every: Milliseconds = 10_000

    def say(self) -> str:
        """How often."""
        return f"{self.tries} PINs are tried for {self.who}"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).guess_pin(stage.people[self.who].number, self.tries, self.every)


@action
class ForgedCard(_Hands):
    """Somebody lays a card down that says it is a person's and holds another key."""

    verb = "forged_card"
    needs_people = True
    needs_card = True
    who: str

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).lay_tag(stage.people[self.who].number)


@action
class CutPower(_Hands):
    """Takes all power away for a time, the battery's too."""

    verb = "cut_power"
    for_: Milliseconds = Field(alias="for")

    def say(self) -> str:
        """How long."""
        return f"the power is cut for {self.for_ / 1000:g} s"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).cut_power(self.for_)


@action
class StolenPin(Action):
    """An insider logs in with somebody's number and PIN."""

    verb = "stolen_pin"
    position = "insider"
    needs_people = True
    who: str

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).log_in(self.who)


@action
class StolenCard(Action):
    """An insider lays somebody's card on the reader."""

    verb = "stolen_card"
    position = "insider"
    needs_people = True
    needs_card = True
    who: str

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).lay_card(self.who)

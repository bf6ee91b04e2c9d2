"""What people do from afar and what an adversary does: a scenario's verbs besides the world's own.

A verb is a class: its fields are the keys that an item may have, its docstring's first line is what it does, and `act`
does it on a stage. A suite adds its own with @action, in a conftest.py or a file named with --with.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from simulator.adversary import POSITIONS
from simulator.files.models import Milliseconds, Prose, Strict
from simulator.files.yaml_source import Refusal, did_you_mean, shown

PEOPLE = "people"
ACTIONS: dict[str, type[Action]] = {}


class Action(Strict):
    """One item of a timeline. Subclasses set `verb` and `position` and write `act`."""

    verb: ClassVar[str] = ""
    position: ClassVar[str] = "network"
    needs_people: ClassVar[bool] = False
    needs_home: ClassVar[str] = ""  # the one home in which it can be done
    needs_broker: ClassVar[bool] = False
    needs_card: ClassVar[bool] = False

    at: Milliseconds
    note: Prose | None = None

    def act(self, stage: Any) -> None:
        """Do it now, on a simulator.scenario.stage.Stage."""
        raise NotImplementedError

    def check(self, people: Any) -> None:
        """Refusal for what the fields alone cannot tell. people: name → stage.Player."""
        named = getattr(self, "who", None)
        if named is not None and named not in people:
            remedy = did_you_mean(named, people) if people else "add 'people:'"
            raise Refusal(f"nobody is called {shown(named)}", remedy, "who")

    @property
    def words(self) -> str:
        """What is told of it in a report."""
        return self.note or self.say()

    def say(self) -> str:
        """What is told of it where there is no note."""
        return self.verb.replace("_", " ")

    @property
    def power(self) -> str:
        """The position that it takes to do this, PEOPLE for what nobody hostile does."""
        return self.position


def action(cls: type[Action]) -> type[Action]:
    """Add a verb. ValueError for one without a name, with an unknown position, or whose name is taken."""
    from simulator.files.timeline import NETWORK, PLANT
    from simulator.files.timeline import PEOPLE as BEDSIDE

    verb = cls.verb
    if not verb or not verb.replace("_", "a").isalnum() or not verb.islower():
        raise ValueError(f"{cls.__name__}: set verb to small letters and underscores, such as 'delay_request'")
    if cls.position not in (*POSITIONS, PEOPLE):
        raise ValueError(f"{verb}: there is no position {cls.position!r}; positions: {', '.join(POSITIONS)}")
    taken = ACTIONS.get(verb)
    if verb in (*PLANT, *NETWORK, *BEDSIDE) or (taken is not None and _origin(taken) != _origin(cls)):
        raise ValueError(f"there is a verb {verb!r} already")
    ACTIONS[verb] = cls
    return cls


def _origin(cls: type[Action]) -> tuple[str, str]:
    """A file that is loaded a second time defines the same verb anew."""
    import sys

    module = sys.modules.get(cls.__module__)
    return str(getattr(module, "__file__", None) or cls.__module__), cls.__qualname__


def says(cls: type[Action]) -> str:
    """What a verb does, in one line."""
    line = str(cls.__doc__ or "").strip().split("\n")[0].rstrip(".")
    return line[:1].lower() + line[1:]


def _hexadecimal(value: Any) -> bytes:
    try:
        found = bytes.fromhex(str(value))
    except ValueError:
        found = b""
    if not found:
        raise Refusal(f"{shown(value)} is not hexadecimal", "write bytes such as '81 00 ff', in quotes")
    return found


Bytes = Annotated[bytes, BeforeValidator(_hexadecimal, json_schema_input_type=str)]
Count = Annotated[int, Field(ge=1, le=1000)]


@action
class SendBytes(Action):
    """Sends bytes as they are, past any framing."""

    verb = "send_bytes"
    data: Bytes
    count: Count = 1

    def act(self, stage: Any) -> None:
        """As often as asked."""
        for _ in range(self.count):
            stage.acting(self.power).send(self.data)


@action
class Flood(Action):
    """Sends messages of random bytes, evenly over a time."""

    verb = "flood"
    messages: Annotated[int, Field(ge=1, le=100_000)] = 1000
    size: Annotated[int, Field(ge=1, le=1024)] = 64
    for_: Milliseconds = Field(default=60_000, alias="for")

    def say(self) -> str:
        """How much."""
        return f"a flood of {self.messages} messages over {self.for_ / 1000:g} s"

    def act(self, stage: Any) -> None:
        """A share each tick."""
        stage.acting(self.power).flood(self.messages, self.size, self.for_)


@action
class LogIn(Action):
    """Somebody enters number and PIN at the bedside; the pump takes some seconds to check them."""

    verb = "log_in"
    position = PEOPLE
    needs_people = True
    who: str

    def say(self) -> str:
        """Who."""
        return f"{self.who} logs in"

    def act(self, stage: Any) -> None:
        """Two keys."""
        stage.log_in(self.who)

"""Verbs of drug libraries: those that a pharmacy brings to a pump, those that somebody hostile does, and their word."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from firmware.update.roots import frame
from hal import ports
from simulator.adversary.update import LIBRARIES, STOLEN, carried
from simulator.files.models import DoseRate, one_of
from simulator.scenario.actions import PEOPLE, Action, Count, action
from simulator.scenario.clock import GOOD_FOR_S
from simulator.site import pharmacy

Number = Annotated[int, Field(ge=2, le=9999, description="the library's number; the one that came with the pump has 1")]
_CHUNK_MS = 1000


def enrol(stage: Any) -> None:
    """The pump has the site's root record, as from its provisioning; nothing reads it before the next start."""
    store = stage.world.board.store
    for area in (ports.AREA_ROOTS_A, ports.AREA_ROOTS_B):
        store.load(area, frame(pharmacy.roots()))


@action
class BringLibrary(Action):
    """The pharmacy brings the next issue of the drug library to the pump, signed by two pharmacists."""

    verb = "bring_library"
    position = PEOPLE
    needs_people = True
    who: str
    number: Number

    def say(self) -> str:
        """Which."""
        return f"drug library {self.number} is brought to the pump"

    def act(self, stage: Any) -> None:
        """A chunk a second."""
        enrol(stage)
        library = pharmacy.numbered(stage.world.library, self.number)
        waiting = carried(pharmacy.signed(library, self.number, pharmacy.both()))
        due_ms = stage.now_ms

        def step() -> bool:
            nonlocal due_ms
            if waiting and stage.now_ms >= due_ms:
                kind, number, data = waiting.pop(0)
                message = stage.terminals[self.who].ask(
                    kind, stage.challenge, stage.pump_s + GOOD_FOR_S, {1: number, 2: data}
                )
                stage.wire.send(message, "library", self.who, stage.now_ms)
                due_ms += _CHUNK_MS
            return bool(waiting)

        stage.each_tick(step)


@action
class ConfirmLibrary(Action):
    """Somebody ends the therapy, turns the key, logs in and confirms a library's number."""

    verb = "confirm_library"
    position = PEOPLE
    needs_people = True
    who: str
    number: Number

    def say(self) -> str:
        """Which."""
        return f"{self.who} confirms drug library {self.number} in maintenance"

    def act(self, stage: Any) -> None:
        """From now on, until the pump has let them in."""
        world = stage.world
        world.disturb("key_switch_on")
        world.press(ports.KEY_STANDBY)
        world.press(ports.KEY_MAINTENANCE_ON)
        stage.log_in(self.who)
        person = stage.people[self.who].number

        def step() -> bool:
            if world.status.operator != person:
                return True
            world.press(ports.KEY_FIELD + ports.FIELD_TAKE, self.number)
            world.press(ports.KEY_CONFIRM)
            return False

        stage.each_tick(step)


@action
class EnterProgramme(Action):
    """The person at the pump enters the programme once more and starts it; somebody has to be logged in."""

    verb = "enter_programme"
    position = PEOPLE

    def act(self, stage: Any) -> None:
        """A key a tick."""
        stage.world.programme_anew()


@action
class Slip(Action):
    """Somebody at the pump enters a dose by a slip of the finger, and confirms whatever is asked, so often."""

    verb = "slip"
    position = PEOPLE
    dose: DoseRate
    confirms: Count = 3

    def say(self) -> str:
        """Which."""
        return f"by a slip {self.dose} is entered and confirmed"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.world.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, self.dose.milli)
        for _ in range(self.confirms):
            stage.world.press(ports.KEY_CONFIRM)


# Hostile ones.


@action
class ServeLibrary(Action):
    """The update server has somebody's terminal carry a drug library with limits of its own, a chunk a second."""

    verb = "serve_library"
    position = "update-server"
    needs_people = True
    who: str
    what: one_of(*LIBRARIES, *STOLEN)  # type: ignore[valid-type]
    number: Number

    @property
    def power(self) -> str:
        """The position that it takes."""
        return "stolen-signing-key" if self.what in STOLEN else self.position

    def say(self) -> str:
        """What."""
        return f"drug library {self.number} is served: {(LIBRARIES | STOLEN)[self.what]}"

    def act(self, stage: Any) -> None:
        """From now on."""
        enrol(stage)
        server = stage.acting(self.power)
        serve = server.sign_library if self.what in STOLEN else server.serve_library
        serve(self.who, self.what, self.number)


@action
class ForgeWord(Action):
    """Writes a person's word for what is staged into the flash, under a key of one's own."""

    verb = "forge_word"
    position = "flash-access"
    needs_people = True
    who: str
    number: Number

    def say(self) -> str:
        """Whose."""
        return f"a word of {self.who}'s for drug library {self.number} is written into the flash"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).forge_word(self.number, stage.people[self.who].number)

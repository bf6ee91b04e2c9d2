"""Verbs of whoever is inside the pump, or at what goes into it: local port, flash, update server, comms."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from simulator.adversary.flash import AREAS
from simulator.adversary.update import SERVED
from simulator.files.models import Milliseconds, one_of
from simulator.scenario.actions import Action, Bytes, Count, action

# The local port.


class _Port(Action):
    position = "local-port"
    needs_people = True
    needs_home = "cpython"


@action
class PortBytes(_Port):
    """Types bytes at the pump's local port."""

    verb = "port_bytes"
    data: Bytes
    count: Count = 1

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).type(self.data * self.count)


@action
class PortInterrupt(_Port):
    """Types Ctrl-C and Ctrl-D at the pump's local port."""

    verb = "port_interrupt"
    count: Count = 100

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).interrupt(self.count)


@action
class PortInstall(_Port):
    """Installs credentials of the adversary's own at the local port, in this pump's name."""

    verb = "port_install"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).install_other_keys()


# The flash.


class _Flash(Action):
    position = "flash-access"


@action
class FlashRead(_Flash):
    """Reads the whole flash out and keeps the copy."""

    verb = "flash_read"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).read_out()


@action
class FlashWrite(_Flash):
    """Writes the copy of the flash back: all of it, or one part."""

    verb = "flash_write_back"
    what: one_of("all", *AREAS) = "all"  # type: ignore[valid-type]

    def say(self) -> str:
        """What."""
        return f"the flash is written back: {self.what}"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).write_back(self.what)


@action
class FlashEdit(_Flash):
    """Changes the flash: a byte flipped, blanked, a person added, revocations or records removed, limits raised."""

    verb = "flash_edit"
    what: one_of(*AREAS)  # type: ignore[valid-type]
    how: one_of("flip", "blank", "add_person", "forget_revocations", "cut", "loosen")  # type: ignore[valid-type]
    offset: Annotated[int, Field(ge=0, le=16_383)] = 100

    def say(self) -> str:
        """What."""
        return f"the flash is changed: {self.what}, {self.how.replace('_', ' ')}"

    def act(self, stage: Any) -> None:
        """Now."""
        flash = stage.acting(self.power)
        if self.how == "flip":
            flash.flip(self.what, self.offset)
        elif self.how == "blank":
            flash.wipe(self.what)
        elif self.how == "add_person":
            flash.add_person(66, "6666")
        elif self.how == "loosen":
            flash.loosen_library()
        elif self.how == "cut":
            flash.cut_audit(self.offset)
        else:
            flash.forget_revocations()


# Updates.


@action
class ServeUpdate(Action):
    """The update server has somebody's terminal carry what it serves to the pump, a chunk a second."""

    verb = "serve_update"
    position = "update-server"
    needs_people = True
    who: str
    what: one_of(*SERVED) = "good"  # type: ignore[valid-type]
    size: Annotated[int, Field(ge=1, le=16_384)] = 2048

    def say(self) -> str:
        """What."""
        return f"the update server serves: {SERVED[self.what]}"

    def act(self, stage: Any) -> None:
        """From now on."""
        stage.acting(self.power).serve(self.who, self.what, self.size)


# The communication partition.


@action
class HostileComms(Action):
    """Code in comms' place hangs, crashes, fills the mailbox, swallows or reflects facts, from now on."""

    verb = "hostile_comms"
    position = "comms-partition"
    needs_home = "cpython"
    how: one_of("hang", "crash", "fill_inbox", "swallow", "reflect", "leave")  # type: ignore[valid-type]

    def say(self) -> str:
        """How."""
        return f"hostile code in comms: {self.how.replace('_', ' ')}"

    def act(self, stage: Any) -> None:
        """From now on."""
        getattr(stage.acting(self.power), self.how)()


@action
class BlockTurns(Action):
    """Code in comms' place stays in one long call, so that the pump takes no turn, or until the watchdog bites."""

    verb = "block_turns"
    position = "comms-partition"
    for_: Milliseconds = Field(alias="for")

    def say(self) -> str:
        """How long."""
        return f"hostile code in comms: one call of {self.for_ / 1000:g} s"

    def act(self, stage: Any) -> None:
        """Now."""
        stage.acting(self.power).block(self.for_)

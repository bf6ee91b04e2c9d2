"""Wrong partitions, each of which the claim comms-deaf must reject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.app import App
from firmware.therapy.dosing import Dosing
from firmware.therapy.tables import EV_COMPROMISED
from firmware.trust.ring import Ring
from firmware.trust.supervisor import Supervisor


@dataclass(frozen=True)
class Mutant:
    """A wrong App, and where to look for it: part is cpython, micropython or block."""

    part: str
    make_app: Callable[..., Any] = App
    programme: str = "heparin-continuous"  # policy stop: what reaches it is seen
    kinds: tuple[str, ...] = ()
    on_device: str = ""


class TurnPolls(App):
    """The turn waits for comms before it writes the drive."""

    def turn(self) -> None:
        self.supervisor.poll()
        super().turn()

    def background(self) -> None:
        """Nothing is left to do."""


class LetsOut(Supervisor):
    """A supervisor without try."""

    __slots__ = ()

    def _poll_guarded(self, now_ms: int) -> bool:
        if self._comms is None:
            self._comms = self._make(self._link, self._inbox, self._facts, self._leave)
        self._comms.poll()
        return True


class RestartsAtOnce(Supervisor):
    """No delay, no cap."""

    __slots__ = ()

    def _fall(self, now_ms: int) -> None:
        self._comms = None
        self.falls += 1
        self._due_ms = now_ms


def _supervised(kind: type[Supervisor]) -> Callable[..., App]:
    def make(*arguments: Any, **named: Any) -> App:
        app = App(*arguments, **named)
        app.supervisor.__class__ = kind
        return app

    return make


class Endless(Ring):
    """A mailbox that grows."""

    __slots__ = ()

    def put(self, data: Any, count: int) -> int:
        while self.room() < count:
            waits = self.waiting()
            into = bytearray(waits)
            self.take(into)
            self._size *= 2
            self._bytes = bytearray(self._size)
            self._first = self._next = 0
            super().put(into, waits)
        return super().put(data, count)


def endless(*arguments: Any, **named: Any) -> App:
    app = App(*arguments, **named)
    app.inbox.__class__ = Endless
    return app


class StumblesToIsolation(App):
    """A gatekeeper that stumbles over a message counts as evidence against the security layer."""

    def _look_at_comms(self) -> None:
        try:
            self.gatekeeper.step(self.inbox, self.facts, self.readings, self._post)
        except Exception:
            self._post(EV_COMPROMISED)


class ShortLease(Dosing):
    """A lease of one second."""

    __slots__ = ()

    def drive(self, drive: Any, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, rate_ul_h, lease // 3, count)


def short_lease(*arguments: Any, **named: Any) -> App:
    named["dosing"] = ShortLease()
    return App(*arguments, **named)


class AlwaysLeave(App):
    """Comms may block whenever it likes."""

    def _look_at_comms(self) -> None:
        super()._look_at_comms()
        self.leave.ms = 10_000


MUTANTS: dict[str, Mutant] = {
    "the turn waits for comms": Mutant("cpython", TurnPolls, kinds=("hangs later",)),
    "a supervisor without try": Mutant("cpython", _supervised(LetsOut), kinds=("raises",)),
    "restarts without a cap": Mutant("cpython", _supervised(RestartsAtOnce), kinds=("raises",)),
    "an inbox without end": Mutant("cpython", endless, kinds=("floods with garbage",)),
    "a stumble isolates": Mutant("cpython", StumblesToIsolation, kinds=("wrecks its mailboxes",)),
    "turns ask for no stack": Mutant("micropython", kinds=("deep",), on_device="asks for no stack"),
    "a mailbox tells before it holds": Mutant("micropython", kinds=("counts",), on_device="tells first"),
    "a lease of one second": Mutant("block", short_lease),
    "leave at any rate": Mutant("block", AlwaysLeave),
}


def factory(name: str) -> Callable[[], Mutant]:
    """What a claim registers under `name`."""
    return lambda: MUTANTS[name]

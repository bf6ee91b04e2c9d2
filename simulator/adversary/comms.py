"""Hostile code in the communication partition: at the mailboxes, with no key and no way to therapy. Home cpython."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.adversary.base import ACCESS, STRIKE, Adversary, PowerLacking
from simulator.devices.parts import PartitionHangs
from simulator.trust_client import framed


class _Hostile:
    """Comms whose every poll does what the adversary likes."""

    def __init__(self, act: Callable[[Any, Any], None], inbox: Any, facts: Any) -> None:
        self._act = act
        self._inbox = inbox
        self._facts = facts

    def poll(self) -> None:
        """One poll."""
        self._act(self._inbox, self._facts)


class CommsPartition(Adversary):
    """Code that runs in comms' place."""

    position = "comms-partition"
    says = "runs in the place of comms: whatever bytes into the mailbox, facts out of it, and never comes back"
    between = ("code in comms",)

    def hang(self) -> None:
        """Never come back."""

        def act(inbox: Any, facts: Any) -> None:
            raise PartitionHangs

        self._run(act)

    def block(self, for_ms: int) -> None:
        """Stay in one long call, so that no turn comes for so long, or until the watchdog bites."""
        self._reach(ACCESS)
        self._reach("code in comms")
        self._reach(STRIKE)
        self._stage.world.hang(for_ms)

    def crash(self) -> None:
        """Fall at each poll, again and again as it is made anew."""

        def act(inbox: Any, facts: Any) -> None:
            raise ValueError("hostile")

        self._run(act)

    def fill_inbox(self) -> None:
        """Fill the mailbox with random bytes at each poll."""
        random = self._stage.random

        def act(inbox: Any, facts: Any) -> None:
            data = random.randbytes(inbox.room())
            inbox.put(data, len(data))

        self._run(act)

    def swallow(self) -> None:
        """Take every fact and let none out."""
        into = bytearray(256)

        def act(inbox: Any, facts: Any) -> None:
            facts.take(into)

        self._run(act)

    def put(self, message: bytes) -> None:
        """Put one message into the mailbox, as if it had come from the network; go on carrying nothing else."""
        data = framed(message)

        def act(inbox: Any, facts: Any) -> None:
            nonlocal data
            taken = inbox.put(data, len(data))
            data = data[taken:]

        self._run(act)

    def reflect(self) -> None:
        """Put the pump's own facts into its mailbox, as requests."""
        into = bytearray(64)

        def act(inbox: Any, facts: Any) -> None:
            if inbox.room() >= len(into):
                inbox.put(into, facts.take(into))

        self._run(act)

    def leave(self) -> None:
        """Let the honest comms run again once the supervisor makes it anew."""
        supervisor = self._app().supervisor
        supervisor._make = self._honest
        supervisor.drop()

    def _run(self, act: Callable[[Any, Any], None]) -> None:
        supervisor = self._app().supervisor
        if not hasattr(self, "_honest"):
            self._honest = supervisor._make
        self._reach(ACCESS)
        self._reach("code in comms")
        supervisor._make = lambda link, inbox, facts, leave: _Hostile(act, inbox, facts)
        supervisor._comms = _Hostile(act, supervisor._inbox, supervisor._facts)
        self._reach(STRIKE)

    def _app(self) -> Any:
        app = getattr(self._stage.world.home, "app", None)
        if app is None:
            raise PowerLacking("comms-partition reaches into the firmware in home cpython only")
        return app

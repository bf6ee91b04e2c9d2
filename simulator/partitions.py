"""Misbehaving comms in home cpython: what one thread of Python cannot do is played here.

On a device the turn comes from a timer and goes on while the main loop hangs. Here the main
loop has a thread of its own, hand in hand with the turns, so that a poll that never returns
really never returns: the supervisor sees what it would see there. A call that blocks lets
virtual time pass with no tick.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from firmware.app import App
from simulator.standins.comms import MISBEHAVIOURS, Carries, Mute, maker
from simulator.standins.gatekeeper import ScriptedGatekeeper

KINDS: dict[str, type[Mute]] = {"mute": Mute, "carries": Carries, **dict(MISBEHAVIOURS)}
_MEMORY = 64  # pieces of 64 KiB that home cpython plays a full heap with


class MainLoop:
    """Calls `work` once each `run`, in a thread, until it hangs; then `run` returns at once."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._over = False
        self._error: BaseException | None = None
        self.hung = False
        self.turn_hung = False
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Let the main loop go round once. What it raises is raised here."""
        if self.hung:
            return
        self._go.release()
        self._back.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def hang(self) -> None:
        """Never come back, as long as the pump runs."""
        if threading.current_thread() is not self._thread:
            self.turn_hung = True  # whoever called from the turn would have stopped the pump
            raise RuntimeError("the turn hangs")
        self.hung = True
        self._back.release()
        self._go.acquire()
        raise SystemExit

    def end(self) -> None:
        """The pump is switched off."""
        self._over = True
        self._go.release()
        self._thread.join(10)

    def _loop(self) -> None:
        while True:
            self._go.acquire()
            if self._over:
                return
            try:
                self._work()
            except BaseException as error:
                self._error = error
            if self._over:
                return
            self._back.release()


class Means:
    """What comms stand-ins ask of their interpreter, on this one."""

    def __init__(self, board: Any) -> None:
        self._board = board
        self.loop: MainLoop | None = None
        self.blocked: list[int] = []  # when a call began to block, ms

    def hang(self) -> None:
        """A poll that never returns."""
        if self.loop is None:
            raise RuntimeError("this comms has no thread to hang in")
        self.loop.hang()

    def block(self, ms: int) -> None:
        """Time passes, and no tick comes."""
        self.blocked.append(self._board.clock.ms)
        self._board.clock.advance(ms)

    def fill(self, held: list[Any]) -> None:
        """A heap that is full."""
        while len(held) < _MEMORY:
            held.append(bytearray(65_536))
        raise MemoryError


class Partitioned:
    """The firmware with a kind of comms, as a home runs it."""

    def __init__(
        self,
        board: Any,
        kind: type[Mute] = Mute,
        make_app: Callable[..., Any] = App,
        means: Means | None = None,
    ) -> None:
        """`make_app` takes App's arguments: a mutant of it, or App."""
        self.means = Means(board) if means is None else means
        self.app = make_app(board, ScriptedGatekeeper(), make_comms=maker(kind, self.means))
        self.drive = self.app.drive
        self.controller = self.app.controller
        self._background = self.app.background
        if "Hangs" in kind.__name__:
            self.means.loop = MainLoop(self.app.background)
            self._background = self.means.loop.run

    def step(self) -> None:
        """A turn, and the main loop's share of the time after it."""
        self.app.turn()
        self._background()

    def end(self) -> None:
        """Switch off."""
        if self.means.loop is not None:
            self.means.loop.end()

"""Controls that keep communication from taking the dose's time, or its turn."""

from __future__ import annotations

from firmware.app import App
from simulator.attack.controls.base import Control, Standin
from simulator.devices.parts import SimLink, SimWatchdog

_TICK_MS = 100
# What a request costs a Pico: a key derived and a MAC checked, measured on an emulated RP2040 (docs/bench.md).
_REQUEST_MS = 6
_MOST = 5_000
# More than this left over by a poll, the longest request, and something floods: what is left of less comes in some
# turns.
_WAITS = 1024


class _OneLoop(App):
    """Communication is a part of the one loop: where it hangs or falls, so does everything."""

    fallen = False

    def turn(self) -> None:
        if self.fallen or self.supervisor.inside or self.supervisor.falls:
            self.fallen = True
            return
        super().turn()


class _SpyLoop(App):
    spied: set[str]

    def turn(self) -> None:
        if self.supervisor.inside or self.supervisor.falls:
            self.spied.add("partition")
        super().turn()


class _WorksItAllOff(App):
    """Whatever waits is worked off in the turn in which it came; what that takes, turns wait for."""

    busy_ms = 0

    def turn(self) -> None:
        if self.busy_ms >= _TICK_MS:
            self.busy_ms -= _TICK_MS
            return
        super().turn()
        counts = getattr(getattr(self.gatekeeper, "tally", None), "counts", ())
        before = sum(counts)
        for _ in range(_MOST):
            if not self.board.link._in and not self.inbox.waiting():
                break
            self.supervisor.poll()
            self.gatekeeper.step(self.inbox, self.facts, self.readings, self._post)
        self.busy_ms += max(0, sum(counts) - before) * _REQUEST_MS


class _SpyWork(App):
    spied: set[str]

    def background(self) -> None:
        super().background()
        if len(self.board.link._in) > _WAITS:
            self.spied.add("rate-limit")


class _LongQueue(SimLink):
    """Its queue has no end."""

    def deliver(self, data: bytes) -> None:
        if self._plant.link_up:
            self._in += data


class _NeverBites(SimWatchdog):
    """Never bites."""

    def bites(self) -> bool:
        return False


class _SpyBites(SimWatchdog):
    spied: set[str]

    def bites(self) -> bool:
        bites = super().bites()
        if bites:
            self.spied.add("watchdog")
        return bites


CONTROLS = (
    Control(
        "partition", "runtime", "Communication runs apart from therapy's turn: it may hang, fall or flood, and the "
        "turn goes on.", "There is one loop: where communication hangs or falls, so does the pump.",
        "firmware/trust/supervisor.py",
        (Standin("app", _OneLoop, _SpyLoop),),
    ),
    Control(
        "rate-limit", "runtime", "A turn takes in so many bytes and judges one message, whatever waits; mailboxes are "
        "bounded.", "Whatever has come is worked off before the next turn.", "firmware/trust/gatekeeper.py",
        (Standin("app", _WorksItAllOff, _SpyWork), Standin("link", _LongQueue, None)),
    ),
    Control(
        "watchdog", "runtime", "A pump whose turns stop is reset, and goes on from its journal.",
        "It stands until somebody comes.", "firmware/app.py", (Standin("watchdog", _NeverBites, _SpyBites),),
    ),
)  # fmt: skip

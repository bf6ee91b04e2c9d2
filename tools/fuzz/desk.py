"""A provisioned pump's gatekeeper as it stands between two messages, again and again: what a fuzzer sends to.

The gatekeeper is the shipped one, with therapy's real door behind it. Only the tick is left out: what is posted to
therapy is looked at here, and a hostile episode makes the pump suspicious as the table says.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from firmware.therapy import tables as t
from firmware.trust.facts import Facts
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.ring import Ring
from firmware.trust.seconds import Seconds
from hal import ports
from simulator.asked import AskedPump
from tools.claims import forgery_scene as scene
from tools.claims.setups import open_library

TURN_MS = 100
MAILBOX = 1280
_FAST_UL_H = 600_001  # a rate above which no erase is allowed

Make = Callable[[Any, Any], Any]


class Said(Facts):
    """Keeps a list of what the pump wanted to say, whether there was room for it or not."""

    __slots__ = ("said",)

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, dict[int, Any]]] = []

    def add(self, kind: int, body: dict[int, Any]) -> None:
        self.said.append((kind, body))
        super().add(kind, body)


class Zeros:
    """Entropy that is the same each time."""

    def fill(self, into: bytearray) -> int:
        into[:] = bytes(len(into))
        return ports.OK


class _Kept:
    """A gatekeeper, to be had anew as it is now; what it only points at is not copied."""

    def __init__(self, gate: Any, shared: list[Any]) -> None:
        self._shared = [one for one in shared if one is not None]
        places = {id(one): place for place, one in enumerate(self._shared)}
        file = io.BytesIO()
        pickler = pickle.Pickler(file, protocol=5)
        pickler.persistent_id = lambda one: places.get(id(one))  # type: ignore[method-assign,assignment]
        pickler.dump(gate)
        self._data = file.getvalue()

    def anew(self) -> Any:
        """One more of it."""
        unpickler = pickle.Unpickler(io.BytesIO(self._data))
        unpickler.persistent_load = self._shared.__getitem__  # type: ignore[method-assign,assignment]
        return unpickler.load()


class Desk:
    """One pump in one state of delivery. `begin` puts everything back; `gate` is who judges, `said` what it says."""

    def __init__(self, infuses: bool, make: Make = Gatekeeper) -> None:
        def made(board: Any, audit: Any = None) -> Any:
            gate = make(board, audit)
            gate.facts = Said()
            return gate

        if infuses:
            self.pump = scene.infusing(made, lambda store: None)
        else:
            library = open_library(upper_soft=scene.SOFT_MILLI)
            self.pump = AskedPump(scene.credentials(), library, make_gatekeeper=made)
        pump, board = self.pump, self.pump.board
        pump.run(TURN_MS * ((-board.clock.ms) % 1000 // TURN_MS))
        board.entropy = Zeros()  # type: ignore[assignment]
        self.remote: Any = pump.app.remote
        self._keys = {place: bytes(area) for place, area in board.store._areas.items() if place >= ports.AREA_KEYS_A}
        gate = pump.gatekeeper
        self.said: list[Any] = gate.facts.said
        self.said.clear()
        gate.session.counters.clear()
        self._fill(gate)
        shared = [
            board, board.clock, board.store, board.counter, board.entropy, self.remote, self.remote.status,
            self.remote.log,
        ]  # fmt: skip
        self._kept = _Kept(gate, shared)
        self._ms = board.clock.ms
        self.begin(t.TR_NORMAL)

    def _fill(self, gate: Any) -> None:
        """Let the gatekeeper make a fact that finds no room, so that it need not make one with each input."""
        full = Ring(1)
        while not gate._out:
            self.pump.board.clock.ms += 1000
            gate.step(self.pump.app.inbox, full, self.pump.app.readings, _nothing)
        self.said.clear()

    def begin(
        self, trust: int, told: bool = True, fast: bool = False, store_fails: bool = False, sends: bool = True
    ) -> None:
        """As it was, in a trust state.

        `told`: the site's time; `fast`: nothing may be erased now; `sends`: comms takes what the pump says.
        """
        board, remote, controller = self.pump.board, self.remote, self.pump.controller
        if board.store.writes:
            for place, area in self._keys.items():
                board.store._areas[place][:] = area
            board.store.writes = 0
        board.store.rc = ports.ERR_FAILED if store_fails else ports.OK
        board.clock.ms = self._ms
        remote.forget()
        remote.log.stop()
        remote.status.rate_ul_h = _FAST_UL_H if fast else 0
        controller.mailbox.asked = 0
        controller.trust.state = trust
        self.inbox, self.facts = Ring(MAILBOX), Ring(MAILBOX if sends else 1)
        self.gate: Any = self._kept.anew()
        self.said = self.gate.facts.said
        if not told:
            self.gate.seconds._known_s = -1
        self.turns = 0
        self.compromised = False

    @property
    def trust(self) -> int:
        """The trust state."""
        return int(self.pump.controller.trust.state)

    @property
    def seconds(self) -> Seconds:
        """The pump's idea of time."""
        seconds: Seconds = self.gate.seconds
        return seconds

    def wait(self, ms: int) -> None:
        """Let time pass, in one piece, and turn."""
        self.pump.board.clock.ms += ms - TURN_MS
        self.turn()

    def turn(self) -> None:
        """One of the gatekeeper's; whatever it says is taken away."""
        self.pump.board.clock.ms += TURN_MS
        self.turns += 1
        self.gate.step(self.inbox, self.facts, self.pump.app.readings, self._post)
        waiting = self.facts.waiting()
        if waiting:
            self.facts.take(bytearray(waiting))

    def _post(self, event: int) -> None:
        trust = self.pump.controller.trust
        if event == t.EV_HOSTILE and trust.state in (t.TR_NORMAL, t.TR_OFFLINE):
            trust.state = t.TR_SUSPECT
        elif event == t.EV_COMPROMISED:
            self.compromised = True

    def put(self, data: bytes) -> None:
        """Comms brings bytes, as the mailbox has room."""
        while data:
            data = data[self.inbox.put(data, len(data)) :]
            if data:
                self.turn()

    @property
    def is_busy(self) -> bool:
        """Whether something that came is still to be looked at."""
        reader = self.gate._reader
        return bool(self.inbox.waiting() or reader._chunk_place != reader._chunk_end)


def _nothing(*_: Any) -> None:
    """Not noted."""

"""A scripted nurse at a ward's bedside: sees what the pump shows, logs in, checks, confirms, starts, answers a ring.

A `transitions` machine that presses keys and reads the display, as a person does: it knows nothing of the network.
"""

from __future__ import annotations

from typing import Any

from transitions import Machine

from firmware.therapy import alarms as al
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from hal import ports
from simulator.trust_client import login_keys
from simulator.world import World

CONFIRMS = "confirms"  # whatever was prepared or asked for, once it has been seen
ABSENT = "absent"  # nobody is there
HABITS = (CONFIRMS, ABSENT)

SEEN_MS = 2_000  # from seeing something new to the first key
_STEP_MS = 500  # between two keys
_PATIENCE_MS = 20_000  # with one errand
_PAUSE_ASKED = 1 << (al.AL_PAUSE_ASKED - al.TRUST_BASE)
_STOP_ASKED = 1 << (al.AL_STOP_ASKED - al.TRUST_BASE)

_STATES = ("watching", "logging_in", "programming", "titrating", "starting")
_MOVES = (
    ("called", "watching", "logging_in"),
    ("to_programme", "logging_in", "programming"),
    ("to_titrate", "logging_in", "titrating"),
    ("to_start", "programming", "starting"),
    ("done", _STATES[1:], "watching"),
)


class Nurse:
    """Stands at one pump. `did` is what was done, newest last: (ms, words). `state` is the machine's."""

    state: str

    def __init__(self, world: World, number: int, pin: str, habit: str = CONFIRMS) -> None:
        """`number`, `pin`: as the pump's record knows them; ValueError for a habit that there is not."""
        if habit not in HABITS:
            raise ValueError(f"there is no habit {habit!r}; choose one of {', '.join(HABITS)}")
        self.habit = habit
        self.did: list[tuple[int, str]] = []
        self._world = world
        self._number = number
        self._login = login_keys(number, pin)
        self._since_ms = 0
        self._next_ms = 0
        self._seen: Any = None
        moves = [{"trigger": name, "source": source, "dest": to} for name, source, to in _MOVES]
        Machine(self, list(_STATES), transitions=moves, initial="watching", auto_transitions=False)

    def look(self) -> None:
        """Do what there is to do at this tick."""
        if self.habit == ABSENT:
            return
        now_ms = self._world.clock.ms
        if self.state != "watching" and now_ms - self._since_ms > _PATIENCE_MS:
            self._note("gives up for now")
            if self._world.status.delivery == t.ST_PROGRAMMING:
                self._press(ports.KEY_CANCEL)
            self._end()
        if now_ms >= self._next_ms:
            getattr(self, "_" + self.state)()

    def _watching(self) -> None:
        self._answer_rings()
        wanted = self._wanted()
        if wanted is None or wanted != self._seen:
            self._seen = wanted
            self._next_ms = self._world.clock.ms + (SEEN_MS if wanted else _STEP_MS)
            return
        self._since_ms = self._world.clock.ms
        self.called()  # type: ignore[attr-defined]
        if self._world.status.operator != self._number:
            for key, value in self._login:
                self._press(key, value)

    def _wanted(self) -> tuple[str, int] | None:
        """What waits for a confirm: ("prescription", 0), ("rate", thousandths), or nothing that this nurse may take."""
        status = self._world.status
        if status.message == msg.SECOND:
            return None
        if status.offered_milli >= 0:
            return ("rate", status.offered_milli)
        return ("prescription", 0) if status.message == msg.PREPARED else None

    def _answer_rings(self) -> None:
        asked = self._world.status.trust_alarms & (_PAUSE_ASKED | _STOP_ASKED)
        if not asked:
            return
        stop = asked & _STOP_ASKED
        self._note("is asked for a stop, stops" if stop else "is asked for a pause, pauses")
        self._press(ports.KEY_STOP if stop else ports.KEY_PAUSE)
        self._press(ports.KEY_ACKNOWLEDGE)
        self._next_ms = self._world.clock.ms + _STEP_MS

    def _logging_in(self) -> None:
        status = self._world.status
        if status.operator != self._number:
            return
        if self._seen and self._seen[0] == "rate":
            self.to_titrate()  # type: ignore[attr-defined]
        else:
            self._press(ports.KEY_PROGRAMME)
            self._press(ports.KEY_CONFIRM)
            self.to_programme()  # type: ignore[attr-defined]
        self._wait()

    def _programming(self) -> None:
        message = self._world.status.message
        if message == msg.CONFIRM_SOFT:
            self._press(ports.KEY_CONFIRM)
        elif message == msg.READY:
            self._note("has checked the prescription, confirms and starts")
            self._press(ports.KEY_START)
            self.to_start()  # type: ignore[attr-defined]
        else:
            self._note(f"cannot confirm: message {message}")
            self._press(ports.KEY_CANCEL)
            self._end()
        self._wait()

    def _starting(self) -> None:
        if self._world.status.delivery == t.ST_INFUSING:
            self._end()

    def _titrating(self) -> None:
        status = self._world.status
        if status.offered_milli < 0 or (self._seen and status.offered_milli != self._seen[1]):
            self._end()
            return
        self._note(f"confirms {status.offered_milli / 1000:g}")
        self._press(ports.KEY_CONFIRM)
        self._wait()

    def _press(self, key: int, value: int = 0) -> None:
        self._world.press(key, value)

    def _wait(self) -> None:
        self._next_ms = self._world.clock.ms + _STEP_MS

    def _end(self) -> None:
        self._seen = None
        self.done()  # type: ignore[attr-defined]

    def _note(self, what: str) -> None:
        self.did.append((self._world.clock.ms, what))

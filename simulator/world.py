"""One pump in its world: joins a firmware in a home to a board, a plant, people and a network.

Virtual time only. The same programme, seed and home give the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from firmware.therapy import tables as t
from firmware.trust.credentials import Record
from firmware.trust.scratch import COMMS_POLLED, MAGIC
from hal import ports
from simulator.clock import NEAR_WRAP_MS, VirtualClock
from simulator.devices.board import SimBoard
from simulator.devices.cards import SignCard, find_card
from simulator.devices.parts import PartitionHangs
from simulator.faults.injector import Injector
from simulator.files.faults import fault_events
from simulator.files.library import compile_library
from simulator.files.programme import Programme
from simulator.files.timeline import KEYS, Event
from simulator.homes import Dark, Home, HomeError, LinkLost, open_home
from simulator.plant import Plant, PlantConfig
from simulator.power import WATCHDOG, PowerLost
from simulator.standins.gatekeeper import SCRIPTED
from simulator.trace import Trace
from simulator.trust_client import login_keys, sealed, stored

TICK_MS = 100
# The person begins once the self-test is over.
BOOT_MS = 1500
# From power, or the watchdog's bite, to the first turn: the interpreter starts and imports. Assumed.
START_MS = 400
# No lease is longer than 3 s; a tick, and one for what is under way.
LONGEST_LEASE_MS = 3_200
_TRUST_EVENTS = {
    "authentic": t.EV_AUTHENTIC,
    "compromised": t.EV_COMPROMISED,
    "recovery_on": t.EV_RECOVERY_ON,
    "recovered": t.EV_RECOVERED,
}
_ARGUMENT = {"air": "ul", "reservoir": "ul", "temperature": "dc"}


_KEY_WORDS = {value: name.replace("_", " ") for name, value in KEYS.items()}


def words_of(event: Event) -> str:
    """What is told of an event that has no note."""
    if event.verb == "press":
        return f"a person presses {_KEY_WORDS[event.value]}"
    return event.verb.replace("_", " ")


class World:
    """A pump, the patient's line and what happens to them, one tick at a time."""

    def __init__(
        self,
        programme: Programme,
        *,
        seed: int = 0,
        home: str | Home = "cpython",
        near_wrap: bool = False,
        keep_trace: bool = False,
        make_app: Callable[..., Any] | None = None,
        journal_bytes: int | None = None,
        credentials: Record | None = None,
        person: tuple[int, str] | int | None = None,
        cards: Mapping[int, SignCard] | None = None,
        attended: bool = True,
    ) -> None:
        """Boot a pump in `home`, a name of HOMES or a home.

        `make_app(board)` builds another firmware in home cpython, for mutants. journal_bytes: of
        each of its two journal areas, 64 KiB where None. credentials: the pump is provisioned with
        them, and its gatekeeper judges by them; without, a stand-in believes scripted bytes.
        cards: those that people of it carry, by number. person: number and PIN of whoever logs in and
        programmes such a pump; or a number alone, whose card is laid on the reader. attended: a
        person carries the programme out; otherwise the pump waits for keys that are pressed.
        """
        self.programme = programme
        self.seed = seed
        self.clock = VirtualClock(NEAR_WRAP_MS if near_wrap else 0)
        config = PlantConfig(head=programme.head, syringe=programme.syringe, reservoir_ul=programme.reservoir_ul)
        self.plant = Plant(config, seed)
        self.board = SimBoard(self.clock, self.plant, seed, journal_bytes)
        library = self.library = compile_library(programme.library)  # as it was when the pump came
        self.board.store.load(ports.AREA_LIBRARY, library if credentials is None else sealed(credentials, library))
        self.credentials = credentials
        if credentials is not None:
            for area in (ports.AREA_KEYS_A, ports.AREA_KEYS_B):
                self.board.store.load(area, stored(credentials))
        self.trace = Trace(keep=keep_trace)
        self._home = home  # its name, or one made already
        self._make_app = make_app
        self._boot_at_ms = -1  # while the pump is dark: when it boots
        self.home: Home = open_home(home, self.board, make_app, credentials is not None)
        self.faults = Injector(self)
        strikes = fault_events(programme.faults, programme.duration_ms, seed)
        try:
            self.faults.check_all(strikes)
        except HomeError:
            self.home.close()
            raise
        self._events = sorted([*programme.events, *strikes], key=lambda event: event.at_ms)
        self._next = 0
        self._keys: list[tuple[int, int]] = []
        self._programmed = not attended
        self.cards = dict(cards or {})
        self._card_of = person if isinstance(person, int) else 0  # whose card is laid down before the first key
        self._login = [] if person is None else login_keys(*(person if isinstance(person, tuple) else (person, None)))
        if self._card_of:
            find_card(self.cards, self._card_of)
        self._ready_at_ms = BOOT_MS  # when a person goes on
        self._hung_until_ms = -1
        self._started = False
        self._primed_ul = 0.0  # has left the line before it was connected to the patient
        self.link_lost_ms = -1  # when a far end's link was given up
        self.happened: list[tuple[float, str]] = []  # disturbances, as they were carried out

    def close(self) -> None:
        """End the home."""
        self.home.close()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> ports.Status:
        """What the pump shows."""
        return self.home.status

    @property
    def drive(self) -> ports.Drive:
        """What the pump asks of its motor."""
        return self.home.drive

    def press(self, key: int, value: int = 0) -> None:
        """A person presses a key; one reaches the pump each tick. But for Stop, a person waits for the self-test."""
        self._keys.append((key, value))

    def programme_anew(self) -> None:
        """The person at the pump enters the programme once more and starts it."""
        self._keys += self.programme.keys()

    def lay_card(self, number: int) -> None:
        """Lay a person's card on the reader, in place of any other; 0 takes away what lies there.

        ValueError where nobody has such a card, or the board no reader.
        """
        card = find_card(self.cards, number) if number else None
        if self.board.identity is None:
            raise ValueError("this board has no reader of cards")
        self.board.identity.lay(card)
        what = f"person {number} lays a card on the reader" if number else "the card is taken away"
        self.happened.append((self.clock.ms / 1000, what))

    def delivered_ul(self) -> float:
        """Volume that has reached the patient by now: what flowed since the first start."""
        return self.plant.delivered_ul(self.clock.ms) - self._primed_ul

    def tick(self) -> None:
        """Go to the next tenth of a second: 100 ms on, or less where an erase has taken time."""
        ms = self._pass_time()
        if self.board.watchdog.bites():
            self.watchdog_reset()
        if not self.is_dark:
            self._turn(ms)
        elif ms >= self._boot_at_ms:
            self._boot()
        self.trace.observe(ms, self.home.drive, self.home.status)

    def _pass_time(self) -> int:
        """On to the next tick, with what happens by then; returns the time."""
        clock = self.clock
        clock.advance(TICK_MS - clock.ms % TICK_MS)
        ms = clock.ms
        while self._next < len(self._events) and self._events[self._next].at_ms <= ms:
            self._carry_out(self._events[self._next], ms)
            self._next += 1
            ms = clock.ms  # a stall takes time
        return ms

    def _turn(self, ms: int) -> None:
        """What a person does, then the firmware."""
        if not self._programmed and ms >= BOOT_MS:
            self._programmed = True
            self._keys += self._login + self.programme.keys()
            if self._card_of:
                self.lay_card(self._card_of)
        if self._keys and not self._is_logging_in() and (ms >= self._ready_at_ms or self._keys[0][0] == ports.KEY_STOP):
            key, value = self._keys.pop(0)
            if key:
                self.board.press(key, value)
            if key == ports.KEY_START and self.status.delivery == t.ST_PROGRAMMING and not self._started:
                self._started = True
                self._primed_ul = self.plant.delivered_ul(ms)
        if ms < self._hung_until_ms:
            return
        try:
            self.home.step()
        except PowerLost as lost:
            self._cut_off(lost)
        except PartitionHangs:
            self.home.hang()  # type: ignore[attr-defined]
        except LinkLost as lost:
            self._run_out(lost)

    def _run_out(self, lost: LinkLost) -> NoReturn:
        """No turn comes any more: time goes on until the motor stands at its lease's end. LinkLost tells of it."""
        self.link_lost_ms = lost_ms = self.clock.ms
        generator = self.plant.generator
        moved_ul = self.delivered_ul()
        was_running = generator.running(lost_ms)
        while generator.running(self.clock.ms) and self.clock.ms - lost_ms < LONGEST_LEASE_MS:
            self._pass_time()
        moved_ul = self.delivered_ul() - moved_ul
        if generator.running(self.clock.ms):
            end = f"THE MOTOR STILL RUNS after {LONGEST_LEASE_MS / 1000:g} s"
        elif was_running:
            end = f"the motor ran on for {(self.clock.ms - lost_ms) / 1000:.1f} s, to its lease's end, and stopped"
        else:
            end = "the motor stood"
        at = f"The link was lost {lost_ms / 1000:.1f} s into the run"
        raise LinkLost(f"{lost}. {at}: {end}; {moved_ul / 1000:.3f} mL more flowed")

    def _is_logging_in(self) -> bool:
        """Whether a person who has entered number and PIN waits for the pump to check them. Nobody waits with Stop."""
        entered = bool(self._login) and self._keys[0] not in self._login and self._keys[0][0] != ports.KEY_STOP
        if entered and self.status.operator:
            self._login = []
        return bool(self._login) and entered

    def run(self, until_ms: int, each_second: Callable[[World], None] | None = None) -> None:
        """Tick until `until_ms` of virtual time; `each_second` sees every full second."""
        tick = self.tick
        clock = self.clock
        while clock.ms < until_ms:
            tick()
            if each_second is not None and clock.ms % 1000 == 0:
                each_second(self)

    # Power and resets.

    @property
    def is_dark(self) -> bool:
        """Whether no firmware runs: without power, or not yet booted again."""
        return self._boot_at_ms >= 0

    def power_cut(self, off_ms: int) -> None:
        """Take all power away; it comes back after `off_ms`, and a new firmware boots on what the store holds."""
        self.happened.append((self.clock.ms / 1000, f"power is lost for {off_ms / 1000:g} s"))
        self.board.lose_power()
        self._go_dark(off_ms)

    def watchdog_reset(self, comms: bool = False) -> None:
        """Reset the chip and keep the scratch word; `comms`: as if it had hung while comms was polled."""
        self.happened.append((self.clock.ms / 1000, "the watchdog resets the pump"))
        self.board.reset()
        if comms:
            self.board.scratch.write(self.board.scratch.read() | MAGIC | COMMS_POLLED)
        self._go_dark(0)

    def hang(self, for_ms: int) -> None:
        """The firmware takes no turn for `for_ms`, or until a reset: the lease ends, and the watchdog bites."""
        self.happened.append((self.clock.ms / 1000, f"the firmware hangs for {for_ms / 1000:g} s"))
        self._hung_until_ms = self.clock.ms + for_ms

    def _go_dark(self, off_ms: int) -> None:
        self.home.close()
        self.home = Dark()
        self._hung_until_ms = -1
        self._boot_at_ms = max(self._boot_at_ms, self.clock.ms + off_ms + START_MS)

    def _boot(self) -> None:
        self.clock.restart()
        try:
            self.home = open_home(self._home, self.board, self._make_app, self.credentials is not None)
        except PowerLost as lost:
            self._cut_off(lost)
            return
        self._boot_at_ms = -1
        self._ready_at_ms = self.clock.ms + BOOT_MS
        self.faults.after_reset()

    def _cut_off(self, lost: PowerLost) -> None:
        if lost.cut.off_ms == WATCHDOG:
            self.watchdog_reset()
        else:
            self.power_cut(lost.cut.off_ms)

    def disturb(self, verb: str, value: int = 0) -> None:
        """Carry out a plant or network verb of the timeline now."""
        self._carry_out(Event(self.clock.ms, verb, value), self.clock.ms)

    def inject(self, name: str, **parameters: Any) -> None:
        """Let a fault of the catalogue strike now; Refusal, a ValueError, for what does not fit."""
        self.faults.inject(name, parameters)
        self.happened.append((self.clock.ms / 1000, name.replace("_", " ")))

    def clear(self, name: str) -> None:
        """End a fault that lasts."""
        self.faults.clear(name)
        self.happened.append((self.clock.ms / 1000, f"{name.replace('_', ' ')}: over"))

    def _carry_out(self, event: Event, ms: int) -> None:
        verb = event.verb
        self.happened.append((ms / 1000, event.note or words_of(event)))
        if event.act is not None:
            event.act()
        elif event.keys:
            self._keys += event.keys
        elif event.fault:
            self.faults.carry_out(event)
        elif verb in _TRUST_EVENTS:
            self.board.link.deliver(bytes([SCRIPTED + _TRUST_EVENTS[verb]]))
        elif verb == "hostile":
            self.board.link.deliver(bytes(event.value or 1))
        elif verb in _ARGUMENT:
            self.plant.disturb(verb, ms, **{_ARGUMENT[verb]: event.value})
        else:
            self.plant.disturb(verb, ms)

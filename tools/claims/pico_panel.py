"""Evidence for the Pico's panel and bus, on models of its parts: every fault at every transfer, every bounce."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

from hal import ports
from hal.pico import pins
from hal.stubs import Chip, installed
from hal.stubs.devices.ds3231 import Ds3231
from hal.stubs.devices.pcf8574 import Keypad as Keys
from hal.stubs.devices.pcf8574 import Pcf8574
from hal.stubs.devices.ssd1306 import Ssd1306
from tools.claims.registry import Outcome, Report, claim

Weaken = Callable[[], None]

# A turn's share of the bus, of the 10 ms that a turn has.
TURN_US = 8000
_TURNS, _RECOVERY_TURNS = 4, 25
_NOON = 1_700_000_000
_EPOCH = 1_577_836_800
_FAULTS = (("nak",), ("nak", "nak"), ("hold",))
_IN_PLACE = 1 << pins.SWITCH_CLAMP | 1 << pins.SWITCH_PLUNGER | 1 << pins.SWITCH_MAINS


# The bus.


@dataclass
class _Struck:
    """What one run with a fault at one transfer showed."""

    transfers: int = 0
    raised: int = 0
    longest_us: int = 0
    wrong: list[str] = field(default_factory=list)


class _Panel:
    """Drivers and parts on one chip; `faults` strike from the `at`-th transfer on."""

    def __init__(self, chip: Chip, at: int, faults: tuple[str, ...]) -> None:
        from hal.pico.display import Display
        from hal.pico.i2c_bus import Bus
        from hal.pico.keypad import Keypad
        from hal.pico.rtc import Ds3231 as Clock
        from hal.pico.switches import Switches

        self.chip = chip
        self.found = _Struck()
        self.screen = Ssd1306()
        clock = Ds3231(chip)
        clock.set_unix(_NOON)
        devices = {
            pins.KEYPAD_ADDRESS: Keys(), pins.SWITCHES_ADDRESS: Pcf8574(lambda: _IN_PLACE),
            pins.RTC_ADDRESS: clock, pins.DISPLAY_ADDRESS: self.screen,
        }  # fmt: skip
        chip.i2c[0].update(devices)
        chip.wire(pins.STOP).set(1)
        struck = dict(zip(range(at, at + len(faults)), faults, strict=True))
        for device in devices.values():
            device.plan = lambda: self._plan(struck)
        bus = Bus()
        keypad = Keypad(bus)
        self.readers = (Switches(bus, ports.HEAD_SYRINGE), keypad, Clock(bus))
        self.display = Display(bus, keypad.entry)
        self.readings = ports.Readings()
        self.status = ports.Status()

    def _plan(self, struck: dict[int, str]) -> str | None:
        self.found.transfers += 1
        return struck.get(self.found.transfers)

    def turn(self) -> list[int]:
        """A turn, then what the main loop does until the next; the codes of what was read."""
        chip = self.chip
        before = chip.us
        codes = [self._call(reader.read, self.readings) for reader in self.readers]
        self.found.longest_us = max(self.found.longest_us, chip.us - before)
        self._call(self.display.show, self.status)
        for _ in range(6):
            self._call(self.display.idle, chip.us // 1000)
            chip.advance(8000)
        chip.advance(-chip.us % 100_000)
        return codes

    def _call(self, call: Callable[[Any], Any], argument: Any) -> Any:
        try:
            return call(argument)
        except Exception as error:
            self.found.raised += 1
            return type(error).__name__


def _strike(at: int, faults: tuple[str, ...], weaken: Weaken | None) -> _Struck:
    """Run a panel with a fault in it and see whether all comes back."""
    with installed(Chip()) as chip:
        if weaken is not None:
            weaken()
        panel = _Panel(chip, at, faults)
        for _ in range(_TURNS + _RECOVERY_TURNS):
            codes = panel.turn()
        found = panel.found
        if any(codes):
            found.wrong.append("codes")
        if not 0 <= _NOON - _EPOCH + chip.us // 1_000_000 - panel.readings.rtc_s <= 1:
            found.wrong.append("clock")
        if panel.readings.flags & (ports.RF_CLAMP_OPEN | ports.RF_PLUNGER_OFF):
            found.wrong.append("switches")
        if not panel.screen.visible() or not any("#" in row for row in panel.screen.rows()):
            found.wrong.append("display")
        return found


def _never_frees() -> None:
    from hal.pico.i2c_bus import Bus

    Bus._free = lambda self: None  # type: ignore[method-assign]


def _asks_once() -> None:
    from hal.pico.i2c_bus import Bus

    def write(self: Any, address: int, data: Any) -> int:
        self._i2c.writeto(address, data)
        return ports.OK

    Bus.write = write  # type: ignore[method-assign]


def _waits_long() -> None:
    from hal.pico import i2c_bus

    i2c_bus.TIMEOUT_US = 50_000


@claim(
    "pico-bus-survives",
    "A device on the Pico's I2C bus that refuses, refuses twice or holds the line, at any transfer: no driver raises, "
    "no turn spends more than 8 ms on the bus, and within 3 s keypad, switches, clock and display are back.",
    mutants={
        "the bus is never freed": lambda: _never_frees,
        "the bus's errors go through": lambda: _asks_once,
        "a time-out of 50 ms": lambda: _waits_long,
    },
)
def pico_bus_survives(deep: bool, subject: Weaken | None, report: Report) -> Outcome:
    """Each fault at each transfer of the first turns where `deep`, else at every eighth."""
    with installed(Chip()) as chip:
        panel = _Panel(chip, 0, ())
        for _ in range(_TURNS):
            panel.turn()
        transfers = panel.found.transfers
    cases = list(product(range(1, transfers + 1, 1 if deep else 8), _FAULTS))
    raised = longest = 0
    wrong: list[tuple[int, tuple[str, ...], list[str]]] = []
    for done, (at, faults) in enumerate(cases, 1):
        found = _strike(at, faults, subject)
        raised += found.raised
        longest = max(longest, found.longest_us)
        if found.wrong:
            wrong.append((at, faults, found.wrong))
        report(done, len(cases))
    figure = f"{len(cases)} faults, {raised} raised, {len(wrong)} stuck, longest turn {longest / 1000:.1f} ms"
    return Outcome(not raised and not wrong and longest <= TURN_US, figure, {"cases": len(cases), "wrong": wrong[:10]})


# The keypad.

_STEP_US = 5000
_BOUNCES = 4  # 5 ms each: 20 ms, the longest of a membrane key
_TURN_STEPS = 20


class _Typist:
    """A keypad in turns, and in the main loop between them."""

    def __init__(self, chip: Chip, idle: bool) -> None:
        from hal.pico.i2c_bus import Bus
        from hal.pico.keypad import Keypad

        chip.advance(-chip.us % 100_000)
        self._chip = chip
        self._keys = Keys()
        chip.i2c[0][pins.KEYPAD_ADDRESS] = self._keys
        self._keypad = Keypad(Bus())
        self._idle = idle
        self._readings = ports.Readings()
        self._step = 0
        self.events: list[int] = []
        self.wait(3 * _TURN_STEPS)

    def hold(self, places: tuple[int, ...]) -> None:
        """These keys are down."""
        self._keys.down = {divmod(place, 4) for place in places}

    def wait(self, steps: int) -> None:
        """Let steps of 5 ms pass."""
        for _ in range(steps):
            chip = self._chip
            chip.advance(_STEP_US - chip.us % _STEP_US)
            self._step += 1
            if self._step % _TURN_STEPS == 0:
                self._readings.key = ports.KEY_NONE
                self._keypad.read(self._readings)
                if self._readings.key:
                    self.events.append(self._readings.key)
            elif self._idle and self._step % 3 == 0:  # each 15 ms, so that a turn comes at every distance from it
                self._keypad.idle(chip.us // 1000 & 0x3FFFFFFF)


def _bounced(chip: Chip, case: tuple[int, tuple[bool, ...], tuple[bool, ...], bool]) -> list[int]:
    """Events of one press of Start that bounces."""
    phase, down, up, idle = case
    typist = _Typist(chip, idle)
    typist.wait(phase)
    for bounces, settled in ((down, (3,)), (up, ())):
        for closed in bounces:
            typist.hold((3,) if closed else ())
            typist.wait(1)
        typist.hold(settled)
        typist.wait(3 * _TURN_STEPS)
    return typist.events


def _chord(chip: Chip, places: tuple[int, ...]) -> list[int]:
    """Events of several keys that go down together and come up one after another."""
    typist = _Typist(chip, False)
    for count in range(len(places), -1, -1):
        typist.hold(places[:count])
        typist.wait(2 * _TURN_STEPS)
    return typist.events


def _bounces(deep: bool) -> Iterator[tuple[int, tuple[bool, ...], tuple[bool, ...], bool]]:
    patterns = list(product((False, True), repeat=_BOUNCES))
    phases = range(0, _TURN_STEPS, 1 if deep else 3)
    yield from product(phases, patterns, patterns if deep else patterns[::3], (False, True))


def _no_debounce() -> None:
    from hal.pico.matrix import NOTHING, Matrix

    scan = Matrix.scan

    def hasty(self: Any, now_ms: int) -> int:
        code: int = scan(self, now_ms)
        if self.found == NOTHING:
            self._down = NOTHING
        return code

    Matrix.scan = hasty  # type: ignore[method-assign]


def _counts_ghosts() -> None:
    from hal.pico import matrix

    matrix._single = lambda lines: (lines & -lines).bit_length() - 1


@claim(
    "pico-keys-once",
    "A key of the Pico's keypad whose contacts bounce for 20 ms as it goes down and up, at any moment of a turn, gives "
    "one event; two or three keys together give none, nor do those that are left of them.",
    mutants={"no debounce": lambda: _no_debounce, "the first of several keys counts": lambda: _counts_ghosts},
)
def pico_keys_once(deep: bool, subject: Weaken | None, report: Report) -> Outcome:
    """Every pattern of bounces and every pair of keys; where `deep` at every moment, and every three keys."""
    wrong: list[Any] = []
    bounces = list(_bounces(deep))
    chords = [*combinations(range(16), 2), *(combinations(range(16), 3) if deep else ())]
    total = len(bounces) + len(chords)
    with installed(Chip()) as chip:
        if subject is not None:
            subject()
        for done, bounce in enumerate(bounces, 1):
            if _bounced(chip, bounce) != [ports.KEY_START]:
                wrong.append(bounce)
            report(done, total)
        for done, chord in enumerate(chords, 1 + len(bounces)):
            if _chord(chip, chord):
                wrong.append(chord)
            report(done, total)
    figure = f"{len(bounces):,} bouncing presses, {len(chords)} chords, {len(wrong)} wrong"
    return Outcome(not wrong, figure, {"wrong": wrong[:10]})

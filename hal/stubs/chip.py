"""The microcontroller that the stub modules play: time, wires, and what runs beside the program.

Time is virtual, in µs, and passes only by `advance`, `sleep` or `stall`. Three kinds of things
happen in it: hardware goes on always; interrupts come at their moment; soft callbacks come
between bytecodes, so never within a C call (`stall`), and then late, each once.
"""

import heapq

from hal.stubs.flash import FlashMemory

# machine.reset_cause(). On this port a plain machine.reset() says WDT_RESET as well.
PWRON_RESET, WDT_RESET = 1, 3

_current = None


class ChipReset(BaseException):
    """The chip has been reset: no handler of the program may catch it. Boot anew with `installed(chip)`."""


def current():
    """The chip that is installed; RuntimeError without one: a stub knows no other."""
    if _current is None:
        raise RuntimeError("no chip: use this within hal.stubs.installed(Chip())")
    return _current


def make_current(chip):
    """Install `chip`, or none."""
    global _current
    _current = chip


class Wire:
    """One GPIO's wire: driven by the chip, by the world, or by a pull."""

    def __init__(self):
        self.chip_level = None  # 0 or 1 while the chip drives it
        self.world_level = None  # 0 or 1 while something outside does
        self.pull = None  # 0 or 1: where a pull resistor holds it
        self.function = None  # what has the pin: None, "in", "out", "pwm", "pio", "i2c", "spi", "uart", "adc"
        self.watchers = []  # called with the level when it changes

    def level(self):
        """0 or 1; a wire that nothing holds reads 0, as an RP2040's pad with its pull-down does."""
        for level in (self.chip_level, self.world_level, self.pull):
            if level is not None:
                return level
        return 0

    def drive(self, level):
        """The chip drives the wire, or lets go (None)."""
        self._change("chip_level", level)

    def set(self, level):
        """The world drives the wire, or lets go (None)."""
        self._change("world_level", level)

    def _change(self, name, level):
        before = self.level()
        setattr(self, name, level)
        after = self.level()
        if after != before:
            for watcher in tuple(self.watchers):
                watcher(after)


class Chip:
    """An RP2040 as far as the stubs go, and what is soldered to it.

    `analogue[channel]()` gives an ADC channel's 16-bit count; `i2c[bus][address]` and `spi[bus]` are
    devices, `uart[bus]` a pair of bytearrays (to the chip, from it); hal/stubs/machine says what each needs.
    """

    def __init__(self, us=0, hz=125_000_000):
        self.us = us  # since power-on, unbounded
        self.hz = hz  # system clock
        self.pio = None  # made by hal.stubs.rp2 at its first use
        self.flash = FlashMemory()
        self.wires = [Wire() for _ in range(30)]
        self.analogue = {}
        self.i2c = {0: {}, 1: {}}
        self.spi = {}
        self.uart = {}
        # Hardware: each is called with the µs up to which it is to run, and returns the µs to which it came.
        self.beside = []
        self.inside = []  # watchers of wires that belong to the chip: gone after a reset
        self.registers = {}  # 32-bit words that outlive a reset, by address
        self.reset_cause = PWRON_RESET
        self.watchdog = None  # hal.stubs.machine.wdt's, once started
        self._events = []
        self._order = 0
        self._soft = []  # callbacks that wait for the end of a C call
        self._stalled = 0

    def wire(self, number):
        """The wire of a GPIO; ValueError for one that the chip has not."""
        if not (isinstance(number, int) and 0 <= number < len(self.wires)):
            raise ValueError("invalid pin")
        return self.wires[number]

    def reset(self, cause):
        """Start anew: pins float, hardware and interrupts stand, words that outlive a reset stay. Raises ChipReset."""
        self._let_go()
        self.reset_cause = cause
        raise ChipReset

    def lose_power(self):
        """As a reset, and nothing in a register stays. The next `installed(chip)` is a power-on."""
        self._let_go()
        self.registers.clear()
        self.reset_cause = PWRON_RESET

    def _let_go(self):
        for wire in self.wires:
            wire.function = wire.pull = None
            wire.drive(None)
            wire.watchers = [watcher for watcher in wire.watchers if watcher not in self.inside]
        self.beside.clear()
        self.inside.clear()
        self.pio = self.watchdog = None
        self._events.clear()
        self._soft.clear()
        self._stalled = 0

    # Time.

    def at(self, us, call):
        """Have `call()` at the moment `us`, as an interrupt; returns what `cancel` takes."""
        event = [max(us, self.us), self._order, call]
        self._order += 1
        heapq.heappush(self._events, event)
        return event

    def cancel(self, event):
        """Have it no more."""
        event[2] = None

    def soon(self, call, depth=None):
        """Have `call()` between the next two bytecodes: at once, or at the end of the C call that runs.

        Where `depth` calls wait already, it is dropped.
        """
        if not self._stalled:
            call()
        elif depth is None or len(self._soft) < depth:
            self._soft.append(call)

    def next_us(self):
        """When the next interrupt is due, or None."""
        while self._events and self._events[0][2] is None:
            heapq.heappop(self._events)
        return self._events[0][0] if self._events else None

    def advance(self, us):
        """The program idles for so long: hardware, interrupts and soft callbacks run."""
        end = self.us + us
        while True:
            due = self.next_us()
            if due is not None and due <= self.us:
                heapq.heappop(self._events)[2]()
            elif self.us < end:
                self._go_to(end if due is None else min(due, end))
            else:
                return

    def sleep(self, us):
        """time.sleep_us: soft callbacks do come in it."""
        self.advance(us)

    def stall(self, us):
        """A C call that takes so long: no soft callback before its end."""
        self._stalled += 1
        try:
            self.advance(us)
        finally:
            self._stalled = max(self._stalled - 1, 0)  # a reset in its midst has begun anew
        if not self._stalled:
            waiting, self._soft = self._soft, []
            for call in waiting:
                call()

    def _go_to(self, us):
        for run in self.beside:
            us = min(us, run(us))
        self.us = max(self.us, us)

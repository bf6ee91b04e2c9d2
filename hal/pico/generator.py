"""The step generator: a PIO program that counts its steps down to the lease's end without the interpreter.

The machine holds the steps left. The driver knows the position at which they are used up, so the
position is that less what is left. To renew the lease it stands the machine still for some tens of
microseconds, reads what is left and writes anew: no step can come between.
"""

import rp2
from machine import Pin, mem32

from hal.compat import HALF, MASK, const, ticks_add, ticks_diff
from hal.pico import pins, programs

_MACHINE = const(0)
_HZ = const(25_000_000)
_CYCLES = const(25)  # of the clock in 10**9 mHz^-1: a period is 25 · 10**9 / rate
_BILLION = const(1_000_000_000)
# Below, the period does not fit 30 bits; above, no driver steps. Both are out of every head's range.
_LEAST_MHZ = const(24)
_MOST_MHZ = const(20_000_000)
_PHASES = const(1024)

# Instructions put in from outside, between two of the program's own.
_IN_X = const(0x403E)  # in_(x, 30)
_IN_Y = const(0x405E)  # in_(y, 30)
_PUSH = const(0x8000)  # push(noblock)
_PULL = const(0x8080)  # pull(noblock)
_MOV_X_OSR = const(0xA027)
_MOV_Y_OSR = const(0xA047)
_SET_X_0 = const(0xE020)

# IRQ flags of PIO block 0, at 0x50200030: RP2040 data sheet 3.7, RP2350 11.7. In halves: small integers.
_IRQ_HIGH = const(0x5020)
_IRQ_LOW = const(0x0030)
_SHUT = const(1 << 4)  # programs.SHUT_FLAG
_NO_ANSWER = const(-1)


def loops_of(rate_mhz):
    """Loops of the program a step, for a period that is never shorter than the rate's."""
    rest = _BILLION % rate_mhz * _CYCLES
    period = _BILLION // rate_mhz * _CYCLES + (rest + rate_mhz - 1) // rate_mhz
    loops = (period - programs.OVERHEAD + 1) // 2
    return loops if loops > 0 else 0


class Generator:
    """STEP, DIR and the driver's ENABLE. `answers` is False once the machine has not answered."""

    def __init__(self):
        self._gate = Pin(pins.GATE, Pin.IN, Pin.PULL_DOWN)  # a broken wire shuts it
        self._dir = Pin(pins.DIR, Pin.OUT, value=0)
        self._off = Pin(pins.DRIVER_OFF, Pin.OUT, value=1)
        self._machine = rp2.StateMachine(
            _MACHINE, programs.stepper(), freq=_HZ, set_base=Pin(pins.STEP), jmp_pin=Pin(pins.GATE)
        )
        self._machine.exec(_SET_X_0)
        self._flags = _IRQ_HIGH << 16 | _IRQ_LOW  # made once: an integer of this size is an object
        self._end = 0  # position at which no step is left
        self._backwards = False
        self._rate_mhz = 0
        self._loops = 0
        self._enabled = 0
        self._stands = True
        self.answers = True
        mem32[self._flags] = _SHUT  # of a run before a soft reset
        self._machine.active(1)

    def count(self):
        """Position, modulo 2**30: every step made since power-on. The last one known where there is no answer."""
        left = self._read(_IN_X)
        if left < 0 or left >= HALF:  # no answer; or the instant before a count below zero is undone
            left = 0
        return ticks_add(self._end, left if self._backwards else -left)

    def is_shut(self):
        """Whether the gate has stopped it: latched until enable rises."""
        return mem32[self._flags] & _SHUT != 0

    def drive(self, rate_mhz, end, enable):
        """Step at `rate_mhz` (signed) to position `end` (modulo 2**30), or stand where `enable` is 0.

        A rising edge of enable opens a gate whose cause is gone. An end that is behind stops it.
        """
        if enable and not self._enabled:
            self._open()
        self._enabled = enable
        self._off.value(0 if enable else 1)
        moves = enable and _moves(rate_mhz) and not self.is_shut()
        if not moves and self._stands:
            return
        self._machine.active(0)
        left = self._read(_IN_X)
        if left >= 0:
            self._renew(left, rate_mhz if moves else 0, end)
        self._machine.active(1)

    def _open(self):
        if self.is_shut() and self._gate.value():
            machine = self._machine
            machine.active(0)
            machine.restart()
            mem32[self._flags] = _SHUT
            machine.active(1)

    def _renew(self, left, rate_mhz, end):
        """The machine stands, `left` steps before its end: give it another rate and end."""
        machine = self._machine
        if left >= HALF:
            left = 0
            machine.restart()
        at = ticks_add(self._end, left if self._backwards else -left)
        backwards = rate_mhz < 0
        new = 0 if rate_mhz == 0 else ticks_diff(at, end) if backwards else ticks_diff(end, at)
        if new < 0:
            new = 0
        machine.put(new)
        machine.exec(_PULL)
        machine.exec(_MOV_X_OSR)
        self._backwards = backwards
        self._end = ticks_add(at, -new if backwards else new)
        self._stands = new == 0
        if new:
            self._dir.value(1 if backwards else 0)
            self._set_rate(-rate_mhz if backwards else rate_mhz, left)
        machine.put(self._loops)
        machine.exec(_PULL)

    def _set_rate(self, rate_mhz, left):
        """Take another period; the part of a step that is done stays done."""
        if rate_mhz == self._rate_mhz:
            return
        old = self._loops
        self._rate_mhz = rate_mhz
        self._loops = loops_of(rate_mhz)
        to_go = self._read(_IN_Y)
        if left and 0 <= to_go <= old:
            part = to_go // (old // _PHASES + 1)  # in 1/1024 of a step
            self._machine.put(self._loops // _PHASES * part if self._loops >= _PHASES else 0)
            self._machine.exec(_PULL)
            self._machine.exec(_MOV_Y_OSR)

    def _read(self, instruction):
        """30 bits of a register, or _NO_ANSWER."""
        machine = self._machine
        machine.exec(instruction)
        machine.exec(_PUSH)
        if machine.rx_fifo() == 0:
            self.answers = False
            return _NO_ANSWER
        return machine.get() & MASK


def _moves(rate_mhz):
    size = -rate_mhz if rate_mhz < 0 else rate_mhz
    return _LEAST_MHZ <= size <= _MOST_MHZ

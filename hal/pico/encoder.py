"""The drive encoder: quadrature on the lead screw, every edge counted in PIO.

The screw turns once in 16,000 microsteps; 1000 lines give 4000 edges, so an edge is four steps.
"""

import rp2
from machine import Pin

from hal.compat import const
from hal.pico import pins, programs

_MACHINE_A = const(1)
_MACHINE_B = const(2)
_HZ = const(25_000_000)
_EDGES = const(0x0FFFFFFF)  # modulo 2**28: four steps each fill 30 bits
_STEPS_SHIFT = const(2)
_IN_X = const(0x403E)  # in_(x, 30)
_PUSH = const(0x8000)  # push(noblock)
_SET_X_0 = const(0xE020)


class Encoder:
    """Counts up while track A leads. `answers` is False once a machine has not answered."""

    def __init__(self):
        a = Pin(pins.ENCODER_A, Pin.IN, Pin.PULL_UP)
        b = Pin(pins.ENCODER_B, Pin.IN, Pin.PULL_UP)
        program = programs.edges()
        self._a = _start(_MACHINE_A, program, a, b)
        self._b = _start(_MACHINE_B, program, b, a)
        self._last = 0
        self.answers = True

    def count(self):
        """Steps that the screw has turned since power-on, modulo 2**30; the last known where there is no answer."""
        a, b = self._a, self._b
        a.exec(_IN_X)
        a.exec(_PUSH)
        b.exec(_IN_X)
        b.exec(_PUSH)
        if a.rx_fifo() and b.rx_fifo():
            self._last = ((a.get() & _EDGES) - (b.get() & _EDGES) & _EDGES) << _STEPS_SHIFT
        else:
            self.answers = False
        return self._last


def _start(number, program, edge, level):
    machine = rp2.StateMachine(number, program, freq=_HZ, in_base=edge, jmp_pin=level)
    machine.exec(_SET_X_0)
    machine.active(1)
    return machine

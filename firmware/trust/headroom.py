"""Whether the stack has room for a whole turn, where one pre-empts comms that has gone deep.

MicroPython has one stack and one limit. A tick that met it half-way would end as doubt, with
motor power cut; a turn that finds no room is left out instead, and the lease covers it. What
the limit raises must not leave the timer's callback either: printing it takes stack too, and
MicroPython 1.29 keeps its schedule locked for good where that fails.
"""

from hal.compat import const

# Calls, one in another: half as many again as a turn was measured to need.
DEPTH = const(16)


def reach(depth):
    """Call itself `depth` times; RuntimeError where the stack does not go so far."""
    if depth:
        reach(depth - 1)

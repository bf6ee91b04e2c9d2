"""Whether the stack has room for a whole turn, where one pre-empts comms that has gone deep.

MicroPython has one stack and one limit: a tick that met it half-way would end as doubt, with
motor power cut. A turn that finds no room is left out instead; the lease covers it.
"""

from hal.compat import const

# Calls, one in another: half as many again as a turn was measured to need, heap locked.
DEPTH = const(16)


def has_room():
    """Return whether a turn may begin."""
    try:
        return _reach(DEPTH)
    except RuntimeError:  # the interpreter's word for a stack that is used up
        return False


def _reach(depth):
    return depth == 0 or _reach(depth - 1)

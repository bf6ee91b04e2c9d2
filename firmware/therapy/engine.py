"""Steps a state table: the only place where a state of the pump changes.

A table is `bytes`, five to a row: event, source, guard, destination, action. Guards are bits
in one integer that the caller computes before the step; guard 0 always holds. The first row
that matches wins. Actions are numbers handed back, never called: an action cannot step the
machine.
"""

from hal.compat import const

# Constants, not names: `range` with a step that the compiler does not know allocates.
ROW = const(5)
IGNORED = const(-1)
# A checksum is a number in this base, modulo this prime: no byte that changes leaves it as it was,
# and no product on the way leaves the small integers.
_BASE = const(61)
_PRIME = const(16_777_213)


def fold(total, byte):
    """Return the checksum `total` with one more byte taken in."""
    return (total * _BASE + byte + 1) % _PRIME


def checksum(data):
    """Return the checksum of `data`."""
    total = 0
    for byte in data:
        total = fold(total, byte)
    return total


class Machine:
    """One table and where it stands. `state` changes in `step`, and in `force`, with its complement."""

    def __init__(self, table, initial):
        self.state = initial
        self.complement = ~initial
        self._table = table

    def step(self, event, guards):
        """Take the first row for `event` in this state whose guard bits are all in `guards`.

        Returns the row's action (0 for none), or IGNORED where no row matches, or where the
        state has changed by itself: no event leads on from there.
        """
        table = self._table
        state = self.state
        if state ^ self.complement != -1:
            return IGNORED
        for row in range(0, len(table), ROW):
            if table[row] == event and table[row + 1] == state:
                need = table[row + 2]
                if need & guards == need:
                    self.state = table[row + 3]
                    self.complement = ~self.state
                    return table[row + 4]
        return IGNORED

    def intact(self):
        """Return whether the state is the one that was last entered."""
        return self.state ^ self.complement == -1

    def force(self, state):
        """Enter `state` past the table: for a machine whose table or state is in doubt."""
        self.state = state
        self.complement = ~state

    def copy(self):
        """Return a copy of the table. Outside the tick."""
        return bytearray(self._table)

    def runs(self, copy):
        """Return whether the table is, byte for byte, `copy`."""
        return self._table == copy

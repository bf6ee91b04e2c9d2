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


class Machine:
    """One table and where it stands. `state` changes in `step` alone."""

    def __init__(self, table, initial):
        self.state = initial
        self._table = table

    def step(self, event, guards):
        """Take the first row for `event` in this state whose guard bits are all in `guards`.

        Returns the row's action (0 for none), or IGNORED where no row matches.
        """
        table = self._table
        state = self.state
        for row in range(0, len(table), ROW):
            if table[row] == event and table[row + 1] == state:
                need = table[row + 2]
                if need & guards == need:
                    self.state = table[row + 3]
                    return table[row + 4]
        return IGNORED

"""The clock of the ports from the interpreter's: `time.ticks_ms` counts modulo 2**30 on this port."""

import time

from hal.compat import MASK


class TicksClock:
    """Matches hal.ports.Clock."""

    def ticks_ms(self):
        """Now, 0 … 2**30 - 1."""
        return time.ticks_ms() & MASK  # type: ignore[operator]  # the type stubs hide that it is a number

"""The chip's watchdog. It starts with the first feed and cannot be stopped after that."""

from machine import WDT

from hal.compat import const

# The longest that an RP2040 takes (an RP2350 twice as long): an erase of a whole area lasts 3.2 s at worst.
TIMEOUT_MS = const(8388)


class ChipWatchdog:
    """Matches hal.ports.Watchdog."""

    def __init__(self):
        self._wdt = None

    def feed(self):
        """Start the period anew."""
        if self._wdt is None:
            self._wdt = WDT(timeout=TIMEOUT_MS)
        self._wdt.feed()

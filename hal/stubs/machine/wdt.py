"""`machine.WDT`: once started it cannot be stopped; not fed in time, it resets the chip."""

from hal.stubs.chip import WDT_RESET, current

# 24 bits that fall two a µs on an RP2040.
MOST_MS = 8_388


class WDT:
    """Only WDT(0). ValueError for another, and for a timeout that the counter cannot hold."""

    def __init__(self, id=0, timeout=5000):  # noqa: A002 (MicroPython's name)
        if id != 0:
            raise ValueError(f"WDT({id}) doesn't exist")
        if not 0 <= timeout <= MOST_MS:
            raise ValueError(f"timeout exceeds {MOST_MS}")
        self._chip = current()
        self._us = timeout * 1000
        if self._chip.watchdog is not None:
            self._chip.watchdog.stand_down()
        self._chip.watchdog = self
        self._event = None
        self.feed()

    def feed(self):
        """Start the period anew."""
        if self._event is not None:
            self._chip.cancel(self._event)
        self._event = self._chip.at(self._chip.us + self._us, self._bite)

    def stand_down(self):
        """Another call of WDT() has taken the counter over."""
        if self._event is not None:
            self._chip.cancel(self._event)
            self._event = None

    def _bite(self):
        self._event = None
        self._chip.reset(WDT_RESET)

"""What somebody asked for from afar and nobody at the bedside has taken up yet: entries, or a titration.

It changes nothing by itself. It is shown, it ends by itself, a person's own entry replaces it, and a person's confirm
alone takes it, after the same checks as the person's own. Runs outside the tick.
"""

from firmware.therapy.prescribe import Request
from hal.compat import const, ticks_add, ticks_diff

ENTRIES_MS = const(600_000)  # until somebody opens programming
TITRATION_MS = const(120_000)
# A confirm that comes sooner than this after the titration was meant for something else.
SEEN_MS = const(1000)


class Prepared:
    """`waits`: entries are there. `titrate_milli`: a dose rate, -1 for none. `held`: a second person has to agree."""

    __slots__ = ("_end_ms", "_since_ms", "held", "request", "rx", "titrate_milli", "waits")

    def __init__(self):
        self.request = Request()
        self.waits = False
        self.titrate_milli = -1
        self.rx = None  # the prescription that the titration is of
        self.held = False
        self._since_ms = 0
        self._end_ms = 0

    def entries(self, held, now_ms):
        """What was put into `request` waits for somebody to open programming."""
        self.waits = True
        self.held = held
        self._since_ms = now_ms
        self._end_ms = ticks_add(now_ms, ENTRIES_MS)

    def titration(self, dose_milli, rx, held, now_ms):
        """A new dose rate for `rx` waits for a confirm."""
        self.titrate_milli = dose_milli
        self.rx = rx
        self.held = held
        self._since_ms = now_ms
        self._end_ms = ticks_add(now_ms, TITRATION_MS)

    def forget(self):
        """Nothing waits."""
        self.request.clear()
        self.waits = False
        self.titrate_milli = -1
        self.rx = None
        self.held = False

    def is_over(self, now_ms):
        """Return whether what waits has waited long enough."""
        return (self.waits or self.titrate_milli >= 0) and ticks_diff(now_ms, self._end_ms) >= 0

    def is_seen(self, now_ms):
        """Return whether it has been shown long enough to be what a person confirms."""
        return ticks_diff(now_ms, self._since_ms) >= SEEN_MS

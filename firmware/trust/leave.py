"""How long comms may block in one call: what the lease in force outlasts, less two ticks.

While a C call runs there is no tick, and the motor goes on to the end of its lease and no
further. So a call of 2 s (a TLS handshake) is harmless where the lease lasts longer, and
costs flow where it does not: above 163 mL/h, and during a bolus.
"""

from firmware.therapy.dosing import LEASE_MS, LEASE_UNITS
from hal.compat import const

# Nothing moves: below the shortest watchdog (RP2040: 8.3 s), with room for a turn.
IDLE_MS = const(5000)
_MARGIN_MS = const(200)
# Fastest rate whose lease is LEASE_MS long.
_FULL_LEASE_UL_H = const(120_000)


class Leave:
    """`ms` is written by each turn and read by comms before it blocks."""

    __slots__ = ("ms",)

    def __init__(self):
        self.ms = 0

    def renew(self, drive, status):
        """Say how long after this turn comms may block, 0 for not at all."""
        rate = status.rate_ul_h
        if drive.step_rate_mhz == 0:
            self.ms = IDLE_MS
        elif status.bolus or rate <= 0:  # a bolus, a prime, backing off: their ends must be seen in time
            self.ms = 0
        elif rate <= _FULL_LEASE_UL_H:
            self.ms = LEASE_MS - _MARGIN_MS
        else:
            self.ms = max(LEASE_UNITS // rate - _MARGIN_MS, 0)

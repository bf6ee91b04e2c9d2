"""A PC's clocks behind the ports."""

import time

from hal.compat import MASK

# Seconds from 1970 to 2020, where the ports' RTC begins.
_EPOCH_2020_S = 1_577_836_800
_NS_PER_MS = 1_000_000


class HostClock:
    """Matches hal.ports.Clock by the machine's monotonic clock; starts at `start_ms`."""

    def __init__(self, start_ms=0, monotonic_ns=time.monotonic_ns):
        self._now_ns = monotonic_ns
        self._zero_ns = monotonic_ns() - start_ms * _NS_PER_MS

    def ticks_ms(self):
        """Now, 0 … 2**30 - 1."""
        return (self._now_ns() - self._zero_ns) // _NS_PER_MS & MASK


class HostRtc:
    """Matches hal.ports.Rtc by the machine's wall clock."""

    def read_s(self):
        """Seconds since 2020-01-01, never negative."""
        return max(int(time.time()) - _EPOCH_2020_S, 0)

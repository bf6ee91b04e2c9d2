"""Pump seconds, by which requests expire, and the site's time, by which shifts end."""

from hal.compat import const, ticks_diff

LATEST_S = const(0x7FFFFFFF)  # since 2020-01-01: the year 2088


class Seconds:
    """Pump seconds: whole seconds since this boot, and the site's time where it has been told."""

    __slots__ = ("_known_s", "_last_ms", "_ms", "_told_at_s", "now_s")

    def __init__(self, now_ms):
        self._last_ms = now_ms
        self._ms = 0
        self.now_s = 0
        self._known_s = -1  # site time that was told last in this boot
        self._told_at_s = 0

    def look(self, now_ms):
        """Let the time to `now_ms` pass; called at least once in six days."""
        elapsed = ticks_diff(now_ms, self._last_ms)
        self._last_ms = now_ms
        if elapsed > 0:
            self._ms += elapsed
            self.now_s += self._ms // 1000
            self._ms %= 1000

    def site_s(self):
        """Return the site's time in seconds since 2020-01-01, or -1 where nobody authentic has told it since boot."""
        return -1 if self._known_s < 0 else self._known_s + self.now_s - self._told_at_s

    def tell(self, site_s, floor_s):
        """Take an authenticated time; False where it would go back (`floor_s`: what an earlier boot knew)."""
        if not max(floor_s, self.site_s()) <= site_s <= LATEST_S:
            return False
        self._known_s = site_s
        self._told_at_s = self.now_s
        return True

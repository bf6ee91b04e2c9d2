"""What happened last: alarms, states, keys, attacks. A ring of small numbers; words come with the drawing."""

from hal.bare import names
from hal.bare.keys import KEYS, TAGS
from hal.compat import const

ENTRIES = const(24)

_WORDS = const(20)  # where they begin in a line

LOG_KEY = const(0)  # a: row of KEYS, b: 1 where it was taken back
LOG_DELIVERY = const(1)  # from a to b
LOG_TRUST = const(2)
LOG_ALARM = const(3)  # a: code
LOG_GONE = const(4)
LOG_BOOT = const(5)  # a: why, BOOT_*

BOOT_POWER = const(0)
BOOT_RESET = const(1)
BOOT_WATCHDOG = const(2)
_BOOTS = (b"power on", b"boots after a reset", b"boots after the watchdog's bite")
_PRIORITIES = (b"", b"LOW", b"MEDIUM", b"HIGH")


class Log:
    """`total` counts what was ever logged; the last ENTRIES are kept."""

    def __init__(self):
        self._s = [0] * ENTRIES
        self._kind = bytearray(ENTRIES)
        self._a = bytearray(ENTRIES)
        self._b = bytearray(ENTRIES)
        self.total = 0
        self._delivery = -1
        self._trust = -1
        self._therapy_alarms = 0
        self._trust_alarms = 0

    def note(self, s, kind, a, b=0):
        """Write an entry at `s` seconds."""
        place = self.total % ENTRIES
        self._s[place] = s
        self._kind[place] = kind
        self._a[place] = a
        self._b[place] = b
        self.total += 1

    def watch(self, s, status):
        """Note what has changed in a hal.ports.Status since the last look."""
        if status.delivery != self._delivery:
            if self._delivery >= 0:
                self.note(s, LOG_DELIVERY, self._delivery, status.delivery)
            self._delivery = status.delivery
        if status.trust != self._trust:
            if self._trust >= 0:
                self.note(s, LOG_TRUST, self._trust, status.trust)
            self._trust = status.trust
        self._alarms(s, self._therapy_alarms, status.therapy_alarms, 0)
        self._alarms(s, self._trust_alarms, status.trust_alarms, names.TRUST_BASE)
        self._therapy_alarms = status.therapy_alarms
        self._trust_alarms = status.trust_alarms

    def _alarms(self, s, before, after, base):
        changed = before ^ after
        code = 0
        while changed >> code:
            if changed >> code & 1:
                self.note(s, LOG_ALARM if after >> code & 1 else LOG_GONE, base + code)
            code += 1

    def restart(self, s, why):
        """A new firmware: what it shows first is no change."""
        self._delivery = self._trust = -1
        self._therapy_alarms = self._trust_alarms = 0
        self.note(s, LOG_BOOT, why)

    def kind(self, back):
        """Kind of the entry `back` places before the newest (0), and -1 where there is none."""
        return self._kind[(self.total - 1 - back) % ENTRIES] if back < min(self.total, ENTRIES) else -1

    def priority(self, back):
        """Priority of the alarm that an entry says has come, 0 for any other entry."""
        place = (self.total - 1 - back) % ENTRIES
        return names.PRIORITIES[self._a[place]] if self._kind[place] == LOG_ALARM else 0

    def write(self, back, line):
        """Write an entry's words into a Line."""
        line.clear()
        kind = self.kind(back)
        if kind < 0:
            return
        place = (self.total - 1 - back) % ENTRIES
        a = self._a[place]
        b = self._b[place]
        line.clock(self._s[place]).add(b"  ")
        if kind == LOG_KEY:
            line.add(TAGS[KEYS[a][1]]).pad(_WORDS).add(KEYS[a][6] if b else KEYS[a][5])
        elif kind == LOG_DELIVERY or kind == LOG_TRUST:
            table = names.DELIVERY if kind == LOG_DELIVERY else names.TRUST
            line.add(b"delivery" if kind == LOG_DELIVERY else b"trust").pad(_WORDS)
            line.add(names.name(table, a)).add(b" -> ").add(names.name(table, b))
        elif kind == LOG_BOOT:
            line.add(b"board").pad(_WORDS).add(_BOOTS[a])
        else:
            line.add(b"alarm" if kind == LOG_ALARM else b"gone").pad(_WORDS)
            line.add(names.name(names.ALARMS, a))
            if kind == LOG_ALARM:
                line.add(b" (").add(_PRIORITIES[names.PRIORITIES[a]]).add(b")")

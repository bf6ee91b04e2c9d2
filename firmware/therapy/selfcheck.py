"""The frame: one small check a tick, round and round, so that each comes again within CYCLE_TICKS.

Tables are held against checksums computed when they were written (sums.py) and against a copy
made at boot; arithmetic against known answers (known.py); words that a dose rests on against each
other (integrity.py). What else is to be looked at joins by `register`, before the first tick.

The schedule is laid once: running it makes no object.
"""

from firmware.therapy import alarms as al
from firmware.therapy import sums
from firmware.therapy.engine import checksum
from hal.compat import const

CYCLE_TICKS = const(50)  # 5 s
# A check answers INTACT or anything else: no single bit makes one of the other.
INTACT = const(0x15A6C39)
# What a check that fails means.
DOUBT = const(0x33)  # therapy cannot trust itself: motor power cut
COMPROMISED = const(0x5C)  # the security layer cannot: isolated, dosing by the drug's policy
NONE = const(0)


class TableCheck:
    """A machine's table: the one that was written, when the pump began, and the same ever since."""

    __slots__ = ("_copy", "_machine", "_written")

    def __init__(self, machine, expected):
        self._machine = machine
        self._copy = machine.copy()
        self._written = checksum(self._copy) == expected

    def look(self):
        """Return INTACT, or 0 where the table that runs is not the one that was written."""
        return INTACT if self._written and self._machine.runs(self._copy) else NONE


class TraitsCheck:
    """The alarms' traits, likewise."""

    __slots__ = ("_therapy", "_trust", "_written")

    def __init__(self):
        self._therapy = bytearray(al.THERAPY_CODES)
        self._trust = bytearray(al.TRUST_CODES)
        for code in range(al.THERAPY_CODES):
            self._therapy[code] = al.traits(code)
        for code in range(al.TRUST_CODES):
            self._trust[code] = al.traits(al.TRUST_BASE + code)
        self._written = checksum(self._therapy + self._trust) == sums.TRAITS_SUM

    def look(self):
        """Return INTACT, or 0 where an alarm's priority is not the one that was written."""
        return INTACT if self._written and al.are_traits(self._therapy, self._trust) else NONE


class Frame:
    """The schedule. `failed` is the place of the check that failed last, -1 for none."""

    __slots__ = ("_checks", "_free", "_place", "_verdicts", "failed")

    def __init__(self, delivery, trust):
        self._checks = [self._idle] * CYCLE_TICKS
        self._verdicts = bytearray(CYCLE_TICKS)
        self._free = 0
        self._place = 0
        self.failed = -1
        self.register(TableCheck(delivery, sums.DELIVERY_SUM).look, DOUBT)
        self.register(TableCheck(trust, sums.TRUST_SUM).look, DOUBT)
        self.register(TraitsCheck().look, DOUBT)

    def register(self, check, verdict):
        """Add `check()`, which returns INTACT or not, to the cycle; False where that is full.

        `verdict` says what its failing means: DOUBT or COMPROMISED. Outside the tick.
        """
        place = self._free
        if place == CYCLE_TICKS:
            return False
        self._checks[place] = check
        self._verdicts[place] = verdict
        self._free = place + 1
        return True

    def tick(self):
        """Make the next check; return NONE, or the verdict of one that failed."""
        place = self._place
        self._place = place + 1 if place < CYCLE_TICKS - 1 else 0
        if self._checks[place]() == INTACT:
            return NONE
        self.failed = place
        return self._verdicts[place]

    def _idle(self):
        return INTACT

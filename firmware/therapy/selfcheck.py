"""The frame: one small check a tick, round and round, so that each comes again within CYCLE_TICKS.

Tables are held against checksums computed when they were written (sums.py) and against a copy
made at boot; arithmetic against known answers (known.py); words that a dose rests on against each
other (integrity.py). What else is to be looked at joins by `register`, before the first tick.

The schedule is laid once: running it makes no object.
"""

from firmware.therapy import alarms as al
from firmware.therapy import sums
from firmware.therapy.engine import checksum, fold
from hal.compat import const

CYCLE_TICKS = const(50)  # 5 s
# A check answers INTACT or anything else: no single bit makes one of the other.
INTACT = const(0x15A6C39)
# What a check that fails means.
DOUBT = const(0x33)  # therapy cannot trust itself: motor power cut
COMPROMISED = const(0x5C)  # the security layer cannot: isolated, dosing by the drug's policy
NONE = const(0)

_TRAITS_TICKS = const(10)


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
    """Takes a slice of the alarms' traits a look, by the function that the alarms use."""

    __slots__ = ("_place", "_slice", "_total")

    def __init__(self, ticks):
        self._slice = (sums.TRAITS_SIZE + ticks - 1) // ticks
        self._place = 0
        self._total = 0

    def look(self):
        """Return INTACT, or 0 where an alarm's priority is not the one that was written."""
        place = self._place
        total = self._total
        end = min(place + self._slice, sums.TRAITS_SIZE)
        while place < end:
            code = place if place < al.THERAPY_CODES else place - al.THERAPY_CODES + al.TRUST_BASE
            total = fold(total, al.traits(code))
            place += 1
        if place < sums.TRAITS_SIZE:
            self._place = place
            self._total = total
            return INTACT
        self._place = 0
        self._total = 0
        return INTACT if total == sums.TRAITS_SUM else NONE


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
        self.register(TraitsCheck(_TRAITS_TICKS).look, DOUBT, _TRAITS_TICKS)

    def register(self, check, verdict, ticks=1):
        """Add `check()`, which returns INTACT or not, for `ticks` places of the cycle; False where it is full.

        `verdict` says what its failing means: DOUBT or COMPROMISED. Outside the tick.
        """
        if self._free + ticks > CYCLE_TICKS:
            return False
        for place in range(self._free, self._free + ticks):
            self._checks[place] = check
            self._verdicts[place] = verdict
        self._free += ticks
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

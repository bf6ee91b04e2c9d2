"""Who stands at the bedside: a number and a PIN, checked in slices, with a wait after wrong ones.

Only the panel comes here: nobody on the network can use up a person's tries. What a stop, a decrease, a restart, a
patient's bolus or an audio pause needs is decided in therapy, and that is nothing.
"""

from firmware.therapy import messages as msg
from firmware.trust.mac import Pbkdf2, equal
from firmware.trust.roles import may_treat
from hal.compat import const
from hal.ports import FIELD_PERSON, FIELD_PIN, KEY_FIELD, KEY_NONE

IDLE_S = const(180)
SLICE = const(50)  # iterations a turn: 22 ms on a Pico
FREE_TRIES = const(3)
FIRST_WAIT_S = const(10)
LAST_WAIT_S = const(300)
_DOUBLINGS = const(5)
MIN_DIGITS = const(4)
_OTHERS = const(1)  # a place of its own for numbers that are nobody's
_SALT = b"nobody at all..."
_ITERATIONS = const(2000)


class Bedside:
    """`person` is who is logged in, 0 for nobody."""

    __slots__ = (
        "_failures", "_number", "_record", "_remote", "_seen_s", "_until_s", "_who", "_work", "failures",
        "person",
    )  # fmt: skip

    def __init__(self, remote, record):
        self._remote = remote
        self._record = record
        places = len(record.people) + _OTHERS
        self._failures = [0] * places  # in a row, by person
        self._until_s = [0] * places  # nothing is checked before, pump seconds
        self._number = 0
        self._who = None
        self._work = None
        self._seen_s = 0  # when a key was pressed last
        self.person = 0
        self.failures = 0  # since boot
        remote.lock()
        remote.admit(0)

    def look(self, readings, now_s):
        """Take this turn's key and do a slice of work; return 1 where somebody logged in, -1 for a wrong PIN."""
        if readings.key != KEY_NONE:
            self._seen_s = now_s
            self._take(readings.key - KEY_FIELD, readings.key_value, now_s)
        elif self.person and (now_s - self._seen_s >= IDLE_S or self._record.is_revoked(self.person)):
            self.leave()
        if self._work is None or self._work.step(SLICE):
            return 0
        return self._settle(now_s)

    def asked(self):
        """Return the number that was typed last."""
        return self._number

    def leave(self):
        """Nobody is logged in any more."""
        self._work = None
        self.person = 0
        self._remote.admit(0)

    def _take(self, field, value, now_s):
        if field == FIELD_PERSON:
            self.leave()
            self._number = value
        elif field == FIELD_PIN:
            self.leave()
            self._begin(value, now_s)

    def _place(self):
        people = self._record.people
        for place in range(len(people)):
            if people[place].number == self._number:
                return place
        return len(people)

    def _begin(self, value, now_s):
        digits = str(value)
        if self._until_s[self._place()] > now_s:
            self._remote.say(msg.WAIT_PIN)
        elif not self._number or len(digits) <= MIN_DIGITS or digits[0] != "1":
            self._remote.say(msg.MISSING)
        else:
            who = self._record.person(self._number)
            self._who = who
            salt = _SALT if who is None else who.salt  # as much work for nobody: the time does not tell
            iterations = _ITERATIONS if who is None else who.iterations
            self._work = Pbkdf2(digits[1:].encode(), salt, iterations)
            self._remote.say(msg.CHECKING)

    def _settle(self, now_s):
        made = bytes(self._work.result)
        who = self._who
        self._work = None
        self._who = None
        place = self._place()
        if who is not None and equal(who.verifier, made):
            self._failures[place] = 0
            if not may_treat(who.role):
                self._remote.say(msg.NOT_YOURS)
                return 0
            self.person = self._number
            self._remote.admit(self._number)
            self._remote.say(msg.WELCOME)
            return 1
        self.failures += 1
        self._failures[place] += 1
        wrong = self._failures[place]
        if wrong >= FREE_TRIES:
            wait_s = min(FIRST_WAIT_S << min(wrong - FREE_TRIES, _DOUBLINGS), LAST_WAIT_S)
            self._until_s[place] = now_s + wait_s
            self._remote.credentials_fail()
        self._remote.say(msg.WRONG_PIN)
        return -1

"""Who stands at the bedside: a number and a PIN, or a card that answers; with a wait after wrong ones.

Only panel and card reader come here: nobody on the network can use up a person's tries. What a stop, a decrease, a
restart, a patient's bolus or an audio pause needs is decided in therapy, and that is nothing.
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


class Tries:
    """Wrong tries in a row, by person, and how long each has to wait before the next."""

    __slots__ = ("_failures", "_people", "_until_s")

    def __init__(self, people):
        """`people`: the record's; numbers that are nobody's share a place."""
        self._people = people
        places = len(people) + _OTHERS
        self._failures = [0] * places
        self._until_s = [0] * places  # nothing is checked before, pump seconds

    def _place(self, number):
        people = self._people
        for place in range(len(people)):
            if people[place].number == number:
                return place
        return len(people)

    def waits(self, number, now_s):
        """Return whether `number` has to wait."""
        return self._until_s[self._place(number)] > now_s

    def right(self, number):
        """Forget the wrong ones."""
        self._failures[self._place(number)] = 0

    def wrong(self, number, now_s):
        """Count one; return whether `number` has to wait now."""
        place = self._place(number)
        self._failures[place] += 1
        wrong = self._failures[place]
        if wrong < FREE_TRIES:
            return False
        self._until_s[place] = now_s + min(FIRST_WAIT_S << min(wrong - FREE_TRIES, _DOUBLINGS), LAST_WAIT_S)
        return True


class Bedside:
    """`person` is who is logged in, 0 for nobody."""

    __slots__ = (
        "_board", "_boot_count", "_card", "_desk", "_number", "_record", "_remote", "_seen_s", "_tried", "_tries",
        "_who", "_work", "by_card", "failures", "person", "questions",
    )  # fmt: skip

    def __init__(self, remote, record, board=None, boot_count=-1, questions=0):
        """`board`: its reader of cards, where it has one, and its entropy. `boot_count`, `questions`: of card.Desk."""
        self._remote = remote
        self._record = record
        self._board = board if board is not None and board.identity is not None else None
        self._boot_count = boot_count
        self._tries = Tries(record.people)
        self._number = 0
        self._who = None
        self._work = None
        self._desk = None  # loaded with the first card
        self._card = -1  # that lies there
        self._tried = 0  # whose number, or card, was tried last
        self._seen_s = 0  # when a key was pressed, or a card laid down, last
        self.questions = questions  # to cards, since boot
        self.by_card = False  # how `person` logged in
        self.person = 0
        self.failures = 0  # since boot
        remote.lock()
        remote.admit(0)

    def look(self, readings, now_s):
        """Take this turn's key and card, do a slice; 1 where somebody logged in, -1 for a wrong PIN or answer."""
        if readings.key != KEY_NONE:
            self._seen_s = now_s
            self._take(readings.key - KEY_FIELD, readings.key_value, now_s)
        elif self.person and (now_s - self._seen_s >= IDLE_S or self._record.is_revoked(self.person)):
            self.leave()
        if self._work is not None:
            return 0 if self._work.step(SLICE) else self._settle(now_s)
        if self._board is None:
            return 0
        try:
            return self._look_at_card(now_s)
        except (MemoryError, ImportError):  # what is short here, comms holds; number and PIN take less
            if self._desk is not None:
                self._desk.drop()
            self._remote.say(msg.BUSY)
            return 0

    def asked(self):
        """Return the number that was tried last: typed, or the card's."""
        return self._tried

    def leave(self):
        """Nobody is logged in any more."""
        self._work = None
        self.by_card = False
        if self._desk is not None:
            self._desk.drop()
        self.person = 0
        self._remote.admit(0)

    def _take(self, field, value, now_s):
        if field == FIELD_PERSON:
            self.leave()
            self._number = value
        elif field == FIELD_PIN:
            self.leave()
            self._begin(value, now_s)

    def _begin(self, value, now_s):
        digits = str(value)
        if self._tries.waits(self._number, now_s):
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
        self._tried = self._number
        who = self._who
        self._work = None
        self._who = None
        if who is not None and equal(who.verifier, made):
            self._tries.right(self._number)
            return self._admit(self._number, who)
        self.failures += 1
        if self._tries.wrong(self._number, now_s):
            self._remote.credentials_fail()
        self._remote.say(msg.WRONG_PIN)
        return -1

    def _admit(self, number, who):
        if not may_treat(who.role):
            self._remote.say(msg.NOT_YOURS)
            return 0
        self.person = number
        self._remote.admit(number)
        self._remote.say(msg.WELCOME)
        return 1

    # Cards.

    def _look_at_card(self, now_s):
        """A card that was laid down is asked once; one that goes takes its person along."""
        card = self._board.identity.present()
        if card != self._card:
            if self.by_card:
                self.leave()
                self._remote.say(msg.NONE)
            self._card = card
            self._seen_s = now_s
            if card >= 0:
                self._greet(now_s)
            elif self._desk is not None:
                self._desk.drop()
            return 0
        if self._desk is None:
            return 0
        done = self._desk.look(now_s)
        if done:
            self._tried = self._desk.person
        return self._let_in() if done > 0 else done

    def _greet(self, now_s):
        if self._desk is None:
            from firmware.trust.card import Desk

            self._desk = Desk(self._remote, self._record, self._board, self._boot_count, self.questions)
        self._desk.ask(now_s)
        self.questions = self._desk.questions

    def _let_in(self):
        self.leave()  # whoever was logged in: from here on it is the card's person
        done = self._admit(self._tried, self._desk.who)
        self.by_card = done > 0
        return done

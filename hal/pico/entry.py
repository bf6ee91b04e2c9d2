"""What sixteen keys mean: functions, a second meaning after D, and numbers for fields.

    1 2 3 A      A start          D A programme     D 1 patient bolus     D 3 prime (hold)
    4 5 6 B      B pause          D B standby       D 2 clinician bolus   D 9 break-glass (hold)
    7 8 9 C      C audio pause    D C acknowledge   D 7 maintenance       D 8 its end
    * 0 # D      * cancel         # confirm

A number: field * value #, in the field's whole units, so 6*50000# is a volume of 50,000 µL; the
display shows it as it grows, in mL. * rubs an entry out. Functions throw a half-typed number away,
and so does half a minute without a key.
"""

from hal import ports
from hal.compat import const, ticks_diff

ENTRY_MS = const(30_000)
SHIFT_MS = const(5000)
MAX_VALUE = const(0x3FFFFFFF)
_LAST_FIELD = const(26)
_A = const(3)
_B = const(7)
_C = const(11)
_STAR = const(12)
_HASH = const(14)
_D = const(15)
# By place on the keypad: its digit, or 10.
_DIGITS = bytes((1, 2, 3, 10, 4, 5, 6, 10, 7, 8, 9, 10, 10, 0, 10, 10))
# By place: what it means after D, 0 for nothing.
_SECOND = bytes(
    (
        ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS, ports.KEY_PRIME_ON, ports.KEY_PROGRAMME,
        0, 0, 0, ports.KEY_STANDBY,
        ports.KEY_MAINTENANCE_ON, ports.KEY_MAINTENANCE_OFF, ports.KEY_GLASS_ON, ports.KEY_ACKNOWLEDGE,
        0, 0, 0, 0,
    )
)  # fmt: skip
_QUEUE = const(4)

# Entry.stage
IDLE = const(0)
FIELD = const(1)  # typing a field's number
VALUE = const(2)  # typing its value


class Entry:
    """Takes keys by their place, gives events by `take`. Its public fields but the last three are shown."""

    def __init__(self):
        self.stage = IDLE
        self.field = 0
        self.value = 0
        self.digits = 0
        self.wrong = False
        self.shift = False
        self.held = -1  # place of a key that is pressed and held
        self._held_off = 0
        self._off_due = 0  # the end of a hold: never lost
        self._keys = bytearray(_QUEUE)
        self._values = [0, 0, 0, 0]
        self._first = 0
        self._count = 0
        self._touched_ms = 0
        self.key = 0
        self.key_value = 0

    def press(self, place, now_ms):
        """A key went down."""
        self._touched_ms = now_ms
        if self.shift:
            self.shift = False
            self._second(place)
        elif place == _D:
            self.clear()
            self.shift = True
        elif _DIGITS[place] < 10:
            self._digit(_DIGITS[place])
        elif place == _STAR:
            self._star()
        elif place == _HASH:
            self._hash()
        elif place == _A:
            self._function(ports.KEY_START)
        else:
            self._function(ports.KEY_PAUSE if place == _B else ports.KEY_AUDIO_PAUSE)

    def look(self, found, now_ms):
        """Each scan: `found` is the key that is down alone. Ends a hold, and what was left half typed."""
        if self.held >= 0 and found != self.held:
            self.held = -1
            self._off_due = self._held_off
        left_ms = ENTRY_MS if self.stage else SHIFT_MS
        if (self.stage or self.shift) and ticks_diff(now_ms, self._touched_ms) >= left_ms:
            self.clear()

    def take(self):
        """Put the next event into `key` and `key_value`; whether there was one."""
        if self._count:
            self.key = self._keys[self._first]
            self.key_value = self._values[self._first]
            self._first = (self._first + 1) % _QUEUE
            self._count -= 1
            return True
        if self._off_due:  # after its beginning
            self.key = self._off_due
            self.key_value = 0
            self._off_due = 0
            return True
        return False

    def clear(self):
        """Rub out what is half typed."""
        self.stage = IDLE
        self.field = self.value = self.digits = 0
        self.wrong = self.shift = False

    def _second(self, place):
        key = _SECOND[place]
        if key == ports.KEY_PRIME_ON or key == ports.KEY_GLASS_ON:
            if self._off_due or not self._put(key, 0):  # no beginning without its end
                return
            self.held = place
            self._held_off = ports.KEY_PRIME_OFF if key == ports.KEY_PRIME_ON else ports.KEY_GLASS_OFF
        elif key:
            self._put(key, 0)

    def _function(self, key):
        self.clear()
        self._put(key, 0)

    def _digit(self, digit):
        if self.stage == VALUE:
            if self.value > (MAX_VALUE - digit) // 10:
                self.wrong = True
                return
            self.value = self.value * 10 + digit
            self.digits += 1
            return
        self.stage = FIELD
        if self.field < 10:
            self.field = self.field * 10 + digit
        else:
            self.wrong = True

    def _star(self):
        if self.stage == IDLE:
            self._put(ports.KEY_CANCEL, 0)
        elif self.stage == FIELD and not self.wrong and 1 <= self.field <= _LAST_FIELD:
            self.stage = VALUE
        else:
            self.clear()

    def _hash(self):
        if self.stage == IDLE:
            self._put(ports.KEY_CONFIRM, 0)
        elif self.stage == VALUE and self.digits and not self.wrong:
            if self._put(ports.KEY_FIELD + self.field, self.value):
                self.clear()
        else:
            self.wrong = True

    def _put(self, key, value):
        """Queue an event; whether there was room."""
        if self._count == _QUEUE:
            return False
        place = (self._first + self._count) % _QUEUE
        self._keys[place] = key
        self._values[place] = value
        self._count += 1
        return True

"""Answers to a person at the panel: why a key did nothing, or what it waits for."""

from hal.compat import const

NONE = const(0)
READY = const(1)  # prescription confirmed: prime, or start
CONFIRM_SOFT = const(2)  # past a soft limit: confirm again
HARD_LIMIT = const(3)
VTBI_LIMIT = const(4)
BOLUS_LIMIT = const(5)
LOCKED_OUT = const(6)
LIMIT = const(7)  # rolling dose limit
HAZARD = const(8)
STORE = const(9)  # the store did not answer; nothing was raised
BUSY = const(10)
MISSING = const(11)  # a field is missing, or nothing is confirmed
UNKNOWN_DRUG = const(12)
MODE = const(13)  # not for this drug
RANGE = const(14)  # outside what the head can do, or a field out of range
SYRINGE = const(15)  # unknown, or not the one that is sensed
LIBRARY = const(16)
STATE = const(17)  # not in this state
KEY_NEEDED = const(18)  # turn the key switch
OVER = const(19)  # nothing left to infuse
GLASS = const(21)  # credentials, or break-glass
NO_BOLUS = const(20)  # none prescribed, or one still running
LOGIN = const(22)  # number and PIN first
CHECKING = const(23)  # the PIN is being checked
WELCOME = const(24)  # logged in
WRONG_PIN = const(25)  # or no such person: which, is not told
WAIT_PIN = const(26)  # too many wrong ones: wait
PREPARED = const(27)  # entries were prepared from afar: open programming, check each one, confirm
ASKED = const(28)  # a new dose rate was asked for from afar: it is shown, confirm takes it
SECOND = const(29)  # prepared past a soft limit: a second person has to agree first
NOT_YOURS = const(31)  # logged in, but this is not for that role
CHECKING_CARD = const(32)  # the card is asked, and its answer checked: it stays where it is
WRONG_CARD = const(33)  # not a card of anybody here
WAIT_CARD = const(34)  # too many wrong answers: wait
MUTE_CARD = const(35)  # the card cannot be asked, or does not answer
UNPROVISIONED = const(30)  # no credentials: nobody needs to log in here, and nothing is heard from afar
NOTHING_STAGED = const(36)  # no drug library has been carried here, or not the whole of one
OTHER_NUMBER = const(37)  # not the number of what was carried here
AT_NEXT_START = const(38)  # it will be looked at, and in force, after the next start: switch off and on
TAKEN = const(39)  # what was carried here is in force since this start
NOT_TAKEN = const(40)  # it was refused, and all is as it was: the audit says why

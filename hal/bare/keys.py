"""What each key of the terminal does: one table, read by the desk, the panel's help and the docs.

A row: the byte, its group, an action and its argument, the help line's word, what the log says, and
what it says when the key takes back what it did (keys of the world work both ways).
"""

from hal.compat import const
from hal.ports import (
    KEY_ACKNOWLEDGE,
    KEY_AUDIO_PAUSE,
    KEY_CANCEL,
    KEY_CLINICIAN_BOLUS,
    KEY_CONFIRM,
    KEY_PATIENT_BOLUS,
    KEY_PAUSE,
    KEY_STANDBY,
    KEY_START,
    KEY_STOP,
)

GROUP_PERSON = const(0)
GROUP_WORLD = const(1)
GROUP_ATTACK = const(2)
GROUP_BOARD = const(3)
GROUPS = (b"PERSON", b"WORLD", b"ATTACK", b"BOARD")
TAGS = (b"person", b"world", b"attack", b"board")  # in the log

# Actions. Their argument is in brackets.
DO_PRESS = const(0)  # (KEY_*)
DO_PROGRAMME = const(1)  # (place in programmes.py)
DO_TITRATE = const(2)  # (thousandths of the dose's unit)
DO_PRIME = const(3)
DO_GLASS = const(4)
DO_SERVICE = const(5)
DO_WORLD = const(6)  # (WORLD_*)
DO_HOSTILE = const(7)  # (bytes)
DO_ROLL_BACK = const(8)
DO_RESET = const(9)
DO_POWER = const(10)  # (ms off)
DO_STALL = const(11)  # (ms)
DO_NEW = const(12)
DO_SPEED = const(13)  # (×, 0: as fast as it goes)
DO_DEMO = const(14)
DO_REDRAW = const(15)
DO_QUIT = const(16)

WORLD_OCCLUDED = const(0)
WORLD_OCCLUDED_UP = const(1)
WORLD_AIR = const(2)
WORLD_DOOR = const(3)  # a syringe's: its clamp
WORLD_EMPTY = const(4)
WORLD_MAINS_OFF = const(5)
WORLD_BATTERY_FLAT = const(6)
WORLD_HOT = const(7)
WORLD_JAMMED = const(8)
WORLD_FREE_FLOW = const(9)
WORLD_LINK_CUT = const(10)
WORLD_KEY_SWITCH = const(11)
WORLDS = const(12)

KEYS = (
    (b"s", GROUP_PERSON, DO_PRESS, KEY_STOP, b"Stop", b"Stop", b""),
    (b" ", GROUP_PERSON, DO_PRESS, KEY_STOP, b"", b"Stop", b""),  # the bar, and BOOTSEL
    (b"g", GROUP_PERSON, DO_PRESS, KEY_START, b"Go", b"start", b""),
    (b"p", GROUP_PERSON, DO_PRESS, KEY_PAUSE, b"pause", b"pause", b""),
    (b"m", GROUP_PERSON, DO_PRESS, KEY_AUDIO_PAUSE, b"mute", b"audio pause", b""),
    (b"a", GROUP_PERSON, DO_PRESS, KEY_ACKNOWLEDGE, b"ack", b"acknowledge", b""),
    (b"n", GROUP_PERSON, DO_PROGRAMME, 0, b"norepi", b"enters norepinephrine", b""),
    (b"i", GROUP_PERSON, DO_PROGRAMME, 1, b"amio", b"enters amiodarone", b""),
    (b"c", GROUP_PERSON, DO_PRESS, KEY_CONFIRM, b"confirm", b"confirm", b""),
    (b"x", GROUP_PERSON, DO_PRESS, KEY_CANCEL, b"cancel", b"cancel", b""),
    (b"z", GROUP_PERSON, DO_PRESS, KEY_STANDBY, b"standby", b"standby", b""),
    (b"+", GROUP_PERSON, DO_TITRATE, 1, b"more", b"enters a tenth more", b""),
    (b"-", GROUP_PERSON, DO_TITRATE, -1, b"less", b"enters a tenth less", b""),
    (b"v", GROUP_PERSON, DO_PRIME, 0, b"prime", b"primes for 3 s", b""),
    (b"b", GROUP_PERSON, DO_PRESS, KEY_CLINICIAN_BOLUS, b"bolus", b"clinician's bolus", b""),
    (b"u", GROUP_PERSON, DO_PRESS, KEY_PATIENT_BOLUS, b"patient", b"patient's bolus button", b""),
    (b"k", GROUP_PERSON, DO_WORLD, WORLD_KEY_SWITCH, b"key", b"turns the key switch on", b"turns it off"),
    (b"B", GROUP_PERSON, DO_GLASS, 7, b"glass", b"holds break-glass, number 7", b""),
    (b"M", GROUP_PERSON, DO_SERVICE, 0, b"service", b"maintenance on", b"maintenance off"),
    (b"o", GROUP_WORLD, DO_WORLD, WORLD_OCCLUDED, b"kink", b"line to the patient kinked", b"kink gone"),
    (b"O", GROUP_WORLD, DO_WORLD, WORLD_OCCLUDED_UP, b"bag", b"line to the bag kinked", b"its kink gone"),
    (b"y", GROUP_WORLD, DO_WORLD, WORLD_AIR, b"air", b"bubble of 200 uL at the detector", b"bubble drawn off"),
    (b"d", GROUP_WORLD, DO_WORLD, WORLD_DOOR, b"door", b"door or clamp opened", b"door or clamp closed"),
    (b"e", GROUP_WORLD, DO_WORLD, WORLD_EMPTY, b"empty", b"reservoir nearly empty", b"a full one"),
    (b"w", GROUP_WORLD, DO_WORLD, WORLD_MAINS_OFF, b"mains", b"mains gone", b"mains back"),
    (b"f", GROUP_WORLD, DO_WORLD, WORLD_BATTERY_FLAT, b"flat", b"battery at 4 %", b"battery full"),
    (b"t", GROUP_WORLD, DO_WORLD, WORLD_HOT, b"hot", b"heated to 60 degrees", b"cooled to 25 degrees"),
    (b"j", GROUP_WORLD, DO_WORLD, WORLD_JAMMED, b"jam", b"screw jammed", b"screw free"),
    (b"F", GROUP_WORLD, DO_WORLD, WORLD_FREE_FLOW, b"flow", b"set open: free flow", b"set closed"),
    (b"l", GROUP_ATTACK, DO_WORLD, WORLD_LINK_CUT, b"link", b"network cable pulled", b"network cable plugged in"),
    (b"h", GROUP_ATTACK, DO_HOSTILE, 24, b"forge", b"forged bytes on the link", b""),
    (b"H", GROUP_ATTACK, DO_HOSTILE, 256, b"flood", b"flood on the link", b""),
    (b"C", GROUP_ATTACK, DO_ROLL_BACK, 0, b"counter", b"secure counter put back", b""),
    (b"W", GROUP_BOARD, DO_STALL, 2000, b"lag", b"firmware stalls for 2 s", b""),
    (b"G", GROUP_BOARD, DO_STALL, 9000, b"hang", b"firmware hangs: watchdog", b""),
    (b"R", GROUP_BOARD, DO_RESET, 0, b"reset", b"chip reset", b""),
    (b"P", GROUP_BOARD, DO_POWER, 10000, b"power", b"power lost for 10 s", b""),
    (b"N", GROUP_BOARD, DO_NEW, 0, b"new", b"a new pump", b""),
    (b"1", GROUP_BOARD, DO_SPEED, 1, b"x1", b"time as it is", b""),
    (b"2", GROUP_BOARD, DO_SPEED, 10, b"x10", b"time tenfold", b""),
    (b"3", GROUP_BOARD, DO_SPEED, 60, b"x60", b"a minute each second", b""),
    (b"D", GROUP_BOARD, DO_DEMO, 0, b"demo", b"demo begins", b"demo ends"),
    (b"L", GROUP_BOARD, DO_REDRAW, 0, b"draw", b"screen drawn anew", b""),
    (b"q", GROUP_BOARD, DO_QUIT, 0, b"quit", b"switched off", b""),
)  # fmt: skip


def place_of(byte):
    """Return the row of KEYS for a byte from the terminal, or -1."""
    for place in range(len(KEYS)):
        if KEYS[place][0][0] == byte:
            return place
    return -1

"""The contracts between the firmware and a board: records, codes and ports.

A board is an object with the attributes of `Board`. Nothing here does I/O; a port class is
a contract to be matched by shape, and its methods raise only where a board forgot one.
Integers only; the unit is in the name. Sources of the figures: docs/references.md.
"""

from hal.compat import const

# Return codes of ports and of firmware calls. A closed set; 0 is success.
OK = const(0)
ERR_BUSY = const(1)
ERR_FAILED = const(2)
ERR_FULL = const(3)
ERR_RANGE = const(4)
ERR_ABSENT = const(5)

# Heads: see firmware/therapy/heads.py for their geometry.
HEAD_SYRINGE = const(1)
HEAD_VOLUMETRIC = const(2)

# Readings.flags: one bit per sensed fact.
RF_DOOR_OPEN = const(1)  # volumetric: door; syringe: no door, never set
RF_CLAMP_OPEN = const(2)  # syringe: barrel clamp lifted; volumetric: set not loaded
RF_PLUNGER_OFF = const(4)  # syringe: plunger not in the driver
RF_AIR = const(8)  # air at the detector now (volumetric only)
RF_MAINS = const(16)  # running on mains
RF_KEY_SWITCH = const(32)  # bedside key switch turned
RF_LINK_UP = const(64)  # the network link has a carrier
RF_GATE_SHUT = const(128)  # hardware gate (Stop, door, air) has stopped the generator; latched
RF_STOP_HELD = const(256)  # the Stop key is down
RF_MOTOR_FAULT = const(512)  # driver reports a fault
RF_SENSOR_FAULT = const(1024)  # a sensor did not answer; its value is the last good one

# Keys: at most one event a tick, in Readings.key. Codes from KEY_FIELD up are field entries
# (KEY_FIELD + field code) whose integer is in Readings.key_value.
KEY_NONE = const(0)
KEY_STOP = const(1)  # stop now: always allowed
KEY_START = const(2)  # start, or restart after pause, hazard or KVO
KEY_PAUSE = const(3)
KEY_AUDIO_PAUSE = const(4)
KEY_ACKNOWLEDGE = const(5)  # resets latched alarms whose cause is gone
KEY_PATIENT_BOLUS = const(6)  # the patient's button
KEY_CLINICIAN_BOLUS = const(7)
KEY_PRIME_ON = const(8)  # pressed and held
KEY_PRIME_OFF = const(9)
KEY_PROGRAMME = const(10)  # begin programming
KEY_CONFIRM = const(11)  # confirm what the display shows
KEY_CANCEL = const(12)
KEY_STANDBY = const(13)  # end the therapy, back to standby
KEY_MAINTENANCE_ON = const(14)
KEY_MAINTENANCE_OFF = const(15)
KEY_GLASS_ON = const(16)  # break-glass, pressed and held for three seconds
KEY_GLASS_OFF = const(17)
KEY_FIELD = const(64)

# Field codes, each an integer in the named unit.
FIELD_DRUG = const(1)  # library code
FIELD_CARE_AREA = const(2)  # library code
FIELD_MODE = const(3)  # MODE_* of firmware/therapy/prescription.py
FIELD_WEIGHT_G = const(4)  # of the patient
FIELD_DOSE_MILLI = const(5)  # dose rate in thousandths of the entry's unit
FIELD_VTBI_UL = const(6)  # volume to be infused
FIELD_TIME_S = const(7)  # in which it is to be infused
FIELD_SYRINGE = const(8)  # syringe code of heads.py
FIELD_LOADING_UL = const(9)  # loading dose …
FIELD_LOADING_S = const(10)  # … over this long
FIELD_STEP_DOSE_MILLI = const(11)  # opens a further step at this dose rate …
FIELD_STEP_S = const(12)  # … lasting this long
FIELD_RAMP_UP_S = const(13)  # from nothing to the dose
FIELD_RAMP_DOWN_S = const(14)  # and back
FIELD_INTERVAL_S = const(15)  # intermittent: start to start
FIELD_CYCLES = const(16)  # intermittent: how many
FIELD_BOLUS_UL = const(17)  # patient bolus, or manual bolus in other modes
FIELD_LOCKOUT_S = const(18)  # between a patient's boluses
FIELD_CLINICIAN_UL = const(19)  # clinician bolus …
FIELD_CLINICIAN_S = const(20)  # … over this long
FIELD_PRESSURE_MMHG = const(21)  # downstream occlusion limit
FIELD_TITRATE_MILLI = const(22)  # new dose rate while running
FIELD_BOLUS_UL_H = const(23)  # bolus rate
FIELD_PERSON = const(24)  # number of the person who logs in, or breaks the glass
FIELD_PIN = const(25)  # and that person's PIN, with a 1 before its digits, so that 0042 is not 42
FIELD_TAKE = const(26)  # number of what was carried here and shall be in force after the next start

# Status.lamp: the colour that is lit now.
LAMP_DARK = const(0)
LAMP_RED = const(1)
LAMP_YELLOW = const(2)
LAMP_CYAN = const(3)

CARD_ANSWER = const(68)  # bytes that a card answers: see Identity

# Store areas.
AREA_LIBRARY = const(0)
AREA_JOURNAL_A = const(1)
AREA_JOURNAL_B = const(2)
AREA_AUDIT_A = const(3)
AREA_AUDIT_B = const(4)
AREA_KEYS_A = const(5)  # the credential record, twice: an erase takes a whole area
AREA_KEYS_B = const(6)
AREA_STAGE = const(7)  # what was carried here and is not in force: firmware/trust/staging.py
AREA_BOOT_A = const(8)  # the boot record, in turns: firmware/update/record.py
AREA_BOOT_B = const(9)
AREA_ROOTS_A = const(10)  # the root record, twice: firmware/update/roots.py
AREA_ROOTS_B = const(11)
AREA_SLOT_A = const(12)  # a firmware image each: firmware/update/slot.py
AREA_SLOT_B = const(13)
AREA_GOLDEN = const(14)  # the image that a pump recovers with
AREA_LIBRARY_B = const(15)  # the drug library's second copy

BLOCK = const(4096)  # what `Store.erase_block` erases


class Readings:
    """What the board sensed for one tick. Preallocated; `Board.read` writes in place.

    Counters are modulo 2**30. `reservoir_ul`, `size_um` and `drips` are -1 where the head has no
    such sensor, `rtc_s` where the board has no clock that survives power.
    """

    __slots__ = (
        "battery_mv",
        "battery_permille",
        "down_mmhg",
        "drips",
        "encoder_count",
        "flags",
        "key",
        "key_value",
        "reservoir_ul",
        "rtc_s",
        "size_um",
        "step_count",
        "stored_seq",
        "temperature_dc",
        "up_mmhg",
    )

    def __init__(self):
        self.step_count = 0  # step generator's counter
        self.encoder_count = 0  # drive encoder, in steps
        self.flags = RF_MAINS
        self.down_mmhg = 0  # line pressure towards the patient
        self.up_mmhg = 0  # line pressure towards the reservoir
        self.drips = 0
        self.reservoir_ul = -1  # syringe: from the plunger's position
        self.size_um = -1  # syringe: sensed barrel diameter
        self.battery_mv = 7400
        self.battery_permille = 1000
        self.temperature_dc = 250  # tenths of a degree Celsius
        self.rtc_s = -1
        self.key = KEY_NONE
        self.key_value = 0
        self.stored_seq = 0  # last record the store holds whole


class Drive:
    """What the tick asks of the motor. `Board.write` passes it on.

    step_rate_mhz: steps per 1000 s, signed; 0 stops. step_end: absolute position modulo
    2**30 where the generator stops by itself (the lease). enable: 0 or 1; its rising edge
    re-arms a hardware gate whose cause is gone. relay: 0 or 1, motor power.
    """

    __slots__ = ("enable", "relay", "step_end", "step_rate_mhz")

    def __init__(self):
        self.step_rate_mhz = 0
        self.step_end = 0
        self.enable = 0
        self.relay = 0


class Status:
    """What the pump shows and the trace records. Written in place by the tick.

    `therapy_alarms` and `trust_alarms` are bit masks over the codes of alarms.py.
    """

    __slots__ = (
        "alarm",
        "battery_min",
        "bolus",
        "bolus_left_ul",
        "commanded_rest",
        "commanded_ul",
        "delivered_ul",
        "delivery",
        "drug",
        "lamp",
        "lockout_s",
        "lost_ul",
        "message",
        "offered_milli",
        "operator",
        "priority",
        "rate_ul_h",
        "reservoir_min",
        "segment",
        "silenced",
        "therapy_alarms",
        "tone_hz",
        "trust",
        "trust_alarms",
        "uncertain_ul",
        "vtbi_ul",
        "window_ul",
    )

    def __init__(self):
        self.delivery = 0  # ST_* of tables.py
        self.trust = 0  # TR_* of tables.py
        self.rate_ul_h = 0  # rate asked of the drive now
        self.drug = 0
        self.segment = 0
        self.commanded_ul = 0
        self.commanded_rest = 0  # 1/3600 nL
        self.delivered_ul = 0  # by the step counter
        self.uncertain_ul = 0
        self.lost_ul = 0  # missed past a lease's end, never caught up
        self.vtbi_ul = 0  # left; -1: no volume limit
        self.bolus = 0  # 0, KEY_PATIENT_BOLUS or KEY_CLINICIAN_BOLUS
        self.bolus_left_ul = 0
        self.lockout_s = 0
        self.window_ul = 0  # volume counted by the rolling limit
        self.therapy_alarms = 0
        self.trust_alarms = 0
        self.alarm = 0  # the one to show first
        self.priority = 0  # of that one: PRIORITY_*
        self.silenced = 0  # 1 while the audio pause runs: no tone, the lamp stays
        self.message = 0  # MSG_*: last answer to a person
        self.offered_milli = -1  # dose rate that is asked for from afar and waits for a confirm, -1: none
        self.operator = 0  # who is logged in at the bedside: a person's number, 0: nobody
        self.lamp = 0  # lit now: LAMP_*
        self.tone_hz = 0  # sounding now, 0 for silence
        self.battery_min = -1  # left on the battery; -1: unknown, or on mains
        self.reservoir_min = -1  # until empty (volumetric: of the volume to infuse); -1: unknown, or no flow


class Clock:
    """Monotonic milliseconds modulo 2**30."""

    def ticks_ms(self):
        """Return now, 0 … 2**30 - 1."""
        raise NotImplementedError


class Rtc:
    """A clock that survives power loss, or ERR_ABSENT."""

    def read_s(self):
        """Return seconds since 2020-01-01, or -1 where there is none."""
        raise NotImplementedError


class Store:
    """Non-volatile memory in areas, with the semantics of NOR flash.

    A write only clears bits and is not atomic; an erase sets an area to 0xFF and takes
    45–400 ms on a real part. Every call returns OK or an ERR_* code and never raises.
    """

    def size(self, area):
        """Bytes in `area`."""
        raise NotImplementedError

    def read(self, area, offset, into):
        """Fill `into` from `offset`; OK or ERR_*."""
        raise NotImplementedError

    def write(self, area, offset, data):
        """Write `data` at `offset`; OK or ERR_*."""
        raise NotImplementedError

    def erase(self, area):
        """Set the whole area to 0xFF; OK or ERR_*."""
        raise NotImplementedError

    def erase_block(self, area, offset):
        """Set the BLOCK bytes from `offset`, a multiple of BLOCK, to 0xFF; OK or ERR_*.

        For an area whose whole erase would outlast the watchdog.
        """
        raise NotImplementedError


class Link:
    """A byte stream to the network, never trusted and never waited for.

    One that is dialled (a socket, TLS) has `open` and `close` too, and tells the far end's going by -1.
    """

    blocks_ms = 0  # the longest time that `open` may block: a TLS handshake is one C call

    def receive(self, into):
        """Copy waiting bytes into `into`; return their number, or -1 where a dialled far end is gone."""
        raise NotImplementedError

    def send(self, data, count):
        """Hand over the first `count` bytes of `data`; return how many were taken, or -1 where the far end is gone.

        Comms is not trusted to count: below 0 nothing is taken, past the end what there is.
        """
        raise NotImplementedError

    def open(self):
        """Dial, or go on dialling: OK once bytes can pass, ERR_BUSY while it takes time, else an ERR_* code."""
        raise NotImplementedError

    def close(self):
        """Let go of the far end; what was not sent is lost."""
        raise NotImplementedError


class Watchdog:
    """Resets the board unless fed in time."""

    def feed(self):
        """Start the period anew."""
        raise NotImplementedError


class Entropy:
    """Random bytes; how much they are worth is the board's to say."""

    def fill(self, into):
        """Fill `into`; OK or ERR_*."""
        raise NotImplementedError


class SecureCounter:
    """A counter that only rises, apart from the store."""

    def read(self):
        """Return the count, or -1 where the part does not answer."""
        raise NotImplementedError

    def advance(self):
        """Add one and return OK, or an ERR_* code."""
        raise NotImplementedError


class Scratch:
    """One word that outlives a watchdog reset and not a loss of power: 0 … 2**30 - 1, 0 at power-on.

    A register: writing takes no time and cannot fail. On an RP2040, a watchdog scratch register.
    """

    def read(self):
        """Return the word."""
        raise NotImplementedError

    def write(self, word):
        """Set the word."""
        raise NotImplementedError


class Pacer:
    """Calls the turn in time and lets time pass. Only a board that `firmware.main` runs has one."""

    def start(self, turn, period_ms):
        """Call `turn(_)` each `period_ms`, between any two bytecodes of whatever runs; OK, or ERR_ABSENT.

        On an RP2040, a soft timer. Where it is ERR_ABSENT the main loop takes the turns.
        """
        raise NotImplementedError

    def rest(self):
        """Let a little time pass, a few ms at most; return whether the board is still switched on."""
        raise NotImplementedError


class Identity:
    """A reader of cards at the bedside. It waits for nothing. A board without one has None in its place."""

    def present(self):
        """Return a number for the card that lies there, 0 … 2**30 - 1, the same while it does; -1 for none, or two.

        A name that anyone may copy (a UID): it tells that a card came, went or was changed for another, and no more.
        """
        raise NotImplementedError

    def ask(self, question):
        """Hand the card `question` (bytes, 64 at most) to sign and forget any before; OK, or ERR_ABSENT: it cannot."""
        raise NotImplementedError

    def answer(self, into):
        """Copy the answer (CARD_ANSWER bytes) into `into`; OK, ERR_BUSY while the card is at it, else there is none.

        The person's number, 32 bits, then r and s of the card's signature, ECDSA on P-256 with SHA-256; big-endian.
        """
        raise NotImplementedError


class Board:
    """What the firmware is wired to. Sensors, panel, alarm and drive meet in three calls.

    `head` is HEAD_SYRINGE or HEAD_VOLUMETRIC.
    """

    head = HEAD_SYRINGE
    clock = None
    rtc = None
    store = None
    link = None
    watchdog = None
    entropy = None
    counter = None
    scratch = None
    identity = None
    pacer = None
    local = None  # a Link too, but a serial line at the pump itself; None where there is none

    def read(self, readings):
        """Write this tick's sensor values and key event into `readings`."""
        raise NotImplementedError

    def write(self, drive):
        """Pass `drive` to the step generator and the motor-power relay."""
        raise NotImplementedError

    def show(self, status):
        """Pass `status` to the display, the lamp and the sounder."""
        raise NotImplementedError

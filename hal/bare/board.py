"""The bare board: a plant in RAM behind the firmware's ports. Matches hal.ports.Board.

    desk = make_board(HEAD_VOLUMETRIC)
    run(desk.board)
"""

from hal.bare.library import LIBRARY
from hal.bare.parts import Clock, Counter, Entropy, Link, Rtc, Scratch, Store, Watchdog
from hal.bare.plant import SYRINGE_UM, Plant
from hal.compat import const
from hal.ports import (
    HEAD_SYRINGE,
    KEY_GLASS_OFF,
    KEY_NONE,
    KEY_STOP,
    RF_AIR,
    RF_CLAMP_OPEN,
    RF_DOOR_OPEN,
    RF_GATE_SHUT,
    RF_KEY_SWITCH,
    RF_LINK_UP,
    RF_MAINS,
    RF_STOP_HELD,
)

QUEUE = const(64)  # key presses that wait
STOP_HELD_MS = const(300)
START_MS = const(400)  # from a reset to the first turn, assumed
WARM_DC = const(250)
HOT_DC = const(600)
_EMPTY_MV = const(6000)
_SPAN_MV = const(1400)


class BareBoard:
    """`read` and `write` make no object; `lamp(lit)`, where it is set, drives the board's own light."""

    def __init__(self, head):
        self.head = head
        self.clock = Clock()
        self.plant = Plant(head)
        self.rtc = Rtc(self.clock)
        self.store = Store(LIBRARY, self.advance)
        self.link = Link(self.plant)
        self.watchdog = Watchdog(self.clock)
        self.entropy = Entropy()
        self.counter = Counter()
        self.scratch = Scratch()
        self.identity = None
        self.local = None
        self.pacer = None
        self.lamp = None
        self.status = None  # what the pump shows, once it does
        self.flags = RF_MAINS  # as the last turn read them
        self._lit = False
        self._keys = [0] * QUEUE
        self._values = [0] * QUEUE
        self._head = 0
        self._waiting = 0
        self._stop = False
        self._stop_ms = 0  # the Stop key is held so much longer

    # What a person does.

    def room(self):
        """Key presses that there is room for."""
        return QUEUE - self._waiting

    def press(self, key, value=0):
        """A person presses a key; False where too many wait. Stop acts in hardware at once and waits for none."""
        if key == KEY_STOP:
            self.plant.stop_held = 1
            self.plant.hold_gate()
            self._stop_ms = STOP_HELD_MS
            self._stop = True
            return True
        if self._waiting >= QUEUE:
            return False
        place = (self._head + self._waiting) % QUEUE
        self._keys[place] = key
        self._values[place] = value
        self._waiting += 1
        return True

    # The three calls of a turn.

    def read(self, readings):
        """Sense everything for this tick."""
        plant = self.plant
        readings.step_count = plant.count
        readings.encoder_count = plant.encoder()
        self.flags = readings.flags = self._flags(plant)
        readings.down_mmhg = plant.down_mmhg()
        readings.up_mmhg = plant.up_mmhg()
        readings.drips = plant.drips
        readings.reservoir_ul = plant.reservoir_ul()
        readings.size_um = SYRINGE_UM if self.head == HEAD_SYRINGE else -1
        readings.battery_permille = plant.battery_permille
        readings.battery_mv = _EMPTY_MV + _SPAN_MV * plant.battery_permille // 1000
        readings.temperature_dc = HOT_DC if plant.heat else WARM_DC
        readings.rtc_s = self.rtc.read_s()
        self._hand_out_key(readings)

    def _flags(self, plant):
        flags = RF_MAINS if plant.mains else 0
        if plant.link_up:
            flags |= RF_LINK_UP
        if plant.door_open:
            flags |= RF_DOOR_OPEN
        if plant.clamp_open:
            flags |= RF_CLAMP_OPEN
        if plant.key_switch:
            flags |= RF_KEY_SWITCH
        if plant.stop_held:
            flags |= RF_STOP_HELD
        if plant.gate_shut:
            flags |= RF_GATE_SHUT
        if plant.air_at_detector():
            flags |= RF_AIR
        return flags

    def _hand_out_key(self, readings):
        readings.key = KEY_NONE
        readings.key_value = 0
        if self._stop:  # whoever stops has let go of all else
            self._stop = False
            self._waiting = 0
            readings.key = KEY_STOP
            self.press(KEY_GLASS_OFF)
        elif self._waiting:
            readings.key = self._keys[self._head]
            readings.key_value = self._values[self._head]
            self._head = (self._head + 1) % QUEUE
            self._waiting -= 1

    def write(self, drive):
        """Pass the drive on."""
        self.plant.drive(drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay)

    def show(self, status):
        """Keep what is shown, for the panel; the board's light follows the lamp at once."""
        self.status = status
        lit = status.lamp != 0
        if lit != self._lit:
            self._lit = lit
            if self.lamp is not None:
                self.lamp(1 if lit else 0)

    # Time and power.

    def advance(self, ms):
        """Let `ms` of virtual time pass."""
        self.clock.advance(ms)
        self.plant.advance(ms)
        if self._stop_ms:
            self._stop_ms = max(self._stop_ms - ms, 0)
            if not self._stop_ms:
                self.plant.stop_held = 0

    def restart(self):
        """The chip restarts: what only it held is gone, and a little time passes."""
        self.plant.restart()
        self.link.restart()
        self.watchdog.restart()
        self.status = None
        self._waiting = 0
        self._stop = False
        self.advance(START_MS)

    def lose_power(self, off_ms):
        """No power for `off_ms`; the clock's own battery keeps it going, and the patient's line runs out."""
        self.plant.restart()
        self.scratch.write(0)
        self.advance(off_ms)

    def renew(self):
        """Another pump of the same make: nothing in its store, a full reservoir, all as it should be."""
        self.plant.renew()
        self.store.wipe()
        self.counter.renew()
        self.scratch.write(0)

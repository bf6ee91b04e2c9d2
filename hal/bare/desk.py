"""The desk that the bare board stands on: what each key of the terminal does to person, world and board."""

from hal.bare import keys, log
from hal.bare.board import BareBoard
from hal.bare.demo import Demo
from hal.bare.programmes import PROGRAMMES, dose_milli
from hal.compat import const
from hal.ports import (
    FIELD_PERSON,
    FIELD_SYRINGE,
    FIELD_TITRATE_MILLI,
    HEAD_SYRINGE,
    KEY_FIELD,
    KEY_GLASS_OFF,
    KEY_GLASS_ON,
    KEY_MAINTENANCE_OFF,
    KEY_MAINTENANCE_ON,
    KEY_NONE,
    KEY_PRIME_OFF,
    KEY_PRIME_ON,
    KEY_PROGRAMME,
)

# What ends a run of the firmware.
GOES_ON = const(0)
RESET = const(1)
POWER = const(2)
WATCHDOG = const(3)
NEW = const(4)
QUIT = const(5)

SYRINGE_60_ML = const(5)  # of firmware/therapy/heads.py
BUBBLE_NL = const(200_000)
NEARLY_SYRINGE_NL = const(1_500_000)
NEARLY_BAG_NL = const(100_000)
LOW_NL = const(2_000_000)  # a reservoir with less counts as the nearly empty one
FLAT_PERMILLE = const(40)
_HELD_TURNS = const(32)  # a key that is held for three seconds
_HINT_S = const(5)

_UNKNOWN = b" There is no such key; the lines below list them all."
_FULL = b" Too many keys at once: this one is dropped."
_NOT_HERE = b" This head has no such thing."
_OPEN_FIRST = b" Open the door or clamp first (d)."
_NO_LINK = b" The cable is pulled: no byte comes through."
_YOURS = b" The demo has ended, the pump is yours. D plays it anew."


class Desk:
    """`key(byte)` takes what is typed, `step()` lets time's doings happen, `after_run()` boots again or not."""

    def __init__(self, board):
        self.board = board
        self.log = log.Log()
        self.demo = Demo(self)
        self.speed = 1
        self.hint = b""
        self.why = GOES_ON
        self.redraws = 0
        self.frozen = False  # no turn may be taken
        self._hint_s = 0
        self._off_ms = 0
        self._dose_milli = 0
        self._titrated = 0
        self._serviced = 0
        self.log.note(0, log.LOG_BOOT, log.BOOT_POWER)

    def key(self, byte):
        """A byte that somebody typed."""
        place = keys.place_of(byte)
        if place < 0:
            self._say(_UNKNOWN)
            return
        self.hint = b""
        action = keys.KEYS[place][2]
        if self.demo.runs and not keys.DO_SPEED <= action <= keys.DO_QUIT:
            self.demo.end()
            self._say(_YOURS)
        self.do(place)

    def step(self):
        """Look at what the pump did, and let the demo play."""
        board = self.board
        if board.status is not None:
            self.log.watch(board.clock.s, board.status)
        if self.hint and board.clock.s >= self._hint_s:
            self.hint = b""
        if board.watchdog.bites():
            self.why = WATCHDOG
        self.demo.step()

    def do(self, place, on=-1):
        """Carry out a row of keys.KEYS; `on` is 1 or 0 for what works both ways, -1 to change it."""
        action = keys.KEYS[place][2]
        argument = keys.KEYS[place][3]
        done = 1
        back = 0
        if action == keys.DO_PRESS:
            done = self._press(argument, 0)
        elif action == keys.DO_PROGRAMME:
            done = self._programme(argument)
        elif action == keys.DO_TITRATE:
            done = self._titrate(argument)
        elif action == keys.DO_PRIME:
            done = self._hold(KEY_PRIME_ON, KEY_PRIME_OFF)
        elif action == keys.DO_GLASS:
            done = self._room(_HELD_TURNS + 3) and self._press(KEY_FIELD + FIELD_PERSON, argument)
            done = done and self._hold(KEY_GLASS_ON, KEY_GLASS_OFF)
        elif action == keys.DO_SERVICE:
            back = self._serviced
            done = self._press(KEY_MAINTENANCE_OFF if back else KEY_MAINTENANCE_ON, 0)
            self._serviced = 1 - back
        elif action == keys.DO_WORLD:
            on = 1 - self._is(argument) if on < 0 else on
            done = self._change(argument, on)
            back = 1 - on
        elif action == keys.DO_HOSTILE:
            done = self.board.link.inject(argument)
            if not done:
                self._say(_NO_LINK)
        else:
            self._board(action, argument)
            back = 1 if action == keys.DO_DEMO and not self.demo.runs else 0
        if done:
            self.log.note(self.board.clock.s, log.LOG_KEY, place, back)

    def _board(self, action, argument):
        if action == keys.DO_ROLL_BACK:
            self.board.counter.roll_back()
        elif action == keys.DO_RESET:
            self.why = RESET
        elif action == keys.DO_POWER:
            self.why = POWER
            self._off_ms = argument
        elif action == keys.DO_STALL:
            self._stall(argument)
        elif action == keys.DO_NEW:
            self.renew()
        elif action == keys.DO_SPEED:
            self.speed = argument
        elif action == keys.DO_DEMO:
            self._toggle_demo()
        elif action == keys.DO_REDRAW:
            self.redraws += 1
        else:
            self.why = QUIT

    # A person.

    def _press(self, key, value):
        return self.board.press(key, value) or self._say(_FULL)

    def _room(self, count):
        return self.board.room() >= count or self._say(_FULL)

    def _hold(self, down, up):
        if not self._room(_HELD_TURNS + 2):
            return 0
        self.board.press(down)
        for _ in range(_HELD_TURNS):
            self.board.press(KEY_NONE)
        return self.board.press(up)

    def _programme(self, which):
        fields = PROGRAMMES[which]
        if not self._room(len(fields) + 2):
            return 0
        board = self.board
        board.press(KEY_PROGRAMME)
        for field, value in fields:
            board.press(KEY_FIELD + field, value)
        if board.head == HEAD_SYRINGE:
            board.press(KEY_FIELD + FIELD_SYRINGE, SYRINGE_60_ML)
        self._dose_milli = dose_milli(which)
        return 1

    def _titrate(self, tenths):
        self._dose_milli = max(self._dose_milli + tenths * max(self._dose_milli // 10, 1), 0)
        return self._press(KEY_FIELD + FIELD_TITRATE_MILLI, self._dose_milli)

    # The world.

    def _is(self, world):
        plant = self.board.plant
        if world == keys.WORLD_OCCLUDED:
            return plant.occluded
        if world == keys.WORLD_OCCLUDED_UP:
            return plant.occluded_up
        if world == keys.WORLD_AIR:
            return 1 if plant.air_nl else 0
        if world == keys.WORLD_DOOR:
            return plant.clamp_open if plant.head == HEAD_SYRINGE else plant.door_open
        if world == keys.WORLD_EMPTY:
            return 1 if plant.left_nl < LOW_NL else 0
        if world == keys.WORLD_MAINS_OFF:
            return 1 - plant.mains
        if world == keys.WORLD_BATTERY_FLAT:
            return 1 if plant.battery_permille <= FLAT_PERMILLE else 0
        if world == keys.WORLD_HOT:
            return plant.heat
        if world == keys.WORLD_JAMMED:
            return plant.jammed
        if world == keys.WORLD_FREE_FLOW:
            return plant.free_flow
        return 1 - plant.link_up if world == keys.WORLD_LINK_CUT else plant.key_switch

    def _change(self, world, on):
        """Make the world so; 0, with a hint, where it cannot be."""
        plant = self.board.plant
        if world == keys.WORLD_OCCLUDED:
            plant.occluded = on
        elif world == keys.WORLD_OCCLUDED_UP or world == keys.WORLD_AIR:
            if plant.head == HEAD_SYRINGE:
                return self._say(_NOT_HERE)
            if world == keys.WORLD_AIR:
                plant.air_nl = BUBBLE_NL if on else 0
            else:
                plant.close_bag(on)
        elif world == keys.WORLD_DOOR:
            plant.open_door(on)
        elif world == keys.WORLD_EMPTY:
            return self._reservoir(on)
        elif world == keys.WORLD_MAINS_OFF:
            plant.mains = 1 - on
        elif world == keys.WORLD_BATTERY_FLAT:
            plant.battery_permille = FLAT_PERMILLE if on else 1000
        elif world == keys.WORLD_HOT:
            plant.heat = on
        elif world == keys.WORLD_JAMMED:
            plant.jammed = on
        elif world == keys.WORLD_FREE_FLOW:
            plant.free_flow = on
        elif world == keys.WORLD_LINK_CUT:
            plant.link_up = 1 - on
        else:
            plant.key_switch = on
        return 1

    def _reservoir(self, empty):
        plant = self.board.plant
        if empty:
            plant.left_nl = NEARLY_SYRINGE_NL if plant.head == HEAD_SYRINGE else NEARLY_BAG_NL
        elif not (plant.door_open or plant.clamp_open):
            return self._say(_OPEN_FIRST)
        else:
            plant.fill()
        return 1

    # The board.

    def renew(self):
        """Another pump takes this one's place."""
        self.why = NEW

    def _stall(self, ms):
        """No turn for so long: the lease ends, and perhaps the watchdog bites."""
        board = self.board
        self.frozen = True  # a timer's turn must not come between
        while ms > 0 and not board.watchdog.bites():
            board.advance(100)
            ms -= 100
        if board.watchdog.bites():
            self.why = WATCHDOG
        self.frozen = False

    def play(self):
        """Let the demo begin, on this pump where it is a new one."""
        self.demo.begin()
        if self.board.status is not None:
            self.renew()

    def _toggle_demo(self):
        if self.demo.runs:
            self.demo.end()
        else:
            self.play()

    def after_run(self):
        """Let the board come up again after what has ended the run; False where it is switched off."""
        why = self.why
        self.why = GOES_ON
        board = self.board
        if why == QUIT or why == GOES_ON:
            return False
        if why == POWER:
            board.lose_power(self._off_ms)
        elif why == NEW:
            board.renew()
            self._serviced = 0
        board.restart()
        reason = log.BOOT_WATCHDOG if why == WATCHDOG else log.BOOT_RESET if why == RESET else log.BOOT_POWER
        self.log.restart(board.clock.s, reason)
        return True

    def _say(self, hint):
        """Show a hint for a while; returns 0."""
        self.hint = hint
        self._hint_s = self.board.clock.s + _HINT_S * max(self.speed, 1)
        return 0


def make_desk(head):
    """Return a desk with a new BareBoard on it."""
    return Desk(BareBoard(head))

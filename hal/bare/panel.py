"""The panel: what the pump shows, its two state machines, the log and the keys, on 24 lines of 80 characters.

Everything is also said in words or signs, so that it reads without colours. `compose` does a bounded
piece of work and makes no more than a few small objects; it runs in the main loop, never in the turn.
"""

from hal.bare import keys, names
from hal.bare.library import drug_name
from hal.bare.line import WIDTH, Line
from hal.bare.screen import (
    INK_BAD,
    INK_BAR,
    INK_BOLD,
    INK_CYAN,
    INK_FAINT,
    INK_LIT,
    INK_PLAIN,
    INK_RED,
    INK_YELLOW,
)
from hal.compat import const
from hal.ports import RF_GATE_SHUT

_BODY = const(4)  # first line of the values
_LOG = const(13)
_LOG_LINES = const(5)
_STORY = const(18)
_KEYS = const(19)
_STATES = const(46)  # column
_WIRES = const(44)
_TRUST = const(70)
_FIRST_COLUMN = const(6)  # delivery states in each of two columns
_NO_ALARM = const(-1)
_PRIORITIES = (b"", b"LOW", b"MEDIUM", b"HIGH")
_FULL_BAR = const(16)
_BAR_MMHG = const(600)
_LAMP_INKS = (INK_PLAIN, INK_RED, INK_YELLOW, INK_CYAN)
_LAMP_WORDS = (b"( )", b"(R)", b"(Y)", b"(C)")


class Panel:
    """Draws a desk on a Screen."""

    def __init__(self, desk, screen):
        self._desk = desk
        self._screen = screen
        self._line = Line()
        self._logged = -1
        self._states = -1
        self._drug = -1
        self._drug_name = b""
        self._helped = False

    def compose(self):
        """Put on the screen what has changed."""
        screen = self._screen
        if not self._helped:
            self._helped = True
            self._help()
        status = self._desk.board.status
        self._title()
        if status is None:
            screen.say(1, 0, b"( ) the firmware boots", WIDTH)
            return
        self._alarm(status)
        self._values(status)
        states = status.delivery << 8 | status.trust
        if states != self._states:
            self._states = states
            self._draw_states(status)
        log = self._desk.log
        if log.total != self._logged:
            self._logged = log.total
            self._draw_log(log)
        self._story()

    def step(self):
        """Compose, and send a piece: for a device, whose turns pre-empt this."""
        self.compose()
        self._screen.step()

    def draw(self):
        """Compose, and send what the stream takes."""
        self.compose()
        self._screen.draw()

    def redraw(self):
        """Draw all anew."""
        self._screen.redraw()

    def _put(self, row, column, width, ink=INK_PLAIN):
        line = self._line
        self._screen.text(row, column, line.bytes, line.count, width, ink)

    def _title(self):
        desk = self._desk
        line = self._line.clear().add(b" KVO bare pump: simulated, no medical device")
        line.pad(50).add(b"demo  " if desk.demo.runs else b"manual")
        line.pad(58)
        speed = desk.speed
        if speed:
            line.add(b"x").number(speed)
        else:
            line.add(b"x max")
        line.pad(WIDTH - 10).clock(desk.board.clock.s)
        self._put(0, 0, WIDTH, INK_BAR)

    def _alarm(self, status):
        lamp = status.lamp
        self._screen.say(1, 0, _LAMP_WORDS[lamp], 3, _LAMP_INKS[lamp])
        line = self._line.clear().put(32)
        line = self._line
        ink = INK_FAINT
        if status.priority:
            ink = INK_BAD if status.priority == 3 else INK_BOLD
            line.add(_PRIORITIES[status.priority]).pad(9).add(names.name(names.ALARMS, status.alarm))
        else:
            line.add(b"no alarm")
        self._put(1, 3, 59, ink)
        line.clear()
        if status.silenced:
            line.add(b"sound paused")
        elif status.tone_hz:
            line.add(b"tone ").number(status.tone_hz).add(b" Hz")
        self._put(1, 62, 18)
        line.clear()
        self._others(status, line)
        self._put(2, 0, WIDTH, INK_FAINT)

    def _others(self, status, line):
        """Every other alarm that is shown, as far as they fit."""
        first = True
        for code in range(len(names.ALARMS)):
            mask = status.trust_alarms if code >= names.TRUST_BASE else status.therapy_alarms
            bit = code - names.TRUST_BASE if code >= names.TRUST_BASE else code
            if mask >> bit & 1 and code != status.alarm:
                line.add(b"    also: " if first else b"; ").add(names.ALARMS[code])
                first = False

    def _values(self, status):
        line = self._line
        plant = self._desk.board.plant
        row = _BODY
        if status.drug != self._drug:
            self._drug = status.drug
            self._drug_name = drug_name(status.drug) if status.drug else b"-"
        line.clear().add(names.name(names.DELIVERY, status.delivery)).pad(14).add(self._drug_name)
        self._put(row, 0, 44, INK_BOLD)
        line.clear().add(b"rate").number(status.rate_ul_h, 3, 12).add(b" mL/h")
        line.pad(25).add(b"given").number(status.delivered_ul, 3, 9).add(b" mL")
        self._put(row + 1, 0, 44)
        line.clear().add(b"to do")
        if status.vtbi_ul < 0:
            line.add(b"     no end")
        else:
            line.number(status.vtbi_ul, 3, 11).add(b" mL")
        line.pad(25).add(b"in ").minutes(_minutes(status.vtbi_ul, status.rate_ul_h))
        self._put(row + 2, 0, 44)
        self._pressure(row + 3)
        line.clear().add(b"reservoir").number(plant.left_nl // 1000, 3, 8).add(b" mL")
        line.pad(25).add(b"in ").minutes(status.reservoir_min)
        self._put(row + 4, 0, 44)
        line.clear().add(b"battery").number(plant.battery_permille, 1, 9).add(b" %")
        line.pad(25)
        if plant.mains:
            line.add(b"mains")
        else:
            line.add(b"in ").minutes(status.battery_min)
        self._put(row + 5, 0, 44)
        self._truth(row + 6, status)
        line.clear()
        if status.message:
            line.add(b"> ").add(names.name(names.MESSAGES, status.message))
        self._put(row + 7, 0, 44, INK_BOLD)
        self._wires(row + 7)

    def _pressure(self, row):
        mmhg = self._desk.board.plant.down_mmhg()
        line = self._line.clear().add(b"line").number(mmhg, 0, 12).add(b" mmHg").pad(25).add(b"[")
        bar = min(max(mmhg * _FULL_BAR // _BAR_MMHG, 0), _FULL_BAR)
        for place in range(_FULL_BAR):
            line.put(35 if place < bar else 46)
        line.put(93)
        self._put(row, 0, 44)

    def _truth(self, row, status):
        """What the plant knows and the pump does not."""
        plant = self._desk.board.plant
        line = self._line.clear().add(b"patient got").number(plant.delivered_ul, 3, 9).add(b" mL")
        line.pad(25).add(b"lost ").number(status.lost_ul, 3).add(b" mL")
        self._put(row, 0, 44)

    def _wires(self, row):
        plant = self._desk.board.plant
        line = self._line.clear().add(b"motor ").add(b"on " if plant.moving() else b"off")
        line.add(b" gate ").add(b"shut" if self._desk.board.flags & RF_GATE_SHUT else b"open")
        line.add(b" link ").add(b"up " if plant.link_up else b"cut")
        line.add(b" key ").add(b"on" if plant.key_switch else b"off")
        self._put(row, _WIRES, WIDTH - _WIRES)

    def _draw_states(self, status):
        screen = self._screen
        screen.say(_BODY - 1, 0, b"", _STATES, INK_FAINT)
        screen.say(_BODY - 1, _STATES, b"delivery", _TRUST - _STATES, INK_FAINT)
        screen.say(_BODY - 1, _TRUST, b"trust", WIDTH - _TRUST, INK_FAINT)
        for state in range(len(names.DELIVERY)):
            row = _BODY + state % _FIRST_COLUMN
            column = _STATES if state < _FIRST_COLUMN else _STATES + 12
            self._state(row, column, names.DELIVERY[state], 12, state == status.delivery)
        for state in range(len(names.TRUST)):
            self._state(_BODY + state, _TRUST, names.TRUST[state], WIDTH - _TRUST, state == status.trust)

    def _state(self, row, column, word, width, lit):
        line = self._line.clear()
        line.put(62 if lit else 32)
        line.add(word)
        self._put(row, column, line.count, INK_LIT if lit else INK_FAINT)
        self._screen.say(row, column + line.count, b"", width - line.count)

    def _draw_log(self, log):
        for back in range(_LOG_LINES):
            log.write(back, self._line)
            priority = log.priority(back)
            ink = INK_BAD if priority == 3 else INK_BOLD if priority else INK_PLAIN
            self._put(_LOG + _LOG_LINES - 1 - back, 0, WIDTH, ink)

    def _story(self):
        desk = self._desk
        if desk.hint:
            self._screen.say(_STORY, 0, desk.hint, WIDTH, INK_BAR)
        else:
            self._screen.say(_STORY, 0, desk.demo.story, WIDTH, INK_BAR)

    def _help(self):
        row = _KEYS
        for group in range(len(keys.GROUPS)):
            row = self._help_group(row, group)

    def _help_group(self, row, group):
        line = self._line.clear().add(keys.GROUPS[group]).pad(6)
        for entry in keys.KEYS:
            if entry[1] != group or not entry[4]:
                continue
            if line.count + 3 + len(entry[4]) > WIDTH:
                self._put(row, 0, WIDTH)
                row += 1
                line.clear().pad(6)
            line.put(32)
            line.add(entry[0]).add(b"=").add(entry[4])
        self._put(row, 0, WIDTH)
        return row + 1


def _minutes(ul, rate_ul_h):
    """Minutes that a volume lasts at a rate, -1 where there is no telling."""
    return ul * 60 // rate_ul_h if ul >= 0 and rate_ul_h > 0 else -1

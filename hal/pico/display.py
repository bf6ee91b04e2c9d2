"""SSD1306, 128 × 64: rate and state large, what is wrong, what is being typed.

`show`, in the turn, takes notes. `idle`, in the main loop, draws one band of the picture or sends
one slice of 32 bytes, 4 ms of the bus at most; a whole new picture takes some twenty calls. What
comes and goes between two pictures is not shown: alarms are the lamp's and the sounder's too.

    0  rate in mL/h, large
    2  its unit, and the state while an alarm has the large line
    3  state or alarm, large
    5  what the last answer to a person was
    6  the number that is being typed, or the volume given
    7  trust, minutes left on the battery
"""

import framebuf

from hal.compat import const, ticks_diff
from hal.pico import pins
from hal.pico.entry import FIELD, VALUE
from hal.pico.words import ALARMS, FIELDS, MESSAGES, STATES, TRUST, long, short
from hal.ports import ERR_FAILED, FIELD_PIN, OK

WIDTH = const(128)
PAGES = const(8)
SLICE = const(32)
_SLICES = const(32)  # in the whole picture
AGAIN_MS = const(10_000)  # everything is sent anew so often: a display that lost power comes back
RETRY_MS = const(1000)
# Solomon Systech SSD1306 rev 1.1, section 9 and its application note: 128 × 64, charge pump, horizontal addressing.
_INIT = (
    b"\x00\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x00\xa1\xc8\xda\x12\x81\xcf\xd9\xf1\xdb\x30\xa4\xa6\xaf"
)
_DATA = const(0x40)
# Each half of a byte with its dots doubled.
_DOUBLED = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"
# What is noted, each with the pages where it is drawn: bits by page. Large lines begin on pages 0 and 3.
_NOTES = const(8)
_BANDS = bytes((0x01, 0x0C, 0x0C, 0x20, 0x40, 0x80, 0x80, 0x20))
_NOTHING = const(-1)


class Display:
    """The picture, its copy of what the display holds, and what of it is to be sent."""

    def __init__(self, bus, entry, address=pins.DISPLAY_ADDRESS):
        self._bus = bus
        self._entry = entry
        self._address = address
        self._picture = bytearray(WIDTH * PAGES)
        self._sent = bytearray(WIDTH * PAGES)
        self._canvas = framebuf.FrameBuffer(self._picture, WIDTH, PAGES * 8, framebuf.MONO_VLSB)
        self._cell = bytearray(8)
        self._pen = framebuf.FrameBuffer(self._cell, 8, 8, framebuf.MONO_VLSB)
        self._window = bytearray(b"\x00\x21\x00\x7f\x22\x00\x07")
        self._data = bytearray(SLICE + 1)
        self._data[0] = _DATA
        self._noted = [0, 0, -1, 0, 0, 0, -1, 0]
        self._drawn = [-2] * _NOTES
        self._typed = [0] * 6
        self._draws = 0  # bands that are still to be drawn: bits by page
        self._next = 0
        self._ready = False
        self._force = 0  # slices that are to be sent even if they are the same
        self._ready_ms = 0
        self._failed_ms = 0
        self._waits = False

    def show(self, status):
        """Take notes."""
        noted = self._noted
        noted[0] = status.rate_ul_h
        noted[1] = status.delivery
        noted[2] = status.alarm if status.priority else -1
        noted[3] = status.message
        noted[4] = status.delivered_ul // 10
        noted[5] = status.trust
        noted[6] = status.battery_min
        noted[7] = status.silenced

    def idle(self, now_ms):
        """Draw a band or send a slice; OK, or ERR_FAILED where the display is silent, which is tried again."""
        if self._waits and ticks_diff(now_ms, self._failed_ms) < RETRY_MS:
            return ERR_FAILED
        if not self._ready or ticks_diff(now_ms, self._ready_ms) >= AGAIN_MS:
            rc = self._wake(now_ms)
        elif self._draws:
            rc = OK
            try:
                self._draw()
            except MemoryError:  # comms has it all; what was not drawn is still to be
                rc = ERR_FAILED
        else:
            rc = self._send()
            if rc == _NOTHING:  # only then: what changes each turn must not keep all from being sent
                self._look()
                rc = OK
        self._waits = rc != OK
        if rc:
            self._ready = False
            self._failed_ms = now_ms
        return rc

    def _wake(self, now_ms):
        rc = self._bus.write(self._address, _INIT)
        if rc == OK:
            self._ready = True
            self._ready_ms = now_ms
            self._force = _SLICES
        return rc

    def _look(self):
        """Mark the bands of what has changed since they were drawn."""
        noted = self._noted
        drawn = self._drawn
        draws = 0
        for place in range(_NOTES):
            if noted[place] != drawn[place]:
                drawn[place] = noted[place]
                draws |= _BANDS[place]
        entry = self._entry
        typed = self._typed
        if (
            typed[0] != entry.stage
            or typed[1] != entry.field
            or typed[2] != entry.value
            or typed[3] != entry.digits
            or typed[4] != entry.wrong
            or typed[5] != entry.shift
        ):
            typed[0] = entry.stage
            typed[1] = entry.field
            typed[2] = entry.value
            typed[3] = entry.digits
            typed[4] = entry.wrong
            typed[5] = entry.shift
            draws |= 0x40
        self._draws = draws

    # Drawing: in the main loop, from a copy of the notes that no turn writes.

    def _draw(self):
        drawn = self._drawn
        draws = self._draws
        alarm = drawn[2]
        if draws & 0x01:
            self._large(0, fixed(drawn[0], 3, 8))
            self._draws &= ~0x01
        elif draws & 0x08:
            self._large(3, short(ALARMS, alarm) if alarm >= 0 else short(STATES, drawn[1]))
            self._draws &= ~0x08
        elif draws & 0x04:
            self._small(2, "mL/h    " + (short(STATES, drawn[1]) if alarm >= 0 else ""))
            self._draws &= ~0x04
        elif draws & 0x20:
            silent = "SOUND PAUSED" if drawn[7] else ""
            self._small(5, long(MESSAGES, drawn[3]) if drawn[3] else silent)
            self._draws &= ~0x20
        elif draws & 0x40:
            self._small(6, self._typing() or "GIVEN " + fixed(drawn[4], 2, 7) + " mL")
            self._draws &= ~0x40
        else:
            battery = drawn[6]
            self._small(7, short(TRUST, drawn[5]) + ("BAT" + fixed(battery, 0, 4) + "m" if battery >= 0 else ""))
            self._draws = 0

    def _typing(self):
        typed = self._typed
        if typed[5]:
            return "D: SECOND"
        if not typed[0]:
            return ""
        wrong = " ?" if typed[4] else ""
        if typed[0] == FIELD:
            return "FIELD " + str(typed[1]) + "_" + wrong
        cell = short(FIELDS, typed[1])
        if not typed[3]:
            return cell[:5] + "_"
        thousandths = typed[0] == VALUE and cell[5] == "k"
        value = fixed(typed[2], 3, 0) if thousandths else str(typed[2])
        if typed[1] == FIELD_PIN:
            value = "*" * typed[3]
        return cell[:5] + value + cell[6:].strip() + wrong

    def _large(self, page, text):
        """Eight letters at most, twice the size, on two pages."""
        picture = self._picture
        cell = self._cell
        at = page * WIDTH
        for letter in (text + "        ")[:8]:
            self._pen.fill(0)
            self._pen.text(letter, 0, 0)
            for column in range(8):
                dots = cell[column]
                low = _DOUBLED[dots & 15]
                high = _DOUBLED[dots >> 4]
                picture[at] = picture[at + 1] = low
                picture[at + WIDTH] = picture[at + WIDTH + 1] = high
                at += 2

    def _small(self, page, text):
        """Sixteen letters at most."""
        self._canvas.fill_rect(0, page * 8, WIDTH, 8, 0)
        self._canvas.text(text[:16], 0, page * 8)

    # Sending.

    def _send(self):
        """Send the next slice that differs; OK, ERR_FAILED or _NOTHING."""
        for _ in range(_SLICES):
            place = self._next
            self._next = (place + 1) % _SLICES
            start = place * SLICE
            forced = self._force > 0
            if forced:
                self._force -= 1
            if forced or self._differs(start):
                return self._slice(start)
        return _NOTHING

    def _differs(self, start):
        picture = self._picture
        sent = self._sent
        for index in range(start, start + SLICE):
            if picture[index] != sent[index]:
                return True
        return False

    def _slice(self, start):
        window = self._window
        window[2] = start % WIDTH
        window[3] = start % WIDTH + SLICE - 1
        window[5] = window[6] = start // WIDTH
        rc = self._bus.write(self._address, window)
        if rc:
            return rc
        data = self._data
        for index in range(SLICE):
            data[index + 1] = self._picture[start + index]
        rc = self._bus.write(self._address, data)
        if rc == OK:
            for index in range(SLICE):
                self._sent[start + index] = data[index + 1]
        return rc


def fixed(value, places, width):
    """A number by its smallest unit, with at most so many decimals, right in `width` letters.

    No zeros at the end and one before the point: 10.0 has been read as 100 (ISMP's list of error-prone
    dose designations).
    """
    unit = 10**places
    text = str(abs(value) // unit)
    rest = abs(value) % unit
    if rest:
        while rest % 10 == 0:
            rest //= 10
            places -= 1
        digits = str(rest)
        text += "." + "0" * (places - len(digits)) + digits
    if value < 0:
        text = "-" + text
    return " " * (width - len(text)) + text

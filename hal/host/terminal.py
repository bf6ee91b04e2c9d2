"""A panel in a terminal: letters are keys, a few lines are the display, the lamp and the sounder.

Drawn anew, in place, when something has changed. The bell rings once a burst.
"""

import os
import select

from hal import ports

KEYS = {
    "s": ports.KEY_STOP,
    "g": ports.KEY_START,
    "p": ports.KEY_PAUSE,
    "m": ports.KEY_AUDIO_PAUSE,
    "a": ports.KEY_ACKNOWLEDGE,
    "b": ports.KEY_CLINICIAN_BOLUS,
    "u": ports.KEY_PATIENT_BOLUS,
    "n": ports.KEY_PROGRAMME,
    "c": ports.KEY_CONFIRM,
    "x": ports.KEY_CANCEL,
    "z": ports.KEY_STANDBY,
}
_PRIORITIES = ("", "LOW", "MEDIUM", "HIGH")
_ANSI = {ports.LAMP_RED: 31, ports.LAMP_YELLOW: 33, ports.LAMP_CYAN: 36}
_LIT, _DARK, _NOTE = "●", "○", "♪"
_BELL = "\a"
# The rests inside a burst are shorter than this many looks at the status, those between bursts longer.
_REST = 15


class Terminal:
    """Reads keys from a file descriptor without waiting, writes the display to a text stream.

    names: for "delivery", "trust", "alarm" and "message", what a code is called; a code without
    a name is shown as the number it is. colour: use ANSI colours and draw in place; without, each
    change is written below the one before.
    """

    def __init__(self, keys_fd, screen, names=None, colour=True):
        self._fd = keys_fd
        self._screen = screen
        self._names = names or {}
        self._colour = colour
        self._shown = ""
        self._silent = _REST

    def key(self):
        """The next key's code, or KEY_NONE; letters that are no key are passed over."""
        while select.select([self._fd], [], [], 0)[0]:
            letter = os.read(self._fd, 1)
            if not letter:
                return ports.KEY_NONE
            key = KEYS.get(letter.decode("ascii", "replace"))
            if key is not None:
                return key
        return ports.KEY_NONE

    def show(self, status):
        """Draw the panel, if it changed. Call it once a tick: bursts are told apart by their rests."""
        bell = self._rings(status.tone_hz)
        text = "\n".join(self._lines(status))
        if text == self._shown and not bell:
            return
        if self._shown and self._colour:
            self._screen.write(f"\x1b[{self._shown.count(chr(10)) + 1}A")
        end = "\x1b[K\n" if self._colour else "\n"
        self._screen.write(bell + "".join(line + end for line in text.split("\n")))
        self._screen.flush()
        self._shown = text

    def _rings(self, tone_hz):
        silent, self._silent = self._silent, 0 if tone_hz else self._silent + 1
        return _BELL if tone_hz and silent >= _REST else ""

    def _lines(self, status):
        message = self._name("message", status.message) if status.message else ""
        return (
            f"{self._lamp(status)} {self._alarm(status)}",
            f"  {self._name('delivery', status.delivery):<12} {status.rate_ul_h / 1000:>9.3f} mL/h"
            f"   given {status.delivered_ul / 1000:.3f} mL   {_left(status.reservoir_min)} left",
            f"  {self._name('trust', status.trust):<12} battery {_left(status.battery_min)}   {message}".rstrip(),
        )

    def _lamp(self, status):
        if not status.lamp:
            return _DARK
        return f"\x1b[{_ANSI[status.lamp]};1m{_LIT}\x1b[0m" if self._colour else _LIT

    def _alarm(self, status):
        if not status.priority:
            return "no alarm"
        if status.silenced:
            sound = "sound paused"
        else:
            sound = f"{_NOTE} {status.tone_hz} Hz" if status.tone_hz else ""
        return f"{_PRIORITIES[status.priority]:<6} {self._name('alarm', status.alarm)}   {sound}".rstrip()

    def _name(self, kind, code):
        names = self._names.get(kind, ())
        if isinstance(names, dict):
            return str(names.get(code, code))
        return str(names[code] if 0 <= code < len(names) else code)


def _left(minutes):
    """Minutes as a person reads them."""
    if minutes < 0:
        return "–"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"

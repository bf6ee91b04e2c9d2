"""A panel in a terminal: letters are keys, one line is the display."""

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
_LINE = "rate {:>9.3f} mL/h  given {:>9.3f} mL  delivery {:>2}  trust {}  alarm {:>3} priority {}"


class Terminal:
    """Reads keys from a file descriptor without waiting, writes the display to a text stream."""

    def __init__(self, keys_fd, screen):
        self._fd = keys_fd
        self._screen = screen
        self._shown = ""

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
        """Write the display line, if it changed."""
        line = _LINE.format(
            status.rate_ul_h / 1000, status.delivered_ul / 1000, status.delivery, status.trust, status.alarm,
            status.priority,
        )  # fmt: skip
        if line != self._shown:
            self._shown = line
            self._screen.write("\r" + line)
            self._screen.flush()

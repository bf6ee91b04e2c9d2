"""The terminal on the standard streams, on a Pico as on a PC: bytes one by one in, pieces out, never a wait."""

import select
import sys

from hal.bare.pico import on_board
from hal.compat import const

NONE = const(-1)
_INPUT = const(0)
_OUTPUT = const(1)
_ICANON = const(2)
_ICANON_DARWIN = const(0x100)
_ECHO = const(8)
_ESC = const(27)
_LONGEST = const(8)  # of what follows an escape


class Console:
    """`get` and `put` never wait. `gone` is set once nobody can type any more."""

    def __init__(self, stdin, stdout):
        """Two files as sys has them; None for one that is closed."""
        self.gone = stdin is None
        self._in = _bare(stdin)
        self._out = _bare(stdout)
        self._poll_in = select.poll()
        self._poll_out = select.poll()
        if stdin is not None:
            self._poll_in.register(stdin, select.POLLIN)
        if stdout is not None:
            self._poll_out.register(stdout, select.POLLOUT)
        self._stdin = stdin
        self._saved = None
        self._escape = 0  # bytes left of a sequence that is passed over

    # Bytes.

    def get(self):
        """The next byte that is a key of its own, or NONE."""
        while not self.gone and self._poll_in.poll(0):
            byte = self._in.read(1)
            if not byte:
                self._hang_up()
                return NONE
            if not self._in_sequence(byte[0]):
                return byte[0]
        return NONE

    def _in_sequence(self, byte):
        """Whether a byte belongs to what an arrow or a function key sends: no letter in it is a key."""
        left = self._escape
        self._escape = 0
        if byte == _ESC:
            self._escape = _LONGEST
            return True
        if not left:
            return False
        if left == _LONGEST:
            if byte == 91 or byte == 79:  # [ and O
                self._escape = left - 1
                return True
            return False
        if 32 <= byte < 64:  # parameters; what comes next ends it
            self._escape = left - 1
        return True

    def put(self, buffer, count):
        """Hand over up to `count` bytes; returns how many were taken, 0 where the stream takes none now."""
        if self._out is None or not self._poll_out.poll(0):
            return 0
        return self._out.write(buffer) or 0

    def put_all(self, buffer, count):
        """Hand over `count` bytes and wait until they are taken: for a file or a pipe."""
        view = memoryview(buffer)
        sent = 0
        while self._out is not None and sent < count:
            sent += self._out.write(view[sent:count]) or 0
        return sent

    def say(self, words):
        """Hand over a few last bytes, if somebody takes them."""
        if self._out is None:
            return
        try:
            if not self._poll_out.poll(0):
                return
        except MemoryError:  # Ctrl-C in the midst of a collection leaves MicroPython's heap locked
            pass
        self._out.write(words)

    def wait(self, ms):
        """Let `ms` pass, or less where a key comes."""
        if ms > 0:
            self._poll_in.poll(ms)

    def _hang_up(self):
        self.gone = True
        self._poll_in.unregister(self._stdin)

    # Modes.

    def open(self):
        """Have each key at once and unseen, where that is a terminal."""
        attributes = _attributes(_INPUT)
        if attributes is None:
            return
        import termios

        self._saved = attributes
        raw = list(attributes)
        canonical = _ICANON_DARWIN if sys.platform == "darwin" else _ICANON
        raw[3] &= ~(canonical | _ECHO)
        termios.tcsetattr(_INPUT, termios.TCSANOW, raw)

    def close(self):
        """Leave the terminal as it was."""
        if self._saved is None:
            return
        import termios

        termios.tcsetattr(_INPUT, termios.TCSANOW, self._saved)
        self._saved = None


def is_terminal():
    """Return whether somebody can watch standard output; True on a board, whose output is a serial port."""
    return on_board() or _attributes(_OUTPUT) is not None


def _attributes(number):
    """The modes of a terminal, None where it is none."""
    try:
        import termios
    except ImportError:
        return None
    try:
        return termios.tcgetattr(number)
    except Exception:  # OSError there, termios.error here
        return None


def _bare(stream):
    """The stream of bytes below a stream of text, without a buffer of its own."""
    if stream is None:
        return None
    stream = stream.buffer if hasattr(stream, "buffer") else stream
    return stream.raw if hasattr(stream, "raw") else stream

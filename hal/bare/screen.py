"""An 80 × 24 text screen at the end of a byte stream: only what has changed is sent, and nobody waits.

A cell is a character of ASCII and an ink. `text` says what a cell should show; `step` sends a few
bytes of the difference, as many as the stream takes. One that takes none costs nothing: what it
missed is sent when it takes again.
"""

from hal.bare.line import WIDTH
from hal.compat import const

ROWS = const(24)
OUT = const(256)  # bytes that wait at most
PIECE = const(64)  # handed over at once
_ROOM = const(24)  # a move, an ink and a character need no more
_STUBBORN = const(50)  # refusals in a row: nobody was there, and who comes sees nothing yet

INK_PLAIN = const(0)
INK_BOLD = const(1)
INK_FAINT = const(2)
INK_BAR = const(3)
INK_RED = const(4)
INK_YELLOW = const(5)
INK_CYAN = const(6)
INK_LIT = const(7)
INK_BAD = const(8)
_INKS = (b"0", b"0;1", b"0;2", b"0;7", b"0;1;97;41", b"0;30;43", b"0;30;46", b"0;30;42", b"0;1;31")
CLEAR = b"\x1b[0m\x1b[2J\x1b[?25l"
END = b"\x1b[0m\x1b[24;1H\x1b[?25h\r\n"
_SPACE = const(32)


class Screen:
    """`put(buffer, count)` takes up to `count` bytes of `buffer` and returns how many; it never waits."""

    def __init__(self, put, colour=True):
        self._put = put
        self._colour = colour
        self._want = bytearray(WIDTH * ROWS)
        self._shown = bytearray(WIDTH * ROWS)
        self._want_ink = bytearray(WIDTH * ROWS)
        self._shown_ink = bytearray(WIDTH * ROWS)
        self._dirty = bytearray(ROWS)
        self._out = bytearray(OUT)
        self._view = memoryview(self._out)
        self._length = 0
        self._sent = 0
        self._row = 0
        self._pen = -1  # the terminal's ink and place, -1 where they are not known
        self._at = -1
        self._refused = 0
        for place in range(WIDTH * ROWS):
            self._want[place] = _SPACE
        self.redraw()

    def redraw(self):
        """Forget what the terminal shows: it is cleared and drawn from the start."""
        self._length = self._sent = 0
        self._pen = self._at = -1
        for place in range(WIDTH * ROWS):
            self._shown[place] = _SPACE
            self._shown_ink[place] = 0
        for row in range(ROWS):
            self._dirty[row] = 1
        self._add(CLEAR)

    def text(self, row, column, words, count, width, ink=INK_PLAIN):
        """Show `count` bytes of `words` at a place, with spaces up to `width`."""
        place = row * WIDTH + column
        for index in range(min(width, WIDTH - column)):
            byte = words[index] if index < count else _SPACE
            if self._want[place] != byte or self._want_ink[place] != ink:
                self._want[place] = byte
                self._want_ink[place] = ink
                self._dirty[row] = 1
            place += 1

    def say(self, row, column, words, width, ink=INK_PLAIN):
        """Show all of `words`."""
        self.text(row, column, words, len(words), width, ink)

    def step(self):
        """Send a piece, and make the next; return whether there is more to send to somebody who listens."""
        if self._sent >= self._length and not self._compose():
            return False
        count = min(self._length - self._sent, PIECE)
        taken = self._put(self._view[self._sent : self._sent + count], count)
        if taken <= 0:
            self._refused += 1
            return False
        if self._refused >= _STUBBORN:
            self._refused = 0
            self.redraw()
            return True
        self._refused = 0
        self._sent += taken
        return True

    def draw(self):
        """Send all that has changed, as long as the stream takes it."""
        while self.step():
            pass

    def _compose(self):
        """Fill the buffer with what differs, row by row; False where nothing does."""
        self._length = self._sent = 0
        for _ in range(ROWS):
            if self._dirty[self._row]:
                if not self._compose_row(self._row):
                    return True
                self._dirty[self._row] = 0
            self._row = (self._row + 1) % ROWS
        return self._length > 0

    def _compose_row(self, row):
        """Put a row's difference into the buffer; False where it is full."""
        place = row * WIDTH
        for column in range(WIDTH):
            byte = self._want[place]
            ink = self._want_ink[place]
            if byte != self._shown[place] or ink != self._shown_ink[place]:
                if self._length + _ROOM > OUT:
                    return False
                self._shown[place] = byte
                self._shown_ink[place] = ink
                self._cell(row, column, place, byte, ink)
            place += 1
        return True

    def _cell(self, row, column, place, byte, ink):
        if self._at != place:
            self._add(b"\x1b[")
            self._number(row + 1)
            self._byte(59)
            self._number(column + 1)
            self._byte(72)
        if self._colour and self._pen != ink:
            self._add(b"\x1b[")
            self._add(_INKS[ink])
            self._byte(109)
            self._pen = ink
        self._byte(byte)
        # Behind the last column a terminal's place is its own affair.
        self._at = place + 1 if column + 1 < WIDTH else -1

    def _add(self, words):
        for byte in words:
            self._byte(byte)

    def _byte(self, byte):
        self._out[self._length] = byte
        self._length += 1

    def _number(self, value):
        if value >= 10:
            self._byte(48 + value // 10)
        self._byte(48 + value % 10)

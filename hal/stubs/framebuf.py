"""`framebuf` as far as the display driver goes: one-bit pictures in vertical bytes, and 8 × 8 text.

The letters are of our own drawing, five dots by seven; a letter that has not been drawn is a box,
so that a test which reads the display back does not find it.
"""

MONO_VLSB = 0
_CELL = 8
_BOX = "1F11111111111F"
# Seven rows of five dots each, leftmost the highest bit.
_ROWS = {
    " ": "00000000000000", "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F",
    "3": "1F02040201110E", "4": "02060A121F0202", "5": "1F101E0101110E", "6": "0608101E11110E",
    "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C", "A": "0E1111111F1111",
    "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1C12111111121C", "E": "1F10101E10101F",
    "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111", "I": "0E04040404040E",
    "J": "0702020202120C", "K": "11121418141211", "L": "1010101010101F", "M": "111B1515111111",
    "N": "11111915131111", "O": "0E11111111110E", "P": "1E11111E101010", "Q": "0E11111115120D",
    "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404", "U": "1111111111110E",
    "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111", "Y": "1111110A040404",
    "Z": "1F01020408101F", ".": "00000000000C0C", ",": "000000000C0408", ":": "000C0C000C0C00",
    "-": "0000001F000000", "/": "00010204081000", "*": "0004150E150400", "#": "0A0A1F0A1F0A0A",
    "?": "0E110102040004", "!": "04040404000004", "+": "0004041F040400", "_": "0000000000001F",
    "g": "000F11110F010E", "h": "10101619111111", "k": "10101214181412", "m": "00001A15151111",
    "s": "00000E100E011E", "=": "00001F001F0000", ">": "08040201020408",
}  # fmt: skip


def glyph(letter):
    """Eight column bytes of a letter, top dot the lowest bit."""
    rows = bytes.fromhex(_ROWS.get(letter, _BOX))
    columns = bytearray(_CELL)
    for y, row in enumerate(rows):
        for x in range(5):
            if row >> 4 - x & 1:
                columns[x + 1] |= 1 << y
    return bytes(columns)


def letters():
    """All that have been drawn."""
    return "".join(_ROWS)


class FrameBuffer:
    """A picture over a buffer; ValueError for a buffer too small or a format that is not made here."""

    def __init__(self, buffer, width, height, format, stride=None):  # noqa: A002 (MicroPython's name)
        if format != MONO_VLSB or width < 1 or height < 1:
            raise ValueError
        if len(buffer) < (height + 7) // 8 * (stride or width):
            raise ValueError
        self._buffer = buffer
        self._width, self._height, self._stride = width, height, stride or width

    def fill(self, colour):
        """Set every dot."""
        self.fill_rect(0, 0, self._width, self._height, colour)

    def fill_rect(self, x, y, w, h, colour):
        """Set a rectangle's dots."""
        for row in range(max(y, 0), min(y + h, self._height)):
            for column in range(max(x, 0), min(x + w, self._width)):
                self.pixel(column, row, colour)

    def pixel(self, x, y, colour=None):
        """A dot, or set it; nothing outside the picture."""
        if not (0 <= x < self._width and 0 <= y < self._height):
            return None
        place, bit = y // 8 * self._stride + x, 1 << y % 8
        if colour is None:
            return 1 if self._buffer[place] & bit else 0
        self._buffer[place] = self._buffer[place] | bit if colour else self._buffer[place] & ~bit
        return None

    def text(self, string, x, y, colour=1):
        """Draw letters 8 dots wide; what is behind them stays."""
        for letter in string:
            for column, dots in enumerate(glyph(letter)):
                for row in range(_CELL):
                    if dots >> row & 1:
                        self.pixel(x + column, y + row, colour)
            x += _CELL

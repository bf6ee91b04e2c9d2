"""SSD1306: a 128 × 64 display on I2C. Source: Solomon Systech SSD1306 rev 1.1, tables 8-1 and 9-1.

Its RAM is undefined at power-on and it is dark until it is told otherwise. A command that the
sheet does not list raises: the part would do something, and nobody knows what.
"""

from hal.stubs.devices.i2c_device import I2cDevice

WIDTH, PAGES = 128, 8
# Commands with arguments: code and how many bytes follow.
_ARGUMENTS = {
    0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
}  # fmt: skip
_PLAIN = (0xA0, 0xA1, 0xA4, 0xA5, 0xA6, 0xA7, 0xAE, 0xAF, 0xC0, 0xC8, 0xE3, 0x2E)


class Ssd1306(I2cDevice):
    """`pixel(x, y)` is what a person sees: nothing without the charge pump and the display on."""

    def __init__(self):
        I2cDevice.__init__(self)
        self.lose_power()

    def lose_power(self):
        """Off and on again."""
        self.ram = bytearray(b"\xa5" * WIDTH * PAGES)
        self.on = False
        self._pump = False
        self._mode = 2  # page addressing
        self._columns, self._pages = (0, WIDTH - 1), (0, PAGES - 1)
        self._column = self._page = 0
        self._right_way_up = [False, False]
        self._inverse = False

    def write(self, data):
        """A control byte, then commands (0x00) or data (0x40)."""
        if not data:
            return True
        if data[0] == 0x40:
            for byte in data[1:]:
                self._put(byte)
        elif data[0] == 0x00:
            self._commands(list(data[1:]))
        else:
            raise ValueError(f"SSD1306: control byte {data[0]:#x}")
        return True

    def read(self, count):
        """The status register: bit 6 while it is off."""
        return bytes([0x40 * (not self.on)] * count)

    def visible(self):
        """Whether anything can be seen."""
        return self.on and self._pump

    def pixel(self, x, y):
        """1 where the dot is lit, mounted as the module's silk screen says."""
        if not self.visible():
            return 0
        if self._right_way_up != [True, True]:
            x, y = WIDTH - 1 - x, PAGES * 8 - 1 - y
        return (self.ram[y // 8 * WIDTH + x] >> y % 8 & 1) ^ self._inverse

    def rows(self):
        """The picture as text, one character a dot."""
        return ["".join(" #"[self.pixel(x, y)] for x in range(WIDTH)) for y in range(PAGES * 8)]

    def _commands(self, data):
        while data:
            code = data.pop(0)
            count = _ARGUMENTS.get(code, 0)
            if len(data) < count:
                raise ValueError(f"SSD1306: command {code:#x} without its arguments")
            arguments, data = data[:count], data[count:]
            self._command(code, arguments)

    def _command(self, code, arguments):
        if code == 0x20:
            self._mode = arguments[0] & 3
        elif code == 0x21:
            self._columns = (arguments[0] & 0x7F, arguments[1] & 0x7F)
            self._column = self._columns[0]
        elif code == 0x22:
            self._pages = (arguments[0] & 7, arguments[1] & 7)
            self._page = self._pages[0]
        elif code == 0x8D:
            self._pump = bool(arguments[0] & 4)
        elif code in (0xAE, 0xAF):
            self.on = code == 0xAF
        elif code in (0xA0, 0xA1):
            self._right_way_up[0] = code == 0xA1
        elif code in (0xC0, 0xC8):
            self._right_way_up[1] = code == 0xC8
        elif code in (0xA6, 0xA7):
            self._inverse = code == 0xA7
        elif code not in _ARGUMENTS and code not in _PLAIN and not 0x40 <= code <= 0x7F:
            raise ValueError(f"SSD1306: no command {code:#x}")

    def _put(self, byte):
        self.ram[self._page * WIDTH + self._column] = byte
        if self._mode != 0:
            self._column = (self._column + 1) % WIDTH
            return
        self._column += 1
        if self._column > self._columns[1]:
            self._column = self._columns[0]
            self._page = self._page + 1 if self._page < self._pages[1] else self._pages[0]

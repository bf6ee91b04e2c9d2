"""A line of text that is built in place: no strings, no objects."""

from hal.compat import const

WIDTH = const(80)
_ZERO = const(48)
_SPACE = const(32)


class Line:
    """`bytes` hold `count` characters of ASCII; what does not fit is cut off."""

    def __init__(self):
        self.bytes = bytearray(WIDTH)
        self.count = 0

    def clear(self):
        """Begin anew; returns itself."""
        self.count = 0
        return self

    def add(self, words):
        """Append bytes; returns itself."""
        for byte in words:
            self.put(byte)
        return self

    def put(self, byte):
        """Append one character."""
        if self.count < WIDTH:
            self.bytes[self.count] = byte
            self.count += 1

    def pad(self, count):
        """Append spaces up to `count` characters; returns itself."""
        while self.count < min(count, WIDTH):
            self.put(_SPACE)
        return self

    def number(self, value, decimals=0, width=0):
        """Append an integer, right-aligned in `width`, its last `decimals` digits behind a point; returns itself."""
        size = value if value >= 0 else -value
        digits = 1
        power = 1
        while size // power >= 10 or digits <= decimals:
            power *= 10
            digits += 1
        taken = digits + (1 if decimals else 0) + (1 if value < 0 else 0)
        for _ in range(taken, width):
            self.put(_SPACE)
        if value < 0:
            self.put(45)
        while digits:
            if digits == decimals:
                self.put(46)
            self.put(_ZERO + size // power % 10)
            power //= 10
            digits -= 1
        return self

    def two(self, value):
        """Append a number of two digits; returns itself."""
        self.put(_ZERO + value // 10 % 10)
        self.put(_ZERO + value % 10)
        return self

    def clock(self, s):
        """Append a time of day or a duration as hh:mm:ss; returns itself."""
        self.two(s // 3600 % 100).put(58)
        self.two(s // 60 % 60).put(58)
        return self.two(s % 60)

    def minutes(self, minutes):
        """Append minutes as a person reads them, '-' where they are not known; returns itself."""
        if minutes < 0:
            return self.add(b"-")
        if minutes < 60:
            return self.number(minutes).add(b" min")
        return self.number(minutes // 60).add(b" h ").two(minutes % 60).add(b" min")

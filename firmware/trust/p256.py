"""ECDSA on P-256 with SHA-256 (FIPS 186-5, section 6.4.2): whether a signature holds, in slices. It signs nothing.

All of it is public, so nothing here takes care to take the same time. Field elements are big integers, which
allocate: outside the tick, and loaded only once a card lies on the reader. A slice leaves some 250 bytes of garbage
an operation and holds no more than 2 KB at its end (tools/device/p256_vectors.py measures both).

The sum u1·G + u2·Q goes by the joint sparse form of u1 and u2 (Solinas, 2001): 257 doublings and about 129 additions
with four points ready. Formulas: dbl-2001-b and madd (Hankerson, Menezes, Vanstone: Guide to Elliptic Curve
Cryptography, algorithms 3.21, 3.22 and 3.50).
"""

from hal.compat import const

LENGTH = const(64)  # of a signature: r and s, 32 bytes each, big-endian
POINT = const(33)  # of a public key: 2 or 3 (SEC 1, section 2.3.3), then x
DIGEST = const(32)
SLICE = const(80)  # operations a turn; with MOST past it 25 ms on a Pico, reckoned at a second for 4,100
MOST = const(19)  # operations past its budget that a slice may do: a doubling and an addition

_WORD = const(32)
_BIG = "big"
_DIGITS = const(258)
_EVEN = const(2)
_ODD = const(3)

# What is done next.
_ROOT = const(0)
_RATIO = const(1)
_TABLE = const(2)
_FORM = const(3)
_SUM = const(4)
_DONE = const(5)


class Curve:
    """The numbers of P-256 (SP 800-186, section 3.2.1.3): y² = x³ - 3x + b modulo p, of order n, from (x, y)."""

    __slots__ = ("b", "n", "p", "x", "y")

    def __init__(self):
        self.p = 2**256 - 2**224 + 2**192 + 2**96 - 1
        self.n = 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF
        self.b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
        self.x = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
        self.y = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5


class Inverse:
    """1/a modulo m, in slices, by Euclid; m is prime and a none of its multiples. 370 divisions at most, 150 mostly.

    A quarter of what a power takes; and `pow` with a negative exponent answers 0 on MicroPython.
    """

    __slots__ = ("_high", "_low", "_modulus", "_next", "result")

    def __init__(self, a, m):
        self._modulus = m
        self._high = m
        self._low = a % m
        self._next = 1
        self.result = 0

    def step(self):
        """Divide once; return whether there is more to do. Then, not before, `result` is the inverse."""
        quotient = self._high // self._low
        self._high, self._low = self._low, self._high - quotient * self._low
        self.result, self._next = self._next, self.result - quotient * self._next
        if self._low:
            return True
        self.result %= self._modulus
        return False


class Signature:
    """A check that is under way. `holds` is its answer once `step` has said that nothing is left.

    operations: done so far; one is a product modulo p, or a division of Euclid's.
    """

    __slots__ = (
        "_bits", "_curve", "_first", "_inverse", "_place", "_points", "_r", "_s", "_second", "_square", "_what", "_x",
        "_y", "_z", "holds", "operations",
    )  # fmt: skip

    def __init__(self, point, digest, signature):
        """`point`: POINT bytes, `digest`: DIGEST bytes, what was signed; `signature`: LENGTH bytes."""
        curve = self._curve = Curve()
        self._what = _DONE
        self.holds = False
        self.operations = 0
        if len(point) != POINT or len(digest) != DIGEST or len(signature) != LENGTH:
            return
        self._r = int.from_bytes(signature[:_WORD], _BIG)
        self._s = int.from_bytes(signature[_WORD:], _BIG)
        self._x = int.from_bytes(point[1:], _BIG)
        if not (0 < self._r < curve.n and 0 < self._s < curve.n and self._x < curve.p):
            return
        if point[0] != _EVEN and point[0] != _ODD:
            return
        self._bits = point[0] & 1
        self._first = int.from_bytes(digest, _BIG)
        self._square = ((self._x * self._x - 3) * self._x + curve.b) % curve.p
        self._y = 1
        self._place = 253  # of the exponent (p + 1)/4: 32 ones, then two alone
        self._what = _ROOT

    def step(self, budget=SLICE):
        """Do `budget` operations and at most MOST more; return whether there is more to do."""
        until = self.operations + budget
        while self._what != _DONE and self.operations < until:
            if self._what == _SUM:
                self._add_digit()
            elif self._what == _ROOT:
                self._root()
            elif self._what == _FORM:
                self._form()
            else:
                self._divide()
        return self._what != _DONE

    def _root(self):
        """Square once on the way to y: a power, since p is 3 modulo 4."""
        place = self._place
        p = self._curve.p
        self.operations += 1
        self._y = self._y * self._y % p
        if place >= 222 or place == 190 or place == 94:
            self.operations += 1
            self._y = self._y * self._square % p
        self._place = place - 1
        if place:
            return
        if self._y * self._y % p != self._square:
            self._what = _DONE  # no such point
            return
        if self._y & 1 != self._bits:
            self._y = p - self._y
        self._inverse = Inverse(self._s, self._curve.n)
        self._what = _RATIO

    def _divide(self):
        self.operations += 1
        if self._inverse.step():
            return
        if self._what == _RATIO:
            self._ratios()
        else:
            self._ready_points()

    def _ratios(self):
        curve = self._curve
        ratio = self._inverse.result
        self._second = self._r * ratio % curve.n
        self._first = self._first * ratio % curve.n
        apart = (self._x - curve.x) % curve.p
        self._what = _TABLE
        if apart:
            self._inverse = Inverse(apart, curve.p)
            return
        # The key is the generator or its negative: one multiple says it all.
        self._first += self._second if self._y == curve.y else curve.n - self._second
        self._first %= curve.n
        self._second = 0
        self._points = (curve.x, curve.y, 0, 0, 0, 0, 0, 0)
        self._begin_form()

    def _ready_points(self):
        """G, Q, Q + G and Q - G."""
        curve = self._curve
        p = curve.p
        points = [curve.x, curve.y, self._x, self._y]
        for y in (curve.y, p - curve.y):
            self.operations += 3
            slope = (self._y - y) * self._inverse.result % p
            x = (slope * slope - self._x - curve.x) % p
            points.append(x)
            points.append((slope * (curve.x - x) - y) % p)
        self._points = points
        self._begin_form()

    def _begin_form(self):
        # Little-endian with a byte to spare: three bits from any place on.
        self._first = self._first.to_bytes(_WORD + 3, "little")
        self._second = self._second.to_bytes(_WORD + 3, "little")
        self._bits = bytearray(_DIGITS)
        self._square = 0  # the two carries from here on
        self._place = 0
        self._what = _FORM

    def _form(self):
        """Find the next eight digits of the joint sparse form: each -1, 0 or 1, in two bits, plus 1."""
        self.operations += 1
        carry = self._square & 1
        other = self._square >> 1
        for place in range(self._place, min(self._place + 8, _DIGITS)):
            a = carry + _three_bits(self._first, place)
            b = other + _three_bits(self._second, place)
            digit = _digit(a, b)
            second = _digit(b, a)
            if carry + carry == 1 + digit:
                carry = 1 - carry
            if other + other == 1 + second:
                other = 1 - other
            self._bits[place] = digit + 1 | second + 1 << 2
        self._square = carry | other << 1
        self._place += 8
        if self._place >= _DIGITS:
            self._x, self._y, self._z = 1, 1, 0  # infinity: Z is 0
            self._place = _DIGITS - 1
            self._what = _SUM

    def _add_digit(self):
        digits = self._bits[self._place]
        if self._z:
            self._double()
        first = (digits & 3) - 1
        second = (digits >> 2) - 1
        if first or second:
            points = self._points
            p = self._curve.p
            if not second:
                self._add(points[0], points[1] if first > 0 else p - points[1])
            elif not first:
                self._add(points[2], points[3] if second > 0 else p - points[3])
            else:
                at = 4 if first == second else 6
                self._add(points[at], points[at + 1] if second > 0 else p - points[at + 1])
        self._place -= 1
        if self._place < 0:
            self._compare()

    def _double(self):
        p = self._curve.p
        self.operations += 8
        x, y, z = self._x, self._y, self._z
        delta = z * z % p
        gamma = y * y % p
        beta = x * gamma % p
        alpha = 3 * ((x - delta) * (x + delta) % p)
        self._x = x = (alpha * alpha - 8 * beta) % p
        self._z = 2 * y * z % p
        self._y = (alpha * (4 * beta - x) - 8 * (gamma * gamma % p)) % p

    def _add(self, x, y):
        """Add the point (x, y)."""
        p = self._curve.p
        if not self._z:
            self._x, self._y, self._z = x, y, 1
            return
        self.operations += 11
        z = self._z
        square = z * z % p
        right = (x * square - self._x) % p
        up = (y * (square * z % p) - self._y) % p
        if not right:
            self._meet(up)
            return
        square = right * right % p
        cube = square * right % p
        left = self._x * square % p
        self._x = (up * up - cube - 2 * left) % p
        self._y = (up * (left - self._x) - self._y * cube) % p
        self._z = z * right % p

    def _meet(self, up):
        """Add a point to itself, or to its negative."""
        if up:
            self._z = 0
        else:
            self._double()

    def _compare(self):
        """Whether the sum's x is r modulo n: by r·Z², so that nothing is divided."""
        self._what = _DONE
        if not self._z:
            return
        curve = self._curve
        square = self._z * self._z % curve.p
        r = self._r
        self.holds = r * square % curve.p == self._x
        if not self.holds and r + curve.n < curve.p:
            self.holds = (r + curve.n) * square % curve.p == self._x


def _three_bits(data, place):
    at = place >> 3
    return (data[at] | data[at + 1] << 8) >> (place & 7) & 7


def _digit(a, b):
    if not a & 1:
        return 0
    digit = 2 - (a & 3)
    return -digit if b & 3 == 2 and (a & 7 == 3 or a & 7 == 5) else digit


def is_signed(point, digest, signature):
    """Return whether `signature` holds, all at once: a second on a Pico."""
    check = Signature(point, digest, signature)
    while check.step(1000):
        pass
    return check.holds

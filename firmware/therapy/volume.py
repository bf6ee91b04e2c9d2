"""Volumes in two words: whole microlitres and a remainder in 1/3600 nL.

Rate (µL/h) × time (ms) is a whole number of 1/3600 nL, so nothing is ever rounded. One
addition stays below 2**30 while what is added does.
"""

from hal.compat import const, ticks_diff

UNITS_PER_UL = const(3_600_000)
# Below this many microlitres a volume fits one word of units.
ONE_WORD_UL = const(200)
# A product modulo this one stays a small integer; what flips in a word does not vanish in it.
PRIME = const(32_749)


class Volume:
    """A volume that grows, or shrinks where steps are taken back."""

    __slots__ = ("rest", "ul")

    def __init__(self):
        self.ul = 0
        self.rest = 0

    def clear(self):
        """Back to nothing."""
        self.ul = 0
        self.rest = 0

    def add(self, units):
        """Add `units` (1/3600 nL, negative too), |units| < 2**30 - UNITS_PER_UL."""
        rest = self.rest + units
        self.ul += rest // UNITS_PER_UL
        self.rest = rest % UNITS_PER_UL

    def add_steps(self, steps, step_volume):
        """Add `steps` × `step_volume` in pieces that stay below 2**30."""
        while steps > 0:
            piece = steps if steps < 4000 else 4000
            self.add(piece * step_volume)
            steps -= piece
        while steps < 0:
            piece = steps if steps > -4000 else -4000
            self.add(piece * step_volume)
            steps -= piece


class Counted(Volume):
    """A volume that follows a counter of steps, and can be held against it."""

    __slots__ = ("_seen_count", "_seen_rest", "_seen_ul")

    def __init__(self):
        Volume.__init__(self)
        self.mark(0)

    def mark(self, count):
        """Take `count` as where the counter stood for the volume as it is."""
        self._seen_count = count
        self._seen_ul = self.ul
        self._seen_rest = self.rest

    def agrees(self, count, step_volume):
        """Return whether the volume has grown by the counter's steps since last asked, modulo a prime."""
        steps = ticks_diff(count, self._seen_count) % PRIME * (step_volume % PRIME) % PRIME
        whole = (self.ul - self._seen_ul) % PRIME * (UNITS_PER_UL % PRIME) % PRIME
        holds = (whole + self.rest - self._seen_rest - steps) % PRIME == 0
        if holds:
            self.mark(count)
        return holds


class Quota:
    """A volume that may still be given; `limited` is False where there is no bound.

    The complement of `ul` is kept beside it and counted by itself, so that a bit which flips in
    either shows.
    """

    __slots__ = ("_complement", "_rest", "limited", "ul")

    def __init__(self):
        self.allow(0)

    def allow(self, ul):
        """Bound what follows to `ul`; 0 sets no bound."""
        self.put(ul, 0, ul > 0)

    def stop(self):
        """Bound what follows to nothing."""
        self.put(0, 0, True)

    def put(self, ul, rest, limited=True):
        """Stand where a journal says, or bound what follows to exactly this."""
        self.limited = limited
        self.ul = ul
        self._complement = ~ul
        self._rest = rest

    @property
    def rest(self):
        """What is left beyond whole microlitres."""
        return self._rest

    def cap(self, units):
        """Return `units`, or what is left if that is less."""
        if not self.limited or self.ul >= ONE_WORD_UL:
            return units
        left = self.ul * UNITS_PER_UL + self._rest
        return units if units < left else left

    def take(self, units):
        """Use up `units`, which `cap` allowed (negative gives back)."""
        if self.limited:
            rest = self._rest - units
            whole = rest // UNITS_PER_UL
            if whole:
                self.ul += whole
                self._complement -= whole
                rest %= UNITS_PER_UL
            self._rest = rest
            if self.ul < 0:  # more was used than was left
                self._complement += self.ul
                self.ul = 0
                self._rest = 0

    def spent(self):
        """Return whether nothing is left."""
        return self.limited and self.ul <= 0 and self._rest == 0

    def intact(self):
        """Return whether volume and complement have been counted alike."""
        return self.ul ^ self._complement == -1 and 0 <= self._rest < UNITS_PER_UL

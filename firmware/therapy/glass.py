"""Break-glass: bedside control without credentials, by key switch, a number and three deliberate seconds.

Source: fail-safe policy, docs/design.md. It is the way in when the security layer is compromised or a
person's credentials fail, so it exists only then; it ends by itself, and its alarm stays until somebody
has reviewed it.
"""

from firmware.therapy import messages as msg
from firmware.therapy.tables import TR_ISOLATED
from hal.compat import const
from hal.ports import RF_KEY_SWITCH

HOLD_MS = const(3000)
IDLE_S = const(180)

# What a tick finds.
NOTHING = const(0)
HELD = const(1)  # long enough: it breaks, if the table says so
ENDS = const(2)


class Glass:
    """`broken` while it lasts; `person` is the number that somebody typed, 0 for nobody."""

    __slots__ = ("_held_ms", "_idle_s", "broken", "failed", "person")

    def __init__(self):
        self.broken = False
        self.failed = False  # credentials did, of whoever stands at the bedside
        self.person = 0
        self._idle_s = 0  # since a key, while it is broken
        self._held_ms = -1  # the key is held since; -1: it is not

    def press(self, trust, flags):
        """The key goes down; return a message that says what is missing, or msg.NONE."""
        if not self._may(trust):
            return msg.STATE
        if not flags & RF_KEY_SWITCH:
            return msg.KEY_NEEDED
        if not self.person:
            return msg.MISSING
        self._held_ms = 0
        return msg.NONE

    def _may(self, trust):
        """Whether there is a reason to break it: the security layer is compromised, or credentials failed."""
        return self.failed or trust >= TR_ISOLATED

    def release(self):
        """The key goes up."""
        self._held_ms = -1

    def tick(self, elapsed, trust, flags):
        """Let `elapsed` ms pass; return NOTHING, HELD or ENDS."""
        if self._held_ms >= 0:
            self._held_ms += elapsed
            if not flags & RF_KEY_SWITCH:
                self._held_ms = -1
            elif self._held_ms >= HOLD_MS:
                self._held_ms = -1
                return HELD
        elif self.broken and (not flags & RF_KEY_SWITCH or not self._may(trust) or self._idle_s >= IDLE_S):
            self.broken = False
            self.failed = False
            self.person = 0
            return ENDS
        return NOTHING

    def breaks(self):
        """The table has let it."""
        self.broken = True
        self._idle_s = 0

    def touched(self):
        """Somebody pressed a key."""
        self._idle_s = 0

    def second(self, seconds):
        """Let whole seconds pass."""
        self._idle_s += seconds

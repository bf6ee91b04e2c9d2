"""Trust events on their way to the tick: one bit each, so a flood of one hides no other.

Posted by the turn outside the tick, taken inside it; neither waits. What is posted twice
before a tick counts once. Compromise comes out first, what lowers caution before what raises
it: events that meet lead to no less caution than one by one.
"""

from firmware.therapy import tables as t
from hal.compat import const

_EVENTS = const(7)
_ORDER = bytes((t.EV_COMPROMISED, t.EV_AUTHENTIC, t.EV_RECOVERY_ON, t.EV_RECOVERED, t.EV_LINK_LOST, t.EV_HOSTILE))
# By event: those that waited for the same tick and are overtaken by it, as bits.
_OVERTAKES = bytes(
    (
        1 << t.EV_AUTHENTIC,  # link lost
        1 << t.EV_LINK_LOST,  # authentic
        0,  # hostile
        0,  # quiet: the tick's own, never posted
        1 << t.EV_RECOVERY_ON | 1 << t.EV_RECOVERED,  # compromised: no way out that was opened before
        1 << t.EV_RECOVERED,  # recovery on
        0,  # recovered
    )
)


class Mailbox:
    """`waiting` is not 0 while an event waits. The rest is how things stand, for the tick to read."""

    __slots__ = ("comms_held", "link_down", "memory_low", "waiting")

    def __init__(self):
        self.waiting = 0
        self.link_down = False  # for ten seconds now
        self.comms_held = False  # comms does not run, and a person should know
        self.memory_low = False  # little of the heap is left, without comms too

    def post(self, event):
        """Put EV_LINK_LOST … EV_RECOVERED; returns False for what is no event from outside."""
        if not 0 <= event < _EVENTS or event == t.EV_QUIET:
            return False
        self.waiting = self.waiting & ~_OVERTAKES[event] | 1 << event
        return True

    def intact(self):
        """Return whether only events wait that there are."""
        return 0 <= self.waiting < 1 << _EVENTS

    def take(self):
        """Return the most pressing event, or -1 where none waits."""
        waiting = self.waiting
        for event in _ORDER:
            if waiting >> event & 1:
                self.waiting = waiting & ~(1 << event)
                return event
        return -1

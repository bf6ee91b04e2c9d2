"""Steps the communication partition and never waits for it.

Comms is made by a function and dropped as a whole: what it leaked goes with it. It is named in
the scratch word while it is polled, so that a watchdog reset that it caused tells on it. One
that falls is made anew after 1 s, 2 s, 4 s … 60 s; after ten restarts it is held for an hour,
or until a person acknowledges, so that no hour holds more than ten. After a watchdog reset
that it caused only a person lets it run again: a packet that crashes it may come each time.
One that leaves less than RESERVE of the heap has fallen too.

`poll` runs in the main loop, `watch` in the turn that pre-empts it; what each writes, the
other only reads.
"""

from firmware.trust.scratch import COMMS_HELD, COMMS_POLLED
from hal.compat import collect, const, free_heap, ticks_add, ticks_diff
from hal.ports import KEY_ACKNOWLEDGE

FREE = const(0)
HELD_FOR_AN_HOUR = const(1)
HELD_FOR_A_PERSON = const(2)

RESTARTS = const(10)  # in any hour
FIRST_DELAY_MS = const(1000)
LAST_DELAY_MS = const(60_000)
HOUR_MS = const(3_600_000)
RESERVE = const(16_384)  # bytes of heap that comms may not take
MEMORY_MS = const(1000)  # between two looks at it
SILENCE_MS = const(10_000)  # no poll came back for so long: as good as no link
_DOUBLINGS = const(6)


class Supervisor:
    """Owns comms. `held` is FREE or HELD_*, `silent` and `hung` are what `watch` found."""

    __slots__ = (
        "_acknowledged", "_began_ms", "_clock", "_collect", "_comms", "_dropped", "_due_ms", "_facts", "_inbox",
        "_leave", "_link", "_looked_ms", "_make", "_marks", "_seen", "_seen_ms", "_started_ms", "falls", "held",
        "hung", "inside", "returns", "silent",
    )  # fmt: skip

    def __init__(self, make_comms, board, marks, inbox, facts, leave):
        """`make_comms(link, inbox, facts, leave)` gives an object with poll()."""
        self._make = make_comms
        self._link = board.link
        self._clock = board.clock
        self._marks = marks
        self._inbox = inbox
        self._facts = facts
        self._leave = leave
        self._comms = None
        self._collect = False
        self._dropped = False
        self._acknowledged = False
        now_ms = self._clock.ticks_ms()
        self._due_ms = now_ms
        self._started_ms = now_ms
        self._began_ms = now_ms
        self._looked_ms = now_ms
        self._seen_ms = now_ms
        self._seen = 0
        self.held = HELD_FOR_A_PERSON if marks.comms_is_held() else FREE
        self.falls = 0  # counted toward the cap
        self.returns = 0  # polls that came back in order, modulo 2**30
        self.inside = False  # a poll has begun and not come back
        self.silent = False  # none came back for SILENCE_MS
        self.hung = False  # and that is because one never did

    # The main loop's.

    def poll(self):
        """Poll comms once, or make it where it is due. Whatever it raises goes no further."""
        now_ms = self._clock.ticks_ms()
        if self._collect:
            self._collect = False
            collect()
        if self._acknowledged:
            self._acknowledged = False
            self._release(now_ms)
        if self._dropped:
            self._dropped = False
            if self._comms is not None:
                self._fall(now_ms)
        if self._comms is None and not self._is_due(now_ms):
            return
        self._began_ms = now_ms
        self.inside = True
        self._marks.of_loop(COMMS_POLLED, True)
        in_order = self._poll_guarded(now_ms) and self._leaves_memory(now_ms)
        self._marks.of_loop(COMMS_POLLED, False)
        self.inside = False
        if in_order:
            self.returns = ticks_add(self.returns, 1)
            if self.falls and ticks_diff(now_ms, self._started_ms) >= HOUR_MS:
                self.falls = 0
        else:
            self._fall(self._clock.ticks_ms())

    def drop(self):
        """Let go of comms, as if it had fallen: for whoever finds that it takes what others need."""
        self._dropped = True

    def _poll_guarded(self, now_ms):
        try:
            if self._comms is None:
                self._started_ms = now_ms
                self._comms = self._make(self._link, self._inbox, self._facts, self._leave)
            self._comms.poll()
        except KeyboardInterrupt:  # a developer's, at the console
            raise
        except BaseException:  # an event loop's cancellation is no Exception
            return False
        return True

    def _leaves_memory(self, now_ms):
        if ticks_diff(now_ms, self._looked_ms) < MEMORY_MS:
            return True
        self._looked_ms = now_ms
        if free_heap() >= RESERVE:
            return True
        collect()
        return free_heap() >= RESERVE

    def _fall(self, now_ms):
        self._comms = None
        self._collect = True
        self.falls += 1
        if self.falls > RESTARTS:
            self.held = HELD_FOR_AN_HOUR
            delay = HOUR_MS
        else:
            delay = min(FIRST_DELAY_MS << min(self.falls - 1, _DOUBLINGS), LAST_DELAY_MS)
        self._due_ms = ticks_add(now_ms, delay)

    def _is_due(self, now_ms):
        if self.held == HELD_FOR_A_PERSON or ticks_diff(now_ms, self._due_ms) < 0:
            return False
        if self.held:
            self.held = FREE
            self.falls = 1  # this start counts
        return True

    def _release(self, now_ms):
        if self.held:
            self.held = FREE
            self.falls = 0
            self._due_ms = now_ms
            self._marks.of_loop(COMMS_HELD, False)

    # The turn's.

    def watch(self, now_ms, key):
        """Note whether comms comes back; a person's acknowledgement (`key`) ends a hold."""
        if key == KEY_ACKNOWLEDGE:
            self._acknowledged = True
        if self.returns != self._seen:
            self._seen = self.returns
            self._seen_ms = now_ms
            self.silent = False
        elif not self.silent and ticks_diff(now_ms, self._seen_ms) >= SILENCE_MS:
            self.silent = True
        # Latched: the difference means nothing after six days.
        long = self.hung or ticks_diff(now_ms, self._began_ms) >= SILENCE_MS
        self.hung = self.silent and self.inside and long

    def is_down(self):
        """Return whether a person should know that comms does not run."""
        return self.held != FREE or self.hung

"""Steps the communication partition and never waits for it.

Comms is made by a function and dropped as a whole: what it leaked goes with it. It is named in
the scratch word while it is polled, so that a watchdog reset that it caused tells on it.
"""

SCRATCH_COMMS = 1  # bit of the scratch word: comms is being polled


class Supervisor:
    """Owns comms. `poll` runs outside the critical turn, from the main loop."""

    def __init__(self, make_comms, link, scratch, inbox, facts):
        """`make_comms(link, inbox, facts)` gives an object with poll()."""
        self._make = make_comms
        self._link = link
        self._scratch = scratch
        self._inbox = inbox
        self._facts = facts
        self._comms = None

    def poll(self):
        """Poll comms once."""
        if self._comms is None:
            self._comms = self._make(self._link, self._inbox, self._facts)
        self._comms.poll()

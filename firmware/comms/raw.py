"""Carries bytes as they are: link to inbox, facts to link. No protocol of its own."""

from hal.compat import const

_CHUNK = const(32)


class RawComms:
    """Steps by `poll`; copies at most one chunk each way a call."""

    def __init__(self, link, inbox, facts, leave):
        """`inbox` takes what came from the network; `facts` gives what is to be sent.

        Nothing here blocks, so `leave` is not asked.
        """
        self._link = link
        self._inbox = inbox
        self._facts = facts
        self._in = bytearray(_CHUNK)
        self._out = bytearray(_CHUNK)
        self._unsent = 0

    def poll(self):
        """Move what waits."""
        if self._inbox.room() >= _CHUNK:
            self._inbox.put(self._in, self._link.receive(self._in))
        if not self._unsent:
            self._unsent = self._facts.take(self._out)
        if self._unsent:
            taken = self._link.send(self._out, self._unsent)
            left = self._unsent - taken
            for index in range(left):
                self._out[index] = self._out[index + taken]
            self._unsent = left

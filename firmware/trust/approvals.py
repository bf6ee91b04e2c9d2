"""The two-person rule: what passes a soft limit waits until somebody else has approved that very request.

One request waits at a time, as at the bedside one prescription is prepared at a time.
"""

from firmware.trust import verdict as v
from hal.compat import const

DIGEST = const(16)  # bytes of a request's SHA-256 that name it: two of one name take 2**64 tries


class Approvals:
    """The request that waits, and who asked."""

    __slots__ = ("_digest", "_operator")

    def __init__(self):
        self._digest = b""
        self._operator = 0

    def ask(self, digest, operator):
        """`operator` has asked for something that a second person must approve."""
        self._digest = digest
        self._operator = operator

    def forget(self):
        """Nothing waits."""
        self._digest = b""
        self._operator = 0

    def approve(self, digest, operator):
        """OK and nothing waits any more, REFUSED_SAME_PERSON, or REFUSED_NOTHING_TO_APPROVE."""
        if not self._digest or digest != self._digest:
            return v.REFUSED_NOTHING_TO_APPROVE
        if operator == self._operator:
            return v.REFUSED_SAME_PERSON
        self.forget()
        return v.OK

"""What becomes of a request: one code, told in the acknowledgement, noted in the audit, counted.

The numbers are the protocol's (docs/protocol.md) and are never given a second meaning.
"""

from hal.compat import const

OK = const(0)
REFUSED_OVERSIZE = const(1)  # longer than the longest; not read
REFUSED_MALFORMED = const(2)  # not the one encoding of a request, or arguments that are not its kind's
REFUSED_NO_MAC = const(3)  # a payload without a MAC, or an empty one
REFUSED_WRONG_MAC = const(4)  # its key does not vouch for it
REFUSED_WRONG_PUMP = const(5)  # another pump is meant
REFUSED_WRONG_OPERATOR = const(6)  # an operator or a role that there cannot be
REFUSED_REVOKED = const(7)  # the operator, or the epoch of the key
REFUSED_SHIFT_OVER = const(8)  # by the site's time
REFUSED_NO_TIME = const(9)  # the pump has not been told the time since it booted
REFUSED_EXPIRED = const(10)  # by pump seconds; or a time that would go back
REFUSED_TOO_FAR = const(11)  # it would be good for longer than its kind may
REFUSED_REPLAYED = const(12)  # its counter was used, or is too old to tell
REFUSED_REORDERED = const(13)  # never seen, but a later one was
REFUSED_DUPLICATED = const(14)  # the very bytes that came last from this operator
REFUSED_EARLIER_SESSION = const(15)  # not this session's challenge
REFUSED_EARLIER_BOOT = const(16)  # nor this boot's
REFUSED_FORBIDDEN = const(17)  # not for this role
REFUSED_SAME_PERSON = const(18)  # who asked cannot approve
REFUSED_ISOLATED = const(19)  # not in this trust state
REFUSED_STATE = const(20)  # therapy's no; its message goes with it
REFUSED_BUSY = const(21)  # or not stored yet: ask again
REFUSED_UNKNOWN_KIND = const(22)
REFUSED_NOTHING_TO_APPROVE = const(23)  # or something else waits
CODES = const(24)

# How much a refusal counts toward a hostile episode, and how much makes one within WINDOW_S. Nobody who belongs
# sends what no key of ours vouches for: one such message is enough. What a key does vouch for may be late, doubled
# by a broker or refused by rule without ill will: the third in ten minutes is.
HOSTILE = const(3)
WINDOW_S = const(600)
NOTE_S = const(10)  # between two notes of one refusal in the audit, four times as long after each while they go on,
LAST_NOTE_S = const(3600)  # up to this
WEIGHTS = bytes(
    (
        0,  # OK
        3, 3, 3, 3, 3, 3,  # oversize, malformed, no MAC, wrong MAC, wrong pump, wrong operator
        1, 1, 0, 1, 1,  # revoked, shift over, no time, expired, too far
        1, 1, 1, 1, 1,  # replayed, reordered, duplicated, earlier session, earlier boot
        1, 1, 0, 0, 0, 0, 0,  # forbidden, same person, isolated, state, busy, unknown kind, nothing to approve
    )
)  # fmt: skip


class Tally:
    """`counts[code]` requests came to that end since boot; `is_hostile` after each says whether it is an episode."""

    __slots__ = ("_came_s", "_noted", "_noted_s", "_since_s", "_wait_s", "_weight", "counts")

    def __init__(self):
        self.counts = [0] * CODES
        self._noted = [0] * CODES  # of each code, so many have been noted
        self._noted_s = [-NOTE_S] * CODES  # when
        self._came_s = [-LAST_NOTE_S] * CODES  # the last one did
        self._wait_s = [NOTE_S] * CODES  # from then to the next one
        self._weight = 0
        self._since_s = 0  # pump seconds at which the present window began

    def add(self, code, now_s):
        """Count one; return whether it is hostile traffic, alone or with what came within WINDOW_S."""
        self.counts[code] += 1
        weight = WEIGHTS[code]
        if not weight:
            return False
        if now_s - self._since_s >= WINDOW_S:
            self._since_s = now_s
            self._weight = 0
        self._weight += weight
        return self._weight >= HOSTILE

    def notable(self, code, now_s):
        """Return how many with `code` have come since the last that was noted, 0 where it is too early to note more."""
        quiet = now_s - self._came_s[code] >= LAST_NOTE_S
        self._came_s[code] = now_s
        if code and now_s - self._noted_s[code] < self._wait_s[code] and not quiet:
            return 0
        self._wait_s[code] = NOTE_S if quiet else min(self._wait_s[code] * 4, LAST_NOTE_S)
        self._noted_s[code] = now_s
        times = self.counts[code] - self._noted[code]
        self._noted[code] = self.counts[code]
        return times

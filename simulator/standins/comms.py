"""Comms that misbehave, one class for each way. Stand-ins for firmware/comms in tests of the partitions.

Run on both interpreters (MicroPython-clean). What cannot be done alike on both is asked of
`means`: `hang()` never comes back, `block(ms)` lets time pass as one C call does, `fill(held)`
appends to the list until there is no memory left.
"""

from firmware.comms.raw import RawComms
from hal.compat import const

_LATER = const(100)  # polls before trouble begins, where it comes in mid-infusion
_NOW_AND_THEN = const(37)
_ROOM = const(64)
_SPARE = const(32)  # calls
BLOCK_MS = const(2000)


class Cancelled(BaseException):
    """As an event loop's own cancellation: no Exception."""


class Mute:
    """Does nothing: the comms that every other is compared with."""

    def __init__(self, link, inbox, facts, leave, means):
        self.link = link
        self.inbox = inbox
        self.facts = facts
        self.leave = leave
        self.means = means
        self.polls = 0

    def poll(self):
        """Count, then do what this one does."""
        self.polls += 1
        return self.act()

    def act(self):
        """Nothing."""


class Carries(Mute):
    """What is shipped."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.raw = RawComms(link, inbox, facts, leave)

    def act(self):
        self.raw.poll()


class HangsAtOnce(Mute):
    def act(self):
        self.means.hang()


class HangsLater(Mute):
    def act(self):
        if self.polls == _LATER:
            self.means.hang()


class HangsWhileMade(Mute):
    def __init__(self, link, inbox, facts, leave, means):
        means.hang()


class Raises(Mute):
    def act(self):
        raise ValueError("a message that it could not read")


class RaisesNowAndThen(Carries):
    """And carries bytes in between."""

    def act(self):
        Carries.act(self)
        if self.polls % _NOW_AND_THEN == 0:
            raise OSError(104)


class RaisesWhileMade(Mute):
    def __init__(self, link, inbox, facts, leave, means):
        raise KeyError("no broker")


class Exits(Mute):
    def act(self):
        raise SystemExit(1)


class IsCancelled(Mute):
    def act(self):
        raise Cancelled()


class Recurses(Mute):
    def act(self):
        return self.act()


class HangsDeep(Mute):
    """At the end of its stack, come back by as many calls as leave room for what pre-empts it."""

    def act(self):
        if self.polls == _LATER:
            self.dig()

    def dig(self):
        try:
            left = self.dig()
        except RuntimeError:
            return _SPARE
        if left == 0:
            self.means.hang()
        return left - 1


class FloodsGarbage(Mute):
    """All that there is room for, and more, each poll."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(_ROOM)
        self.seed = 1

    def act(self):
        for _ in range(8):
            for index in range(_ROOM):
                self.seed = self.seed * 75 % 65537  # never a scripted byte's stand for local evidence
                self.bytes[index] = self.seed & 0x7F
            self.inbox.put(self.bytes, _ROOM)


class FloodsHostile(Mute):
    """What a remote party can bring about, in turn: link lost, authentic, hostile; quiet is none."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(_ROOM)

    def act(self):
        for index in range(_ROOM):
            self.bytes[index] = 0x80 + (index + self.polls) % 4
        for _ in range(8):
            self.inbox.put(self.bytes, _ROOM)


class NeverSends(Mute):
    """Carries in, and lets what is to go out wait for ever."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(32)

    def act(self):
        self.inbox.put(self.bytes, self.link.receive(self.bytes))


class SendsForEver(Mute):
    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(_ROOM)

    def act(self):
        for _ in range(8):
            self.link.send(self.bytes, _ROOM)


class Leaks(Mute):
    """Until there is no memory left; the error is its end."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.held = []

    def act(self):
        self.means.fill(self.held)


class LeaksAndStays(Leaks):
    """Keeps what it has and goes on as if nothing were wrong."""

    def act(self):
        try:
            self.means.fill(self.held)
        except MemoryError:
            pass


class Blocks(Mute):
    """In one C call of two seconds, whatever the leave."""

    def act(self):
        if self.polls % _LATER == 0:
            self.means.block(BLOCK_MS)


class BlocksByLeave(Mute):
    """In the same call, where the leave is long enough."""

    def act(self):
        if self.polls >= _LATER and self.leave.ms >= BLOCK_MS:
            self.polls = 0
            self.means.block(BLOCK_MS)


class WritesOver(Mute):
    """Garbage over both mailboxes, their bytes and their places."""

    def act(self):
        for ring in (self.inbox, self.facts):
            inside = ring._bytes
            for index in range(len(inside)):
                inside[index] = (index * 7 + self.polls) & 0x7F
            ring._first = self.polls * 1000003 & 0xFFFFF
            ring._next = -self.polls


class Wrecks(Mute):
    """Mailboxes that are none any more."""

    def act(self):
        what = self.polls % 4
        if what == 0:
            self.inbox._bytes = None
        elif what == 1:
            self.inbox._first = "first"
        elif what == 2:
            self.inbox._size = 0
        else:
            self.facts._next = None


class CountsWrongly(Mute):
    """Counts past the end and below nothing, and an answer that nobody asked for."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(4)

    def act(self):
        what = self.polls % 3
        if what == 0:
            self.inbox.put(self.bytes, -5)
            self.link.send(self.bytes, -5)
        elif what == 1:
            self.inbox.put(self.bytes, 1 << 40)
        return ["a", self.polls]


class Meddles(Mute):
    """Takes from the mailbox it should fill and fills the one it should empty."""

    def __init__(self, link, inbox, facts, leave, means):
        Mute.__init__(self, link, inbox, facts, leave, means)
        self.bytes = bytearray(_ROOM)

    def act(self):
        self.inbox.take(self.bytes)
        self.facts.put(self.bytes, _ROOM)
        self.leave.ms = -1


# By name: what a claim tries, and scenarios ask for.
MISBEHAVIOURS = (
    ("hangs at once", HangsAtOnce),
    ("hangs later", HangsLater),
    ("hangs while it is made", HangsWhileMade),
    ("raises", Raises),
    ("raises now and then", RaisesNowAndThen),
    ("raises while it is made", RaisesWhileMade),
    ("exits", Exits),
    ("is cancelled", IsCancelled),
    ("recurses", Recurses),
    ("hangs deep", HangsDeep),
    ("floods with garbage", FloodsGarbage),
    ("floods with hostile messages", FloodsHostile),
    ("never sends", NeverSends),
    ("sends for ever", SendsForEver),
    ("leaks", Leaks),
    ("leaks and stays", LeaksAndStays),
    ("blocks", Blocks),
    ("blocks by leave", BlocksByLeave),
    ("writes over its mailboxes", WritesOver),
    ("wrecks its mailboxes", Wrecks),
    ("counts wrongly", CountsWrongly),
    ("meddles", Meddles),
)


def maker(kind, means):
    """Return what App takes as make_comms: it makes a `kind` that has `means`."""

    def make(link, inbox, facts, leave):
        return kind(link, inbox, facts, leave, means)

    return make

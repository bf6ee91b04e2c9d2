"""A gatekeeper against a model of it: random good and bad requests, sessions, boots, times, revocations.

No bad request is ever accepted and no good one refused; each bad one is refused by its own code.
"""

from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.ring import Ring
from firmware.trust.session import OPERATORS, WINDOW
from hal import ports
from hal.ports import FIELD_TITRATE_MILLI
from simulator.asked import NOW_S, SHIFT_S, board_of
from simulator.trust_client import Reader, Terminal, framed, make_record, service
from tests.trust.test_session import MAY

PEOPLE = {number: r.NURSE + number % 5 for number in range(1, 21)}
ARGUMENTS = {
    r.KIND_PREPARE: {1: 1}, r.KIND_TITRATE: {FIELD_TITRATE_MILLI: 5}, r.KIND_PAUSE: {}, r.KIND_STOP: {},
    r.KIND_ALARMS: {}, r.KIND_STATUS: {},
}  # fmt: skip
_LONG = (r.KIND_ALARMS, r.KIND_STATUS)
numbers = st.sampled_from(sorted(PEOPLE))
kinds = st.sampled_from(sorted(ARGUMENTS))


class Remote:
    """Takes everything, and keeps a list of it."""

    def __init__(self):
        self.status = ports.Status()
        self.log = SimpleNamespace(stop=lambda: None, step=lambda: True)
        self.done = []

    def trust(self):
        return t.TR_NORMAL

    def prepare(self, fields, steps):
        self.done.append(r.KIND_PREPARE)
        return msg.NONE

    def titrate(self, dose_milli):
        self.done.append(r.KIND_TITRATE)
        return msg.NONE

    def ring(self, stop):
        self.done.append(r.KIND_STOP if stop else r.KIND_PAUSE)
        return msg.NONE

    def may_erase(self):
        return True

    def say(self, message):
        pass

    say_at_rest = admit = say

    def lock(self):
        pass

    forget = lock


class Sessions(RuleBasedStateMachine):
    """The model: what is fresh, who is revoked, what time it is."""

    @initialize()
    def provision(self):
        self.record = make_record(1, epoch=2)
        self.board = board_of(self.record)
        self.board.counter.value = 1
        self.revoked = set()
        self.told_s = NOW_S
        self.floor_s = 0
        self.boot()
        self.tell(0)

    def boot(self):
        self.gatekeeper = Gatekeeper(self.board)
        self.board.counter.advance()
        self.remote = Remote()
        self.gatekeeper.meet(self.remote)
        self.inbox, self.facts = Ring(1280), Ring(1280)
        self.reader, self.sent = Reader(self.record), b""
        self.posted = []
        self.told = False
        self.turn()
        self.new_session()

    def new_session(self):
        self.counters = {}
        self.sent_bytes = {}
        self.counter_of_service = 0

    def turn(self):
        self.board.clock.ms += 10
        self.gatekeeper.step(self.inbox, self.facts, ports.Readings(), self.posted.append)
        taken = bytearray(self.facts.waiting())
        self.facts.take(taken)
        self.sent += taken
        return self.reader.read(self.sent)

    def send(self, message):
        data = framed(message)
        assert self.inbox.put(data, len(data)) == len(data)
        for _ in range(20):
            for fact in self.turn():
                if fact.kind == f.ACK:
                    return fact.body[2]
        raise AssertionError("no answer")

    @property
    def challenge(self):
        return self.reader.last(f.HELLO).body[1]

    @property
    def now_s(self):
        return self.board.clock.ms // 1000 - self.booted_s

    @property
    def booted_s(self):
        return self.board.clock.ms // 1000 - self.gatekeeper.seconds.now_s

    def terminal(self, number, **other):
        return Terminal(self.record, number, **({"role": PEOPLE[number], "not_after_s": self.told_s + SHIFT_S} | other))

    def ask(self, terminal, kind, **other):
        return self.send(terminal.ask(kind, self.challenge, self.now_s + 20, ARGUMENTS.get(kind, {}), **other))

    def is_crowded(self, number):
        return len(self.counters) >= OPERATORS and number not in self.counters

    def expect(self, number, kind, counter, **late):
        """What the model says of a request that is fresh but for `late`."""
        if number in self.revoked:
            return v.REFUSED_REVOKED
        if self.is_crowded(number):
            return v.REFUSED_EARLIER_SESSION
        self.counters.setdefault(number, set()).add(counter)
        if not self.told:
            return v.REFUSED_NO_TIME
        if late:
            return late["code"]
        return v.OK if PEOPLE[number] in MAY[kind] else v.REFUSED_FORBIDDEN

    def fresh(self, number):
        return max(self.counters.get(number, {0})) + 1

    def check(self, number, kind, code, **other):
        """Ask with the next counter; `code`: late by it, where not None."""
        counter = self.fresh(number)
        late = {} if code is None else {"code": code}
        crowded = self.is_crowded(number) and number not in self.revoked
        expected = self.expect(number, kind, counter, **late)
        before = len(self.remote.done)
        terminal = other.pop("terminal", None) or self.terminal(number)
        expiry_s = other.get("expiry_s", self.now_s + 20)
        message = terminal.ask(kind, self.challenge, expiry_s, ARGUMENTS[kind], counter)
        assert self.send(message) == expected
        effect = expected == v.OK and kind not in _LONG
        assert len(self.remote.done) - before == (1 if effect else 0)
        if crowded:
            self.new_session()
        elif number not in self.revoked:
            self.sent_bytes.setdefault(number, {})[counter] = message

    @rule(number=numbers, kind=kinds)
    def good(self, number, kind):
        self.check(number, kind, None)

    @rule(number=numbers, kind=kinds)
    def good_too(self, number, kind):
        """As often again."""
        self.check(number, kind, None)

    @rule(number=numbers, kind=kinds)
    def expired(self, number, kind):
        if self.now_s:
            self.check(number, kind, v.REFUSED_EXPIRED, expiry_s=self.now_s - 1)

    @rule(number=numbers, kind=kinds, more=st.integers(2, 10_000))
    def too_far(self, number, kind, more):
        longest_s = 600 if kind in _LONG else 30
        self.check(number, kind, v.REFUSED_TOO_FAR, expiry_s=self.now_s + longest_s + more)

    @rule(number=numbers, kind=kinds)
    def last_shift(self, number, kind):
        counter = self.fresh(number)
        ended = self.terminal(number, not_after_s=self.floor_s - 1 if self.floor_s else NOW_S - 10**6)
        if self.told:
            self.check(number, kind, v.REFUSED_SHIFT_OVER, terminal=ended)
        else:
            assert counter > 0

    @rule(number=numbers, data=st.data())
    def seen_before(self, number, data):
        """The very bytes of one that was sent in this session: never again."""
        sent = self.sent_bytes.get(number)
        if not sent:
            return
        counter = data.draw(st.sampled_from(sorted(sent)))
        if number in self.revoked:
            expected = v.REFUSED_REVOKED
        else:
            expected = v.REFUSED_DUPLICATED if counter == max(self.counters[number]) else v.REFUSED_REPLAYED
        before = len(self.remote.done)
        assert self.send(sent[counter]) == expected
        assert len(self.remote.done) == before

    @rule(number=numbers, gap=st.integers(2, 40))
    def overtaken(self, number, gap):
        """One that was held back while a later one came."""
        if number in self.revoked or self.is_crowded(number):
            return
        held = self.fresh(number)
        late = self.terminal(number).ask(r.KIND_STATUS, self.challenge, self.now_s + 20, {}, held)
        self.counters.setdefault(number, set()).add(held + gap - 1)
        self.check(number, r.KIND_STATUS, None)
        expected = v.REFUSED_REORDERED if gap < WINDOW else v.REFUSED_REPLAYED
        assert self.send(late) == expected
        assert self.send(late) == v.REFUSED_REPLAYED

    @rule(number=numbers, place=st.integers(0, 10_000), change=st.integers(1, 255))
    def changed(self, number, place, change):
        message = bytearray(
            self.terminal(number).ask(r.KIND_STOP, self.challenge, self.now_s + 20, {}, self.fresh(number) + 1000)
        )
        message[place % len(message)] ^= change
        before = len(self.remote.done)
        assert self.send(bytes(message)) in (
            v.REFUSED_MALFORMED, v.REFUSED_NO_MAC, v.REFUSED_WRONG_MAC, v.REFUSED_WRONG_PUMP, v.REFUSED_WRONG_OPERATOR,
        )  # fmt: skip
        assert len(self.remote.done) == before

    @rule(number=numbers)
    def of_an_earlier_epoch(self, number):
        old = self.terminal(number, epoch=1)
        assert self.ask(old, r.KIND_STATUS) == v.REFUSED_REVOKED

    @rule(number=numbers)
    def in_another_role(self, number):
        """Somebody's key with another role written on it."""
        terminal = self.terminal(number)
        other = Terminal(self.record, number, PEOPLE[number] % 5 + 1, self.told_s + SHIFT_S)
        terminal.kid = other.kid
        assert self.ask(terminal, r.KIND_STATUS) == v.REFUSED_WRONG_MAC

    @rule(seconds=st.integers(1, 700))
    def wait(self, seconds):
        self.board.clock.ms += seconds * 1000
        self.turn()

    def asks_service(self, kind, argument):
        one = service(self.record)
        if self.is_crowded(0):
            return None
        self.counter_of_service += 1
        self.counters.setdefault(0, set()).add(self.counter_of_service)
        return self.send(one.ask(kind, self.challenge, self.now_s + 20, {1: argument}, self.counter_of_service))

    @rule(ahead_s=st.integers(-50, 5_000))
    def time_is_told(self, ahead_s):
        self.tell(ahead_s)

    def tell(self, ahead_s):
        known_s = max(self.gatekeeper.seconds.site_s(), self.record.known_s, self.gatekeeper.credentials.record.known_s)
        site_s = (known_s if known_s > 0 else NOW_S) + ahead_s
        code = self.asks_service(r.KIND_TIME, site_s)
        if code is not None:
            assert code == (v.OK if site_s >= known_s else v.REFUSED_EXPIRED)
        if code == v.OK:
            self.told = True
            self.told_s = self.floor_s = site_s

    @precondition(lambda self: len(self.revoked) < 8)
    @rule(number=numbers)
    def revocation(self, number):
        if self.asks_service(r.KIND_REVOKE, number) == v.OK:
            self.revoked.add(number)

    @rule()
    def session_is_asked_for(self):
        before = self.challenge
        code = self.asks_service(r.KIND_EPOCH, self.record.epoch)
        if code is None:
            return
        assert code == v.OK
        for _ in range(3):
            self.turn()
        kept = self.sent_bytes
        self.new_session()
        assert self.challenge != before
        for sent in kept.values():
            for message in list(sent.values())[:1]:
                assert self.send(message) in (v.REFUSED_EARLIER_SESSION, v.REFUSED_REVOKED)

    @rule(told=st.integers(0, 3))
    def reset(self, told):
        kept = self.sent_bytes
        self.boot()
        if told:
            self.tell(0)
        for sent in kept.values():
            for message in list(sent.values())[:1]:
                assert self.send(message) in (v.REFUSED_EARLIER_BOOT, v.REFUSED_REVOKED)

    @invariant()
    def nothing_is_evidence(self):
        """No remote party isolates a pump."""
        if hasattr(self, "posted"):
            assert t.EV_COMPROMISED not in self.posted


Sessions.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestSessions = Sessions.TestCase
